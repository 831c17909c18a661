"""A difference of groups has the interval and the likelihood that textbooks give it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from clusterload.analysis.estimate import SURE, Estimate, Sample, Scatter, welch_difference

values = st.lists(st.floats(-100, 100), min_size=2, max_size=8)


def sample(name: str, given_values: Sequence[float], *scatters: Scatter, floor: float = 0.0) -> Sample:
    """A group of runs with these values; its own scatter where no other is given."""
    found = np.array(given_values, dtype=float)
    own = Scatter.of(name, found)
    known = scatters or ((own,) if own else ())
    return Sample(mean=float(np.mean(found)), count=len(found), scatters=known, floor=floor)


@given(values, values)
def test_of_two_groups_it_is_welchs_test(first: list[float], second: list[float]) -> None:
    assume(np.std(first) > 1e-3 and np.std(second) > 1e-3)
    expected = stats.ttest_ind(second, first, equal_var=False)
    interval = expected.confidence_interval(SURE)
    found = welch_difference(sample("A", first), sample("B", second))
    assert found.value == pytest.approx(np.mean(second) - np.mean(first), abs=1e-9)
    assert found.chance == pytest.approx(expected.pvalue, rel=0.02, abs=1e-6)
    close = 0.03 * (interval.high - interval.low) / 2  # of its half width: a bound itself may be near zero
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=0, abs=close)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=9), st.floats(-50, 50))
def test_two_single_runs_are_as_sure_as_the_repeats_that_they_borrow_from(repeats: list[float], apart: float) -> None:
    assume(np.std(repeats) > 1e-3)
    borrowed = Scatter.of("repeats", np.array(repeats))
    assert borrowed is not None
    found = welch_difference(sample("A", [0.0], borrowed), sample("B", [apart], borrowed))
    error = math.sqrt(2 * np.var(repeats, ddof=1))
    # One variance for both: its degrees of freedom do not count twice.
    assert found.chance == pytest.approx(2 * stats.t.sf(abs(apart) / error, len(repeats) - 1), rel=0.02, abs=1e-6)


def test_repeats_add_to_what_a_group_knows_of_itself() -> None:
    first, second, repeats = [1.0, 2.0, 3.0], [4.0, 5.0, 6.0], np.array([0.0, 1.0, 2.0, 1.0, 2.0, 0.0, 1.0])
    alone = welch_difference(sample("A", first), sample("B", second))
    more = Scatter.of("repeats", repeats)
    assert more is not None
    own = [sample("A", first), sample("B", second)]
    helped = welch_difference(*(replace(one, scatters=(*one.scatters, more)) for one in own))
    assert helped.value == alone.value
    assert helped.chance < alone.chance
    assert helped.high - helped.low < alone.high - alone.low


def test_runs_that_happen_to_agree_do_not_make_a_hair_of_difference_sure() -> None:
    sure = welch_difference(sample("A", [1.0, 1.0, 1.0]), sample("B", [1.001, 1.001, 1.001]))
    assert sure.chance == 0
    calm = welch_difference(sample("A", [1.0, 1.0, 1.0], floor=0.005), sample("B", [1.001, 1.001, 1.001], floor=0.005))
    assert calm.chance > 0.5
    assert calm.low < 0 < calm.high


def test_a_single_value_does_not_scatter() -> None:
    assert Scatter.of("A", np.array([1.0])) is None
    assert Scatter.of("A", np.array([])) is None


def test_an_estimate_is_significant_only_where_its_interval_excludes_none() -> None:
    assert Estimate(value=2.0, low=1.0, high=3.0).significant
    assert not Estimate(value=2.0, low=-1.0, high=3.0).significant
    assert not Estimate(value=2.0).significant
    turned = -Estimate(value=2.0, low=1.0, high=4.0)
    assert (turned.value, turned.low, turned.high, turned.half) == (-2.0, -4.0, -1.0, 1.5)
