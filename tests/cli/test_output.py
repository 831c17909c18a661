"""Where the output goes: a reader that leaves early, a full disk, and help that says which command answers what."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clusterload.cli.root import COMMANDS, SECTIONS, root
from tests.cli.conftest import Called
from tests.conftest import PROGRAM


def to_nobody(*command: str) -> tuple[int, bytes]:
    """Exit code and complaint of a command whose reader has left already."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False)
    finally:
        os.close(writing)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments", [("--help",), ("run", "--help"), ("describe", "resources"), ("describe", "privileges", "--json")]
)
def test_a_reader_that_left_ends_a_command_quietly_as_sigpipe_does(arguments: tuple[str, ...]) -> None:
    assert to_nobody(PROGRAM, *arguments) == (141, b"")


def test_a_reader_that_left_ends_the_benchmarks_quietly() -> None:
    code, said = to_nobody(sys.executable, "-m", "benchmarks", "pace", "--quick")
    assert (code, said) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("--help",), ("describe", "resources")])
def test_output_that_cannot_be_written_is_said_in_a_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"clusterload: the output cannot be written: No space left on device; .*\n", done.stderr)


def test_a_bare_call_shows_the_commands_by_the_question_that_they_answer(called: Called) -> None:
    code, shown, err = called()
    assert (code, err) == (0, "")
    assert (code, shown, err) == called("--help")
    for question, commands in SECTIONS.items():
        assert question in shown
        assert [name for name in commands if f"\n  {name} " not in shown] == []


def test_every_command_module_is_in_the_map() -> None:
    folder = Path(sys.modules[root.__module__].__file__ or "").parent
    files = {path.stem for path in folder.glob("*.py")}
    assert set(COMMANDS) <= files
    assert files - set(COMMANDS) == {
        "__init__", "calibrate", "console", "gates", "grammar", "live", "options", "past", "plans", "root",
        "stretch", "target",
    }  # fmt: skip


def test_the_help_of_the_root_imports_no_command() -> None:
    code = (
        "import sys, clusterload.cli.root as r; r.root.get_help(r.click.Context(r.root)); print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"numpy", "rich", "cloup", "confluent_kafka", "httpx", "clusterload.cli.run"})


@pytest.mark.parametrize("name", COMMANDS)
def test_long_help_stands_in_groups_and_fits_80_columns(called: Called, name: str) -> None:
    code, shown, _ = called(name, "--help")
    assert code == 0
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    options = len(re.findall(r"^  --", shown, re.MULTILINE))
    groups = re.findall(r"^[A-Z][A-Za-z ]+:$", shown, re.MULTILINE)
    assert options < 10 or len(groups) >= 4
