"""Level shifts: what stays is found where it begins, and what comes by chance, goes again or drifts is not one."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.analysis.baseline.level_shifts import Tolerance, level_shifts
from clusterload.model.series import Floats
from tests.analysis.baseline.histories import noisy

FIFTH = Tolerance(noise=0.01, share=0.2)


@settings(max_examples=25)
@given(
    before=st.floats(1.0, 1e6),
    factor=st.floats(1.5, 100.0),
    counts=st.tuples(st.integers(8, 60), st.integers(8, 60)),
    fell=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_step_is_found_where_it_happens_whatever_its_size(
    before: float, factor: float, counts: tuple[int, int], fell: bool, seed: int
) -> None:
    levels = [before * factor, before] if fell else [before, before * factor]
    found = level_shifts(noisy(list(zip(counts, levels, strict=True)), noise=0.02, seed=seed), FIFTH)
    assert [shift.at for shift in found] == [counts[0]]
    assert found[0].sudden
    assert (found[0].after > found[0].before) is not fell


@settings(max_examples=25)
@given(values=st.lists(st.floats(0.0, 1e6), max_size=60), looks=st.integers(1, 500))
def test_the_same_shifts_are_found_in_a_line_that_is_turned_upside_down(values: list[float], looks: int) -> None:
    line = np.array(values)
    found, turned = (level_shifts(each, FIFTH, looks=looks) for each in (line, -line))
    assert [(shift.at, shift.before, shift.after) for shift in found] == [
        (shift.at, -shift.before, -shift.after) for shift in turned
    ]


def wandering(count: int, seed: int) -> Floats:
    """Points of which each remembers nine tenths of the one before it."""
    steps = np.random.default_rng(seed).standard_normal(count) * math.sqrt(1 - 0.9**2)
    level, found = 0.0, []
    for step in steps:
        level = 0.9 * level + step
        found.append(level)
    return np.array(found)


def test_noise_and_wandering_of_many_lines_have_no_shift() -> None:
    noise = [noisy([(60, 100.0)], noise=0.3, seed=seed) for seed in range(20)]
    wander = [100 + 20 * wandering(300, seed) for seed in range(20)]
    assert not [shift for line in (*noise, *wander) for shift in level_shifts(line, FIFTH, looks=40)]


def test_two_points_that_stand_out_are_no_new_level() -> None:
    line = noisy([(40, 100.0)], noise=0.02)
    line[[20, 21, 39]] *= 50
    assert not level_shifts(line, FIFTH)


def test_a_slope_is_not_sudden() -> None:
    line = np.concatenate([np.full(60, 100.0), np.linspace(100, 300, 60), np.full(60, 300.0)])
    found = level_shifts(line + np.random.default_rng(1).standard_normal(180), FIFTH)
    assert not any(shift.sudden for shift in found)


def test_what_goes_up_and_down_each_hour_is_what_the_line_always_does() -> None:
    hours = noisy([(50, 100.0), (10, 300.0)] * 6)
    risen = np.concatenate([hours, noisy([(30, 1000.0)])])
    assert [shift.at for shift in level_shifts(risen, FIFTH) if shift.after > 900] == [360]
