"""Judging: one threshold held against a scene: crossed, passed, or not to be told.

What cannot be told is never passed: a gate that saw nothing would let everything through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clusterload.analysis.gates.reading import Course, read_figures
from clusterload.model import units
from clusterload.model.series import Floats
from clusterload.model.thresholds import Family, Threshold

if TYPE_CHECKING:
    from clusterload.analysis.gates.judged_run import JudgedRun

WANTED: Final = 0.9
"""Share of the time that must have figures for a figure of the whole to be told."""

STOPPED: Final = "threshold-crossed"
"""The kind of the event that says that a threshold ended a load."""

_SLIVER: Final = 1e-6

_CROSSING: Final[Mapping[str, Callable[[Floats, float], NDArray[np.bool_]]]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


class ThresholdState(StrEnum):
    """What is known of a threshold; the worst comes first."""

    CROSSED = "crossed"
    UNKNOWN = "cannot be told"
    PASSED = "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdResult:
    """A threshold, and what became of it.

    Attributes:
        threshold: what was not to be.
        answer: crossed, passed, or not to be told.
        value: the worst that was measured, in the measure's unit; NaN if unknown.
        of: whose it was; empty for the whole.
        since: seconds into the load from when it was crossed; NaN if it was not, or is of no one time.
        lasted: seconds for which it was.
        why: why it cannot be told, or what a stopped load had come to.
        aborts: whether it is one that ends the load at once.
    """

    threshold: Threshold
    answer: ThresholdState
    value: float = math.nan
    of: str = ""
    since: float = math.nan
    lasted: float = math.nan
    why: str = ""
    aborts: bool = False

    @property
    def passed(self) -> bool:
        """Whether it is known not to be crossed."""
        return self.answer is ThresholdState.PASSED

    @property
    def words(self) -> str:
        """What was measured: `61.2 ms of load orders, from 12 s on, for 14 s`; or why that is not known."""
        if self.why:
            return self.why
        if math.isnan(self.value):
            return f"never so for {units.duration(self.threshold.lasts or 0.0)}"
        of = f" of {self.of}" if self.of else ""
        when = "" if math.isnan(self.since) else f", from {units.duration(self.since)} on"
        lasted = "" if math.isnan(self.lasted) else f", for {units.duration(self.lasted)}"
        return f"{self.threshold.said(self.value)}{of}{when}{lasted}"

    @property
    def sentence(self) -> str:
        """The answer with the threshold's own text: `crossed: lost > 1 %: 3.2 %`."""
        return f"{self.answer}: {self.threshold.text}: {self.words}"


def judge_threshold(threshold: Threshold, scene: JudgedRun, *, at_once: bool = False) -> ThresholdResult:
    """Hold a threshold against a scene.

    Args:
        threshold: what may not be.
        scene: what was.
        at_once: whether a line over time crosses it at any moment, as where it ends a load, and not by what is typical.
    """
    reading = read_figures(threshold, scene, moments=at_once or threshold.lasts is not None)
    each = [_of_course(threshold, course, at_once=at_once) for course in reading.courses]
    if not each:
        return ThresholdResult(threshold=threshold, answer=ThresholdState.UNKNOWN, why=reading.absent or "no figures")
    worst = min(each, key=lambda result: (list(ThresholdState).index(result.answer), _mildness(result)))
    sure = ThresholdState.CROSSED if threshold.upper else ThresholdState.PASSED
    if reading.floor and worst.answer is not sure:
        return replace(worst, answer=ThresholdState.UNKNOWN, why=reading.floor)
    if reading.absent and worst.passed:
        return replace(worst, answer=ThresholdState.UNKNOWN, why=reading.absent)
    return worst


def _mildness(result: ThresholdResult) -> float:
    """The lower, the farther beyond the threshold, or the closer to it."""
    if math.isnan(result.value):
        return math.inf
    return -result.value if result.threshold.upper else result.value


def _of_course(threshold: Threshold, course: Course, *, at_once: bool) -> ThresholdResult:
    if threshold.lasts is not None:
        return _lasting(threshold, course, threshold.lasts)
    extreme = threshold.aggregate == ("max" if threshold.upper else "min")
    if extreme or (at_once and threshold.measure.has_course and not threshold.aggregate):
        return _at_any_moment(threshold, course)
    return _overall(threshold, course)


def _overall(threshold: Threshold, course: Course) -> ThresholdResult:
    """By one figure of the whole."""
    if math.isnan(course.whole):
        return _unknown(threshold, course, "no figures")
    if (words := _gaps(threshold, course)) and len(course.values):
        return _unknown(threshold, course, words)
    crossed = threshold.crossed_by(course.whole)
    return ThresholdResult(
        threshold=threshold,
        answer=ThresholdState.CROSSED if crossed else ThresholdState.PASSED,
        value=course.whole,
        of=course.of,
    )


def _at_any_moment(threshold: Threshold, course: Course) -> ThresholdResult:
    """By the worst value, however short: one that was seen is enough, and that there was none takes nearly all."""
    known = course.values[~np.isnan(course.values)]
    if not len(known):
        return _unknown(threshold, course, "no figures")
    worst = float(np.max(known) if threshold.upper else np.min(known))
    if threshold.crossed_by(worst):
        first, count = next(_stretches(_crossing(threshold, course)))
        return _crossed(threshold, course, worst, first, count)
    if words := _gaps(threshold, course):
        return _unknown(threshold, course, words)
    return ThresholdResult(threshold=threshold, answer=ThresholdState.PASSED, value=worst, of=course.of)


def _lasting(threshold: Threshold, course: Course, seconds: float) -> ThresholdResult:
    """By the longest stretch in which each value crosses; a gap in which it may have gone on is not a break."""
    needed = max(1, math.ceil(seconds / course.step - _SLIVER))
    if len(course.values) < needed:
        seen = units.duration(len(course.values) * course.step)
        return _unknown(threshold, course, f"only {seen} were judged, which is less than it must last")
    crossing = _crossing(threshold, course)
    level = _level(threshold, course, needed)
    for first, count in _stretches(crossing):
        if count >= needed:
            return _crossed(threshold, course, level, first, count)
    for first, count in _stretches(crossing | np.isnan(course.values)):
        if count >= needed:
            missing = int(np.sum(np.isnan(course.values[first : first + count])))
            gap, begin = units.duration(missing * course.step), units.duration(course.begin + first * course.step)
            return _unknown(threshold, course, f"no figures for {gap} from {begin} on, in which it may have been so")
    return ThresholdResult(threshold=threshold, answer=ThresholdState.PASSED, value=level, of=course.of)


def _level(threshold: Threshold, course: Course, needed: int) -> float:
    """The farthest level that was held for so many values in a row; NaN where no stretch without a gap is that long."""
    windows = np.lib.stride_tricks.sliding_window_view(course.values, needed)
    held = np.min(windows, axis=1) if threshold.upper else np.max(windows, axis=1)
    known = held[~np.isnan(held)]
    if not len(known):
        return math.nan
    return float(np.max(known) if threshold.upper else np.min(known))


def _crossing(threshold: Threshold, course: Course) -> NDArray[np.bool_]:
    return _CROSSING[threshold.op](course.values, threshold.value)


def _stretches(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where a mask is true without a break: the first index of each stretch, and its length."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    for first, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        yield int(first), int(end - first)


def _crossed(threshold: Threshold, course: Course, value: float, first: int, count: int) -> ThresholdResult:
    return ThresholdResult(
        threshold=threshold,
        answer=ThresholdState.CROSSED,
        value=value,
        of=course.of,
        since=course.begin + first * course.step,
        lasted=count * course.step,
    )


def _gaps(threshold: Threshold, course: Course) -> str:
    """That too little of the time has figures, in words; nothing if enough has."""
    # A second without a latency is one in which nothing was answered, and no gap in what was seen.
    if threshold.measure.family is Family.LATENCY or not len(course.values):
        return ""
    known = float(np.mean(~np.isnan(course.values)))
    return f"figures for {units.percent(known)} of the time only" if known < WANTED else ""


def _unknown(threshold: Threshold, course: Course, why: str) -> ThresholdResult:
    of = f"{course.of}: " if course.of else ""
    return ThresholdResult(
        threshold=threshold, answer=ThresholdState.UNKNOWN, value=course.whole, of=course.of, why=f"{of}{why}"
    )
