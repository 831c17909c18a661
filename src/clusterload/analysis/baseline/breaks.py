"""Breaks: when the load or the saturation of a cluster, or of a single broker, went to another level and stayed there.

Looked at are the lines that a change of load shows in: bytes, requests, connections, replicas, how busy threads and
CPUs are; of the cluster and of each broker, since a cause that matters to a single broker matters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.baseline.level_shifts import LEAST_POINTS, Tolerance, level_shifts
from clusterload.analysis.changes.metric_keys import MetricInfo, MetricKey, MetricLines, metric_infos, metric_keys
from clusterload.model import units
from clusterload.model.resources import RESOURCES
from clusterload.model.run import clock_time
from clusterload.model.series import Floats, Kind, Nanoseconds
from clusterload.model.wording import in_sentence

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.units import Unit

LOOKED_AT: Final = (
    "ingress",
    "egress",
    "requests",
    "connections",
    "connection_attempts",
    "partitions",
    "request_handler_busy",
    "network_thread_busy",
    "cpu_host",
    "cpu_broker",
)
"""The resources whose Series are looked at."""

MOST_POINTS: Final = 400
"""A stretch is laid on so many points at most."""

SHARE: Final = 0.2
"""A load is another one if it differs by this share: what calm clusters do within an hour is less."""

BUSIER: Final = 0.1
"""Threads and CPUs are at another level if they differ by this share of what they have to give."""

# A rate is not known better than this share of it, since scrapes come when they come.
_JITTER: Final = 0.02
# How far a share of time can be told apart.
_OF_TIME: Final = 0.01
# A delta over more of a stretch than this says nothing about its parts.
_LONGEST: Final = 0.25
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One line that went to another level and stayed there for a while.

    Attributes:
        time: Unix nanoseconds at which the first point of the new level begins.
        name: of the resource.
        broker: whose; empty for the cluster's.
        unit: of the levels; per second for what is counted.
        before: the level that ends there.
        after: the level that begins there.
        usual: the median of all that was before it, so also before a dip or a peak that it ends.
        now: the level at the end of what was looked at.
        sudden: whether it was a step, and not a slope.
        seconds: between the points of the line, so how exactly `time` is known.
    """

    time: int
    name: str
    broker: str
    unit: Unit
    before: float
    after: float
    usual: float
    now: float
    sudden: bool
    seconds: float

    @property
    def size(self) -> float:
        """How much of the present is new: a share of a load's higher level, of threads and CPUs one of all they can."""
        step = abs(self.after - self.before)
        if self.unit.thing == "ratio":
            return step * self.unit.factor
        return step / max(abs(self.before), abs(self.after))

    @property
    def lasts(self) -> bool:
        """Whether at least half of the step is still there at the end."""
        step = self.after - self.before
        return (self.now - self.before) * math.copysign(1, step) >= abs(step) / 2

    @property
    def rises(self) -> bool:
        """Whether it is more than before."""
        return self.after > self.before

    @property
    def returns(self) -> bool:
        """Whether it only goes back to what is usual, as after a restart."""
        step = self.after - self.before
        return (self.after - self.usual) * math.copysign(1, step) < abs(step) / 2

    @property
    def thing(self) -> str:
        """`requests`, `ingress of broker 1`."""
        return in_sentence(RESOURCES[self.name].title) + (f" of broker {self.broker}" if self.broker else "")

    @property
    def sentence(self) -> str:
        """`requests rose from 84/s to 1,580/s at 13:57 UTC`, with seconds where they are known."""
        levels = f"from {units.level(self.before, self.unit)} to {units.level(self.after, self.unit)}"
        return f"{self.thing} {'rose' if self.rises else 'fell'} {levels} at {clock(self.time, self.seconds)} UTC"


def clock(time: int, seconds: float) -> str:
    """The time of day in UTC, with seconds if it is known to less than a minute."""
    day_time = clock_time(time).partition("T")[2]
    return day_time[:8] if seconds < _MINUTE else day_time[:5]


def breaks(run: Run) -> tuple[Break, ...]:
    """When load or saturation went to another level within a run, first things first.

    What is named is beyond chance (one in twenty that anything is, over all lines together) and large enough to matter.
    """
    return _breaks(list(_lines(run)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """Whether a stretch is fit to be held against another one.

    Attributes:
        breaks: where it went to another level.
        judged: whether it has points enough for that to be seen.
    """

    breaks: tuple[Break, ...]
    judged: bool

    @property
    def steady(self) -> bool:
        """Whether nothing broke; also of what is too short to tell."""
        return not self.breaks

    @property
    def largest(self) -> Break | None:
        """The break that matters most."""
        return max(self.breaks, key=lambda found: found.size, default=None)

    @property
    def sentence(self) -> str:
        """`the baseline was not steady: requests rose from 84/s to 1,580/s at 13:57:05 UTC`; nothing if it was."""
        return f"the baseline was not steady: {self.largest.sentence}" if self.largest else ""


def steadiness(baseline: Run) -> Steadiness:
    """Whether load and saturation kept their levels during a baseline, and where they did not."""
    lines = list(_lines(baseline))
    return Steadiness(breaks=_breaks(lines), judged=bool(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The known points of one line: when each begins (Unix nanoseconds), and its value."""

    key: MetricKey
    info: MetricInfo
    seconds: float
    times: Nanoseconds
    values: Floats


def _breaks(lines: Sequence[_Line]) -> tuple[Break, ...]:
    return tuple(sorted(_each_break(lines), key=lambda found: (found.time, -found.size)))


def _each_break(lines: Sequence[_Line]) -> Iterator[Break]:
    for line in lines:
        for shift in level_shifts(line.values, _tolerance(line), looks=len(lines)):
            yield Break(
                time=int(line.times[shift.at]),
                name=line.key.name,
                broker=dict(line.key.labels).get("broker", ""),
                unit=line.info.unit,
                before=shift.before,
                after=shift.after,
                usual=float(np.median(line.values[: shift.at])),
                now=float(np.median(line.values[-LEAST_POINTS:])),
                sudden=shift.sudden,
                seconds=line.seconds,
            )


def _lines(run: Run) -> Iterator[_Line]:
    looked_at = replace(run, series=tuple(series for series in run.series if series.name in LOOKED_AT and len(series)))
    known = metric_infos([looked_at])
    figures = MetricLines(looked_at, known, longest=_LONGEST * run.seconds)
    for key in metric_keys([looked_at], known):
        info = known[key.name]
        grid = figures.grid(key.name, max(info.seconds, run.seconds / MOST_POINTS))
        if grid is None:
            continue
        values = figures.values(key, grid)
        told = ~np.isnan(values)
        if np.count_nonzero(told) >= 2 * LEAST_POINTS:
            times = grid.edges[:-1][told]
            yield _Line(key=key, info=info, seconds=grid.seconds, times=times, values=values[told])


def _tolerance(line: _Line) -> Tolerance:
    """What is too little to be a shift of this line."""
    middle, thing = float(np.median(np.abs(line.values))), line.info.unit.thing
    if thing in {"ratio", "time"}:
        return Tolerance(noise=_OF_TIME, share=SHARE, least=BUSIER)
    if thing == "bytes":
        return Tolerance(noise=_JITTER * middle, share=SHARE)
    if line.info.kind is Kind.GAUGE:
        return Tolerance(noise=max(1.0, _JITTER * middle), share=SHARE)
    # Single events come when they come: of N of them, give or take the root of N.
    by_chance = math.sqrt(max(1.0, middle * line.seconds)) / line.seconds
    return Tolerance(noise=max(by_chance, _JITTER * middle), share=SHARE)
