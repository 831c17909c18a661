"""Estimates: a value with its interval, which effects, comparisons, changes and cases have in common.

Two groups of runs are compared by Welch's test on the means of runs: each group brings its own variance between runs.
Where the variance of a group is taken from several sets of runs, or two groups share one, the degrees of freedom follow
from all of them (Welch 1947, Satterthwaite 1946).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.statistics import MOST_FREEDOM, chance, reach

if TYPE_CHECKING:
    from clusterload.model.series import Floats

SURE: Final = 0.95
"""How often an interval contains what is true."""

_EQUAL: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value, the interval in which it lies, and whether it differs from none; NaN where the runs do not tell.

    Attributes:
        value: a difference, or a ratio.
        low: where its interval begins.
        high: where it ends.
        chance: how likely chance alone goes as far; NaN where that was not tested.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    chance: float = math.nan

    @property
    def known(self) -> bool:
        """Whether it has an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def half(self) -> float:
        """Half of the interval: what stands after `±`."""
        return (self.high - self.low) / 2

    @property
    def significant(self) -> bool:
        """Whether a difference is told apart from none: its interval does not contain 0."""
        return self.known and not self.contains(0.0) and abs(self.value) > _EQUAL

    def contains(self, value: float) -> bool:
        """Whether its interval does."""
        return self.low <= value <= self.high

    def __neg__(self) -> Estimate:
        """The same the other way round."""
        return Estimate(value=-self.value + 0.0, low=-self.high, high=-self.low, chance=self.chance)


UNKNOWN: Final = Estimate(value=math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """How far runs of one plan lie apart.

    Attributes:
        source: which set of runs it is from; of one set there is one variance.
        variance: of single runs.
        degrees: of freedom with which it is known.
    """

    source: str
    variance: float
    degrees: float

    @classmethod
    def of(cls, source: str, values: Floats) -> Scatter | None:
        """That of a set of runs, with one value each; None for fewer than two."""
        if len(values) <= 1:
            return None
        return cls(source=source, variance=float(np.var(values, ddof=1)), degrees=float(len(values) - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One group of runs in one figure.

    Attributes:
        mean: of its runs.
        count: of its runs.
        scatters: what is known of how its runs differ, from one set of runs or several; not none.
        floor: standard deviation of a run that is assumed in addition.
    """

    mean: float
    count: int
    scatters: Sequence[Scatter]
    floor: float


def welch_difference(before: Sample, after: Sample) -> Estimate:
    """By how much a group differs from the one before."""
    variance, degrees = _of_difference(before, after)
    error, value = math.sqrt(variance), after.mean - before.mean
    if not error:
        return Estimate(value=value, low=value, high=value, chance=0.0 if value else 1.0)
    half = error * reach(1 - SURE, round(degrees, 2))
    return Estimate(value=value, low=value - half, high=value + half, chance=chance(abs(value) / error, degrees))


def _of_difference(before: Sample, after: Sample) -> tuple[float, float]:
    """The variance of a difference, and its degrees of freedom."""
    parts: dict[str, float] = defaultdict(float)
    freedom: dict[str, float] = {}
    granted = 0.0
    for sample in (before, after):
        together = sum(scatter.degrees for scatter in sample.scatters)
        for scatter in sample.scatters:
            parts[scatter.source] += scatter.degrees / together / sample.count * scatter.variance
            freedom[scatter.source] = scatter.degrees
        granted += sample.floor**2 / sample.count
    variance = math.fsum(parts.values()) + granted
    # What is granted is known, the rest is estimated: the less of the rest there is, the surer the whole.
    unsure = math.fsum(part**2 / freedom[source] for source, part in parts.items())
    return variance, min(MOST_FREEDOM, variance**2 / unsure) if unsure else MOST_FREEDOM
