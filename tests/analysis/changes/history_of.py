"""A cluster's made-up history: runs whose figures are chosen second by second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series

START = 1_767_225_600 * SECOND


def line(
    name: str, values: Sequence[float] | np.ndarray, *, at: float = 0, granularity: float = 1.0, **labels: str
) -> Series:
    """Figures from `at` seconds on: a level in each stretch of the granularity, or what grew in it each second."""
    kind = RESOURCES[name].kind
    ends = np.arange(1, len(values) + 1) - (0.0 if kind is Kind.DELTA else 0.5)
    known = np.array(values, dtype=np.float64)
    return Series(
        name=name,
        unit=RESOURCES[name].unit,
        kind=kind,
        labels=labels,
        granularity=granularity,
        times=START + ((at + ends * granularity) * SECOND).astype(np.int64),
        values=known * granularity if kind is Kind.DELTA else known,
        spans=np.full(len(known) if kind is Kind.DELTA else 0, granularity),
    )


def history(*series: Series, seconds: float, start: float = 0, brokers: Sequence[int] = ()) -> Run:
    """A run with these Series; `brokers` are those that the cluster had, as far as somebody wrote it down."""
    environment: Mapping[str, object] = {"cluster": {"brokers": [{"id": one} for one in brokers]}}
    begin = START + round(start * SECOND)
    return Run(
        id="run",
        plan=None,
        start=begin,
        end=begin + round(seconds * SECOND),
        series=series,
        environment=environment,
    )


def part(run: Run, start: float, end: float) -> Run:
    """A part of a history, in seconds."""
    return run.between(START + round(start * SECOND), START + round(end * SECOND))
