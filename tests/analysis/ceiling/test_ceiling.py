"""Several searches make one ceiling with an interval, or leave it unknown and say why."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.ceiling.search import Ceiling, Search, Staircase, Step, StepOutcome
from clusterload.model.units import REQUESTS_PER_SECOND

STAIRCASE = Staircase(first=100, least=1, most=1e6, breaks=1, tries=1)


def search(*said: tuple[float, StepOutcome], used: float = 1.0, cut: str = "") -> Search:
    """A search with these steps; `used` is how much more is used than was asked for."""
    steps = tuple(
        Step(value=value, outcome=outcome, why=f"{outcome} at {value:g}", used=value * used) for value, outcome in said
    )
    return Search(steps=steps, found=STAIRCASE.found(steps), cut=cut)


def between(held: float, broke: float, used: float = 1.0) -> Search:
    """A search that found a ceiling between two values."""
    return search((held, StepOutcome.HELD), (broke, StepOutcome.BROKE), used=used)


def stopped(held: float) -> Search:
    """A search that the generator ended above what held."""
    return search((held, StepOutcome.HELD), (2 * held, StepOutcome.UNSURE))


def ceiling(*searches: Search, wanted: int = 3) -> Ceiling:
    """What they say together."""
    return Ceiling(resource="requests", unit=REQUESTS_PER_SECOND, searches=searches, wanted=wanted)


def test_the_interval_goes_from_the_lowest_that_held_to_the_highest_that_broke() -> None:
    one = ceiling(between(900, 1000), between(800, 880), between(950, 1040))
    assert (one.value, one.low, one.high) == (900, 800, 1040)
    assert one.chance == pytest.approx(0.75)
    assert math.isnan(one.at_least)


@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(1.01, 2)), min_size=1, max_size=9))
def test_the_value_lies_in_its_interval(pairs: list[tuple[float, float]]) -> None:
    one = ceiling(*(between(held, held * more) for held, more in pairs))
    assert one.low <= one.value <= one.high


def test_the_ceiling_is_told_in_what_brokers_count_not_in_what_was_asked_for() -> None:
    one = ceiling(between(100, 110, used=1.05))
    assert one.value == pytest.approx(105)
    assert one.high == pytest.approx(115.5)


def test_where_nobody_counted_what_was_used_what_was_asked_for_stands() -> None:
    assert ceiling(between(100, 110, used=math.nan)).value == 100


def test_a_ceiling_stays_unknown_where_the_generator_ended_most_searches() -> None:
    one = ceiling(stopped(400), stopped(800), between(900, 1000))
    assert not one.known
    assert math.isnan(one.value)
    assert one.at_least == 900
    assert one.reasons == ("unsure at 800", "unsure at 1600")


def test_one_search_that_was_disturbed_early_does_not_spoil_those_that_found_it() -> None:
    one = ceiling(between(900, 1000), stopped(200), between(850, 950))
    assert one.known
    assert (one.low, one.high) == (850, 1000)


def test_a_search_that_went_beyond_what_others_found_leaves_it_unknown() -> None:
    one = ceiling(between(900, 1000), stopped(2000), between(850, 950))
    assert not one.known
    assert one.at_least == 850


def test_a_search_that_was_broken_off_on_its_way_up_says_nothing() -> None:
    one = ceiling(between(900, 1000), search((200, StepOutcome.HELD), cut="the time was over"))
    assert one.known
    assert len(one.telling) == 1


def test_what_only_a_cap_ended_is_at_least_that_much() -> None:
    top = Staircase(first=100, least=1, most=100)
    steps = (Step(value=100, outcome=StepOutcome.HELD, used=101.0),)
    one = ceiling(Search(steps=steps, found=top.found(steps), top="the cap request_rate 100 allows no more"), wanted=1)
    assert not one.known
    assert one.at_least == 101
    assert one.reasons == ("the cap request_rate 100 allows no more",)


def test_where_nothing_held_there_is_no_ceiling_and_the_reason_is_why_it_broke() -> None:
    low = Staircase(first=2, least=1, breaks=1)
    steps = tuple(Step(value=value, outcome=StepOutcome.BROKE, why="latency.p99 80 ms") for value in (2.0, 1.0))
    one = ceiling(Search(steps=steps, found=low.found(steps)), wanted=1)
    assert not one.known
    assert one.at_least == 0
    assert one.reasons == ("latency.p99 80 ms",)
