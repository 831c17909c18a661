"""A staircase finds the most that holds, to its precision, in few steps, whatever the steps say."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.ceiling.search import SearchEnd, Staircase, Step, StepOutcome
from clusterload.model.errors import ConfigurationError

values = st.floats(0.01, 1e6)
outcomes = st.sampled_from(list(StepOutcome))


def climb(staircase: Staircase, outcome: Callable[[float], StepOutcome], most: int = 500) -> list[Step]:
    """All steps of a search; fails when it does not end."""
    steps: list[Step] = []
    while (value := staircase.next(steps)) is not None:
        assert len(steps) < most, "the search did not end"
        steps.append(Step(value=value, outcome=outcome(value)))
    return steps


def below(ceiling: float) -> Callable[[float], StepOutcome]:
    """A cluster that carries up to `ceiling`, and never lies."""
    return lambda value: StepOutcome.HELD if value <= ceiling else StepOutcome.BROKE


@given(first=values, ceiling=values, precision=st.floats(0.01, 0.5), factor=st.floats(1.2, 10))
def test_a_ceiling_is_found_from_both_sides_to_the_precision(
    first: float, ceiling: float, precision: float, factor: float
) -> None:
    staircase = Staircase(first=first, least=0.001, most=1e9, precision=precision, factor=factor)
    found = staircase.found(climb(staircase, below(ceiling)))
    assert found.end is SearchEnd.PRECISE
    assert found.held <= ceiling < found.broke
    assert found.broke - found.held <= precision * found.held * 1.001


@given(first=st.integers(1, 10_000), ceiling=st.integers(1, 100_000), precision=st.floats(0.001, 0.5))
def test_of_whole_numbers_only_whole_ones_are_tried_and_the_very_last_that_holds_can_be_found(
    first: int, ceiling: int, precision: float
) -> None:
    staircase = Staircase(first=first, least=1, most=1e6, precision=precision, whole=True)
    steps = climb(staircase, below(ceiling))
    found = staircase.found(steps)
    assert all(step.value == int(step.value) for step in steps)
    assert found.held <= ceiling < found.broke
    assert found.broke - found.held <= max(1, precision * found.held * 1.001)


@given(first=values, ceiling=values)
def test_it_takes_no_more_steps_than_doubling_and_halving_call_for(first: float, ceiling: float) -> None:
    staircase = Staircase(first=first, least=0.001, most=1e9, breaks=1)
    steps = climb(staircase, below(ceiling))
    # On the way up or down one for each doubling, and three halvings of a factor of two to 10 %.
    assert len(steps) <= abs(math.log2(ceiling / first)) + 2 + 3


@given(
    first=values,
    least=st.floats(0.01, 1),
    most=st.floats(2, 1e6),
    whole=st.booleans(),
    said=st.lists(outcomes, min_size=1, max_size=40),
)
def test_whatever_steps_say_it_ends_and_stays_within_its_ends(
    first: float, least: float, most: float, whole: bool, said: list[StepOutcome]
) -> None:
    staircase = Staircase(first=first, least=1 if whole else least, most=most, whole=whole)
    answers = iter(said * 100)
    steps = climb(staircase, lambda _: next(answers))
    found = staircase.found(steps)
    assert all(staircase.least <= step.value <= most for step in steps)
    assert found.end is not SearchEnd.OPEN
    assert found.held < found.broke


@given(said=st.lists(outcomes, max_size=30))
def test_the_next_step_follows_from_the_steps_alone(said: list[StepOutcome]) -> None:
    staircase = Staircase(first=10, least=1, most=1e6)
    steps: list[Step] = []
    for outcome in said:
        value = staircase.next(steps)
        assert value == staircase.next(list(steps))
        if value is None:
            break
        steps.append(Step(value=value, outcome=outcome))


def told(staircase: Staircase, *said: StepOutcome) -> list[Step]:
    """Steps that turned out like this, one after the other."""
    answers = iter(said)
    steps: list[Step] = []
    for _ in said:
        value = staircase.next(steps)
        assert value is not None
        steps.append(Step(value=value, outcome=next(answers)))
    return steps


def test_a_step_that_broke_once_and_then_held_was_disturbed_and_holds() -> None:
    staircase = Staircase(first=100, least=1, most=1e6)
    steps = told(staircase, StepOutcome.BROKE, StepOutcome.HELD)
    assert [step.value for step in steps] == [100, 100]
    assert staircase.next(steps) == 200


def test_a_step_must_break_twice_to_be_broken() -> None:
    staircase = Staircase(first=100, least=1, most=1e6)
    steps = told(staircase, StepOutcome.HELD, StepOutcome.BROKE, StepOutcome.BROKE)
    assert [step.value for step in steps] == [100, 200, 200]
    assert staircase.next(steps) == pytest.approx(math.sqrt(2) * 100)


def test_without_a_telling_step_above_what_held_the_ceiling_is_only_known_from_below() -> None:
    staircase = Staircase(first=100, least=1, most=1e6)
    steps = told(staircase, StepOutcome.HELD, StepOutcome.UNSURE, StepOutcome.UNSURE)
    found = staircase.found(steps)
    assert staircase.next(steps) is None
    assert (found.held, found.broke, found.end) == (100, math.inf, SearchEnd.UNSURE)
    assert not found.bracketed


def test_without_a_telling_step_between_two_borders_the_wider_bracket_stands() -> None:
    staircase = Staircase(first=100, least=1, most=1e6, breaks=1)
    found = staircase.found(
        told(staircase, StepOutcome.HELD, StepOutcome.BROKE, StepOutcome.UNSURE, StepOutcome.UNSURE)
    )
    assert (found.held, found.broke, found.end) == (100, 200, SearchEnd.UNSURE)
    assert found.bracketed


def test_what_holds_at_the_highest_step_is_no_ceiling() -> None:
    staircase = Staircase(first=100, least=1, most=150)
    found = staircase.found(climb(staircase, below(1e9)))
    assert (found.held, found.broke, found.end) == (150, math.inf, SearchEnd.MOST)


def test_where_not_even_the_lowest_step_holds_nothing_does() -> None:
    staircase = Staircase(first=100, least=30, most=150)
    found = staircase.found(climb(staircase, below(1)))
    assert (found.held, found.broke, found.end) == (0, 30, SearchEnd.NOTHING)


@pytest.mark.parametrize(
    "wrong",
    [
        {"least": 0},
        {"least": 5, "most": 1},
        {"factor": 1},
        {"precision": 0},
        {"precision": 1},
        {"tries": 0},
        {"breaks": 0},
    ],
)
def test_a_staircase_that_leads_nowhere_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        Staircase(**{"first": 10, "least": 1, **wrong})  # type: ignore[arg-type]
