"""Settling: how much of the beginning of a load is cut off."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.effects import settled_after


@given(start=st.integers(2, 9), seed=st.integers(0, 99))
def test_a_ramp_is_cut_where_it_ends(start: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    curves = [
        level * np.minimum(1, np.arange(24) / start) + 0.01 * chance.standard_normal(24) for level in (1.0, 0.5, 0.8)
    ]
    assert start - 2 <= settled_after(curves) <= 12


def test_it_seldom_cuts_more_than_the_ramp() -> None:
    chance = np.random.default_rng(1)
    ramp = np.minimum(1, np.arange(24) / 4)
    cuts = [settled_after([ramp + 0.01 * chance.standard_normal(24) for _ in range(3)]) for _ in range(100)]
    assert np.mean(np.array(cuts) <= 8) > 0.9


def test_what_is_level_from_the_start_is_kept_whole() -> None:
    assert settled_after([np.full(20, 0.47), np.full(20, 0.94)]) == 0


@given(seed=st.integers(0, 200))
def test_never_more_than_half_is_cut(seed: int) -> None:
    chance = np.random.default_rng(seed)
    assert settled_after([np.cumsum(chance.standard_normal(20)) for _ in range(3)]) <= 10


def test_gaps_and_short_runs_are_taken_as_they_come() -> None:
    gap = np.r_[np.nan, np.nan, np.full(18, 0.5)]
    assert settled_after([gap, gap]) == 0
    assert settled_after([np.arange(5.0)]) == 0
    assert settled_after([]) == 0
    assert settled_after([np.full(20, np.nan)]) == 0
