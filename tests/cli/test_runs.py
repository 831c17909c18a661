"""`clusterload runs` lists, labels and lets go of run files; a bad one stops nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusterload.cli.root import root
from clusterload.model.errors import ClusterloadError, StoreError, UsageError
from clusterload.telemetry.runfile import read_summary
from tests.stored_runs import plan, stored


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `runs` of two runs and a letter, where the tool is called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    stored(tmp_path / "runs" / "a.run")
    stored(tmp_path / "runs" / "b.run", made=plan("nightly"))
    (tmp_path / "runs" / "letter.run").write_text("Dear Sir or Madam")
    return tmp_path / "runs"


def called(*arguments: str) -> None:
    root.main(["runs", *arguments], standalone_mode=False)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    called(*arguments, "--json")
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("words", [(), ("runs",), ("list",), ("list", "runs")])
def test_a_folder_is_listed_in_short_and_at_length(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert folder.is_dir()
    found = told(capsys, *words)
    assert sorted(Path(one["run"]).name for one in found) == ["a.run", "b.run", "letter.run"]
    called(*words)
    assert "letter.run is damaged" in " ".join(capsys.readouterr().out.split())


def test_labels_are_written_and_found_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called("label", "runs/a.run", "release=4.3", "by=night")
    assert capsys.readouterr().out.strip() == "runs/a.run: by=night release=4.3"
    assert [one["run"] for one in told(capsys, "--label", "release=4.3")] == ["runs/a.run"]
    assert [one["run"] for one in told(capsys, "--label", "release")] == ["runs/a.run"]
    assert told(capsys, "--label", "release=4.4") == []
    called("label", "runs/a.run", "release=", "by=")
    assert capsys.readouterr().out.strip() == "runs/a.run: no labels"
    assert read_summary(folder / "a.run").labels == {}


def test_runs_are_found_by_plan_and_by_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.is_dir()
    assert [one["run"] for one in told(capsys, "--plan", "night")] == ["runs/b.run"]
    # The made runs are of the beginning of 2026.
    assert told(capsys, "--since", "2025-12-31T00:00:00Z", "--plan", "night") != []
    assert told(capsys, "--since", "2026-01-02T00:00:00Z") == []
    assert told(capsys, "--since", "1s") == []
    assert len(told(capsys, "--latest", "1", "--plan", "")) == 2  # the latest one, and the letter


def test_old_runs_go_only_with_a_yes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "prune", "--keep", "0")
    assert (found["removed"], len(found["runs"])) == (False, 2)
    assert (folder / "a.run").exists()
    called("prune", "--keep", "0", "--plan", "night", "--yes")
    assert "Removed 1 run file" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["a.run", "letter.run"]
    called("prune", "--older-than", "1d", "--yes")
    assert sorted(path.name for path in folder.iterdir()) == ["letter.run"]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("gone",), StoreError, "folder gone does not exist"),
        (("--since", "later"), UsageError, "or so long ago as in 2d"),
        (("prune",), UsageError, "nothing says which runs to delete"),
        (("label", "runs/a.run", "release"), UsageError, "write it as in build=42"),
        (("label", "runs/letter.run", "x=y"), StoreError, "damaged or not a run file"),
        (("label", "gone.run", "x=y"), StoreError, "does not exist"),
    ],
)
def test_a_mistake_is_answered_in_a_line(
    folder: Path, arguments: tuple[str, ...], kind: type[ClusterloadError], words: str
) -> None:
    assert folder.is_dir()
    with pytest.raises(kind, match=words):
        called(*arguments)
