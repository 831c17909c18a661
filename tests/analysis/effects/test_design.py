"""Designs: what is measured, and in which order."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.effects import Design, DesignKind, Factor, FactorLevel, make_design, run_order
from clusterload.model.errors import ConfigurationError


def factor(name: str, levels: int = 2) -> Factor:
    """A factor with so many levels."""
    numbers = [20.0 / 2**number for number in range(levels)]
    return Factor(
        name=name, noun=name, levels=tuple(FactorLevel(text=f"{name} {number:g}", number=number) for number in numbers)
    )


def factors(count: int, levels: int = 2) -> tuple[Factor, ...]:
    """So many of them."""
    return tuple(factor(f"f{number}", levels) for number in range(count))


def test_one_at_a_time_takes_away_one_thing_from_where_it_hurts() -> None:
    made = make_design((factor("a", 3), factor("b")), DesignKind.ONE)
    assert made.points == ((0, 0), (1, 0), (2, 0), (0, 1))


def test_full_measures_every_combination() -> None:
    made = make_design((factor("a", 3), factor("b")), DesignKind.FULL)
    assert set(made.points) == set(itertools.product(range(3), range(2)))


@given(count=st.integers(2, 31))
def test_a_screening_is_balanced_and_its_effects_do_not_mix(count: int) -> None:
    made = make_design(factors(count), DesignKind.SCREEN)
    signs = 1 - 2 * np.array(made.points)
    assert made.baseline in made.points
    assert np.all(signs.sum(axis=0) == 0)
    assert np.array_equal(signs.T @ signs, len(signs) * np.eye(count))
    assert len(signs) <= count + 12


def test_above_six_factors_it_is_a_screening_unless_told_otherwise() -> None:
    assert make_design(factors(6)).kind is DesignKind.ONE
    assert make_design(factors(7)).kind is DesignKind.SCREEN
    with pytest.raises(ConfigurationError, match="use design screen"):
        make_design(factors(7), DesignKind.FULL)


def test_a_screening_says_what_it_cannot_tell_apart() -> None:
    seven = make_design(factors(7), DesignKind.SCREEN).aliases
    assert all(sum(abs(share) for _, _, share in one.pairs) == pytest.approx(3) for one in seven)
    eleven = make_design(factors(11), DesignKind.SCREEN).aliases[0]
    assert {abs(share) for _, _, share in eleven.pairs} == {0.333}
    assert make_design(factors(3), DesignKind.FULL).aliases == ()
    assert "if these act on each other" in seven[0].words


_DESIGNS = st.one_of(
    st.builds(
        lambda count, levels: make_design(factors(count, levels), DesignKind.ONE), st.integers(1, 5), st.integers(2, 3)
    ),
    st.builds(lambda count: make_design(factors(count), DesignKind.FULL), st.integers(1, 4)),
    st.builds(lambda count: make_design(factors(count), DesignKind.SCREEN), st.integers(7, 12)),
)


@given(made=_DESIGNS, repeats=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_an_order_has_each_point_as_often_and_where_it_hurts_first_last_and_in_between(
    made: Design, repeats: int, seed: int
) -> None:
    order = run_order(made, repeats, seed)
    counts = Counter(order)
    assert {counts[point] for point in made.points if point != made.baseline} == {repeats}
    assert counts[made.baseline] > repeats
    assert order[0] == order[-1] == made.baseline
    gaps = [
        len(list(run)) for changed, run in itertools.groupby(order, lambda point: point != made.baseline) if changed
    ]
    assert max(gaps) <= 5
    assert order == run_order(made, repeats, seed)


def test_another_seed_is_another_order() -> None:
    made = make_design(factors(4), DesignKind.FULL)
    assert len({run_order(made, 1, seed) for seed in range(20)}) == 20


def test_each_repeat_is_complete_before_the_next_begins() -> None:
    """So that a drift of the cluster hits all points alike."""
    made = make_design(factors(3), DesignKind.FULL)
    changed = [point for point in run_order(made, 3, 1) if point != made.baseline]
    for begin in range(0, len(changed), 7):
        assert len(set(changed[begin : begin + 7])) == 7


def test_what_cannot_be_designed_is_said() -> None:
    with pytest.raises(ConfigurationError, match="nothing is varied"):
        make_design(())
    with pytest.raises(ConfigurationError, match="one level only"):
        factor("a", 1)
    with pytest.raises(ConfigurationError, match="two levels a factor"):
        make_design((factor("a", 3), *factors(7)), DesignKind.SCREEN)
    with pytest.raises(ConfigurationError, match="make one at least"):
        run_order(make_design(factors(2)), 0, 1)
