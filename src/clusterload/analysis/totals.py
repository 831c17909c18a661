"""Totals: what Series amount to over the stretch of a run that is judged.

At a load's own edges whole stretches count: nothing went on before it, so what a scrape that began before the load
counted is the load's, and what was answered a moment after its end was due before it. Where a stretch is cut out
of a load, by its warm-up or on purpose, a delta that crosses the cut is split in proportion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.model.series import COVERED, SECOND

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series

_EDGE: Final = 0.1
"""Seconds by which the edge of a stretch may differ from the load's own and still be it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStretch:
    """The stretch of a load that is judged.

    Attributes:
        start: Unix nanoseconds at which the load began.
        begin: seconds from there to the stretch's begin.
        end: seconds from there to its end.
        whole: seconds that the whole load lasted.
        from_start: whether it begins with the load.
        to_end: whether it ends with the load.
        last: Unix nanoseconds of the generator's last point.
    """

    start: int
    begin: float
    end: float
    whole: float
    from_start: bool
    to_end: bool
    last: int

    @classmethod
    def of(cls, run: Run) -> LoadStretch | None:
        """The part of a run after its warm-up; None if there is none."""
        times = [
            (int(series.times[0]) - round(series.spans[0] * SECOND), int(series.times[-1]))
            for series in run.series
            if series.name.startswith("load_") and len(series.spans)
        ]
        duration = run.plan.duration if run.plan else math.inf
        start = min((first for first, _ in times), default=run.start)
        last = max((last for _, last in times), default=run.end)
        begin = max((run.start - start) / SECOND, run.plan.warm_up if run.plan else 0.0, 0.0)
        end = min((run.end - start) / SECOND, duration)
        if end - begin <= 0:
            return None
        # librdkafka's loads have no Series of when they began and ended, only the run, of which this may be a part.
        cut = not times and run.complete and run.seconds < duration - _EDGE
        whole = duration if cut else min(duration, (last - start) / SECOND)
        return cls(
            start=start,
            begin=begin,
            end=end,
            whole=whole,
            from_start=begin <= _EDGE and not cut,
            to_end=end >= whole - _EDGE,
            last=max(last, run.end),
        )

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    def rate(self, series: Iterable[Series], **labels: str) -> float:
        """What deltas with these labels amount to in a second, all together; NaN if they do not cover the stretch."""
        chosen = _with(series, labels)
        if not chosen:
            return math.nan
        return sum(self._amount(item) for item in chosen) / self.seconds

    def _amount(self, series: Series) -> float:
        begin, end = (self.start + round(at * SECOND) for at in (self.begin, self.end))
        ends, starts = series.times, series.times - np.round(series.spans * SECOND).astype(np.int64)
        inside = np.clip(np.minimum(ends, end) - np.maximum(starts, begin), 0, None)
        unknown = np.isnan(series.values)
        # A type of request that appears during the load has no points before its first.
        first = max(begin, int(starts[0])) if len(starts) else end
        if np.sum(inside[~unknown]) < COVERED * (end - first) - _EDGE * SECOND:
            return math.nan
        lower = starts[:] if self.from_start else np.maximum(starts, begin)
        upper = ends[:] if self.to_end else np.minimum(ends, end)
        share = np.clip(upper - lower, 0, None) / np.maximum(ends - starts, 1)
        part_of_load = (ends > self.start) & (starts < self.last) & ~unknown
        return float(np.sum((share * series.values)[part_of_load]))

    def since_ever(self, series: Iterable[Series]) -> float:
        """What deltas amount to from the first scrape to the stretch's end, all together; NaN if there are none."""
        chosen = list(series)
        if not chosen:
            return math.nan
        return float(sum(np.nansum(item.values[item.times - item.spans * SECOND < self.last]) for item in chosen))

    def level(self, series: Iterable[Series], **labels: str) -> float:
        """The sum of gauges with these labels, each as the mean of its samples; NaN if one of them has none.

        Only samples within the stretch count: a moment after the load its connections are gone.
        """
        chosen = _with(series, labels)
        return sum(self._mean(item) for item in chosen) if chosen else math.nan

    def _mean(self, series: Series) -> float:
        begin, end = (self.start + round(at * SECOND) for at in (self.begin, self.end))
        # The generator's point of its last second comes when that is over, before anything is closed.
        late = round(_EDGE * SECOND) if series.name.startswith("load_") else 0
        inside = (series.times >= begin) & (series.times <= end + late) & ~np.isnan(series.values)
        return float(np.mean(series.values[inside])) if inside.any() else math.nan


def _with(series: Iterable[Series], labels: dict[str, str]) -> list[Series]:
    return [item for item in series if labels.items() <= item.labels.items()]
