"""Ten brokers with planted causes: each is named with its culprit and a broker, and what is healthy is left alone."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import pytest

from benchmarks.big_cluster.cases import Case, late_broker, missed_scrape, noisy, planted
from benchmarks.big_cluster.cluster import Size, build
from benchmarks.big_cluster.exposition import Exposition
from benchmarks.big_cluster.figures import START, names
from benchmarks.big_cluster.judging import Said, judge
from benchmarks.big_cluster.plants import PLANTS, connections, leader_skew
from benchmarks.big_cluster.rates import rates
from clusterload.model.points import Points
from clusterload.model.series import SECOND, Point
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Names

BROKERS: Final = 10


@cache
def cases() -> dict[str, Case]:
    return {case.name: case for case in planted(BROKERS)}


@cache
def said(name: str) -> Said:
    return judge(cases()[name])


@pytest.mark.parametrize("name", PLANTS)
def test_a_cause_in_ten_brokers_is_named_with_its_culprit_and_a_broker(name: str) -> None:
    found = said(name)
    assert found.cause_right, found.findings
    assert found.culprit_right, found.findings
    assert found.broker_right, found.findings


@pytest.mark.parametrize(
    "case", [cases()["healthy"], late_broker(), missed_scrape(), noisy(1)], ids=lambda case: case.name
)
def test_nothing_is_said_where_nothing_is_wrong(case: Case) -> None:
    assert judge(case).cause_right


def test_the_same_seed_gives_the_same_figures() -> None:
    first, second = (cases()["connections"].runs()[0] for _ in range(2))
    both = zip(first.series, second.series, strict=True)
    assert all(line.key == again.key and np.array_equal(line.values, again.values) for line, again in both)


def test_a_plant_moves_what_it_says() -> None:
    cluster = build(Size.of(BROKERS))
    skewed = leader_skew(cluster)
    broker = int(skewed.brokers[0]) - 1
    usual, now = rates(cluster).broker, rates(skewed.cluster).broker
    assert now["leaders"][broker] == pytest.approx(3 * usual["leaders"][broker], rel=0.06)
    assert now["leaders"].sum() == usual["leaders"].sum()
    assert now["ingress"].sum() == pytest.approx(usual["ingress"].sum())
    more = rates(connections(cluster).cluster).broker["connections"].sum() - usual["connections"].sum()
    assert more == pytest.approx(12_000)


class _Kept:
    """What a source records, kept."""

    def __init__(self) -> None:
        self.points: list[Points] = []

    def record(self, point: Point) -> None:
        raise AssertionError(point)

    def record_all(self, points: Points) -> None:
        self.points.append(points)

    def event(self, time: int, kind: str, text: str) -> None:  # noqa: ARG002 (as a sink has it)
        raise AssertionError(text)


def test_what_is_played_reads_as_the_figures_that_are_judged() -> None:
    case = cases()["connections"]
    before, now = rates(case.usual), rates(case.planted.cluster)
    played = Exposition(case.planted.cluster, before, now, 0, onset=30.0, noise=0.0)
    mapped = Names.named("jmx-exporter")
    parser, kept = ScrapeParser(SharedLines(mapped), mapped.grouping), _Kept()
    deltas = Deltas(broker="1", names=mapped, granularity=15.0)
    for at in (15, 30, 45):
        deltas.take(Scrape(time=START + at * SECOND, reading=parser.read(played.text(at).decode())), kept)
    shown = {head.name for points in kept.points for head in points.heads}
    throttles = {"produce_throttle_time", "fetch_throttle_time", "request_throttle_time"}
    by_topic = {"produce_requests_by_topic", "fetch_requests_by_topic"}
    assert shown - throttles - by_topic == set(names(case.runs()[0])) - {"records_by_partition", "tls_connections"}
    values = {point.key: point.value for point in kept.points[-1]}
    own = (("broker", "1"),)
    assert values["ingress", own] == pytest.approx(15 * now.broker["ingress"][0])
    assert values["cpu_broker", own] == pytest.approx(15 * now.broker["cpu_broker"][0])
    assert values["request_handler_busy", own] == pytest.approx(now.broker["request_handler_busy"][0], rel=1e-3)
