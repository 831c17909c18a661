"""The spread of figures is right for normal ones, is not bent by odd ones, and chance is as likely as it is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from clusterload.analysis.statistics import chance, freedom, holm, reach, spread


@pytest.mark.parametrize("count", [4, 6, 9, 10, 20, 31])
def test_on_average_the_spread_of_normal_figures_is_their_standard_deviation(count: int) -> None:
    rows = np.random.default_rng(count).standard_normal((4000, count)) * 3 + 100
    assert np.mean([spread(row) for row in rows]) == pytest.approx(3, rel=0.05)


@given(st.integers(0, 2**32 - 1), st.floats(-1e12, 1e12))
def test_an_odd_figure_of_ten_does_not_bend_the_spread(seed: int, odd: float) -> None:
    figures = np.random.default_rng(seed).standard_normal(10)
    assert spread(np.array([*figures[1:], odd])) < 4 * spread(figures) + 4


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.floats(1e-3, 1e3), st.floats(-1e6, 1e6))
def test_the_spread_grows_with_the_figures_and_does_not_care_where_they_lie(
    figures: list[float], factor: float, by: float
) -> None:
    plain, moved = spread(np.array(figures)), spread(np.array(figures) * factor + by)
    assert moved == pytest.approx(plain * factor, rel=1e-6, abs=1e-6 * factor + 1e-6)


def test_where_most_figures_are_equal_the_rest_still_spread_but_for_a_tenth() -> None:
    assert spread(np.array([5.0] * 10)) == 0
    assert spread(np.array([5.0] * 9 + [900.0])) == 0
    assert spread(np.array([5.0] * 8 + [8.0, 900.0])) == pytest.approx(3 / math.sqrt(8) / 2)
    assert math.isnan(spread(np.array([5.0])))


# From printed tables of Student's t, two-sided.
@pytest.mark.parametrize(
    ("degrees", "likely", "distance"),
    [(1, 0.05, 12.706), (3, 0.001, 12.924), (6, 0.01, 3.707), (10, 0.001, 4.587), (30, 0.05, 2.042)],
)
def test_chance_is_that_of_students_t(degrees: float, likely: float, distance: float) -> None:
    assert chance(distance, degrees) == pytest.approx(likely, rel=2e-3)
    assert reach(likely, degrees) == pytest.approx(distance, rel=1e-3)


@given(st.floats(1, 300), st.floats(1e-9, 0.5))
def test_reach_is_the_inverse_of_chance(degrees: float, likely: float) -> None:
    assert chance(reach(likely, degrees), degrees) == pytest.approx(likely, rel=1e-3)


@pytest.mark.parametrize("count", [6, 7, 10, 13, 20])
def test_the_degrees_of_freedom_foretell_how_often_normal_figures_go_far(count: int) -> None:
    random = np.random.default_rng(count)
    rows = random.standard_normal((60_000, count))
    far = np.abs(random.standard_normal(len(rows))) / np.array([spread(row) for row in rows])
    share = np.mean(far > reach(0.002, freedom(count)))
    # Never more often than is said, and not so rarely that changes would be missed for nothing.
    assert 0.0003 < share < 0.002 + 5 * math.sqrt(0.002 / len(rows))


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_of_several_figures_chance_is_corrected_as_holm_does(chances: list[float]) -> None:
    assert list(holm(chances)) == pytest.approx(list(multipletests(chances, method="holm")[1]))


def test_of_no_figures_chance_is_none() -> None:
    assert holm([]) == ()
