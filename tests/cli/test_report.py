"""`clusterload report` writes a page and Markdown beside what it prints, judged against a baseline."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Tool
from tests.report.busy import busy
from tests.report.hostile import ALL


@pytest.fixture
def run(tmp_path: Path) -> str:
    busy(tmp_path / "busy.run")
    return "busy.run"


def test_a_page_and_markdown_are_written_and_named(tool: Tool, tmp_path: Path, run: str) -> None:
    done = tool("report", run, "--baseline", "60s", "--html", "new/a.html", "--markdown", "a.md", "--plots", "pictures")
    assert done.returncode == 0, done.stderr
    assert "Verdict: within limits; connections bind at 81 %" in done.stdout
    assert "report: new/a.html" in done.stderr
    assert "High connection count: 81, 36 before" in (tmp_path / "new" / "a.html").read_text(encoding="utf-8")
    assert "High connection count: 81, 36 before" in (tmp_path / "a.md").read_text(encoding="utf-8")
    assert {one.name for one in (tmp_path / "pictures").iterdir()} == {"usage.png", "usage.svg"}


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
