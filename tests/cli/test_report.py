"""`clusterload report` writes a page and Markdown beside what it prints, judged against a baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Called
from tests.conftest import Tool
from tests.report.busy import busy
from tests.report.hostile import ALL


@pytest.fixture
def run(tmp_path: Path) -> str:
    busy(tmp_path / "busy.run")
    return "busy.run"


def test_a_page_and_markdown_are_written_and_named(tool: Tool, tmp_path: Path, run: str) -> None:
    files = ("--html", "new/a.html", "--markdown", "a.md", "--plots", "pictures")
    done = tool("report", run, "--limits", "course-basic", "--baseline", "60s", *files)
    assert done.returncode == 0, done.stderr
    assert "Verdict: within limits; connections bind at 81 %" in done.stdout
    assert "report: new/a.html" in done.stderr
    assert "High connection count: 81, 36 before" in (tmp_path / "new" / "a.html").read_text(encoding="utf-8")
    assert "High connection count: 81, 36 before" in (tmp_path / "a.md").read_text(encoding="utf-8")
    assert {one.name for one in (tmp_path / "pictures").iterdir()} == {"usage.png", "usage.svg"}


def test_a_run_is_held_against_no_limits_that_nobody_named(called: Called, tmp_path: Path, run: str) -> None:
    files = ("--html", "a.html", "--markdown", "a.md", "--plots", "p")
    code, out, err = called("report", run, *files)
    assert code == 0, err
    shown = " ".join(out.split())
    assert "No limits are known: name a table with --limits NAME ('clusterload limits list' shows them)" in shown
    assert "Verdict: not saturated; no limits are known" in shown
    for file in ("a.html", "a.md", "p/usage.svg"):
        assert "name a table with --limits NAME" in (tmp_path / file).read_text(encoding="utf-8")
    told = json.loads(called("report", run, "--json")[1])
    assert (told["limits"], told["limit_load"], told["state"]) == (None, None, "not saturated")


def test_what_shows_a_share_names_the_table(called: Called, tmp_path: Path, run: str) -> None:
    table, title = ("--limits", "course-basic"), "Basic cloud cluster of the course, December 2023"
    files = ("--html", "a.html", "--markdown", "a.md", "--plots", "p", "--fail-if", "lost > 99 %", "--summary", "s.md")
    assert f"Against {title}" in called("report", run, *table, *files)[1]
    for file in ("a.html", "a.md", "s.md", "p/usage.svg"):
        assert title in (tmp_path / file).read_text(encoding="utf-8")
    for command in ("report", "diagnose"):
        told = json.loads(called(command, run, *table, "--json")[1])
        assert told["limits"] == {"name": "course-basic", "title": title}
    assert title in " ".join(called("diagnose", run, *table)[1].split())
    assert "Limits: course-basic." in called("runs", "list", ".", *table)[1]


def test_json_stays_alone_on_stdout_when_a_page_is_written(tool: Tool, run: str) -> None:
    done = tool("report", run, "--json", "--html", "a.html")
    assert done.stdout.startswith("{")
    assert done.stdout.rstrip().endswith("}")


def test_a_page_that_cannot_be_written_is_told_in_a_line(tool: Tool, tmp_path: Path, run: str) -> None:
    (tmp_path / "a.html").mkdir()
    done = tool("report", run, "--html", "a.html")
    assert done.returncode == 104
    assert done.stderr.splitlines()[-1].startswith("clusterload: a.html cannot be written: ")
    assert not list(tmp_path.glob("*.half"))


def test_a_baseline_that_leaves_nothing_is_refused(tool: Tool, run: str) -> None:
    done = tool("report", run, "--baseline", "1h")
    assert done.returncode == 2
    assert "leaves nothing of 180 s to judge" in done.stderr


def test_what_hides_in_names_is_written_as_its_code_and_acts_on_no_terminal(tool: Tool, tmp_path: Path) -> None:
    busy(tmp_path / "hostile.run", name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL)
    done = tool("report", "hostile.run")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "\\x1b" in done.stdout
