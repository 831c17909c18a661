"""Connections that come and go: each is made, answered, and gone, and the brokers count as many."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clusterload import Lab
from clusterload.generator.wire.stub_broker import stub_broker
from tests.generator.wire.driving import all_but_dropped, drive, wire_load


@pytest.mark.parametrize("asks", ["versions", "metadata"])
def test_every_visit_that_is_due_is_made_and_answered(lab: Lab, tmp_path: Path, asks: str) -> None:
    load = wire_load("clusterload-load", "connect", connection_rate="50/s", connection_asks=asks)
    driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=3)
    count = all_but_dropped(driven)
    assert (driven.ledger.scheduled, driven.ledger.unit) == (150, "connections")
    assert (driven.wire["made"], driven.wire["connections"]) == (count, 0)
    assert driven.wire["requests"]["ApiVersions"] == count
    assert driven.wire["requests"].get("Metadata", 0) == (count if asks == "metadata" else 0)
    assert driven.latency("connect", "due").count == count


def test_visits_that_stay_a_while_are_counted_too(lab: Lab, tmp_path: Path) -> None:
    load = wire_load("clusterload-load", "connect", connection_rate="20/s", connection_lifetime="500ms")
    driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=3)
    assert driven.ledger.scheduled == 60
    assert driven.wire["made"] == all_but_dropped(driven)


def test_as_many_visits_as_a_target_takes_lose_none(tmp_path: Path) -> None:
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
