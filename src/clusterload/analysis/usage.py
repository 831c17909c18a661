"""Usage: a run held against limits.

limit load(t) = max over resources of value(t) / limit. Amounts counted over a bucket of s seconds are held
against s times the limit per second, so per-minute figures meet 60 times the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clusterload.analysis import provider_load
from clusterload.analysis.holding import counted_for_cluster, missing_of, series_of_limits, shares_of_limits
from clusterload.analysis.lines import SUSTAINED, ResourceLine, Share, is_plural, typical_of
from clusterload.model import units
from clusterload.model.display import Displayed
from clusterload.model.errors import ConfigurationError
from clusterload.model.limits import NO_LIMITS, Limit, Limits
from clusterload.model.resources import RESOURCES, Resource, dimensions, saturations
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Grid, Kind, Series, joined

__all__ = [
    "NOTICEABLE",
    "SUSTAINED",
    "ResourceLine",
    "Share",
    "Usage",
    "assess",
    "is_plural",
    "tables_of",
]

NOTICEABLE: Final = 0.01
"""Share of a limit below which no resource is said to bind: the cluster is as good as idle."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage(Displayed):
    """Each resource of a cluster over time, against its limit where that is known.

    Attributes:
        grid: the buckets of time that all lines share.
        limits: the table that was used.
        lines: dimensions that were measured, for the whole cluster.
        shares: those of them with a limit, one for each limit; by broker where the limit is.
        saturation: one line for each broker and saturation resource.
        provider: the provider's own figures of the cluster's load, shown next to the limit load and never added to it.
        missing: what has a limit and was not measured, or not told apart as the limit is.
    """

    grid: Grid
    limits: Limits
    lines: tuple[ResourceLine, ...]
    shares: tuple[Share, ...]
    saturation: tuple[ResourceLine, ...]
    missing: tuple[str, ...]
    provider: tuple[ResourceLine, ...] = ()

    def __str__(self) -> str:
        binds = f", {self.binding.title} binding" if self.binding and self.typical_load >= NOTICEABLE else ""
        load = f"limit load {units.percent(self.typical_load)}{binds}, " if self.limits.known else ""
        return f"Usage: {load}{self.limits.against}"

    def line(self, resource: str) -> ResourceLine | None:
        """The cluster's line of a resource, or None if it was not measured."""
        return next((line for line in self.lines if line.resource.name == resource), None)

    @property
    def limit_load(self) -> Floats:
        """The largest share at each time; NaN where a measured share is unknown, shape `(grid.count,)`."""
        if not self.shares:
            return np.full(self.grid.count, np.nan)
        # Parts come and go: what is not known of one at a time leaves no gap in what is known of the cluster.
        parts = [share.values for share in self.shares if share.part]
        whole = [share.values for share in self.shares if not share.part]
        highest: Floats = np.max(np.stack(whole), axis=0) if whole else parts[0]
        return (
            np.fmax.reduce([highest, *parts])
            if not whole
            else np.where(np.isnan(highest), np.nan, np.fmax.reduce([highest, *parts]))
        )

    @property
    def typical_load(self) -> float:
        """The limit load over the window as a ratio: mean or median, as for the resource that binds; NaN if unknown."""
        return typical_of(self.limit_load, self.binding.resource) if self.binding else float("nan")

    def share(self, resource: str) -> Share | None:
        """The largest share of a resource, of all its limits and all brokers; None if it has none."""
        return next(iter(self.shares_of(resource)), None)

    def shares_of(self, resource: str) -> tuple[Share, ...]:
        """A resource's share of each of its limits, the largest first; of a broker's limit the largest broker's."""
        largest: dict[Limit, Share] = {}
        for share in sorted(self.shares, key=_height, reverse=True):
            if share.resource.name == resource:
                largest.setdefault(share.limit, share)
        return tuple(largest.values())

    @property
    def binding(self) -> Share | None:
        """The resource with the largest typical share; None if no share is known."""
        known = [share for share in self.shares if not np.isnan(share.typical)]
        return max(known, key=lambda share: share.typical, default=None)

    @property
    def busiest(self) -> ResourceLine | None:
        """The broker and saturation resource that is sustained at the highest level; None if unknown."""
        known = [line for line in self.saturation if not np.isnan(line.sustained)]
        return max(known, key=lambda line: line.sustained, default=None)


def assess(run: Run, limits: Limits | None = None, *, granularity: float | None = None) -> Usage:
    """Hold a run against limits, from the start of its load to the end.

    Args:
        run: any run; `run.between` gives a stretch of it.
        limits: a table of limits; None for what the brokers declared when the run was made, which may be nothing.
        granularity: seconds for each bucket; by default, and at least, that of the coarsest dimension's Series.
    """
    limits = limits or run.declared or NO_LIMITS
    grid = _grid(run, limits, granularity)
    lines = tuple(line for resource in dimensions() if (line := _cluster_line(run, resource, grid)) is not None)
    return Usage(
        grid=grid,
        limits=limits,
        lines=lines,
        shares=tuple(shares_of_limits(limits, run, grid)),
        saturation=tuple(
            line for resource in saturations() for line in _broker_lines(run.named(resource.name), resource, grid)
        ),
        missing=tuple(dict.fromkeys(missing_of(limits, run))),
        provider=_provider_lines(run, grid),
    )


def tables_of(runs: Iterable[Run], limits: Limits | None = None) -> str:
    """What several runs are held against, in words.

    Args:
        runs: which.
        limits: a table that was chosen for all of them; None for what the brokers of each declared.
    """
    tables = {limits or run.declared or NO_LIMITS for run in runs} or {limits or NO_LIMITS}
    if not any(table.known for table in tables):
        return min(table.words for table in tables)
    titles = {table.title for table in tables}
    return titles.pop() if len(titles) == 1 else "what the brokers of each run declared"


def _provider_lines(run: Run, grid: Grid) -> tuple[ResourceLine, ...]:
    lines = (_cluster_line(run, RESOURCES[name], grid) for name in provider_load.NAMES)
    return tuple(line for line in lines if line is not None and line.known > 0)


def _grid(run: Run, limits: Limits, granularity: float | None) -> Grid:
    """Whole buckets from the load's start, or from the first border after it where a source has its own buckets.

    Such a source gives sums per minute of the clock. The minutes in which a load began and ended hold only a part of
    it, so they are left out.
    """
    if granularity is not None and not granularity > 0:
        raise ConfigurationError(f"figures for each {granularity:g} s cannot be made: give more than 0")
    series = [*_dimension_series(run), *series_of_limits(limits, run)]
    coarsest = max((item.granularity for item in series), default=granularity or 1.0)
    step = max(granularity or 0.0, coarsest)
    length = round(step * SECOND)
    bucketed = any(_in_buckets(item) for item in series)
    start = -(-run.start // length) * length if bucketed else run.start
    return Grid.covering(start, run.end, step)


def _in_buckets(series: Series) -> bool:
    length = round(series.granularity * SECOND)
    return series.kind is Kind.DELTA and len(series) > 0 and not np.any(series.times % length)


def _dimension_series(run: Run) -> Iterable[Series]:
    names = {resource.name for resource in dimensions()}
    return (series for series in run.series if series.name in names)


def _cluster_line(run: Run, resource: Resource, grid: Grid) -> ResourceLine | None:
    series = run.named(resource.name)
    if not series:
        return None
    return ResourceLine(
        resource=resource, broker="", values=_rates(resource, joined(counted_for_cluster(series), grid), grid)
    )


def _broker_lines(series: Sequence[Series], resource: Resource, grid: Grid) -> Iterable[ResourceLine]:
    for broker in sorted({item.labels.get("broker", "") for item in series}):
        own = [item for item in series if item.labels.get("broker", "") == broker]
        yield ResourceLine(resource=resource, broker=broker, values=_rates(resource, joined(own, grid), grid))


def _rates(resource: Resource, values: Floats, grid: Grid) -> Floats:
    return values / grid.seconds if resource.kind is Kind.DELTA else values


def _height(share: Share) -> float:
    return -np.inf if np.isnan(share.typical) else share.typical
