"""Of very many those are kept that matter now, not those that came first, and nothing is lost of the others."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.keeping import Crowd, most_of_each
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.reading import Key, Reading
from clusterload.telemetry.sources.source import OTHERS
from tests.telemetry.sources.kept import Kept, grown

INGRESS: Key = ("ingress", ())
PLACES = 3


def by_topic(topic: int) -> Key:
    return "ingress_by_topic", (("topic", str(topic)),)


def of_client(client: str) -> Key:
    return "ingress_by_client", (("client", client),)


def clients(*levels: dict[str, float]) -> Kept:
    """What clients that take so much become, where there are places for few."""
    readings = [
        Reading(counters={}, gauges={of_client(name): value for name, value in now.items()}, network={})
        for now in levels
    ]
    return grown(readings, most=PLACES)


def at(kept: Kept, second: int, name: str) -> dict[str, float]:
    """The values at a second by client or topic."""
    label = name.rpartition("_")[2]
    return {point.labels[label]: point.value for point in kept.of(name) if point.time == second * 10**9}


@settings(max_examples=30)
@given(
    st.lists(
        st.dictionaries(st.integers(0, 8), st.integers(0, 10**6), max_size=8),
        min_size=2,
        max_size=12,
    )
)
def test_totals_are_exact_whichever_are_kept(steps: list[dict[int, int]]) -> None:
    """Topics come, grow, rest and are gone; each second what is told of them adds up to what the broker took."""
    counted = dict.fromkeys(range(5), 1000)
    total, readings, took = 10**9, [], []
    for step in steps:
        for topic, amount in step.items():
            counted[topic] = counted.get(topic, 0) + amount
        total += sum(step.values())
        took.append(sum(step.values()))
        shown = {by_topic(topic): float(count) for topic, count in counted.items()}
        readings.append(Reading(counters={INGRESS: float(total), **shown}, gauges={}, network={}, started=1.0))
    told = grown(readings, most=PLACES)
    for second in range(1, len(steps)):
        assert sum(at(told, second, "ingress_by_topic").values()) == pytest.approx(took[second])
        assert len(at(told, second, "ingress_by_topic")) <= PLACES + 1


@settings(max_examples=20)
@given(st.integers(0, 5), st.floats(2.5, 1000))
def test_a_client_that_comes_later_and_takes_more_has_a_series(seconds: int, factor: float) -> None:
    quiet = {f"quiet-{number}": 10.0 for number in range(PLACES + 2)}
    told = clients(*[quiet] * (seconds + 1), *[quiet | {"late": 10.0 * factor}] * 2)
    assert at(told, seconds + 1, "ingress_by_client")["late"] == 10.0 * factor


def test_a_small_client_that_rises_has_a_series_before_larger_ones_that_are_as_ever() -> None:
    """What changed is what is looked for: five times as much of a little comes before a little more of the usual."""
    usual = {f"usual-{number}": 20.0 for number in range(PLACES)} | {"small": 5.0, "other": 5.0}
    told = clients(*[usual] * 3, *[usual | {"small": 45.0}] * 4)
    assert "small" not in at(told, 2, "ingress_by_client")
    assert at(told, 6, "ingress_by_client")["small"] == 45.0


@settings(max_examples=20)
@given(st.lists(st.lists(st.floats(95, 105), min_size=6, max_size=6), min_size=2, max_size=10))
def test_clients_that_are_much_alike_do_not_take_each_others_places(noise: list[list[float]]) -> None:
    told = clients(*({str(number): level for number, level in enumerate(levels)} for levels in noise))
    assert len({point.labels["client"] for point in told.points} - {OTHERS}) == PLACES


def test_who_is_gone_keeps_nobody_out() -> None:
    first = {f"first-{number}": 1000.0 for number in range(PLACES)}
    told = clients(first | {"next": 1.0}, {"next": 1.0, "more": 2.0, "third": math.nan, "last": 0.0})
    assert at(told, 1, "ingress_by_client").keys() == {"more", "next", "last", OTHERS}


def test_a_client_that_takes_a_little_of_every_broker_has_a_series_though_each_has_larger_ones() -> None:
    """Of ten brokers each has four clients of its own that take more; together the spread one takes the most."""
    kept, crowd, names = Kept(), Crowd(), Names.named("jmx-exporter")
    brokers = [Deltas(broker=str(number), names=names, most=2, crowd=crowd) for number in range(10)]
    for second in range(1, 4):
        for number, deltas in enumerate(brokers):
            own = {of_client(f"own-{number}-{rank}"): 100.0 + rank for rank in range(4)}
            reading = Reading(counters={}, gauges={**own, of_client("spread"): 60.0}, network={})
            deltas.take(Scrape(time=second * SECOND, reading=reading), kept)
    spread = {point.labels["broker"] for point in kept.of("ingress_by_client", client="spread") if point.time > SECOND}
    assert len(spread) == 10


@given(st.integers(1, 10_000), st.integers(1, 2_000))
def test_many_brokers_have_fewer_series_each_but_never_none(brokers: int, most: int) -> None:
    assert 100 <= max(100, most_of_each(brokers, most)) <= max(100, most)
    assert most_of_each(1, 1_000) == 1_000
    assert most_of_each(100, 1_000) == 200
