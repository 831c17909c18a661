"""Levels of clients: means over all that a broker was asked for, since who takes nothing at the moment has no level."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clusterload.analysis.window_stats import Facts, Pair

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series

How = Callable[[Iterable[float]], float]


def levels(facts: Facts, names: Sequence[str], label: str, how: How) -> dict[str, Pair]:
    """What gauges of these names come to for each value of a label.

    Args:
        facts: the window and its baseline.
        names: of the Series.
        label: by which.
        how: makes one of several brokers' or names' values.

    Returns:
        By the label's value; who was not seen in the baseline, where others were, had nothing then.
    """
    now = _of(facts.now, names, label, how)
    before = _of(facts.before, names, label, how) if facts.before is not None else {}
    absent = 0.0 if before else math.nan
    return {who: Pair(now=now.get(who, 0.0), before=before.get(who, absent)) for who in sorted(now.keys() | before)}


def _of(run: Run, names: Sequence[str], label: str, how: How) -> dict[str, float]:
    looks = _looks(run)
    found: dict[str, list[float]] = defaultdict(list)
    for series in run.series:
        if series.name in names and label in series.labels:
            inside = _inside(series, run)
            known = series.values[inside]
            known = known[~np.isnan(known)]
            if inside.any():
                count = max(looks.get(series.labels.get("broker", ""), 0), len(known), 1)
                found[series.labels[label]].append(float(np.sum(known)) / count)
    return {who: how(values) for who, values in found.items()}


def _looks(run: Run) -> Mapping[str, int]:
    """How often each broker was looked at in the window: what it has most points of says so."""
    counts: dict[str, int] = defaultdict(int)
    for series in run.series:
        if not series.name.startswith(("load_", "generator_")):
            broker = series.labels.get("broker", "")
            counts[broker] = max(counts[broker], int(np.count_nonzero(_inside(series, run))))
    return counts


def _inside(series: Series, run: Run) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (series.times > run.start) & (series.times <= run.end)
