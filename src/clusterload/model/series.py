"""Series: values over time with their name, unit, kind and labels, and how they meet on one grid of time.

Times are Unix nanoseconds in UTC. A *delta* says how much happened in the `span` seconds that end at its
time; a *gauge* says what was the case at its time. A stretch without points is a gap and stays one: on a
grid it is NaN, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clusterload.model.errors import ClusterloadError
from clusterload.model.series_kind import Kind as Kind  # noqa: PLC0414 (users of a Series import its kind from here)

if TYPE_CHECKING:
    from clusterload.model.units import Unit

Floats = NDArray[np.float64]
Nanoseconds = NDArray[np.int64]

SeriesKey: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""A Series' name and its sorted labels."""

SECOND: Final = 1_000_000_000
"""Nanoseconds in a second."""

# Share of a bucket that deltas must cover before the bucket has a value. Scrapes jitter by milliseconds, so
# a whole bucket cannot be asked for at the edges of a run.
COVERED: Final = 0.98
# A gauge is taken to hold for this many of its source's intervals; after that its silence is a gap.
FRESH: Final = 1.6


class Point(NamedTuple):
    """One value of a Series, as a source records it.

    Attributes:
        time: Unix nanoseconds.
        span: seconds that a delta covers, up to its time; 0 for a gauge.
        granularity: seconds between the source's points.
    """

    name: str
    unit: Unit
    kind: Kind
    labels: Mapping[str, str]
    time: int
    value: float
    span: float = 0.0
    granularity: float = 1.0

    @property
    def key(self) -> SeriesKey:
        """What distinguishes its Series from all others."""
        return self.name, tuple(sorted(self.labels.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Regular buckets of time: `count` buckets of `step` nanoseconds, the first begins at `start`."""

    start: int
    step: int
    count: int

    @classmethod
    def covering(cls, start: int, end: int, seconds: float) -> Grid:
        """The whole buckets of `seconds` that fit between two times, at least one."""
        step = round(seconds * SECOND)
        return cls(start=start, step=step, count=max(1, (end - start) // step))

    @property
    def seconds(self) -> float:
        """Length of a bucket in seconds."""
        return self.step / SECOND

    @property
    def end(self) -> int:
        """The end of the last bucket."""
        return self.start + self.step * self.count

    @property
    def edges(self) -> Nanoseconds:
        """The `count + 1` borders of the buckets."""
        return self.start + self.step * np.arange(self.count + 1, dtype=np.int64)

    @property
    def elapsed(self) -> Floats:
        """The middle of each bucket in seconds since the start, shape `(count,)`."""
        middles: Floats = (np.arange(self.count, dtype=np.float64) + 0.5) * self.seconds
        return middles


def _no_spans() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One line of values over time.

    Attributes:
        name: what is measured; a resource's name where it is one.
        unit: of the values; a delta's unit is that of the amount, not of the rate.
        kind: gauge or delta.
        labels: what distinguishes this line from others of the same name, such as `broker`.
        granularity: seconds between points as the source means them.
        times: Unix nanoseconds, rising, shape `(n,)`; the end of the stretch for a delta.
        values: shape `(n,)`.
        spans: seconds that each delta covers, shape `(n,)`; empty for a gauge.
    """

    name: str
    unit: Unit
    kind: Kind
    labels: Mapping[str, str] = field(default_factory=dict)
    granularity: float = 1.0
    times: Nanoseconds
    values: Floats
    spans: Floats = field(default_factory=_no_spans)

    def __post_init__(self) -> None:
        expected = len(self.times) if self.kind is Kind.DELTA else 0
        if len(self.times) != len(self.values) or len(self.spans) != expected:
            raise ClusterloadError(f"series {self}: times, values and spans differ in length")

    def __len__(self) -> int:
        return len(self.times)

    def __str__(self) -> str:
        labels = ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        return f"{self.name}{{{labels}}}"

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What makes this Series the same as another one: its name and labels."""
        return self.name, tuple(sorted(self.labels.items()))

    def between(self, start: int, end: int) -> Series:
        """The points after `start` and up to `end`."""
        inside = (self.times > start) & (self.times <= end)
        spans = self.spans[inside] if self.kind is Kind.DELTA else self.spans
        return replace(self, times=self.times[inside], values=self.values[inside], spans=spans)

    def total(self) -> float:
        """The sum of a delta's values, in its unit."""
        return float(np.sum(self.values))

    def on(self, grid: Grid) -> Floats:
        """The values on a grid, shape `(grid.count,)`, NaN where the Series says nothing.

        A delta gives the amount in each bucket, split where a stretch crosses a border. A gauge gives the
        mean of the samples in the bucket, or the last one before it while that is fresh.
        """
        if not len(self):
            return np.full(grid.count, np.nan)
        return self._amounts(grid) if self.kind is Kind.DELTA else self._levels(grid)

    def _amounts(self, grid: Grid) -> Floats:
        # What is known only for longer than a bucket, and longer than the source means, says nothing about the
        # bucket: it comes after a gap. What the broker had no figure for is a gap too, and must not get into the
        # running totals, where it would spoil all others.
        fine = (self.spans <= max(FRESH * self.granularity, grid.seconds)) & ~np.isnan(self.values)
        values, spans = self.values[fine], self.spans[fine]
        if not len(values):
            return np.full(grid.count, np.nan)
        ends = (self.times[fine] - grid.start) / SECOND
        starts = ends - spans
        # A knot at each border of a stretch; between stretches nothing grows, neither amount nor cover.
        knots = np.stack([starts, ends], axis=1).ravel()
        knots = np.maximum.accumulate(knots)
        edges = (grid.edges - grid.start) / SECOND
        amount = np.interp(edges, knots, stairs(values))
        cover = np.interp(edges, knots, stairs(spans))
        enough = np.diff(cover) >= COVERED * grid.seconds
        # A bucket that is covered but for a sliver is scaled to its whole length.
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(enough, np.diff(amount) * grid.seconds / np.diff(cover), np.nan)

    def _levels(self, grid: Grid) -> Floats:
        finite = ~np.isnan(self.values)
        times, values = self.times[finite], self.values[finite]
        bucket = (times - grid.start) // grid.step
        inside = (bucket >= 0) & (bucket < grid.count)
        count = np.bincount(bucket[inside], minlength=grid.count)
        total = np.bincount(bucket[inside], weights=values[inside], minlength=grid.count)
        with np.errstate(invalid="ignore"):
            levels = total / count
        return self._held(levels, grid)

    def _held(self, levels: Floats, grid: Grid) -> Floats:
        # With the NaNs: by one, a source says that it knows nothing, and what was before it holds no longer.
        times, values = self.times, self.values
        empty = np.flatnonzero(np.isnan(levels))
        middle = grid.edges[empty] + grid.step // 2
        last = np.searchsorted(times, middle, side="right") - 1
        known = last >= 0
        age = middle[known] - times[last[known]]
        fresh = age <= FRESH * self.granularity * SECOND
        levels[empty[known][fresh]] = values[last[known][fresh]]
        return levels


def stairs(steps: Floats) -> Floats:
    """Running totals before and after each step, shape `(2n,)`."""
    after = np.cumsum(steps)
    return np.stack([after - steps, after], axis=1).ravel()


def select(series: Iterable[Series], name: str, **labels: str) -> list[Series]:
    """The Series of this name that carry all these labels."""
    wanted = labels.items()
    return [candidate for candidate in series if candidate.name == name and wanted <= candidate.labels.items()]


def _sum(rows: Floats) -> Floats:
    # A missing member makes the sum unknown: a partial sum would look like a fall.
    total: Floats = np.sum(rows, axis=0)
    return total


def joined(series: Iterable[Series], grid: Grid, how: Callable[[Floats], Floats] = _sum) -> Floats:
    """Several Series as one line on a grid, joined by time, never by index; shape `(grid.count,)`.

    The default adds them up (brokers, topics); a bucket that one of them leaves empty is NaN.
    """
    rows = [line.on(grid) for line in series]
    return how(np.stack(rows)) if rows else np.full(grid.count, np.nan)
