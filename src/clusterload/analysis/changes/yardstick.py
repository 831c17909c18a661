"""Yardstick: how far a figure's typical values usually lie apart, and whether a difference could be no more than that.

Typical is the rate of what is counted, and the median of a level. The spread comes from windows of a usual stretch,
each as long as the stretches that are compared. Where there is none it comes from blocks within these. Points within a
stretch are not independent of each other, so blocks get no credit for their number: how far single blocks lie apart
stands for how far whole stretches do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from clusterload.analysis.changes.metric_keys import KNOWN, MetricInfo
from clusterload.analysis.statistics import MOST_FREEDOM, freedom, spread
from clusterload.model.errors import ClusterloadError
from clusterload.model.series import Floats, Kind

LEAST_WINDOWS: Final = 6
"""Usual windows below which their spread says nothing."""

LEAST_POINTS: Final = 8
"""Points below which a stretch without a usual one has too few blocks."""

_LEAST_BLOCKS, _MOST_BLOCKS = 4, 10
# Share of windows that may have gone as far without making it usual.
_RARE: Final = 0.1

# What two equal stretches differ by where each is calm, as a share of their values. Within a single one nothing
# shows how stretches differ from each other.
_CALM_WINDOWS, _CALM_BLOCKS = 0.005, 0.05
# What a level can be told apart by, in base units of what it measures.
_STEPS: Final = {"ratio": 0.01, "cores": 0.01, "time": 1e-3, "bytes": 0.0}
# Seconds that a counter of time may be off by.
_CLOCK: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """What a difference is held against.

    Attributes:
        spread: of typical values, in their unit.
        degrees: of freedom with which the spread is known.
        reached: whether what is usual goes as far as the difference anyway.
        windows: how many windows or blocks it was taken from.
    """

    spread: float
    degrees: float
    reached: bool
    windows: int


class InsufficientDataError(ClusterloadError):
    """There is too little to take a spread from; the message says why."""


def typical(values: Floats, kind: Kind) -> float:
    """What values amount to over a stretch: their mean or, for levels, their median; NaN if most of it is a gap."""
    known = values[~np.isnan(values)]
    if not len(known) or len(known) < KNOWN * len(values):
        return math.nan
    return float(np.median(known) if kind is Kind.GAUGE else np.mean(known))


def pieces(values: Floats, size: int, kind: Kind) -> Floats:
    """Typical values of pieces of `size` values each, counted from the end; those that are known."""
    count = len(values) // size
    # As `typical` of each row, but of all at once: a day has hundreds of pieces, and hundreds of figures are cut.
    rows = np.sort(values[len(values) - count * size :].reshape(count, size), axis=1)  # what is not known comes last
    many = np.count_nonzero(~np.isnan(rows), axis=1)
    enough = many >= max(1, KNOWN * size)
    rows, many = rows[enough], many[enough]
    if kind is not Kind.GAUGE:
        means: Floats = np.nansum(rows, axis=1) / many
        return means
    each = np.arange(len(rows))
    medians: Floats = (rows[each, (many - 1) // 2] + rows[each, many // 2]) / 2
    return medians


def by_windows(windows: Floats, before: float, after: float, floor: float) -> Yardstick:
    """The yardstick that typical values of usual windows give; TooLittle if there are not enough of them."""
    if len(windows) < LEAST_WINDOWS:
        raise InsufficientDataError(f"only {len(windows)} usual windows have figures, and {LEAST_WINDOWS} are needed")
    passed = _beyond(windows, after, after >= before)
    return _floored(
        spread(windows), freedom(len(windows)), floor, reached=passed > _RARE * len(windows), windows=len(windows)
    )


def by_blocks(earlier: Floats, later: Floats, kind: Kind, floor: float) -> Yardstick:
    """The yardstick that the values of the two stretches themselves give; TooLittle if they are too few."""
    size = max(1, min(len(earlier), len(later)) // _MOST_BLOCKS)
    first, second = pieces(earlier, size, kind), pieces(later, size, kind)
    if min(len(first), len(second)) < _LEAST_BLOCKS:
        raise InsufficientDataError("too many gaps: no four blocks of each stretch have figures")
    before, after = typical(earlier, kind), typical(later, kind)
    rises = after >= before
    # Of a real change most blocks show it. A single burst makes a difference too, but that of one block.
    reached = _beyond(first, after, rises) > _RARE * len(first) or _beyond(second, before, not rises) > _RARE * len(
        second
    )
    variances = [spread(blocks) ** 2 for blocks in (first, second)]
    degrees = [freedom(len(blocks)) for blocks in (first, second)]
    # Welch and Satterthwaite: the calmer of the two adds little to what is known of the spread.
    known = sum(variance**2 / each for variance, each in zip(variances, degrees, strict=True))
    together = sum(variances) ** 2 / known if known else MOST_FREEDOM
    return _floored(math.sqrt(sum(variances) / 2), together, floor, reached=reached, windows=len(first) + len(second))


def floor_of(measure: MetricInfo, before: float, after: float, seconds: float, *, within: bool) -> float:
    """The least spread that is believed in: what never moved would otherwise be infinitely far from any other value.

    It is what the figure can be told apart by, or the share of its value by which calm stretches differ.

    Args:
        measure: how the figure is to be read.
        before: typical value.
        after: likewise.
        seconds: how long the stretches are.
        within: whether nothing but the two stretches tells how stretches differ.
    """
    middle = (abs(before) + abs(after)) / 2
    calm = (_CALM_BLOCKS if within else _CALM_WINDOWS) * middle
    return max(calm, _resolution(measure, middle, seconds))


def _resolution(measure: MetricInfo, middle: float, seconds: float) -> float:
    thing, factor = measure.unit.thing, measure.unit.factor
    if measure.kind is Kind.GAUGE:
        return _STEPS.get(thing, 1.0) / factor
    if thing == "bytes":
        return 0.0
    if thing == "time":
        return _CLOCK / factor / seconds
    # Single events come when they come: of N of them, give or take the root of N.
    return math.sqrt(max(1.0, middle * seconds)) / seconds


def _floored(measured: float, degrees: float, floor: float, *, reached: bool, windows: int) -> Yardstick:
    together = math.hypot(measured, floor)
    # The floor is known, the rest is estimated: the less of the rest there is, the surer the whole.
    sure = min(MOST_FREEDOM, degrees * (together / measured) ** 4) if measured else MOST_FREEDOM
    return Yardstick(spread=together, degrees=sure, reached=reached, windows=windows)


def _beyond(values: Floats, mark: float, upward: bool) -> int:
    return int(np.sum(values >= mark if upward else values <= mark))
