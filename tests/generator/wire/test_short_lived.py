"""Connections that come and go: each is made, answered, and gone, and the brokers count as many."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from clusterload import Lab
from clusterload.generator.wire.processes import Processes
from clusterload.generator.wire.stub_broker import stub_broker
from tests.generator.wire.driving import all_but_dropped, drive, wire_load


@pytest.mark.parametrize("asks", ["versions", "metadata"])
def test_every_connection_that_is_due_is_made_and_answered(lab: Lab, tmp_path: Path, asks: str) -> None:
    load = wire_load("clusterload-load", "connect", connection_rate="50/s", connection_asks=asks)
    driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=3)
    count = all_but_dropped(driven)
    assert (driven.ledger.scheduled, driven.ledger.unit) == (150, "connections")
    assert (driven.wire["made"], driven.wire["connections"]) == (count, 0)
    assert driven.wire["requests"]["ApiVersions"] == count
    assert driven.wire["requests"].get("Metadata", 0) == (count if asks == "metadata" else 0)
    assert driven.latency("connect", "due").count == count


def test_connections_with_a_lifetime_are_counted_too(lab: Lab, tmp_path: Path) -> None:
    load = wire_load("clusterload-load", "connect", connection_rate="20/s", connection_lifetime="500ms")
    driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=3)
    assert driven.ledger.scheduled == 60
    assert driven.wire["made"] == all_but_dropped(driven)


def test_as_many_connections_as_a_broker_takes_lose_none(tmp_path: Path) -> None:
    with stub_broker({"clusterload-load": 1}) as servers:
        load = wire_load("clusterload-load", "connect", connection_rate="max")
        driven = drive(servers, tmp_path, load, seconds=2)
    assert driven.ledger.balanced
    assert driven.ledger.acknowledged > 50
    assert not driven.ledger.failed


def test_a_script_needs_no_guard_around_its_main_part(tmp_path: Path) -> None:
    """Workers import what they run, never the caller's main module."""
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from clusterload import Dials, Load, Plan\n"
        "from clusterload.workflow.noop import measure_noop\n"
        "dials = Dials.parsed({'request_rate': '100/s'})\n"
        "load = Load(name='l', topic='clusterload-l', engine='wire', dials=dials)\n"
        "plan = Plan(name='p', loads=(load,), duration=1)\n"
        f"run = measure_noop(plan, path=Path({str(tmp_path)!r}) / 'r.run')\n"
        "print(run.ledgers[0].acknowledged)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600, check=False)
    assert done.stderr == ""
    assert 0 < int(done.stdout) <= 100


class WithoutEpoll(Processes):
    """Processes whose Python has no epoll, as on macOS."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        return super().submit(_call_without_epoll, call, *arguments)


def _call_without_epoll(call: Callable[..., Any], *arguments: Any) -> None:
    import uvloop  # noqa: F401 (imports the loops of the standard library, some of which want epoll)

    del select.epoll
    call(*arguments)


def test_a_system_without_epoll_makes_the_same_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    load = wire_load("clusterload-load", "connect", connection_rate="20/s", connection_asks="metadata")
    with stub_broker({"clusterload-load": 1}) as servers:
        driven = drive(servers, tmp_path, load, seconds=2, executor=WithoutEpoll())
    assert driven.ledger.scheduled == 40
    assert driven.wire["made"] == driven.wire["requests"]["Metadata"] == all_but_dropped(driven)
