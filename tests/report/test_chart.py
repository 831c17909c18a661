"""Sampling keeps what a reader looks for, extremes and gaps, of any line, in as many points as are allowed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clusterload.model.series import Floats
from clusterload.report.chart import FEWEST_POINTS, thinned_indices

FIGURE = st.one_of(st.just(np.nan), st.floats(-1e9, 1e9), st.sampled_from([0.0, 1.0]))
LINES = st.integers(0, 400).flatmap(lambda count: arrays(np.float64, count, elements=FIGURE))
MOST = st.integers(FEWEST_POINTS, 120)


@given(LINES, MOST)
def test_at_most_as_many_points_stay_as_are_allowed_and_in_their_order(values: Floats, most: int) -> None:
    chosen = thinned_indices(values, most)
    assert len(chosen) <= most
    assert np.all(np.diff(chosen) > 0)
    assert len(chosen) == 0 or 0 <= chosen[0] <= chosen[-1] < len(values)


@given(LINES, MOST)
def test_a_line_that_is_short_enough_stays_whole(values: Floats, most: int) -> None:
    if len(values) <= most:
        assert list(thinned_indices(values, most)) == list(range(len(values)))


@given(LINES, MOST)
def test_highest_and_lowest_of_each_stretch_stay(values: Floats, most: int) -> None:
    chosen = thinned_indices(values, most)
    stretches = most // FEWEST_POINTS if len(values) > most else 1
    edges = np.linspace(0, len(values), stretches, endpoint=False).astype(int).tolist()
    for begin, end in zip(edges, [*edges[1:], len(values)], strict=True):
        every, drawn = values[begin:end], values[chosen[(chosen >= begin) & (chosen < end)]]
        if not np.all(np.isnan(every)):
            assert (np.nanmin(drawn), np.nanmax(drawn)) == (np.nanmin(every), np.nanmax(every))


@given(LINES, MOST)
def test_no_line_is_drawn_across_a_gap_and_none_is_broken_without_one(values: Floats, most: int) -> None:
    chosen = thinned_indices(values, most)
    for first, second in pairwise(chosen):
        if not np.isnan(values[first]) and not np.isnan(values[second]):
            assert not np.any(np.isnan(values[first:second]))


def test_one_peak_of_a_day_is_still_there() -> None:
    day = np.zeros(86_400)
    day[43_210] = 1.0
    chosen = thinned_indices(day, 1_000)
    assert 43_210 in chosen
    assert len(chosen) <= 1_000


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="allow 4 or more"):
        thinned_indices(np.zeros(10), 3)
