"""A schedule is absolute: what is due follows from the moment alone, and its three questions agree."""

from __future__ import annotations

import itertools
import math
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.schedule import (
    Constant,
    Even,
    Pacer,
    Poisson,
    Ramp,
    Shape,
    Share,
    Sine,
    Spike,
    Step,
    pacer_of,
)

from .shapes import rates, shapes

moments = st.floats(min_value=0, max_value=1e5)
pacers: st.SearchStrategy[Pacer] = st.one_of(
    st.builds(Even, shapes),
    st.builds(Poisson, shapes.map(lambda shape: shape.scaled(min(1, 1e3 / shape.peak))), st.integers(0, 9)),
)
seconds = st.floats(min_value=0, max_value=100)


def _agree(pacer: Pacer, elapsed: float) -> None:
    due = pacer.due(elapsed)
    assert due == 0 or pacer.when(due - 1) <= elapsed
    assert pacer.when(due) > elapsed


@given(pacers, seconds)
def test_what_is_due_and_what_is_next_surround_the_moment(pacer: Pacer, elapsed: float) -> None:
    _agree(pacer, elapsed)


@given(pacers, st.integers(0, 5000))
def test_an_event_is_due_at_its_time_and_not_before(pacer: Pacer, index: int) -> None:
    at = pacer.when(index)
    if at == math.inf:
        return
    assert pacer.due(at) >= index + 1
    if at > 0:
        assert pacer.due(math.nextafter(at, 0)) <= index


@given(pacers, st.integers(0, 3000))
def test_events_come_in_their_order(pacer: Pacer, start: int) -> None:
    times = [pacer.when(index) for index in range(start, start + 200)]
    assert times == sorted(times)
    assert times[0] >= 0


@given(pacers, seconds)
def test_the_total_is_every_event_before_the_end(pacer: Pacer, duration: float) -> None:
    total = pacer.total(duration)
    assert total == 0 or pacer.when(total - 1) < duration
    assert pacer.when(total) >= duration


@given(pacers, seconds, seconds)
def test_what_is_due_never_falls(pacer: Pacer, moment: float, other: float) -> None:
    assert pacer.due(min(moment, other)) <= pacer.due(max(moment, other))


@given(rates, moments)
def test_a_constant_rate_is_exact_for_a_day(rate: float, elapsed: float) -> None:
    _agree(Even(Constant(rate)), elapsed)


@given(st.integers(1, 100_000), st.integers(1, 86_400))
def test_a_day_later_the_schedule_has_not_drifted(rate: int, duration: int) -> None:
    pacer = Even(Constant(rate))
    assert pacer.total(duration) == rate * duration
    assert pacer.when(rate * duration) == duration


@given(pacers, st.lists(st.floats(0, 5), min_size=1, max_size=30))
def test_a_sender_that_looks_seldom_sends_as_much_as_one_that_looks_often(pacer: Pacer, pauses: list[float]) -> None:
    now, sent = 0.0, 0
    for pause in pauses:
        now += pause
        sent += pacer.due(now) - sent
    assert sent == pacer.due(now)


@given(pacers, st.integers(1, 5), seconds)
def test_workers_that_share_a_schedule_keep_it_to_the_event(pacer: Pacer, parts: int, elapsed: float) -> None:
    shares = [Share(pacer, part, parts) for part in range(parts)]
    for share in shares:
        _agree(share, elapsed)
    assert sum(share.due(elapsed) for share in shares) == pacer.due(elapsed)
    assert sum(share.total(elapsed) for share in shares) == pacer.total(elapsed)
    assert sorted(share.when(index) for share in shares for index in range(7)) == [
        pacer.when(index) for index in range(7 * parts)
    ]


@given(shapes, st.integers(1, 50), seconds)
def test_even_schedules_of_scaled_shapes_make_as_much_together(shape: Shape, parts: int, elapsed: float) -> None:
    whole = Even(shape).due(elapsed)
    own = Even(shape.scaled(1 / parts)).due(elapsed)
    assert whole - 1 <= own * parts <= whole + parts


def test_an_even_schedule_of_a_shape_makes_its_area() -> None:
    assert Even(Ramp(0, 1000, 10)).total(10) == 5000
    assert Even(Step(((0, 100), (10, 500)))).total(20) == 6000
    assert Even(Spike(10, 1000, 5, 1)).total(10) == 1090
    assert Even(Sine(100, 100, 10)).total(10) == 1000
    assert Even(Ramp(1000, 0, 10)).when(5001) == math.inf


def test_the_first_event_is_due_at_the_start_and_none_before() -> None:
    pacer = Even(Constant(500))
    assert (pacer.due(-0.001), pacer.due(0), pacer.total(0), pacer.total(-1)) == (0, 1, 0, 0)
    chance = Poisson(Constant(500), 1)
    assert (chance.due(-0.001), chance.due(0), chance.total(-1)) == (0, 0, 0)


def test_rounding_never_moves_an_event() -> None:
    assert Even(Constant(10)).due(0.3) == 4
    assert Even(Constant(500)).total(25) == 12_500
    assert Even(Constant(3)).total(1 / 3) == 1


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_rate_that_makes_no_load_is_refused(rate: float) -> None:
    with pytest.raises(ConfigurationError, match=r"makes no load|it must be"):
        Constant(rate)


def test_poisson_arrivals_have_the_mean_and_the_variance_of_theory() -> None:
    """4,000 seconds of 50/s: counts a second have mean and variance 50; the bounds are five standard errors."""
    pacer = Poisson(Constant(50), 20_240_501)
    ends = [pacer.due(second) for second in range(4001)]
    counts = [later - before for before, later in itertools.pairwise(ends)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    assert abs(mean - 50) < 5 * math.sqrt(50 / 4000)
    assert abs(variance - 50) < 5 * 50 * math.sqrt(2 / 4000) * 1.01


def test_gaps_between_poisson_arrivals_are_exponential() -> None:
    """Kolmogorov and Smirnov's distance of 50,000 gaps to theory is below the bound that chance passes 1 in 1,000."""
    pacer = Poisson(Constant(1), 7)
    times = [0.0, *(pacer.when(index) for index in range(50_000))]
    gaps = sorted(later - before for before, later in itertools.pairwise(times))
    count = len(gaps)
    distance = max(abs((rank + 0.5) / count - (1 - math.exp(-gap))) for rank, gap in enumerate(gaps))
    assert distance < 1.95 / math.sqrt(count)


def test_far_away_poisson_arrivals_are_counted_without_drawing_each() -> None:
    total = Poisson(Constant(100_000), 3).total(60)
    assert abs(total - 6_000_000) < 5 * math.sqrt(6_000_000)


@given(st.integers(-(2**70), 2**70), st.integers(0, 5000))
@example(1, 0)
def test_the_same_seed_gives_the_same_times_however_they_are_asked_for(seed: int, index: int) -> None:
    shape = Ramp(1, 100, 10)
    asked, fresh = Poisson(shape, seed), Poisson(shape, seed)
    asked.total(30)
    asked.when(4000)
    assert asked.when(index) == fresh.when(index)
    assert asked == fresh


@given(pacers, st.integers(0, 2000))
def test_a_worker_gets_the_same_schedule(pacer: Pacer, index: int) -> None:
    assert pickle.loads(pickle.dumps(pacer)).when(index) == pacer.when(index)


def test_another_seed_gives_other_times() -> None:
    assert Poisson(Constant(1), 1).when(0) != Poisson(Constant(1), 2).when(0)


def test_arrivals_are_even_or_poisson() -> None:
    shape = Constant(5)
    assert pacer_of(shape, "even", 1) == Even(shape)
    assert pacer_of(shape, "poisson", 1) == Poisson(shape, 1)
    with pytest.raises(ConfigurationError, match=r"unknown arrivals 'poison': use even or poisson; did you mean"):
        pacer_of(shape, "poison", 1)
    with pytest.raises(ConfigurationError, match="part 3 of 3 does not exist"):
        Share(Even(shape), 3, 3)
