"""Run files of a folder, readable at 80 columns, and hostile labels and names are text."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console, Group

from clusterload.model.limits import Limits
from clusterload.report.runs import pruned_view, runs_document, runs_view
from clusterload.telemetry.runfile import write_labels
from clusterload.workflow.run_catalog import RunFile, RunOutcome, list_runs, outcome_of
from tests.stored_runs import plan, stored

HOSTILE = "[red]x[/] <script>alert(1)</script>\x1b[31m"


def shown(files: list[RunFile], came: dict[Path, RunOutcome], broken: list[RunFile], older: int = 0) -> str:
    console = Console(width=80, file=io.StringIO(), no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(Group(*runs_view(files, came, broken, older=older)))
    return captured.get()


def files(folder: Path) -> tuple[list[RunFile], dict[Path, RunOutcome], list[RunFile]]:
    """A whole run, one that was cut short and is labelled, and none."""
    stored(folder / "20261129T014616Z-437f52.run", made=plan("nightly"))
    stored(folder / "short.run", made=plan(HOSTILE), complete=False)
    write_labels(folder / "short.run", {"release": "4.3", HOSTILE: HOSTILE})
    (folder / "letter.run").write_text("Dear Sir or Madam")
    found = list_runs(folder)
    ours = [one for one in found if one.summary]
    came = {one.path: outcome_of(one, Limits.named("course-basic")) for one in ours}
    return ours, came, [one for one in found if not one.summary]


def test_a_run_has_when_file_plan_loads_length_limit_load_state_and_labels(tmp_path: Path) -> None:
    text = shown(*files(tmp_path), older=3)
    assert max(len(line.rstrip()) for line in text.splitlines() if "Cannot be read" not in line) <= 80
    flat = " ".join(text.split())
    for words in ("2026-01-01 00:00", "nightly", "sales", "25 s", "47 %", "within limits", "cut short", "release=4.3"):
        assert words in flat
    assert "3 older ones: add --all, or --latest 5." in flat
    assert "Cannot be read:" in flat
    assert "letter.runisdamagedornotarunfile" in "".join(text.split())  # a long folder breaks its lines anywhere


def test_hostile_names_and_labels_are_text(tmp_path: Path) -> None:
    text = shown(*files(tmp_path))
    assert "\x1b" not in text
    assert "[red]x[/]" in "".join(text.split())


def test_the_document_has_the_error_of_what_cannot_be_read(tmp_path: Path) -> None:
    ours, came, broken = files(tmp_path)
    document = json.loads(json.dumps(runs_document([*ours, *broken], came), allow_nan=False))
    by_name = {Path(one["run"]).name: one for one in document}
    assert by_name["short.run"]["labels"]["release"] == "4.3"
    assert (by_name["short.run"]["complete"], by_name["short.run"]["state"]) == (False, "inconclusive")
    assert by_name["20261129T014616Z-437f52.run"]["loads"] == ["sales"]
    assert round(by_name["20261129T014616Z-437f52.run"]["limit_load"], 2) == 0.47
    assert "damaged" in by_name["letter.run"]["error"]
    assert set(by_name["letter.run"]) == {"run", "bytes", "error"}


def test_an_empty_folder_has_no_runs() -> None:
    assert shown([], {}, []).strip() == "No such runs."


def test_what_is_let_go_is_said_before_it_is_done(tmp_path: Path) -> None:
    ours, _, _ = files(tmp_path)

    def said(*, removed: bool, of: list[RunFile]) -> str:
        console = Console(width=200, file=io.StringIO(), no_color=True, highlight=False)
        with console.capture() as captured:
            console.print(Group(*pruned_view(of, kept=7, removed=removed)))
        return captured.get()

    assert "Would remove 2 run files, " in said(removed=False, of=ours)
    assert "and keep 7: add --yes to do it." in said(removed=False, of=ours)
    assert "Removed 1 run file, " in said(removed=True, of=ours[:1])
    assert said(removed=False, of=[]).strip() == "Nothing to remove; 7 stay."
