"""Effects: what each factor does to a figure, with an interval, by least squares over all runs of a design.

Columns are centred, so that a coefficient is the average over the levels of the other factors, whatever points were
repeated. The effect *here* is that at the point where it hurts: the average and what the interactions add there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.effects.design import Design, DesignKind, Factor, Point
from clusterload.analysis.estimate import SURE, UNKNOWN, Estimate
from clusterload.analysis.statistics import reach

if TYPE_CHECKING:
    from clusterload.analysis.effects.figures import Figure
    from clusterload.model.series import Floats

_WANTED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What setting one factor to another level does to a figure.

    Attributes:
        factor: what is changed.
        level: to which of its levels; from level 0.
        here: at the point where it hurts, all other factors as they are there.
        average: over all levels of the others; the same where they do not act on each other.
    """

    factor: Factor
    level: int
    here: Estimate
    average: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """What two changes together do beyond what each does by itself.

    Attributes:
        first: one factor and its level.
        second: the other one.
        more: that much is added; negative where together they do less, or take more off.
    """

    first: tuple[Factor, int]
    second: tuple[Factor, int]
    more: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What all factors do to one figure.

    Attributes:
        figure: to which.
        here: its value at the point where it hurts, in the middle of the time.
        effects: of each factor and level.
        interactions: of each two, where the design and the number of runs tell.
        drift: change an hour, by itself; unknown where too few runs tell.
        noise: standard deviation of a run, in the figure's unit; NaN if there are too few runs.
        degrees: of freedom: runs beyond those that are needed.
        runs: that tell of this figure.
    """

    figure: Figure
    here: Estimate
    effects: tuple[Effect, ...]
    interactions: tuple[Interaction, ...]
    drift: Estimate
    noise: float
    degrees: int
    runs: int


@dataclass(frozen=True, slots=True)
class Observation:
    """One run of an experiment.

    Attributes:
        point: what was set.
        hours: when, from any zero.
        figures: what it came to.
    """

    point: Point
    hours: float
    figures: Mapping[Figure, float]


def effects_on(figure: Figure, made: Design, observed: Sequence[Observation]) -> Effects:
    """What the factors of a design do to a figure.

    Args:
        figure: of the observations.
        made: the design.
        observed: in any order; those that know nothing of the figure are left out.
    """
    telling = [observation for observation in observed if math.isfinite(observation.figures.get(figure, math.nan))]
    fitted = _fitted(made, telling, np.array([observation.figures[figure] for observation in telling]))
    return Effects(
        figure=figure,
        here=fitted.estimate({name: value for name, value in _at(made, made.baseline).items() if name in fitted.names}),
        effects=tuple(_effect(made, fitted, *of) for of in _levels(made)),
        interactions=tuple(_interactions(made, fitted)),
        drift=fitted.estimate({_DRIFT: 1.0}),
        noise=math.sqrt(fitted.variance),
        degrees=fitted.degrees,
        runs=len(telling),
    )


_DRIFT: Final = "drift"
_CONSTANT: Final = "constant"
_Name = str | tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A model that was fitted: its coefficients by name, and how well they are known."""

    names: tuple[_Name, ...]
    values: Floats
    covariance: Floats
    variance: float
    degrees: int
    reach: float

    def estimate(self, weights: Mapping[_Name, float]) -> Estimate:
        """A weighted sum of coefficients."""
        if not self.names or any(name not in self.names for name in weights):
            return UNKNOWN
        row = np.array([weights.get(name, 0.0) for name in self.names])
        value = float(row @ self.values)
        half = self.reach * math.sqrt(max(0.0, float(row @ self.covariance @ row)))
        return Estimate(value=value, low=value - half, high=value + half)


def _levels(made: Design) -> Iterator[tuple[int, int]]:
    for number, factor in enumerate(made.factors):
        yield from ((number, level) for level in range(1, len(factor.levels)))


def _terms(made: Design, *, together: bool) -> list[_Name]:
    mains = list(_levels(made))
    terms: list[_Name] = [_CONSTANT, *((main,) for main in mains)]
    if together:
        terms += [(first, second) for first, second in itertools.combinations(mains, 2) if first[0] != second[0]]
    return terms


def _coded(made: Design, of: tuple[int, int], point: Point) -> float:
    number, level = of
    return float(point[number] == level) - 1.0 / len(made.factors[number].levels)


def _at(made: Design, point: Point) -> dict[_Name, float]:
    """What each term is at a point, in the middle of the time."""
    return {
        term: 1.0 if term == _CONSTANT else math.prod(_coded(made, of, point) for of in term if isinstance(of, tuple))
        for term in _terms(made, together=made.kind is DesignKind.FULL)
    }


def _fitted(made: Design, telling: Sequence[Observation], values: Floats) -> _Fitted:
    """The richest model that these runs can tell: with interactions and drift, with drift, with neither."""
    models = [
        (together, drift) for together, drift in ((made.kind is DesignKind.FULL, True), (False, True), (False, False))
    ]
    for spare in (_WANTED, 1, 0):
        for together, drift in models:
            names = (*_terms(made, together=together), *((_DRIFT,) if drift else ()))
            rows = _rows(made, telling, names)
            degrees = len(telling) - len(names)
            if degrees >= spare and len(telling) and np.linalg.matrix_rank(rows) == len(names):
                return _solved(names, rows, values, degrees)
    nothing = np.empty((0, 0))
    return _Fitted((), np.empty(0), nothing, math.nan, 0, math.nan)


def _rows(made: Design, telling: Sequence[Observation], names: Sequence[_Name]) -> Floats:
    middle = float(np.mean([observation.hours for observation in telling])) if telling else 0.0
    rows = []
    for observation in telling:
        at = {**_at(made, observation.point), _DRIFT: observation.hours - middle}
        rows.append([at[name] for name in names])
    return np.array(rows, dtype=float).reshape(len(rows), len(names))


def _solved(names: tuple[_Name, ...], rows: Floats, values: Floats, degrees: int) -> _Fitted:
    """Ordinary least squares: coefficients, and their covariance by what the residuals leave of variance."""
    inverse = np.linalg.pinv(rows)
    coefficients = inverse @ values
    residuals = values - rows @ coefficients
    variance = float(residuals @ residuals) / degrees if degrees else math.nan
    half = reach(1 - SURE, degrees) if degrees else math.nan
    covariance = inverse @ inverse.T * (variance if degrees else 1.0)
    return _Fitted(names, coefficients, covariance, variance, degrees, half)


def _effect(made: Design, fitted: _Fitted, number: int, level: int) -> Effect:
    there = tuple(level if place == number else 0 for place in range(len(made.factors)))
    after, before = _at(made, there), _at(made, made.baseline)
    here = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    return Effect(
        factor=made.factors[number],
        level=level,
        here=fitted.estimate({name: weight for name, weight in here.items() if name in fitted.names} or here),
        average=fitted.estimate({((number, level),): 1.0}),
    )


def _interactions(made: Design, fitted: _Fitted) -> Iterator[Interaction]:
    for name in fitted.names:
        if isinstance(name, tuple) and len(name) > 1:
            (first, level), (second, other) = name
            yield Interaction(
                first=(made.factors[first], level),
                second=(made.factors[second], other),
                more=fitted.estimate({name: 1.0}),
            )
