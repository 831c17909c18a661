"""Windows: how much CPU a broker took in each, and how much of each driver there was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clusterload.analysis.bill.prices import DRIVERS, TLS_ATTEMPTS, Driver
from clusterload.model.series import SECOND, Floats, Grid, Series

if TYPE_CHECKING:
    from clusterload.model.run import Run

_CPU: Final = "cpu_broker"
_LEAST_MOVE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """One row for each window of one broker.

    Attributes:
        names: of the drivers.
        columns: how much of each there was in a second, or on the level, shape `(rows, drivers)`.
        cpu: cores that the broker took.
        host: how busy its host was, from 0 to 1; 0 where that is unknown.
        times: the window's number in time over all runs, the same for all brokers.
        seconds: length of a window.
    """

    names: tuple[str, ...]
    columns: Floats
    cpu: Floats
    host: Floats
    times: NDArray[np.int64]
    seconds: float

    def where(self, chosen: NDArray[np.bool_]) -> Windows:
        """Only some of the rows."""
        return replace(
            self,
            columns=self.columns[chosen],
            cpu=self.cpu[chosen],
            host=self.host[chosen],
            times=self.times[chosen],
        )

    @property
    def still(self) -> tuple[str, ...]:
        """Drivers that there were some of and that never moved: no data separate them from the idle broker baseline."""
        there = np.max(self.columns, axis=0, initial=0.0) > 0
        return tuple(name for name, some in zip(self.names, there, strict=True) if some and name not in self._moved)

    def moving(self) -> Windows:
        """Only drivers that moved."""
        moved = self._moved
        kept = [number for number, name in enumerate(self.names) if name in moved]
        return replace(self, names=tuple(self.names[number] for number in kept), columns=self.columns[:, kept])

    @property
    def _moved(self) -> frozenset[str]:
        low, high = np.min(self.columns, axis=0), np.max(self.columns, axis=0)
        return frozenset(
            name for number, name in enumerate(self.names) if high[number] - low[number] > _LEAST_MOVE * high[number]
        )

    def joined(self, name: str, first: str, second: str) -> Windows:
        """With a driver more, the product of two."""
        product = self.columns[:, self.names.index(first)] * self.columns[:, self.names.index(second)]
        return replace(self, names=(*self.names, name), columns=np.column_stack([self.columns, product]))

    def blocks(self, length: int) -> list[NDArray[np.int64]]:
        """Rows by stretches of so many windows, all brokers together."""
        found: dict[int, list[int]] = defaultdict(list)
        for row, time in enumerate(self.times):
            found[int(time) // length].append(row)
        return [np.array(rows, dtype=np.int64) for _, rows in sorted(found.items())]


def windows_of(runs: Sequence[Run], seconds: float) -> Windows:
    """All windows of some runs of which the CPU and every driver that is counted there are known."""
    seconds = max(seconds, max((_granularity(run) for run in runs), default=0.0))
    parts, first = [_none(seconds)], 0
    for run in runs:
        parts += _parts(run, seconds, first)
        # A gap between runs, so that no block spans two.
        first += int((run.end - run.start) / SECOND / seconds) + 64
    found = replace(
        parts[0],
        columns=np.concatenate([part.columns for part in parts]),
        cpu=np.concatenate([part.cpu for part in parts]),
        host=np.concatenate([part.host for part in parts]),
        times=np.concatenate([part.times for part in parts]),
    )
    return found.where(~np.isnan(found.cpu) & ~np.any(np.isnan(found.columns), axis=1))


def _none(seconds: float) -> Windows:
    empty = np.empty(0)
    return Windows(
        names=tuple(DRIVERS),
        columns=np.empty((0, len(DRIVERS))),
        cpu=empty,
        host=empty,
        times=np.empty(0, dtype=np.int64),
        seconds=seconds,
    )


def _granularity(run: Run) -> float:
    return max((series.granularity for series in run.series if series.name == _CPU), default=0.0)


def _parts(run: Run, seconds: float, first: int) -> Iterator[Windows]:
    """The windows of each broker of a run."""
    by_broker: dict[str, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for series in run.series:
        if "broker" in series.labels and len(series):
            by_broker[series.labels["broker"]][series.name].append(series)
    if (run.end - run.start) < seconds * SECOND:
        return
    grid = Grid.covering(run.start, run.end, seconds)
    full = np.max([_host(own, grid) for own in by_broker.values()], axis=0) if by_broker else np.empty(0)
    for own in by_broker.values():
        if _CPU in own:
            yield Windows(
                names=tuple(DRIVERS),
                seconds=seconds,
                columns=np.column_stack([_column(driver, own, grid) for driver in DRIVERS.values()]),
                cpu=_rate(own[_CPU], grid),
                # Brokers of one host slow each other down; where they have hosts of their own the fullest decides.
                host=full,
                times=first + np.arange(grid.count, dtype=np.int64),
            )


def _host(own: Mapping[str, list[Series]], grid: Grid) -> Floats:
    if "cpu_host" not in own:
        return np.zeros(grid.count)
    found: Floats = np.nan_to_num(own["cpu_host"][0].on(grid))
    return found


def _column(driver: Driver, own: Mapping[str, list[Series]], grid: Grid) -> Floats:
    chosen = [
        series
        for name in driver.series
        for series in own.get(name, ())
        if not driver.requests or series.labels.get("request") in driver.requests
    ]
    if not chosen:
        # A type of request that a broker never received has no metric yet.
        return np.zeros(grid.count)
    values = _level(chosen, grid) if driver.level else _rate(chosen, grid, since_begin=bool(driver.requests))
    if driver.name == TLS_ATTEMPTS:
        values = values * _tls(own, grid)
    return values / driver.per


def _rate(series: Sequence[Series], grid: Grid, *, since_begin: bool = False) -> Floats:
    rows = [item.on(grid) for item in series]
    if since_begin:
        rows = [_from_nothing(row, item, grid) for row, item in zip(rows, series, strict=True)]
    total: Floats = np.sum(rows, axis=0) / grid.seconds
    return total


def _from_nothing(row: Floats, series: Series, grid: Grid) -> Floats:
    """A type of request that appears during a run was 0 before."""
    before = grid.edges[1:] <= series.times[0]
    return np.where(before & np.isnan(row), 0.0, row)


def _level(series: Sequence[Series], grid: Grid) -> Floats:
    total: Floats = np.sum([item.on(grid) for item in series], axis=0)
    return total


def _tls(own: Mapping[str, list[Series]], grid: Grid) -> Floats:
    if "tls_connections" not in own or "connections" not in own:
        return np.zeros(grid.count)
    secured, every = _level(own["tls_connections"], grid), _level(own["connections"], grid)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(np.clip(secured / every, 0.0, 1.0))
