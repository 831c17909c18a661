"""A shape's value, its area and the moment it reaches one are three views of the same thing."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.schedule import Constant, Ramp, Replay, Shape, Sine, Spike, Step

from .shapes import shapes

moments = st.floats(min_value=0, max_value=2e4)


def _borders(shape: Shape) -> list[float]:
    match shape:
        case Step(steps):
            return [moment for moment, _ in steps]
        case Replay(times, _):
            return list(times)
        case Spike(_, _, begin, lasts):
            return [begin, begin + lasts]
        case Ramp(_, _, over):
            return [over]
        case Sine(_, _, period):
            return [period * number / 8 for number in range(1, 20)]
        case _:
            return []


def _simpson(shape: Shape, begin: float, end: float) -> float:
    """The integral of a stretch without a border inside, from the values just within it."""
    first, last = shape.at(begin), shape.at(math.nextafter(end, begin))
    return (first + 4 * shape.at((begin + end) / 2) + last) * (end - begin) / 6


@given(shapes, st.floats(min_value=0, max_value=1))
def test_the_area_is_the_integral_of_the_value(shape: Shape, share: float) -> None:
    borders = _borders(shape)
    end = share * max(borders, default=5.0) * (1 if isinstance(shape, Sine) else 2)
    cuts = [0.0, *(moment for moment in borders if 0 < moment < end), end]
    parts = 16 if isinstance(shape, Sine) else 1
    total = 0.0
    for begin, stop in itertools.pairwise(cuts):
        width = (stop - begin) / parts
        if width > 0:
            total += sum(_simpson(shape, begin + n * width, begin + (n + 1) * width) for n in range(parts))
    assert math.isclose(shape.area(end), total, rel_tol=1e-6, abs_tol=1e-6 * shape.peak * 1e-3)


@given(shapes, moments)
def test_no_area_is_reached_later_than_where_it_was_seen(shape: Shape, moment: float) -> None:
    assert shape.reach(shape.area(moment)) <= moment * (1 + 1e-9) + 1e-9


@given(shapes, st.floats(min_value=0, max_value=1e9))
def test_an_area_is_there_at_the_moment_that_reaches_it_and_not_before(shape: Shape, area: float) -> None:
    moment = shape.reach(area)
    if moment == math.inf:
        assert shape.area(1e9) <= area * (1 + 1e-9)
    else:
        assert math.isclose(shape.area(moment), area, rel_tol=1e-13, abs_tol=1e-15 * shape.peak * (moment + 1))


@given(shapes, moments, moments)
def test_the_area_never_falls(shape: Shape, moment: float, other: float) -> None:
    early, late = min(moment, other), max(moment, other)
    assert shape.area(early) <= shape.area(late) * (1 + 1e-12)


@given(shapes, moments)
def test_a_value_is_between_nothing_and_the_peak(shape: Shape, moment: float) -> None:
    assert 0 <= shape.at(moment) <= shape.peak * (1 + 1e-12)


@given(shapes, st.floats(0.01, 100), moments)
def test_a_shape_scaled_is_as_much_higher_everywhere(shape: Shape, factor: float, moment: float) -> None:
    higher = shape.scaled(factor)
    assert math.isclose(higher.at(moment), shape.at(moment) * factor, rel_tol=1e-9, abs_tol=1e-9 * higher.peak)
    assert math.isclose(higher.area(moment), shape.area(moment) * factor, rel_tol=1e-9, abs_tol=1e-9 * higher.peak)
    assert math.isclose(higher.peak, shape.peak * factor)


@given(shapes)
def test_a_worker_gets_the_same_shape(shape: Shape) -> None:
    copy = pickle.loads(pickle.dumps(shape))
    assert copy == shape
    assert copy.area(3.5) == shape.area(3.5)


def test_shapes_have_the_values_that_their_names_promise() -> None:
    ramp = Ramp(100, 500, 10)
    assert [ramp.at(moment) for moment in (0, 5, 10, 99)] == [100, 300, 500, 500]
    assert (ramp.area(10), ramp.area(11), ramp.reach(3000), ramp.reach(3500)) == (3000, 3500, 10, 11)
    step = Step(((5, 100), (10, 0), (20, 50)))
    assert [step.at(moment) for moment in (0, 5, 9.9, 10, 20, 99)] == [0, 100, 100, 0, 50, 50]
    assert (step.area(20), step.reach(500), step.reach(501)) == (500, 10, 20.02)
    spike = Spike(10, 100, 5, 2)
    assert [spike.at(moment) for moment in (0, 5, 6.9, 7)] == [10, 100, 100, 10]
    sine = Sine(100, 50, 4)
    assert [round(sine.at(moment), 9) for moment in (0, 1, 2, 3)] == [100, 150, 100, 50]
    assert math.isclose(sine.area(8), 800)
    replay = Replay((0, 1, 2), (5, 7, 1))
    assert [replay.at(moment) for moment in (0, 1.5, 60)] == [5, 7, 1]


def test_what_ends_at_nothing_never_gets_further() -> None:
    assert Ramp(100, 0, 10).reach(501) == math.inf
    assert Step(((0, 100), (1, 0))).reach(101) == math.inf
    assert Ramp(100, 0, 10).reach(500) == 10


REFUSED: list[tuple[type, tuple[Any, ...], str]] = [
    (Constant, (0,), "a constant of 0 makes no load"),
    (Constant, (math.nan,), "a constant of nan makes no load"),
    (Constant, (math.inf,), "a constant is inf: it must be"),
    (Ramp, (-1, 5, 10), "the start of a ramp is -1: it must be 0 or above"),
    (Ramp, (1, math.nan, 10), "the end of a ramp is nan"),
    (Ramp, (1, 5, 0), "the length of a ramp is 0 s: it must be above 0"),
    (Ramp, (0, 0, 10), "makes no load"),
    (Step, ((),), "a step has no value"),
    (Step, (((0, 5), (0, 6)),), "the times of a step must rise: 0s stands after 0s"),
    (Step, (((5, 5), (2.5, 6)),), "the times of a step must rise: 2.5s stands after 5s"),
    (Step, (((-1, 5),),), "a time of a step is -1 s"),
    (Step, (((0, -5),),), "a value of a step is -5"),
    (Step, (((0, 0),),), "the peak of a step of 0 makes no load"),
    (Spike, (5, 50, 10, 0), "the length of a spike is 0 s"),
    (Spike, (5, 50, math.nan, 1), "the time of a spike is nan s"),
    (Sine, (5, 6, 10), "would go below 0: make the amplitude at most the mean"),
    (Sine, (0, 0, 10), "makes no load"),
    (Sine, (5, 5, math.inf), "the period of a sine is inf s"),
    (Replay, ((), ()), "a replay has no value"),
    (Replay, ((0, 1), (5,)), "a replay has 2 times and 1 values"),
]


@pytest.mark.parametrize(("kind", "arguments", "said"), REFUSED)
def test_a_shape_that_makes_no_sense_is_refused_with_the_reason(
    kind: type, arguments: tuple[Any, ...], said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind(*arguments)
    assert said in str(caught.value)
