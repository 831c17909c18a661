"""A folder of runs is listed whatever else lies in it, and only runs of ours are ever let go."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from clusterload.model.errors import StoreError, UsageError
from clusterload.model.limits import Limits
from clusterload.model.series import SECOND
from clusterload.telemetry.runfile import Recorder, write_labels
from clusterload.workflow.run_catalog import RunFile, RunFilter, list_runs, outcome_of, remove, to_delete
from tests.stored_runs import START, plan, stored

COURSE = Limits.named("course-basic")
NOW = START / SECOND
DAY = 86400.0


def aged(path: Path, days: float, *, complete: bool = True, name: str = "load") -> Path:
    """A run that ended so many days ago."""
    at = START - round(days * DAY * SECOND)
    with Recorder(path) as recorder:
        recorder.document("plan", plan(name).as_document())
        recorder.document("window", {"start": at - 10 * SECOND, "end": at, "complete": complete})
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four runs of ours, and what only looks like one."""
    for days in (1, 20, 40, 90):
        aged(tmp_path / f"{days}-days.run", days, name="nightly" if days < 30 else "release")
    (tmp_path / "letter.run").write_text("Dear Sir or Madam")
    shutil.copy(tmp_path / "1-days.run", tmp_path / "newer.run")
    for name, statement in (("newer", "PRAGMA user_version = 99"), ("foreign", "CREATE TABLE x (y)")):
        database = sqlite3.connect(tmp_path / f"{name}.run")
        database.execute(statement)
        database.commit()
        database.close()
    (tmp_path / "notes.txt").write_text("keep me")
    return tmp_path


def names(files: tuple[RunFile, ...]) -> list[str]:
    return [file.path.name for file in files]


def test_runs_are_listed_latest_first_and_what_cannot_be_read_last_with_its_error(folder: Path) -> None:
    found = list_runs(folder)
    assert names(found) == [
        "1-days.run", "20-days.run", "40-days.run", "90-days.run", "foreign.run", "letter.run", "newer.run",
    ]  # fmt: skip
    errors = {file.path.stem: file.error for file in found if file.summary is None}
    assert "is a database, but not a run file" in errors["foreign"]
    assert "is damaged or not a run file" in errors["letter"]
    assert "update clusterload" in errors["newer"]
    assert all(file.size > 0 for file in found)


def test_a_run_comes_to_its_verdict_and_a_damaged_one_says_why_not(tmp_path: Path) -> None:
    stored(tmp_path / "a.run")
    [file] = list_runs(tmp_path)
    came = outcome_of(file, COURSE)
    assert (came.state, round(came.limit_load, 2), came.error) == ("within limits", 0.47, "")
    database = sqlite3.connect(tmp_path / "a.run")
    database.execute("UPDATE chunk SET vals = x'00'")
    database.commit()
    database.close()
    [damaged] = list_runs(tmp_path)
    assert damaged.summary is not None
    came = outcome_of(damaged, COURSE)
    assert "is damaged" in came.error
    assert math.isnan(came.limit_load)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), ["a", "b", "c"]),
        (RunFilter(labels={"release": "4.3"}), ["a"]),
        (RunFilter(labels={"release": ""}), ["a", "b"]),
        (RunFilter(labels={"release": "4.3", "by": "night"}), []),
        (RunFilter(plan="Peak"), ["b"]),
        (RunFilter(since=START), ["a", "b", "c"]),
        (RunFilter(since=START + 1), []),
    ],
)
def test_runs_are_narrowed_down_by_label_plan_and_time(tmp_path: Path, wanted: RunFilter, found: list[str]) -> None:
    for name, called in (("a", "load"), ("b", "the peak hour"), ("c", "load")):
        stored(tmp_path / f"{name}.run", made=plan(called))
    write_labels(tmp_path / "a.run", {"release": "4.3"})
    write_labels(tmp_path / "b.run", {"release": "4.2"})
    taken = [file.path.stem for file in list_runs(tmp_path) if file.summary and wanted.takes(file.summary)]
    assert sorted(taken) == found
    assert wanted.all is (wanted == RunFilter())


@pytest.mark.parametrize(
    ("older_than", "keep", "gone"),
    [
        (30 * DAY, None, ["40-days.run", "90-days.run"]),
        (None, 3, ["90-days.run"]),
        (None, 0, ["1-days.run", "20-days.run", "40-days.run", "90-days.run"]),
        (30 * DAY, 3, ["90-days.run"]),
        (10 * DAY, 3, ["90-days.run"]),
        (100 * DAY, 1, []),
    ],
)
def test_old_runs_are_let_go_but_for_the_latest_and_nothing_that_is_no_run_of_ours(
    folder: Path, older_than: float | None, keep: int | None, gone: list[str]
) -> None:
    assert names(to_delete(list_runs(folder), older_than=older_than, keep=keep, now=NOW)) == gone


def test_without_a_word_on_which_none_is_let_go(folder: Path) -> None:
    with pytest.raises(UsageError, match="--older-than 30d, or --keep 20"):
        to_delete(list_runs(folder), now=NOW)


def test_a_run_that_goes_on_is_not_let_go_and_one_that_was_cut_short_long_ago_is(tmp_path: Path) -> None:
    aged(tmp_path / "going.run", 90, complete=False)
    aged(tmp_path / "killed.run", 90, complete=False)
    os.utime(tmp_path / "going.run", (NOW - 5, NOW - 5))
    os.utime(tmp_path / "killed.run", (NOW - 5 * DAY, NOW - 5 * DAY))
    assert names(to_delete(list_runs(tmp_path), keep=0, now=NOW)) == ["killed.run"]


def test_a_run_is_removed_with_what_lies_beside_it_and_nothing_else(folder: Path) -> None:
    for end in ("-wal", "-shm"):
        (folder / f"90-days.run{end}").touch()
    (folder / "90-days.run.txt").touch()
    [old] = [file for file in list_runs(folder) if file.path.name == "90-days.run"]
    remove(old)
    assert not [path for path in folder.iterdir() if path.name.startswith("90-days.run") and path.suffix != ".txt"]
    assert (folder / "90-days.run.txt").exists()
    assert len(list(folder.iterdir())) == 8


def test_a_folder_that_is_none_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"folder .* does not exist"):
        list_runs(tmp_path / "gone")
