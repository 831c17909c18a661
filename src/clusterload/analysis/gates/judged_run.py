"""Scene: what thresholds look at, a run and its usage from when they are judged."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

from clusterload.analysis.totals import LoadStretch
from clusterload.analysis.usage import ResourceLine, Usage
from clusterload.model.run import Run
from clusterload.model.series import SECOND

_Line = TypeVar("_Line", bound=ResourceLine)

_SLIVER = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run as thresholds see it.

    Attributes:
        run: the whole of it.
        usage: against limits, without what was before `begin`.
        begin: Unix nanoseconds from which on it is judged: after the load's warm-up.
        start: Unix nanoseconds at which the load began, from which times are told.
    """

    run: Run
    usage: Usage
    begin: int
    start: int

    @classmethod
    def of(cls, run: Run, usage: Usage) -> JudgedRun:
        """A run after its warm-up."""
        stretch = LoadStretch.of(run)
        start = stretch.start if stretch and run.plan else run.start
        begin = start + round(stretch.begin * SECOND) if stretch and run.plan else run.start
        return cls.between(run, usage, begin=max(begin, run.start), start=start)

    @classmethod
    def between(cls, run: Run, usage: Usage, *, begin: int, start: int) -> JudgedRun:
        """A run from `begin` on, of a load that began at `start`."""
        skipped = max(0, math.ceil((begin - usage.grid.start) / usage.grid.step - _SLIVER))
        return cls(run=run, usage=_without(usage, min(skipped, usage.grid.count)), begin=begin, start=start)

    @property
    def elapsed(self) -> float:
        """Seconds into the load at which the usage's first bucket begins."""
        return (self.usage.grid.start - self.start) / SECOND


def _without(usage: Usage, buckets: int) -> Usage:
    """A usage without its first buckets."""
    if not buckets:
        return usage
    grid = replace(usage.grid, start=usage.grid.start + buckets * usage.grid.step, count=usage.grid.count - buckets)

    def cut(lines: tuple[_Line, ...]) -> tuple[_Line, ...]:
        return tuple(replace(line, values=line.values[buckets:]) for line in lines)

    return replace(
        usage,
        grid=grid,
        lines=cut(usage.lines),
        shares=cut(usage.shares),
        saturation=cut(usage.saturation),
        provider=cut(usage.provider),
    )
