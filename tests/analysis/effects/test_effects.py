"""Effects: known truth comes out, with intervals that contain it as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS  # type: ignore[import-untyped]

from clusterload.analysis.effects import (
    LIMIT_LOAD,
    Design,
    DesignKind,
    Observation,
    Point,
    effects_on,
    make_design,
    run_order,
)
from clusterload.analysis.effects.effects import Effects, _solved
from tests.analysis.effects.test_design import factors

CONNECTIONS, BYTES = -0.39, -0.02


def observed(
    made: Design,
    *,
    repeats: int = 3,
    noise: float = 0.0,
    drift: float = 0.0,
    seed: int = 1,
    together: float = 0.0,
    drop: int = 0,
) -> Effects:
    """The effects on a figure that is 0.94 where it hurts, of which the first factors take known shares off."""
    chance = np.random.default_rng(seed)
    each = [CONNECTIONS, BYTES] + [0.0] * 40

    def value(point: Point, hours: float) -> float:
        sole = sum(effect * level for effect, level in zip(each, point, strict=False))
        both = together * (len(point) > 1 and point[0] and point[1])
        return 0.94 + sole + both + drift * hours + noise * chance.standard_normal()

    order = run_order(made, repeats, seed)
    points = [
        Observation(point, number / 100, {LIMIT_LOAD: value(point, number / 100)}) for number, point in enumerate(order)
    ]
    return effects_on(LIMIT_LOAD, made, points[drop:])


@pytest.mark.parametrize("kind", list(DesignKind))
@given(drift=st.floats(-2, 2), seed=st.integers(0, 1000))
def test_without_noise_the_truth_comes_out_whatever_drifts(kind: DesignKind, drift: float, seed: int) -> None:
    found = observed(make_design(factors(3), kind), drift=drift, seed=seed)
    assert [one.here.value for one in found.effects] == pytest.approx([CONNECTIONS, BYTES, 0.0], abs=1e-9)
    assert found.drift.value == pytest.approx(drift, abs=1e-8)


@pytest.mark.parametrize("kind", list(DesignKind))
def test_intervals_contain_the_truth_as_often_as_they_say(kind: DesignKind) -> None:
    """Of 200 experiments with noise and drift 95 % should; 89 % is four standard deviations below."""
    made = make_design(factors(3), kind)
    inside = 0
    for seed in range(200):
        found = observed(made, noise=0.02, drift=0.3, seed=seed)
        inside += sum(
            one.here.low <= truth <= one.here.high
            for one, truth in zip(found.effects, (CONNECTIONS, BYTES, 0.0), strict=True)
        )
    assert 0.92 <= inside / 600 <= 0.98


def test_an_interval_is_not_wider_than_the_noise_makes_it() -> None:
    found = observed(make_design(factors(2), DesignKind.FULL), noise=0.02, repeats=4)
    assert found.effects[0].here.half < 0.05
    assert found.noise == pytest.approx(0.02, rel=0.6)


def test_what_two_do_together_is_told_apart_from_what_each_does() -> None:
    """Once the connections are halved something else binds: halving both takes off less than their sum."""
    found = observed(make_design(factors(2), DesignKind.FULL), noise=0.005, together=0.1)
    [both] = found.interactions
    assert both.more.low <= 0.1 <= both.more.high
    assert both.more.significant
    assert found.effects[0].here.low <= CONNECTIONS <= found.effects[0].here.high
    assert found.effects[0].average.low <= CONNECTIONS + 0.05 <= found.effects[0].average.high


def test_too_few_runs_for_interactions_still_tell_main_effects() -> None:
    found = observed(make_design(factors(2), DesignKind.FULL), repeats=1)
    assert found.interactions == ()
    assert found.degrees >= 1
    assert found.effects[0].here.value == pytest.approx(CONNECTIONS)


def test_runs_that_just_suffice_give_a_value_and_no_interval() -> None:
    made = make_design(factors(1), DesignKind.ONE)
    two = [Observation((0,), 0.0, {LIMIT_LOAD: 0.9}), Observation((1,), 1.0, {LIMIT_LOAD: 0.5})]
    found = effects_on(LIMIT_LOAD, made, two)
    assert found.effects[0].here.value == pytest.approx(-0.4)
    assert not found.effects[0].here.known
    assert math.isnan(found.noise)


@pytest.mark.parametrize("figures", [{}, {LIMIT_LOAD: math.nan}])
def test_a_figure_that_nobody_knows_has_unknown_effects(figures: dict[object, float]) -> None:
    made = make_design(factors(1), DesignKind.ONE)
    found = effects_on(LIMIT_LOAD, made, [Observation(point, 0.0, figures) for point in made.points])  # type: ignore[arg-type]
    assert math.isnan(found.effects[0].here.value)
    assert math.isnan(found.here.value)
    assert found.runs == 0


def test_runs_that_are_left_out_do_not_spoil_the_others() -> None:
    found = observed(make_design(factors(2), DesignKind.FULL), drop=3, drift=0.5)
    assert [one.here.value for one in found.effects] == pytest.approx([CONNECTIONS, BYTES], abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(1, 6), degrees=st.integers(1, 20))
def test_the_least_squares_fit_is_that_of_statsmodels(seed: int, columns: int, degrees: int) -> None:
    chance = np.random.default_rng(seed)
    rows, values = chance.standard_normal((columns + degrees, columns)), chance.standard_normal(columns + degrees)
    names = tuple(f"x{number}" for number in range(columns))
    fitted, expected = _solved(names, rows, values, degrees), OLS(values, rows).fit()
    for number, name in enumerate(names):
        found = fitted.estimate({name: 1.0})
        assert found.value == pytest.approx(expected.params[number], rel=1e-7, abs=1e-9)
        assert (found.low, found.high) == pytest.approx(tuple(expected.conf_int()[number]), rel=1e-6, abs=1e-8)
    assert fitted.variance == pytest.approx(expected.mse_resid, rel=1e-7)
