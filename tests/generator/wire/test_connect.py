"""Connections for their own sake, on real brokers: as many stand as the shape says, and each that is due is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload import Lab
from clusterload.telemetry.runfile import read_run
from tests.generator.wire.driving import Driven, all_but_dropped, drive, wire_load


def open_at(driven: Driven) -> list[float]:
    """How many connections stood at each report, all workers together where there is one."""
    (series,) = [found for found in read_run(driven.path).series if found.name == "load_connections"]
    return list(series.values)


def test_connections_stand_to_the_end_and_answer_then(lab: Lab, tmp_path: Path) -> None:
    driven = drive(lab.bootstrap_servers, tmp_path, wire_load("any", "connect", connections="50"), seconds=2)
    assert driven.ledger.unit == "connections"
    assert (driven.ledger.scheduled, driven.ledger.acknowledged) == (50, 50), driven.ledger
    assert (driven.wire["made"], driven.wire["alive"], driven.wire["lost"]) == (50, 50, {})
    assert open_at(driven)[0] == 50


@pytest.mark.parametrize("workers", [1, 2])
def test_standing_connections_follow_their_shape(lab: Lab, tmp_path: Path, workers: int) -> None:
    load = wire_load("any", "connect", connections="step:6@0s,40@1.5s,9@3.5s")
    driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=5, workers=workers)
    assert driven.ledger.balanced
    assert (driven.ledger.scheduled, driven.ledger.acknowledged) == (40, 40), driven.ledger
    assert (driven.wire["made"], driven.wire["alive"], driven.wire["lost"]) == (40, 9, {})
    if workers == 1:
        counts = open_at(driven)
        assert set(counts) <= {0, *range(6, 41)}, counts
        # There is a report each second; one that comes late may miss a step.
        if driven.slowest < 0.2:
            assert (counts[0], max(counts), counts[-2]) == (6, 40, 9), counts


def test_short_lived_and_held_connections_are_each_counted(lab: Lab, tmp_path: Path) -> None:
    load = wire_load("any", "connect", connections="10", connection_rate="40/s", connection_asks="metadata")
    driven = drive(lab.bootstrap_servers, tmp_path, load)
    assert driven.ledger.scheduled == 10 + 120, driven.ledger
    count = all_but_dropped(driven)
    assert driven.wire["made"] == count
    assert driven.wire["alive"] == 10
    assert driven.wire["requests"]["Metadata"] == count
    assert driven.latency("connect", "due").count == count - 10
    assert not driven.wire["lost"], "those that leave as planned are not lost"
