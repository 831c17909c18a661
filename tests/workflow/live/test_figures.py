"""A snapshot says of each figure what the run file will say, and nothing where nothing is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clusterload.model.run import Run
from clusterload.workflow.live.figures import HELD, newest, settled
from clusterload.workflow.live.snapshot import Snapshot
from tests.report.busy import SILENT, busy
from tests.workflow.live.replayed import progress, replayed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return busy(tmp_path_factory.mktemp("live") / "a.run")


def at(run: Run, second: int) -> Snapshot:
    (snapshot,) = replayed(run, second, second)
    return snapshot


def test_a_snapshot_has_loads_limit_load_and_saturation_as_they_are_at_that_moment(run: Run) -> None:
    early, late = at(run, 50), at(run, 120)
    assert early.metrics is not None
    assert late.metrics is not None
    assert late.metrics.binding is not None
    assert late.metrics.binding.resource.name == "connections"
    assert late.metrics.limit_load == pytest.approx(0.81)
    assert early.metrics.limit_load < 0.6
    assert late.metrics.busiest is not None
    assert late.metrics.busiest.resource.name == "cpu_host"
    assert late.metrics.busiest.now == pytest.approx(0.63, rel=0.2)
    (load,) = late.loads
    assert {dial.dial: (dial.asked, dial.achieved) for dial in load.dials}["request_rate"] == (2000.0, 1991.0)
    assert load.lost == load.ledger.failed > 0
    assert 1e-3 < load.p50 < load.p99 < 1
    assert late.left == 60
    assert late.metrics.about == "cluster shop-eu-1, 3 brokers"


def test_rates_are_per_second_and_levels_are_levels(run: Run) -> None:
    metrics = at(run, 120).metrics
    assert metrics is not None
    by_name = {line.resource.name: line for line in metrics.lines}
    assert (str(by_name["ingress"].unit), str(by_name["connections"].unit)) == ("B/s", "connections")
    assert by_name["ingress"].now == pytest.approx(22.6e6, rel=0.2)
    assert by_name["connections"].now == 81


def test_a_figure_that_does_not_come_is_held_for_a_moment_and_then_unknown(run: Run) -> None:
    known = at(run, SILENT.start).metrics
    gone = at(run, SILENT.start + HELD + 3).metrics
    assert known is not None
    assert gone is not None
    assert not math.isnan(known.limit_load)
    assert math.isnan(gone.limit_load)
    assert gone.binding is None
    assert gone.busiest is None


def test_of_what_is_held_the_newest_figure_counts() -> None:
    nothing = float("nan")
    assert newest(np.array([1.0, 2.0, nothing])) == 2.0
    assert math.isnan(newest(np.array([1.0, nothing, nothing, nothing])))


def test_the_moment_after_a_load_is_no_rate_of_the_load(run: Run) -> None:
    assert run.plan is not None
    before, after = progress(run, run.plan, 179), progress(run, run.plan, 180)
    (kept,) = settled(after, before).loads
    assert kept.figures == before.loads[0].figures
    assert kept.p99 == before.loads[0].p99
    assert kept.ledger == after.loads[0].ledger
