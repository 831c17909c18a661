"""`clusterload capacity` says what it would do, finds its end in time, and refuses in a line what tells nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterload import Lab
from tests.conftest import Tool

MIX = ("--dial", "record_rate=20/s", "--mix")
UNTIL = ("--until", "limit_load > 90 %")


def test_a_dry_run_says_what_is_raised_and_touches_nothing(tool: Tool, tmp_path: Path) -> None:
    done = tool("capacity", *MIX, *UNTIL, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "record rate 20 records/s for 5 s" in done.stdout
    assert "mix is raised from there until limit_load > 90 %, 3 times, for 10 min at the longest." in done.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint", "code"),
    [
        (("--dial", "record_rate=20/s", *UNTIL), "nothing says what to raise: add --mix", 2),
        (MIX, "Missing option '--until'", 2),
        ((*MIX, "--until", "limit_lod > 90 %"), "did you mean 'limit_load'", 2),
        (("--dial", "connections=5", "--mix", *UNTIL), "no rate that could grow", 2),
    ],
)
def test_a_mistake_is_said_in_a_line(tool: Tool, arguments: tuple[str, ...], complaint: str, code: int) -> None:
    done = tool("capacity", *arguments)
    assert done.returncode == code
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_not_found_in_time_is_at_least_and_a_picture_is_drawn(lab: Lab, tool: Tool, tmp_path: Path) -> None:
    done = tool(
        "capacity", "--bootstrap-server", lab.bootstrap_servers, *MIX, *UNTIL, "--limits", "course-basic",
        "--longest", "3s", "--rest", "1s", "--step-time", "2s", "--json", "--plot", "steps.png",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not found["measured"]["known"]
    assert found["measured"]["why"] == ["the 3 s that it may take at the longest were over"]
    assert (tmp_path / "steps.png").stat().st_size > 0
