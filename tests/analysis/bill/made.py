"""Runs of which every figure is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Kind, Series

START = 1_767_225_600 * SECOND


def series(name: str, values: Sequence[float] | Floats, **labels: str) -> Series:
    """A Series of a point a second, the first one second after the start."""
    resource, count = RESOURCES[name], len(values)
    return Series(
        name=name,
        unit=resource.unit,
        kind=resource.kind,
        labels=labels,
        times=START + SECOND * np.arange(1, count + 1, dtype=np.int64),
        values=np.asarray(values, dtype=np.float64),
        spans=np.ones(count) if resource.kind is Kind.DELTA else np.empty(0),
    )


def flat(name: str, value: float, seconds: int = 20, **labels: str) -> Series:
    """A Series that never moves."""
    return series(name, [value] * seconds, **labels)


def run(*of: Series, seconds: int = 20, environment: Mapping[str, Any] | None = None) -> Run:
    """A run that showed this."""
    return Run(
        id="made", plan=None, start=START, end=START + seconds * SECOND, series=of, environment=environment or {}
    )
