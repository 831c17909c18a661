"""A schedule is absolute: what is due follows from the moment alone, and its three questions agree."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.errors import ConfigurationError
from clusterload.pacer import Constant

rates = st.floats(min_value=0.01, max_value=1e6)
moments = st.floats(min_value=0, max_value=1e5)


@given(rates, st.integers(0, 10**9))
def test_an_event_is_due_at_its_time_and_not_before(rate: float, index: int) -> None:
    pacer = Constant(rate=rate)
    at = pacer.when(index)
    assert pacer.due(at) >= index + 1
    if index:
        assert pacer.due(math.nextafter(at, 0)) <= index


@given(rates, moments)
def test_what_is_due_and_what_is_next_surround_the_moment(rate: float, elapsed: float) -> None:
    pacer = Constant(rate=rate)
    due = pacer.due(elapsed)
    assert pacer.when(due - 1) <= elapsed < pacer.when(due)


@given(rates, moments)
def test_the_total_is_every_event_before_the_end(rate: float, duration: float) -> None:
    pacer = Constant(rate=rate)
    total = pacer.total(duration)
    assert total == 0 or pacer.when(total - 1) < duration
    assert pacer.when(total) >= duration


@given(rates, moments, moments)
def test_what_is_due_never_falls(rate: float, one: float, other: float) -> None:
    pacer = Constant(rate=rate)
    assert pacer.due(min(one, other)) <= pacer.due(max(one, other))


@given(st.integers(1, 100_000), st.integers(1, 86_400))
def test_a_day_later_the_schedule_has_not_drifted(rate: int, seconds: int) -> None:
    pacer = Constant(rate=float(rate))
    assert pacer.total(seconds) == rate * seconds
    assert pacer.when(rate * seconds) == seconds


@given(rates, st.lists(st.floats(0, 5), min_size=1, max_size=30))
def test_a_sender_that_looks_seldom_sends_as_much_as_one_that_looks_often(rate: float, pauses: list[float]) -> None:
    pacer = Constant(rate=rate)
    now, sent = 0.0, 0
    for pause in pauses:
        now += pause
        sent += pacer.due(now) - sent
    assert sent == pacer.due(now)


def test_the_first_event_is_due_at_the_start_and_none_before() -> None:
    pacer = Constant(rate=500)
    assert (pacer.due(-0.001), pacer.due(0), pacer.total(0), pacer.total(-1)) == (0, 1, 0, 0)


def test_rounding_never_moves_an_event() -> None:
    assert Constant(rate=10).due(0.3) == 4
    assert Constant(rate=500).total(25) == 12_500
    assert Constant(rate=3).total(1 / 3) == 1


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_rate_that_makes_no_load_is_refused(rate: float) -> None:
    with pytest.raises(ConfigurationError, match="makes no load"):
        Constant(rate=rate)
