"""Search: which earlier stretch of a cluster's history shows what is to be held against the present.

The stretch before the last lasting rise of load or saturation, or fall; if nothing changed, the same hour of other
days, weekdays and weekends apart; else none. What was chosen, and why, is one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.baseline.breaks import LOOKED_AT, Break, breaks, clock
from clusterload.analysis.window_stats import WindowStats
from clusterload.model import units
from clusterload.model.resources import RESOURCES
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.model.run import Run

LONGEST: Final = 1800.0
"""Seconds before a change that are taken: as long ago a cluster may have been another one."""

DAYS: Final = 7
"""How many days back the same hour is looked for."""

# A change that makes half of the step that the largest makes is as good an onset, if it is later.
_AS_LARGE: Final = 0.5
# Points just before a change that are left out: a load does not come up in one point, nor on all brokers at once.
_GUARD: Final = 2
# What follows on another large change within so many points is taken to be a part of it.
_UNFOLDS: Final = 10
_LEAST: Final = 3
_WEEKEND: Final = 5
_HALF: Final = 0.5
# Of a single other day nobody knows whether it was usual.
_LEAST_DAYS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBaseline:
    """A stretch of the past to hold the present against, or none, and why.

    Attributes:
        start: Unix nanoseconds; 0 where there is none.
        end: likewise.
        sentence: which, in words, as in `baseline: 13:20 to 13:55 UTC, before …` or `baseline: none: …`.
        onset: Unix nanoseconds from which on it is different; 0 where nothing changed.
        change: what rose then; None where nothing did.
    """

    start: int = 0
    end: int = 0
    sentence: str
    onset: int = 0
    change: Break | None = None

    @property
    def found(self) -> bool:
        """Whether there is one."""
        return self.end > self.start


def before_change(history: Run) -> FoundBaseline:
    """The stretch before the last lasting rise within a history that reaches to the present; of a fall if nothing rose.

    Of several the last one counts that is half as large as the largest or more. What is over by the end, what only ends
    a dip or a peak, and a slope, as of a morning, are none.
    """
    known = breaks(history)
    lasting = [found for found in known if found.lasts and found.sudden and not found.returns]
    # What is slow or throttled takes in less; a load that was added is what most look for.
    changes = [found for found in lasting if found.rises] or lasting
    if not changes:
        length = units.duration(history.seconds)
        return FoundBaseline(sentence=f"baseline: none: nothing changed for good within the {length} that were read")
    largest = max(found.size for found in changes)
    last = max((found for found in changes if found.size >= _AS_LARGE * largest), key=lambda found: found.time)
    together = [found for found in changes if abs(found.time - last.time) <= _GUARD * _points(last)]
    change = max(together, key=lambda found: (found.size, not found.broker))
    onset = _begin(known, min(found.time for found in together), change)
    start, end = _stretch_before(history, known, onset, change)
    if end - start < _LEAST * _points(change):
        return FoundBaseline(
            sentence=f"baseline: none: {change.sentence}, too soon after what was read begins", onset=onset
        )
    return FoundBaseline(
        start=start, end=end, sentence=_before(start, end, change), onset=onset, change=change,
    )  # fmt: skip


def same_hour(days: Sequence[Run]) -> FoundBaseline:
    """The most usual of the same hours of other days: the one that lies closest to the median of all of them.

    Args:
        days: the hour of each day as a run; those without figures do not count.
    """
    levels = [(day, found) for day in days if (found := _levels(day))]
    if not levels:
        return FoundBaseline(sentence="baseline: none: no other day is known at this hour")
    names = {name for _, found in levels for name in found}
    usual = {name: float(np.median([found[name] for _, found in levels if name in found])) for name in names}
    day, _ = min(levels, key=lambda each: _distance(each[1], usual))
    date, others = clock_time(day.start)[:10], len(levels) - 1
    which = f"the most usual of the same hour of {len(levels)} other days" if others else "the same hour of another day"
    return FoundBaseline(
        start=day.start,
        end=day.end,
        sentence=f"baseline: {date}, {clock(day.start, 60)} to {clock(day.end, 60)} UTC, {which}",
    )


def is_daily(change: Break, days: Sequence[Run]) -> bool:
    """Whether other days have a change at the same time, as in the morning: then it is what is usual.

    Args:
        change: the rise or fall.
        days: the time around it on other days, as runs of which it would be in the middle.
    """
    labels = {"broker": change.broker} if change.broker else {}
    sign = 1 if change.rises else -1
    sizes = [sign * _rise(change.name, labels, day) for day in days]
    known = [size for size in sizes if not np.isnan(size)]
    return len(known) >= _LEAST_DAYS and sum(size >= _HALF * change.size for size in known) > _HALF * len(known)


def _rise(name: str, labels: Mapping[str, str], day: Run) -> float:
    """How much of a level in the second half of a stretch is new, as `Break.size` has it; NaN if it is not known."""
    middle = (day.start + day.end) // 2
    levels = WindowStats(day.between(middle, day.end), day.between(day.start, middle)).total(name, **labels)
    higher = 1.0 if RESOURCES[name].unit.thing == "ratio" else max(abs(levels.now), abs(levels.before))
    return (levels.now - levels.before) / higher if higher else np.nan


def alike_days(start: int, end: int, days: int = DAYS) -> tuple[tuple[int, int], ...]:
    """The same stretch of the days before, in Unix nanoseconds, the last one first; weekdays and weekends apart."""
    own = _is_weekend(end)
    back = [round(timedelta(days=number).total_seconds()) * SECOND for number in range(1, days + 1)]
    return tuple((start - shift, end - shift) for shift in back if _is_weekend(end - shift) == own)


def _begin(known: Sequence[Break], onset: int, change: Break) -> int:
    """When that began of which a change is a part: leaders first leave a broker, and then load comes to another one."""
    for found in reversed(known):
        soon = 0 < onset - found.time <= _UNFOLDS * _points(change)
        if soon and found.size >= _AS_LARGE * change.size:
            onset = found.time
    return onset


def _stretch_before(history: Run, known: Sequence[Break], onset: int, change: Break) -> tuple[int, int]:
    end = onset - _GUARD * _points(change)
    if end - history.start < _LEAST * _points(change):
        end = onset
    # What came before an earlier change is not what was usual before this one.
    earlier = [
        found.time + _points(found)
        for found in known
        if found.time < onset - _LEAST * _points(change) and found.size >= _AS_LARGE * change.size
    ]
    return max([history.start, end - round(LONGEST * SECOND), *earlier]), end


def _before(start: int, end: int, change: Break) -> str:
    return f"baseline: {clock(start, change.seconds)} to {clock(end, change.seconds)} UTC, before {change.sentence}"


def _points(change: Break) -> int:
    return round(change.seconds * SECOND)


def _levels(day: Run) -> Mapping[str, float]:
    stats = WindowStats(day)
    levels = {name: stats.total(name).now for name in LOOKED_AT}
    return {name: level for name, level in levels.items() if not np.isnan(level)}


def _distance(levels: Mapping[str, float], usual: Mapping[str, float]) -> float:
    """How far a day is from what is usual: the mean difference of its figures, as shares of the larger level."""
    off = [
        abs(levels[name] - level) / max(abs(levels[name]), abs(level)) if levels[name] or level else 0.0
        for name, level in usual.items()
        if name in levels
    ]
    return float(np.mean(off)) if off else 1.0


def _is_weekend(time: int) -> bool:
    return datetime.fromtimestamp(time / SECOND, tz=UTC).weekday() >= _WEEKEND
