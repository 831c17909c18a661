"""Levels: what gauges by client come to over a window, where an idle client has none."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from clusterload.analysis.window_stats import Pair

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series

Combine: TypeAlias = Callable[[Iterable[float]], float]
"""Makes one value of those of several brokers or Series."""


class Levels:
    """Means over all readings of a window and of the baseline before it."""

    def __init__(self, now: Run, before: Run | None) -> None:
        """Take a window, and a baseline if there is one."""
        self._now, self._before = _Readings(now), _Readings(before) if before is not None else None

    def by(self, names: Sequence[str], label: str, how: Combine) -> dict[str, Pair]:
        """Gauges of these names for each value of a label: means over all readings, as an idle client has no level.

        Args:
            names: of the Series.
            label: by which.
            how: makes one of several brokers' or names' values.

        Returns:
            By the label's value; what was absent in the baseline, where others were present, was 0 then.
        """
        now = self._now.means(names, label, how)
        before = self._before.means(names, label, how) if self._before is not None else {}
        absent = 0.0 if before else math.nan
        return {who: Pair(now=now.get(who, 0.0), before=before.get(who, absent)) for who in sorted(now.keys() | before)}


class _Readings:
    """The Series of one run by name, and how many readings each broker gave."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._named: dict[str, list[Series]] = defaultdict(list)
        counts: dict[str, int] = defaultdict(int)
        for series in run.series:
            self._named[series.name].append(series)
            if not series.name.startswith(("load_", "generator_")):
                first, last = self._inside(series)
                broker = series.labels.get("broker", "")
                # As many as the Series with the most points has.
                counts[broker] = max(counts[broker], last - first)
        self._counts: Mapping[str, int] = counts

    def means(self, names: Sequence[str], label: str, how: Combine) -> dict[str, float]:
        found: dict[str, list[float]] = defaultdict(list)
        for series in (series for name in names for series in self._named.get(name, ()) if label in series.labels):
            first, last = self._inside(series)
            if first < last:
                inside = series.values[first:last]
                known = inside[~np.isnan(inside)]
                count = max(self._counts.get(series.labels.get("broker", ""), 0), len(known), 1)
                found[series.labels[label]].append(float(np.sum(known)) / count)
        return {who: how(values) for who, values in found.items()}

    def _inside(self, series: Series) -> tuple[int, int]:
        """Where the window's points begin and end."""
        first, last = np.searchsorted(series.times, (self._run.start, self._run.end), side="right")
        return int(first), int(last)
