"""Histories of a cluster with chosen levels, minute by minute or second by second."""

from __future__ import annotations

import numpy as np

from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Kind, Series

NOON = 1_767_614_400 * SECOND  # Monday, 2026-01-05, 12:00 UTC
MINUTE = 60


def noisy(levels: list[tuple[int, float]], *, noise: float = 0.1, seed: int = 1) -> Floats:
    """So many points at each level, with noise as a share of it."""
    rng = np.random.default_rng(seed)
    values: Floats = np.concatenate([np.full(count, level) for count, level in levels])
    return np.maximum(0.0, values * (1 + noise * rng.standard_normal(len(values))))


def line(name: str, values: Floats, *, broker: str = "1", step: int = MINUTE, start: int = NOON) -> Series:
    """A Series of one broker that begins at `start`; of a resource that is counted the values are per second."""
    resource = RESOURCES[name]
    counted = resource.kind is Kind.DELTA
    return Series(
        name=name,
        unit=resource.unit,
        kind=resource.kind,
        labels={"broker": broker},
        granularity=float(step),
        times=start + (np.arange(len(values), dtype=np.int64) + 1) * step * SECOND,
        values=values * step if counted else values,
        spans=np.full(len(values), float(step)) if counted else np.empty(0),
    )


def history(*lines: Series) -> Run:
    """A run of these lines, from the beginning of the first to the end of the last."""
    start = min(int(each.times[0] - each.granularity * SECOND) for each in lines)
    return Run(id="h", plan=None, start=start, end=max(int(each.times[-1]) for each in lines), series=lines)
