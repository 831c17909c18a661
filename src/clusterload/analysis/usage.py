"""Usage: a run held against limits.

limit load(t) = max over resources of value(t) / limit. Amounts counted over a bucket of s seconds are held
against s times the limit per second, so per-minute figures meet 60 times the limit.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clusterload.model import units
from clusterload.model.display import Displayed
from clusterload.model.errors import ConfigurationError
from clusterload.model.limits import NO_LIMITS, Force, Limit, Limits, Scope
from clusterload.model.resources import RESOURCES, Resource, dimensions, saturations
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Grid, Kind, Series, joined

NOTICEABLE: Final = 0.01
"""Share of a limit below which no resource is said to bind: the cluster is as good as idle."""

SUSTAINED: Final = 0.9
"""A share counts as sustained when it is reached in a tenth of the window: this quantile."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResourceLine:
    """One resource over time on a Usage's grid.

    Attributes:
        resource: which one.
        broker: its broker, or empty for the whole cluster.
        values: levels of a gauge, rates per second of a delta; NaN in gaps; shape `(grid.count,)`.
    """

    resource: Resource
    broker: str
    values: Floats

    @property
    def typical(self) -> float:
        """The mean of a rate, which is what it amounts to over the window; the median of a level."""
        return _typical(self.values, self.resource)

    @property
    def sustained(self) -> float:
        """What is reached or exceeded in a tenth of the window."""
        return _quantile(self.values, SUSTAINED)

    @property
    def peak(self) -> float:
        """The highest value."""
        return _quantile(self.values, 1.0)

    @property
    def known(self) -> float:
        """Share of the window that has a value."""
        return float(np.mean(~np.isnan(self.values)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share(ResourceLine):
    """A resource's line as a ratio of its limit: `values` are shares, of which 1 is the limit."""

    limit: Limit

    @property
    def title(self) -> str:
        """The resource's title, with the broker if it is one broker's."""
        of = f" of broker {self.broker}" if self.broker else ""
        return f"{self.resource.title}{of}"

    @property
    def advised(self) -> bool:
        """Whether the limit is a guideline only, beyond which more is let through."""
        return self.limit.force is Force.GUIDELINE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage(Displayed):
    """Each resource of a cluster over time, against its limit where that is known.

    Attributes:
        grid: the buckets of time that all lines share.
        limits: the table that was used.
        lines: dimensions that were measured, for the whole cluster.
        shares: those of them with a limit, one for each limit; by broker where the limit is.
        saturation: one line for each broker and saturation resource.
        missing: dimensions with a limit that were not measured, or not by broker where the limit is a broker's.
    """

    grid: Grid
    limits: Limits
    lines: tuple[ResourceLine, ...]
    shares: tuple[Share, ...]
    saturation: tuple[ResourceLine, ...]
    missing: tuple[str, ...]

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
        highest: Floats = np.max(np.stack([share.values for share in self.shares]), axis=0)
        return highest

    @property
    def typical_load(self) -> float:
        """The limit load over the window as a ratio: mean or median, as for the resource that binds; NaN if unknown."""
        return _typical(self.limit_load, self.binding.resource) if self.binding else float("nan")

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
    grid = _grid(run, granularity)
    lines = tuple(line for resource in dimensions() if (line := _cluster_line(run, resource, grid)) is not None)
    return Usage(
        grid=grid,
        limits=limits,
        lines=lines,
        shares=tuple(share for limit in limits.limits for share in _shares(limit, run, grid)),
        saturation=tuple(
            line for resource in saturations() for line in _broker_lines(run.named(resource.name), resource, grid)
        ),
        missing=tuple(dict.fromkeys(_missing(limits, run))),
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


def _missing(limits: Limits, run: Run) -> Iterable[str]:
    for limit in limits.limits:
        brokers = {series.labels.get("broker", "") for series in _counted_as(limit, run)} - {""}
        if not run.named(limit.resource):
            yield limit.resource
        elif not _counted_as(limit, run):
            yield f"{limit.resource}{limit.counting}"
        elif limit.scope is Scope.BROKER and not brokers:
            yield f"{limit.resource} by broker"
        elif limit.broker and limit.broker not in brokers:
            yield f"{limit.resource} of broker {limit.broker}"


def _counted_as(limit: Limit, run: Run) -> Sequence[Series]:
    """The Series that count what a limit counts.

    Brokers count replicas; their leaders are the partitions before replication. A provider that counts for the whole
    cluster counts as its own limits do.
    """
    series = run.named(limit.resource)
    by_broker = any(item.labels.get("broker") for item in series)
    return run.named("leaders") if limit.before_replication and by_broker else series


def provider_load(run: Run, grid: Grid) -> tuple[ResourceLine, ...]:
    """The provider's own figures of the cluster's load, to be shown next to the limit load; never added to it."""
    names = ("cluster_load_percent", "cluster_load_percent_avg", "cluster_load_percent_max")
    lines = (_cluster_line(run, RESOURCES[name], grid) for name in names)
    return tuple(line for line in lines if line is not None and line.known > 0)


def _grid(run: Run, granularity: float | None) -> Grid:
    """Whole buckets from the load's start, or from the first border after it where a source has its own buckets.

    Such a source gives sums per minute of the clock. The minutes in which a load began and ended hold only a part of
    it, so they are left out.
    """
    if granularity is not None and not granularity > 0:
        raise ConfigurationError(f"figures for each {granularity:g} s cannot be made: give more than 0")
    series = list(_dimension_series(run))
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
    return ResourceLine(resource=resource, broker="", values=_rates(resource, joined(series, grid), grid))


def _broker_lines(series: Sequence[Series], resource: Resource, grid: Grid) -> Iterable[ResourceLine]:
    for broker in sorted({item.labels.get("broker", "") for item in series}):
        own = [item for item in series if item.labels.get("broker", "") == broker]
        yield ResourceLine(resource=resource, broker=broker, values=_rates(resource, joined(own, grid), grid))


def _rates(resource: Resource, values: Floats, grid: Grid) -> Floats:
    return values / grid.seconds if resource.kind is Kind.DELTA else values


def _shares(limit: Limit, run: Run, grid: Grid) -> Iterable[Share]:
    series, resource = _counted_as(limit, run), RESOURCES[limit.resource]
    if not series:
        return
    lines: Iterable[ResourceLine] = (
        ResourceLine(resource=resource, broker="", values=_rates(resource, joined(series, grid), grid)),
    )
    if limit.scope is Scope.BROKER:
        # A figure of the whole cluster says nothing about one broker.
        each = _broker_lines(series, resource, grid)
        lines = (line for line in each if line.broker and limit.broker in {"", line.broker})
    for line in lines:
        yield Share(resource=line.resource, broker=line.broker, values=_held_against(limit, line, grid), limit=limit)


def _height(share: Share) -> float:
    return -np.inf if np.isnan(share.typical) else share.typical


def _held_against(limit: Limit, line: ResourceLine, grid: Grid) -> Floats:
    unit = RESOURCES[limit.resource].unit
    if line.resource.kind is Kind.GAUGE:
        return line.values * unit.factor_to(limit.value.unit) / limit.value.value
    allowed = limit.value.over(grid.seconds)
    return line.values * grid.seconds * unit.factor_to(allowed.unit) / allowed.value


def _typical(values: Floats, resource: Resource) -> float:
    if resource.kind is Kind.GAUGE:
        return _quantile(values, 0.5)
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if len(known) else float("nan")


def _quantile(values: Floats, at: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: the quantile is NaN, which is the answer
        return float(np.nanquantile(values, at))


def is_plural(title: str) -> bool:
    """Whether a resource is many things (connections) or one (ingress)."""
    name = title.split(" of ", maxsplit=1)[0]
    return name.endswith("s") and not name.endswith("ss")
