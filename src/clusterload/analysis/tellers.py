"""Tellers: which brokers gave figures within a run, and so what can be held against another run of the same cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series

Tellers: TypeAlias = Mapping[str, set[str]]
"""Brokers by the name of a Series; an empty broker is the cluster as a whole."""


def tellers_of(run: Run) -> Tellers:
    """Brokers that give a figure within a run."""
    found: dict[str, set[str]] = defaultdict(set)
    for series in run.series:
        broker = series.labels.get("broker", "")
        if broker not in found.get(series.name, ()) and is_known(series, run):
            found[series.name].add(broker)
    return found


def brokers_telling(run: Run) -> frozenset[str]:
    """Brokers that any Series gives a figure of within a run."""
    found = {""}
    for series in run.series:
        broker = series.labels.get("broker", "")
        if broker not in found and is_known(series, run):
            found.add(broker)
    return frozenset(found - {""})


def is_known(series: Series, run: Run) -> bool:
    """Whether a Series has a figure within a run, after its start and up to its end."""
    first, last = np.searchsorted(series.times, (run.start, run.end), side="right")
    return not bool(np.all(np.isnan(series.values[first:last])))
