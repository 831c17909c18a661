"""Records by partition from the end offsets of replicas: whoever is scraped when, each record is counted once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.series import SECOND
from clusterload.telemetry.runfile import Recorder, new_id, read_run
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.keeping import Crowd
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.reading import Key, Reading
from clusterload.telemetry.sources.source import Sieve, Sink
from tests.telemetry.sources.kept import Kept

NAMES = Names.named("jmx-exporter")
ORDERS: Key = ("records_by_partition", (("topic", "orders"), ("partition", "0")))


Scrapes = Iterable[tuple[str, float, float | None]]
"""Of which broker, at which second, and the end of its replica if it has one."""


def record(scrapes: Scrapes, sink: Sink) -> None:
    crowd, brokers = Crowd(), dict[str, Deltas]()
    for broker, second, end in scrapes:
        deltas = brokers.setdefault(broker, Deltas(broker=broker, names=NAMES, crowd=crowd))
        counters: Mapping[Key, float] = {} if end is None else {ORDERS: end}
        deltas.take(
            Scrape(time=round(second * SECOND), reading=Reading(counters=counters, gauges={}, network={})), sink
        )


def told(scrapes: Scrapes) -> Kept:
    """What a source records of partitions."""
    kept = Kept()
    record(scrapes, kept)
    return kept


def total(kept: Kept) -> float:
    return sum(kept.values("records_by_partition", topic="orders", partition="0"))


@given(st.lists(st.tuples(st.sampled_from("123"), st.floats(0.01, 2.0), st.integers(0, 1000)), min_size=1, max_size=40))
def test_however_replicas_are_scraped_no_record_is_counted_twice(steps: list[tuple[str, float, int]]) -> None:
    second, end, scrapes = 0.0, 50.0, list[tuple[str, float, float | None]]()
    for broker, seconds, records in steps:
        second, end = second + seconds, end + records
        scrapes.append((broker, second, end))
    kept = told(scrapes)
    assert total(kept) <= scrapes[-1][2] - scrapes[0][2]  # type: ignore[operator]
    assert all(value >= 0 for value in kept.values("records_by_partition"))
    points = sorted(kept.of("records_by_partition"), key=lambda point: point.time)
    ends = [(point.time - round(point.span * SECOND), point.time) for point in points]
    assert all(first[1] <= second_[0] + 1 for first, second_ in itertools.pairwise(ends)), "spans overlap"


def test_three_replicas_tell_what_the_leader_got() -> None:
    scrapes = [(broker, second + at / 10, 100.0 * second) for second in range(10) for at, broker in enumerate("123")]
    kept = told(scrapes)
    assert total(kept) == 900
    assert all("broker" not in point.labels for point in kept.points), "a partition is one Series, whoever tells it"


def test_another_replica_takes_over_from_a_broker_that_is_gone_and_nothing_is_lost() -> None:
    scrapes = [
        (broker, second + at / 10, 100.0 * second)
        for second in range(12)
        for at, broker in enumerate("12")
        if broker == "2" or second < 4
    ]
    kept = told(scrapes)
    assert total(kept) == 1100
    assert [point.span for point in kept.points] == pytest.approx([1] * 3 + [3.1] + [1] * 5, abs=0.2)


def test_in_a_run_a_partition_is_one_series_whoever_told_it(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a.run", run_id=new_id()) as recorder:
        recorder.document("window", {"start": SECOND, "end": 13 * SECOND, "complete": True})
        record([(who, 1 + at, 100.0 * at) for at in range(12) for who in "12" if (who == "1") == (at < 5)], recorder)
    (partition,) = read_run(tmp_path / "a.run").named("records_by_partition")
    assert partition.labels == {"topic": "orders", "partition": "0"}
    assert (partition.total(), partition.spans.sum()) == (1100, 11)


@pytest.mark.parametrize("follower_first", [True, False])
def test_a_replica_that_is_behind_gives_the_word_to_one_that_is_not(follower_first: bool) -> None:
    order = "21" if follower_first else "12"
    ends = {"1": 100.0, "2": 10.0}  # broker 2 gets a tenth of what its leader gets
    scrapes = [
        (broker, second + at / 10, ends[broker] * second) for second in range(20) for at, broker in enumerate(order)
    ]
    kept = told(scrapes)
    rates = [point.value / point.span for point in kept.points[-5:]]
    assert rates == pytest.approx([100.0] * 5)


def test_a_past_that_is_read_broker_by_broker_counts_once() -> None:
    scrapes = [(broker, float(second), 100.0 * second) for broker in "123" for second in range(10)]
    assert total(told(scrapes)) == 900


def test_a_broker_that_has_lost_the_replica_takes_no_growth_with_it() -> None:
    kept = told([("1", 0, 100.0), ("2", 0.1, 100.0), ("1", 1, None), ("2", 4, 180.0), ("2", 5, 200.0)])
    assert total(kept) == 100


def test_a_topic_that_was_made_again_does_not_shrink() -> None:
    kept = told([("1", 0, 100.0), ("1", 1, 150.0), ("1", 2, 5.0), ("1", 3, 25.0), ("1", 4, math.nan), ("1", 5, 35.0)])
    assert [(point.value, point.span) for point in kept.points] == [(50, 1), (20, 1), (10, 2)]


def test_a_restarted_broker_s_logs_are_not_new_records() -> None:
    kept, deltas = Kept(), Deltas(broker="1", names=NAMES)
    for second, (started, end) in enumerate([(1.0, 100.0), (1.0, 150.0), (90.0, 160.0)]):
        reading = Reading(counters={ORDERS: end, ("ingress", ()): 5.0}, gauges={}, network={}, started=started)
        deltas.take(Scrape(time=second * SECOND, reading=reading), kept)
    assert kept.kinds == ["broker-restarted"]
    assert total(kept) == 60


def test_a_sum_over_further_topics_is_no_partition() -> None:
    """A Prometheus with too many of them sums them up, over whatever replicas each broker has."""
    kept, crowd = Kept(), Crowd()
    rest: Key = ("records_by_partition", (("topic", "(others)"),))
    for broker, ends in (("1", 1e6), ("2", 5e6)):
        deltas = Deltas(broker=broker, names=NAMES, crowd=crowd)
        for second in range(6):
            reading = Reading(counters={rest: ends + second, ORDERS: 10.0 * second}, gauges={}, network={})
            deltas.take(Scrape(time=second * SECOND, reading=reading), kept)
    assert kept.of("records_by_partition", topic="(others)") == []
    assert total(kept) == 50


def test_what_another_source_tells_better_is_left_out_and_all_else_passes() -> None:
    kept = Kept()
    sieve, deltas = Sieve(kept, frozenset({"records_by_partition"})), Deltas(broker="1", names=NAMES)
    for second in range(3):
        reading = Reading(counters={ORDERS: 9.0 * second, ("ingress", ()): 5.0 * second}, gauges={}, network={})
        deltas.take(Scrape(time=second * SECOND, reading=reading), sieve)
    assert kept.values("ingress") == [5, 5]
    assert kept.of("records_by_partition") == []
