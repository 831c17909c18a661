"""Level shifts: where a line of figures goes to another level and stays there, found by medians and in any of many.

For each border between two points the medians of the points before and after it are compared, over short and longer
windows (a moving sum, MOSUM: Eichinger and Kirch, 2018, with medians for means, so that single peaks bend nothing). The
difference is held against the spread of the points around their medians and, where there is history enough, against the
differences that the line has elsewhere: what drifts, swings by the hour or depends on its own past has large ones. The
farther it must go the more borders and lines are looked at (Bonferroni's bound). Each part is searched again (binary
segmentation: Scott and Knott, 1974).
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clusterload.analysis.statistics import chance, freedom, spread
from clusterload.model.series import Floats

LEAST_POINTS: Final = 3
"""Points on each side below which nothing shows that a level lasts."""

BY_CHANCE: Final = 0.05
"""How likely chance shows a shift anywhere in all that is looked at, at most."""

_WIDTHS: Final = (6, 15, 40)
# A width fits into a stretch if it takes no more than this share of it.
_FITS: Final = 0.8
# Differences elsewhere from which on their spread says something.
_LEAST_ELSEWHERE: Final = 6
# A slope makes less than this of its step within the few points around its middle.
_MOST: Final = 0.6
_MOST_ALIKE: Final = 0.95
# The standard error of a median, in those of a mean.
_OF_MEDIAN: Final = math.sqrt(math.pi / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShift:
    """A border of a line on whose sides its levels differ.

    Attributes:
        at: index of the first point of the new level.
        before: median of the level that ends there, in the line's unit.
        after: median of the level that begins there.
        sudden: whether most of it happens from one point to the next few; a slope that lasts is not.
    """

    at: int
    before: float
    after: float
    sudden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What is too little to be a shift, in a line's unit.

    Attributes:
        noise: the least spread of single points that is believed in.
        share: a shift is at least this share of the higher level.
        least: and at least so much.
    """

    noise: float = 0.0
    share: float = 0.0
    least: float = 0.0

    def allows(self, before: Floats, after: Floats) -> NDArray[np.bool_]:
        """Where two levels are far enough apart to matter."""
        steps, higher = np.abs(after - before), np.maximum(np.abs(before), np.abs(after))
        return (steps > 0) & (steps >= np.maximum(self.share * higher, self.least))


def level_shifts(values: Floats, tolerance: Tolerance, *, looks: int = 1) -> tuple[LevelShift, ...]:
    """All lasting shifts of one line, in the order of time. Pure, and the same for a line turned upside down.

    Args:
        values: at equal distances, without gaps (NaN), shape `(n,)`.
        tolerance: what is too little to count.
        looks: how many lines are looked at together.
    """
    if len(values) < 2 * LEAST_POINTS:
        return ()
    borders = sorted(_borders(_Line(values, tolerance, looks), 0, len(values)))
    edges = [0, *borders, len(values)]
    levels = [float(np.median(values[begin:end])) for begin, end in pairwise(edges)]
    return tuple(
        LevelShift(at=at, before=before, after=after, sudden=_is_sudden(values, at, after - before))
        for at, before, after in zip(borders, levels, levels[1:], strict=False)
    )


class _Line:
    """One line, with what its levels usually differ by."""

    def __init__(self, values: Floats, tolerance: Tolerance, looks: int) -> None:
        self.values, self.tolerance, self.looks = values, tolerance, looks
        self._steps: dict[int, Floats] = {}

    def elsewhere(self, at: int, width: int) -> Floats:
        """Differences at borders whose windows do not overlap with those of border `at`, one a width."""
        if width not in self._steps:
            earlier, later = _medians(self.values, width)
            self._steps[width] = later - earlier
        steps, place = self._steps[width], at - LEAST_POINTS
        left, right = steps[: max(0, place - 2 * width + 1)][::-width], steps[place + 2 * width :: width]
        return np.concatenate([left, right])


def _borders(line: _Line, begin: int, end: int) -> Iterator[int]:
    found = min(_candidates(line, begin, end), default=None)
    if found is None or found[0] * line.looks * (end - begin) > BY_CHANCE:
        return
    border = found[1]
    yield border
    yield from _borders(line, begin, border)
    yield from _borders(line, border, end)


def _candidates(line: _Line, begin: int, end: int) -> Iterator[tuple[float, int]]:
    """The border that stands out most for each width: how likely by chance, and where."""
    values = line.values[begin:end]
    for width in _fitting(len(values)):
        earlier, later = _medians(values, width)
        worthy = line.tolerance.allows(earlier, later)
        weighed = np.where(worthy, np.abs(later - earlier) * _weights(len(values), width), 0.0)
        best = int(np.argmax(weighed))
        if weighed[best] > 0:
            at = begin + _moved(values, best + LEAST_POINTS, width)
            yield _chance(line, (begin, at, end), width), at


def _fitting(count: int) -> tuple[int, ...]:
    return tuple(width for width in _WIDTHS if count >= max(2 * LEAST_POINTS, width / _FITS))


def _medians(values: Floats, width: int) -> tuple[Floats, Floats]:
    """Medians of up to `width` points before and after each border that has enough of them."""
    borders = range(LEAST_POINTS, len(values) - LEAST_POINTS + 1)
    return _trailing(values, width, borders), _trailing(values[::-1], width, borders)[::-1]


def _trailing(values: Floats, width: int, borders: Sequence[int]) -> Floats:
    short = _prefixes(values[: min(width - 1, borders[-1])])[0][borders[0] - 1 :]
    if borders[-1] < width:
        return short
    windows = np.lib.stride_tricks.sliding_window_view(values[: borders[-1]], width)
    return np.concatenate([short, np.median(windows[max(0, borders[0] - width) :], axis=1)])


def _prefixes(values: Floats) -> tuple[Floats, Floats]:
    """Of the first 1, 2, 3 … points their median, and the sum of their distances from it."""
    ordered: list[float] = []
    medians, distances = np.empty(len(values)), np.empty(len(values))
    for place, value in enumerate(values.tolist()):
        insort(ordered, value)
        half = len(ordered) // 2
        medians[place] = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
        # Exact, so that it is the same for a line that is turned upside down.
        distances[place] = math.fsum(ordered[-half:]) - math.fsum(ordered[:half]) if half else 0.0
    return medians, distances


def _sizes(count: int, width: int, at: int) -> tuple[int, int]:
    return min(width, at), min(width, count - at)


def _weights(count: int, width: int) -> Floats:
    """By how much the difference at each border is known better than a single point is."""
    before = np.arange(LEAST_POINTS, count - LEAST_POINTS + 1)
    weights: Floats = 1 / np.sqrt(1 / np.minimum(width, before) + 1 / np.minimum(width, count - before))
    return weights


def _chance(line: _Line, part: tuple[int, int, int], width: int) -> float:
    begin, at, end = part
    first, second = _sizes(end - begin, width, at - begin)
    sides = line.values[at - first : at], line.values[at : at + second]
    step = float(np.median(sides[1]) - np.median(sides[0]))
    around = np.concatenate([side - np.median(side) for side in sides])
    # What was fitted to points makes them look calmer than they are: two medians were.
    single = max(line.tolerance.noise, spread(around) * math.sqrt(len(around) / (len(around) - 2)))
    single *= _inflation(line.values[max(begin, at - 2 * width) : at], line.values[at : min(end, at + 2 * width)])
    error, degrees, usual = _OF_MEDIAN * single * math.sqrt(1 / first + 1 / second), freedom(len(around) - 1), 0.0
    elsewhere = line.elsewhere(at, width)
    if len(elsewhere) >= _LEAST_ELSEWHERE:
        usual = float(np.median(elsewhere))
        if (swing := spread(elsewhere)) > error:
            error, degrees = swing, freedom(len(elsewhere))
    return chance(abs(step - usual) / error, degrees) if error else 0.0


def _inflation(*sides: Floats) -> float:
    """By how much means of points that depend on the one before vary more than those of independent ones do."""
    off = [side - np.median(side) for side in sides]
    whole = sum(float(np.sum(side**2)) for side in off)
    along = sum(float(np.sum(side[1:] * side[:-1])) for side in off)
    like = min(_MOST_ALIKE, max(0.0, along / whole)) if whole else 0.0
    return math.sqrt((1 + like) / (1 - like))


def _is_sudden(values: Floats, at: int, step: float) -> bool:
    near = np.median(values[at : at + _WIDTHS[0]]) - np.median(values[max(0, at - _WIDTHS[0]) : at])
    return bool(near * np.sign(step) >= _MOST * abs(step))


def _moved(values: Floats, at: int, width: int) -> int:
    """The border near `at` from which the points of both sides are closest to their medians."""
    begin, end = max(0, at - width), min(len(values), at + width)
    near = values[begin:end]
    before, after = _prefixes(near)[1], _prefixes(near[::-1])[1][::-1]
    borders = range(min(LEAST_POINTS, at - begin), len(near) - LEAST_POINTS + 1)
    return begin + min(borders, key=lambda border: (before[border - 1] + after[border], abs(begin + border - at)))
