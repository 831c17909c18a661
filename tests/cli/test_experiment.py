"""`clusterload experiment` on the command line."""

from __future__ import annotations

import pytest

from clusterload.cli.root import root
from clusterload.model.errors import UsageError
from tests.conftest import Tool


def test_a_dry_run_prints_the_order_and_how_long_it_takes(tool: Tool) -> None:
    done = tool(
        *("experiment", "--dial", "request_rate=100/s", "--factor", "connections=10,20", "--design", "full"),
        *("--factor", "record_size=2KiB,4KiB", "--for", "10s", "--repeats", "1", "--seed", "5", "--dry-run"),
    )
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert lines[0] == "  1  20 connections, record size 4,096 B  (baseline)"
    assert sum("10 connections, record size 2,048 B" in line for line in lines) == 1
    assert last == "5 runs of 10 s, design full, seed 5: about 1 min 20 s"


def test_a_dry_run_of_a_removal_says_what_would_be_lent(tool: Tool) -> None:
    done = tool("experiment", "--remove", "client=etl-7", "--repeats", "1", "--for", "10s", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "  2  client etl-7 held back" in done.stdout
    assert "3 stretches of 10 s, held back by request_percentage=0.01: about 42 s" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "add --factor"),
        (("--factor", "conections=1,2"), "did you mean 'connections'"),
        (("--remove", "etl-7"), "write client=ID"),
        (("--remove", "client=a", "--dial", "connections=1"), "leave out the plan"),
    ],
)
def test_mistakes_are_told_with_what_to_do(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        root.main(["experiment", "--lab", *arguments], standalone_mode=False)
