"""What workers report becomes ledgers, Series and latencies that add up, in whatever order workers report."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from clusterload import read_run
from clusterload.generator.wire.account import Account, LatencyHistograms
from clusterload.generator.wire.worker_messages import Tally, WorkerReport
from clusterload.model.histogram import Histogram
from clusterload.model.ledger import Ledger
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.telemetry.runfile import Recorder
from tests.wire_runs import START, Course, plan, produce, stored

seconds = st.dictionaries(st.integers(1, 5_000_000), st.integers(1, 100), max_size=20)


@given(st.lists(st.tuples(st.integers(0, 5), seconds), max_size=20), st.lists(st.integers(0, 6), max_size=5))
def test_seconds_add_up_to_the_whole_whatever_comes_late(
    parts: list[tuple[int, dict[int, int]]], closings: list[int]
) -> None:
    kept, expected = LatencyHistograms(), Histogram()
    for number, (second, counts) in enumerate(parts):
        kept.add(second, counts)
        expected.record_counts(counts)
        if number < len(closings):
            kept.close(closings[number])
    assert kept.whole == expected
    assert Histogram.merged(Histogram.decode(text) for text in kept.seconds().values()) == expected
    by_second: Counter[int] = Counter()
    for second, counts in parts:
        by_second[second] += sum(counts.values())
    assert {int(second): Histogram.decode(text).count for second, text in kept.seconds().items()} == by_second


def report(worker: int, elapsed: float, acknowledged: int, *, made: int = 5, last: bool = False) -> WorkerReport:
    tally = Tally(
        load="produce",
        ledger=Ledger(
            load="produce", scheduled=acknowledged, acknowledged=acknowledged, acknowledged_bytes=acknowledged
        ),
        answered={"Produce": acknowledged},
        connections=5,
        made=made,
        records=acknowledged,
        due={1000: 10} if elapsed else {},
    )
    return WorkerReport(
        worker=worker, elapsed=elapsed, tallies=(tally,), cpu=0.1 * elapsed, lag=0.0, rss=1000, last=last
    )


def two_workers(path: Path) -> tuple[Account, Run]:
    with Recorder(path) as recorder:
        account = Account([produce(request_rate="20/s")], recorder, closed_loops=frozenset())
        account.start = START
        for worker in (0, 1):
            account.take(report(worker, 0.0, 0))
        for worker in (0, 1):
            account.take(report(worker, 1.0, 10))
        account.take(report(0, 2.0, 20))
        account.take(report(1, 2.4, 20, made=6))
        for name, document in account.documents().items():
            recorder.document(name, document)
    return account, read_run(path)


def test_workers_add_up(tmp_path: Path) -> None:
    account, run = two_workers(tmp_path / "a.run")
    (ledger,) = account.ledgers
    assert (ledger.scheduled, ledger.acknowledged) == (40, 40)
    assert sum(series.total() for series in run.named("load_records")) == 40
    assert sum(series.total() for series in run.named("load_connections_made")) == 1
    assert run.generator is not None
    assert (run.generator.workers, run.generator.peak_rss_bytes) == (2, 2000)


def test_what_was_made_before_the_load_is_told_apart(tmp_path: Path) -> None:
    _, run = two_workers(tmp_path / "a.run")
    traffic = run.traffic_of("produce")
    assert traffic is not None
    assert (traffic.prepared, traffic.made) == (10, 11)


def test_the_last_second_of_a_running_load_is_at_hand(tmp_path: Path) -> None:
    account, _ = two_workers(tmp_path / "a.run")
    (standing,) = account.load_progress
    assert standing.figures["connections"] == 10
    assert round(standing.figures["request_rate"], 1) == round(10 + 10 / 1.4, 1)
    assert 1000 <= standing.p99 <= 1001


def test_latencies_are_read_back_whole_and_by_the_second(tmp_path: Path) -> None:
    _, run = two_workers(tmp_path / "a.run")
    latency = run.latency("produce", "due")
    assert latency is not None
    assert latency.histogram.count == 40
    assert [latency.at(second).count for second in latency.seconds] == [20, 20]
    assert latency.at(77).count == 0


def test_a_stretch_of_a_run_has_the_latencies_of_its_own_seconds(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", plan(produce(request_rate="500/s")), Course())
    part = run.between(START + 2 * SECOND, START + 5 * SECOND).latency("produce", "due")
    assert part is not None
    assert (part.seconds, part.histogram.count) == ((2, 3, 4), 300)
