"""A threshold that is crossed ends a load in good order, by what is seen while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from clusterload.analysis.gates import STOPPED, check_thresholds
from clusterload.analysis.usage import assess
from clusterload.generator.progress import LoadProgress, Progress
from clusterload.generator.wire.account import LatencyHistograms
from clusterload.model.errors import ConfigurationError
from clusterload.model.ledger import Ledger
from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.thresholds import Threshold
from clusterload.model.workload import Plan
from clusterload.telemetry.runfile import Recorder, read_run
from clusterload.workflow.abort import AbortMonitor, abort_monitor, check_abort_if
from clusterload.workflow.live.window import Window
from clusterload.workflow.noop import measure_noop
from tests import wire_runs
from tests.stored_runs import limits
from tests.wire_runs import produce

LOADS = (produce(request_rate="100/s"),)
TABLE = limits(connections="100 connections")


def planned(*texts: str, warm_up: float = 0.0) -> Plan:
    return Plan(name="a", loads=LOADS, duration=60, warm_up=warm_up, abort_if=tuple(map(Threshold.parsed, texts)))


def guard_of(plan: Plan, ago: float) -> tuple[AbortMonitor, Window, int]:
    """A guard of a load that began so many seconds ago, and what sees the metrics for it."""
    window = Window((), "a", {})
    monitor = AbortMonitor(plan, TABLE, window)
    start = time.time_ns() - round(ago * SECOND)
    monitor.begin(start)
    return monitor, window, start


def state(elapsed: float, us: Sequence[int] = (), *, scheduled: int = 0, failed: int = 0) -> Progress:
    """How a load stands, with the latency of each of its seconds."""
    kept = LatencyHistograms()
    for second, value in enumerate(us):
        kept.add(second, {value: 50})
    kept.close(len(us))
    account = Ledger(load="produce", scheduled=scheduled, failed=failed)
    standing = LoadProgress(ledger=account, latencies={"due": kept.last})
    return Progress(elapsed=elapsed, duration=60, ledger=account, loads=(standing,))


def test_a_count_ends_the_load_as_soon_as_it_is_crossed() -> None:
    monitor, _, start = guard_of(planned("ledger.failed > 2"), 5)
    monitor.take(state(4, scheduled=10, failed=2))
    assert monitor.look(start + 4 * SECOND) is None
    monitor.take(state(5, scheduled=20, failed=3))
    found = monitor.look(start + 5 * SECOND)
    assert found is not None
    assert found.words == "3"


def test_a_latency_ends_it_after_as_many_seconds_as_it_must_last() -> None:
    monitor, _, start = guard_of(planned("latency.p99 > 50 ms for 3 s"), 20)
    course = [1000] * 4 + [80_000] * 2 + [1000] + [80_000] * 3
    for second in range(1, len(course)):
        monitor.take(state(second + 0.1, course[:second]))
        assert monitor.look(start + round((second + 0.1) * SECOND)) is None
    monitor.take(state(10.1, course))
    found = monitor.look(start + round(10.1 * SECOND))
    assert found is not None
    assert found.words == "80.1 ms of load produce, from 7 s on, for 3 s"


def test_what_is_too_old_is_forgotten() -> None:
    monitor, _, start = guard_of(planned("latency.p99 > 50 ms"), 60)
    monitor.take(state(1.1, [80_000]))
    assert monitor.look(start + 2 * SECOND) is not None
    monitor.take(state(50, [1000] * 49))
    assert monitor.look(start + 50 * SECOND) is None


def test_metrics_end_it_when_they_come_and_not_by_what_was_before_the_load_or_its_warm_up() -> None:
    monitor, window, start = guard_of(planned("saturation.cpu > 80 %", "limit_load > 90 %", warm_up=5), 20)
    resource = RESOURCES["cpu_host"]
    for second in range(-10, 5):
        at = start + second * SECOND + SECOND // 2
        window.recent.record(Point("cpu_host", resource.unit, Kind.GAUGE, {"broker": "1"}, at, 0.99))
    for second in range(5, 17):
        at = start + second * SECOND + SECOND // 2
        window.recent.record(Point("cpu_host", resource.unit, Kind.GAUGE, {"broker": "1"}, at, 0.5))
        window.recent.record(Point("connections", RESOURCES["connections"].unit, Kind.GAUGE, {"broker": "1"}, at, 50.0))
    assert monitor.look(time.time_ns()) is None
    at = start + 17 * SECOND + SECOND // 2
    window.recent.record(Point("connections", RESOURCES["connections"].unit, Kind.GAUGE, {"broker": "1"}, at, 95.0))
    found = monitor.look(time.time_ns())
    assert found is not None
    assert found.threshold.text == "limit_load > 90 %"


def test_before_the_load_begins_nothing_is_looked_at() -> None:
    assert AbortMonitor(planned("ledger.failed < 5"), TABLE, Window((), "a", {})).look(time.time_ns()) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("achieved < 95 %", "known only when all is over"),
        ("ledger.acknowledged < 500", "known only when all is over"),
        ("limit_load.mean > 50 %", "mean is known only when all is over"),
        ("limit_load.min > 50 %", "min is known only when all is over"),
        ("saturation.cpu > 50 %", "needs the cluster's metrics, and none are read"),
    ],
)
def test_what_would_never_be_told_while_the_load_runs_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        check_abort_if([Threshold.parsed(text)], ())


def test_what_fails_while_the_load_is_looked_at_fails_the_load(tmp_path: Path) -> None:
    class Broken(AbortMonitor):
        def look(self, _: int) -> None:
            raise ValueError("a mistake of ours")

    monitor = Broken(planned("lost > 0"), TABLE, Window((), "a", {}))
    monitor.watch(threading.Event(), lambda _: None)
    with pytest.raises(ValueError, match="a mistake of ours"):
        assert monitor.crossed


def test_a_plan_that_nothing_ends_is_recorded_as_it_comes(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a.run") as recorder, abort_monitor(planned(), recorder, (), None, {}) as (monitor, sink):
        assert sink == recorder
        assert not monitor.crossed


def test_a_load_that_is_ended_has_a_whole_run_file_that_says_why(tmp_path: Path) -> None:
    made = wire_runs.plan(produce(connections="2", request_rate="100/s"), duration=60)
    ending = tuple(map(Threshold.parsed, ["ledger.failed > 0", "latency.max > 0 ms for 2 s"]))
    plan = Plan(name="ended", loads=made.loads, duration=60, abort_if=ending)
    began = time.monotonic()
    run = measure_noop(plan, path=tmp_path / "a.run", seed=1)
    assert time.monotonic() - began < 30
    assert read_run(tmp_path / "a.run").end == run.end
    assert not run.complete
    assert 2 < run.seconds < 25
    (event,) = [event for event in run.events if event.kind == STOPPED]
    assert event.text.startswith("latency.max > 0 ms for 2 s: ")
    assert event.text.endswith("the load was ended")
    (ledger,) = run.ledgers
    assert ledger.balanced
    assert ledger.scheduled == pytest.approx(100 * run.seconds, abs=60)
    latency = run.latency("produce", "due")
    assert latency is not None
    assert latency.histogram.count == ledger.acknowledged > 0
    untouched, crossed = check_thresholds(run, assess(run, TABLE)).judged
    assert untouched.passed
    assert (str(crossed.answer), crossed.aborts) == ("crossed", True)
