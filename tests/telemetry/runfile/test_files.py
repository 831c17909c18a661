"""Run files are found by file, folder, pattern or list, and repeats of a run beside it; nothing else passes for one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from clusterload.model.errors import StoreError, UsageError
from clusterload.model.series import Point
from clusterload.telemetry.runfile import Recorder, files_of, read_run, read_summary, repeats_in_folder, run_files
from tests.stored_runs import START, plan, stored


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with some empty files."""
    monkeypatch.chdir(tmp_path)
    for name in ("old-1.run", "old-2.run", "new-1.run", "notes.txt", "new-1.run-wal"):
        (tmp_path / "runs").mkdir(exist_ok=True)
        (tmp_path / "runs" / name).touch()
    (tmp_path / "runs" / "sub").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd, [name].run").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("runs/old-1.run", ["old-1.run"]),
        ("runs", ["new-1.run", "old-1.run", "old-2.run"]),
        ("runs/", ["new-1.run", "old-1.run", "old-2.run"]),
        ("runs/old-*.run", ["old-1.run", "old-2.run"]),
        ("runs/*-1.*", ["new-1.run", "new-1.run-wal", "old-1.run"]),
        ("runs/old-2.run,runs/new-1.run,runs/old-2.run", ["old-2.run", "new-1.run"]),
        ("runs/old-*.run,runs/new-1.run", ["old-1.run", "old-2.run", "new-1.run"]),
        ("odd, [name].run", ["odd, [name].run"]),
        ("gone.run", ["gone.run"]),
    ],
)
def test_a_text_names_the_files_that_it_says(folder: Path, text: str, names: list[str]) -> None:
    assert folder.is_dir()
    assert [path.name for path in files_of(text)] == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("empty", "folder empty has no run files"),
        ("runs/x*.run", "'runs/x\\*.run' names no run file"),
        ("", "names no run file"),
        ("runs/old-1.run,", "'' names no run file"),
    ],
)
def test_a_text_that_names_nothing_is_refused(folder: Path, text: str, words: str) -> None:
    assert folder.is_dir()
    with pytest.raises(UsageError, match=words):
        files_of(text)


def test_a_folder_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        run_files(folder / "gone")


def test_a_summary_says_what_the_run_says_without_its_series(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", complete=False)
    found = read_summary(tmp_path / "a.run")
    assert (found.id, found.plan, found.start, found.end, found.complete, found.path, dict(found.labels)) == (
        run.id,
        run.plan,
        run.start,
        run.end,
        run.complete,
        run.path,
        run.labels,
    )
    assert found.seconds == run.seconds


def test_a_summary_of_a_run_that_was_killed_ends_with_its_last_point(tmp_path: Path) -> None:
    from clusterload.model.series import SECOND, Kind
    from clusterload.model.units import BYTES

    with Recorder(tmp_path / "a.run") as recorder:
        for second in (1, 2, 3):
            recorder.record(Point("seen", BYTES, Kind.GAUGE, {}, START + second * SECOND, 1.0))
            recorder.flush()
    run, found = read_run(recorder.path), read_summary(recorder.path)
    assert (found.start, found.end, found.plan) == (run.start, run.end, None)


def test_repeats_beside_a_run_are_the_whole_ones_of_its_plan(tmp_path: Path) -> None:
    one = stored(tmp_path / "one.run")
    renamed = stored(tmp_path / "renamed.run", made=replace(plan(), name="by night"))
    stored(tmp_path / "other.run", made=plan(producers=3))
    stored(tmp_path / "short.run", complete=False)
    (tmp_path / "letter.run").write_text("Dear Sir or Madam")
    known = stored(tmp_path / "known.run")
    with Recorder(tmp_path / "watched.run") as recorder:
        recorder.document("window", {"start": START, "end": START + 1, "complete": True})
    assert [run.id for run in repeats_in_folder([one], without={known.id})] == [renamed.id]
    assert repeats_in_folder([read_run(tmp_path / "watched.run")], without=()) == ()


def test_a_summary_is_refused_where_a_run_is(tmp_path: Path) -> None:
    (tmp_path / "letter.run").write_text("Dear Sir or Madam")
    with pytest.raises(StoreError, match=r"letter\.run is damaged or not a run file"):
        read_summary(tmp_path / "letter.run")
    with pytest.raises(StoreError, match="does not exist"):
        read_summary(tmp_path / "gone.run")
    os.mkfifo(tmp_path / "pipe.run")
    assert run_files(tmp_path) == (tmp_path / "letter.run",)
