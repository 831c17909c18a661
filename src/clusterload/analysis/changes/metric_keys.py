"""Figures: what Series tell of a cluster, of who loads it, and of each broker, ready to be held side by side.

The Series of one resource make figures of three kinds: the cluster's (all of them together), one for each who (topic,
request, principal, client …) over all brokers, and one for each broker. A resource that has its own total, as
`ingress` of `ingress_by_topic`, is not added up again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clusterload.analysis.tellers import Tellers, tellers_of
from clusterload.model.resources import RESOURCES
from clusterload.model.series import FRESH, SECOND, Floats, Grid, Kind, Series, stairs

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.units import Unit

KNOWN: Final = 0.5
"""Share of a stretch or of a piece of it that must be covered; with less it cannot be told."""

Labels: TypeAlias = tuple[tuple[str, str], ...]

_BROKER: Final = "broker"
# What the generator counted is not the cluster's own history.
_OURS: Final = ("load_", "generator_")
# Things of which two brokers do not have the sum of what each one has.
_NOT_ADDED: Final = frozenset({"ratio", "time"})
# What brokers tell of clients only while there is a client quota: one of these shows that the others would be seen.
_UNLOCKED: Final = frozenset(
    {"thread_time_by_client", "ingress_by_client", "egress_by_client", "request_throttle_time"}
    | {"produce_throttle_time", "fetch_throttle_time"}
)  # fmt: skip
# A stretch in which so little of the whole was counted a second need not have any part of it.
_NOTHING: Final = 1e-9


class Scope(IntEnum):
    """Whose a figure is."""

    CLUSTER = 0
    WHO = 1
    BROKER = 2


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class MetricKey:
    """One thing to hold side by side.

    Attributes:
        name: of its Series.
        labels: whose it is, as in `(("topic", "orders"),)`; none for the cluster's.
    """

    name: str
    labels: Labels = ()

    @property
    def level(self) -> Scope:
        """Whose it is."""
        if not self.labels:
            return Scope.CLUSTER
        return Scope.BROKER if [key for key, _ in self.labels] == [_BROKER] else Scope.WHO

    @property
    def whole(self) -> str:
        """The name of the resource that it is a part of: `ingress` of `ingress_by_topic`; its own if there is none."""
        return self.name.partition("_by_")[0]

    @property
    def who(self) -> str:
        """`topic orders`, `broker 2`; nothing for the cluster."""
        return ", ".join(f"{key} {value}" for key, value in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """How the values of a resource are to be read.

    Attributes:
        unit: of a value; per second for what is counted.
        kind: gauge or delta.
        adds_up: whether brokers' values add up; else the cluster's is their mean.
        alone: whether each Series is a figure by itself, since nothing is known of how they add up.
        seconds: between its points, where they are farthest apart.
        brokers: whose Series there are in any of the runs; an empty one if they are of no broker.
    """

    unit: Unit
    kind: Kind
    adds_up: bool
    alone: bool
    seconds: float
    brokers: frozenset[str]


def metric_infos(runs: Iterable[Run]) -> dict[str, MetricInfo]:
    """How everything in some runs is to be read, by the name of its Series."""
    grouped: dict[str, list[Series]] = defaultdict(list)
    for run in runs:
        for line in run.series:
            if not line.name.startswith(_OURS):
                grouped[line.name].append(line)
    return {name: _measure(name, series) for name, series in grouped.items()}


def _measure(name: str, series: Sequence[Series]) -> MetricInfo:
    unit, kind = series[0].unit, series[0].kind
    counted, known = kind is Kind.DELTA, name in RESOURCES
    return MetricInfo(
        unit=unit.rate() if counted else unit,
        kind=kind,
        adds_up=counted or (known and unit.thing not in _NOT_ADDED),
        alone=not counted and not known,
        seconds=max(line.granularity for line in series),
        brokers=frozenset(map(_broker, series)),
    )


def metric_keys(runs: Iterable[Run], known: dict[str, MetricInfo]) -> tuple[MetricKey, ...]:
    """All figures that the Series of some runs make, in the order of their names."""
    found: set[MetricKey] = set()
    for run in runs:
        for line in run.series:
            if line.name in known:
                found |= _figures_of(line, known)
    return tuple(sorted(found))


def _figures_of(series: Series, known: dict[str, MetricInfo]) -> set[MetricKey]:
    name, measure = series.name, known[series.name]
    if measure.alone:
        return {MetricKey(name=name, labels=tuple(sorted(series.labels.items())))}
    made = set()
    who = _who(series)
    if who:
        made.add(MetricKey(name=name, labels=who))
    if not who or MetricKey(name=name).whole not in known or MetricKey(name=name).whole == name:
        made.add(MetricKey(name=name))
        if len(measure.brokers) > 1 and _broker(series):
            made.add(MetricKey(name=name, labels=((_BROKER, _broker(series)),)))
    return made


def _broker(series: Series) -> str:
    return series.labels.get(_BROKER, "")


def _who(series: Series) -> Labels:
    return tuple(sorted((key, value) for key, value in series.labels.items() if key != _BROKER))


class MetricLines:
    """The figures of one run on grids of time; what is asked for twice is worked out once."""

    def __init__(
        self,
        run: Run,
        known: dict[str, MetricInfo],
        longest: float,
        tellers: Tellers | None = None,
        left_out: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        """Take a run.

        Args:
            run: whose figures.
            known: how the Series of all runs are to be read.
            longest: seconds of the longest delta that says something about a part of its time: what slow scrapes
                tell is spread evenly, but not what is known only for a good part of a stretch.
            tellers: of the run, where they are known.
            left_out: brokers that do not count, by the name of a Series, as another run lacks them.
        """
        self._left_out = left_out
        self._run, self._known, self._longest = run, known, longest
        self._named: dict[str, list[Series]] = defaultdict(list)
        self._members: dict[MetricKey, list[Series]] = defaultdict(list)
        for line in run.series:
            self._named[line.name].append(line)
            if line.name in known:
                for figure in _figures_of(line, known):
                    self._members[figure].append(line)
        self._tellers = tellers if tellers is not None else tellers_of(run)
        self._brokers = _brokers_of(run)
        self._starts: dict[str, int] = {}
        self._heard: dict[tuple[str, str, Grid], NDArray[np.bool_]] = {}
        self._seen: dict[tuple[str, Grid], NDArray[np.bool_]] = {}

    def grid(self, name: str, step: float) -> Grid | None:
        """The whole buckets of `step` seconds in the run; None if there is none.

        A source that counts by the clock has its own buckets. They begin where one of its does.
        """
        if name not in self._starts:
            start, length = self._run.start, round(self._known[name].seconds * SECOND)
            bucketed = all(_in_buckets(line, length) for line in self._named.get(name, ()))
            self._starts[name] = -(-start // length) * length if bucketed else start
        start = self._starts[name]
        count = (self._run.end - start) // round(step * SECOND)
        return Grid.covering(start, self._run.end, step) if count > 0 else None

    def values(self, figure: MetricKey, grid: Grid) -> Floats:
        """A figure's values on a grid, rates for what is counted; NaN where it or a part of it is not known."""
        measure = self._known[figure.name]
        rows = self._rows(figure, grid)
        if not rows or (figure.level is not Scope.BROKER and self._lacks_broker(figure)):
            return np.full(grid.count, np.nan)
        values: Floats = np.sum(np.stack(rows), axis=0)
        return values if measure.adds_up else values / len(rows)

    def _rows(self, figure: MetricKey, grid: Grid) -> list[Floats]:
        members, measure = self._members.get(figure, []), self._known[figure.name]
        if figure.level is not Scope.BROKER:
            out = self._left_out.get(figure.name, ())
            members = [member for member in members if _broker(member) not in out]
        if measure.alone or not measure.adds_up:
            return [self._each(member, grid) for member in members]
        rows = [self._filled(member, grid) if _who(member) else self._each(member, grid) for member in members]
        if figure.level is Scope.WHO:
            # On a broker that tells of others and not of this one, there is none of it.
            told = {_broker(member) for member in members}
            rows += [
                np.where(self._hears(figure.name, broker, grid), 0.0, np.nan) for broker in self._own(figure) - told
            ]
        return rows

    def _each(self, series: Series, grid: Grid) -> Floats:
        """One Series: the rate over what is covered of each bucket, or its level."""
        if series.kind is Kind.GAUGE:
            return series.on(grid)
        fine = (series.spans <= max(FRESH * series.granularity, self._longest)) & ~np.isnan(series.values)
        values, spans = series.values[fine], series.spans[fine]
        if not len(values):
            return np.full(grid.count, np.nan)
        ends = (series.times[fine] - grid.start) / SECOND
        knots = np.maximum.accumulate(np.stack([ends - spans, ends], axis=1).ravel())
        edges = (grid.edges - grid.start) / SECOND
        amount, cover = (np.diff(np.interp(edges, knots, stairs(each))) for each in (values, spans))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(cover >= KNOWN * grid.seconds, amount / cover, np.nan)

    def _own(self, figure: MetricKey) -> set[str]:
        """Brokers that tell of a resource in this run, by the whole of it or by parts."""
        told = self._tellers.get(figure.name, set[str]()) | self._tellers.get(figure.whole, set[str]())
        return told - set(self._left_out.get(figure.name, ()))

    def _lacks_broker(self, figure: MetricKey) -> bool:
        own = self._own(figure)
        missing = self._known[figure.name].brokers - own - {"", *self._left_out.get(figure.name, ())}
        # A broker that the cluster did not have is not missing; where nobody wrote down which it had, it may be.
        return bool(own) and "" not in own and bool(missing & self._brokers if self._brokers else missing)

    def _filled(self, series: Series, grid: Grid) -> Floats:
        """A who's values, 0 before it came up and after it went wherever its broker still told of others."""
        values = self._each(series, grid)
        told = np.flatnonzero(~np.isnan(series.values))
        if not len(told):
            return values
        first, last = int(series.times[told[0]]), int(series.times[told[-1]])
        if series.kind is Kind.DELTA:
            first -= round(series.spans[told[0]] * SECOND)
        else:
            first, last = (at + sign * round(series.granularity * SECOND) for at, sign in ((first, -1), (last, 1)))
        edges = grid.edges
        away = (edges[1:] <= first) | (edges[:-1] >= last)
        heard = self._hears(series.name, _broker(series), grid)
        return np.where(np.isnan(values) & away & heard, 0.0, values)

    def _hears(self, name: str, broker: str, grid: Grid) -> NDArray[np.bool_]:
        """Where a broker tells anything of a resource, as booleans."""
        key = (name, broker, grid)
        if key not in self._heard:
            names = _UNLOCKED if name in _UNLOCKED else {MetricKey(name=name).whole}
            lines = [line for other in sorted(names) for line in self._named.get(other, [])]
            own = [line for line in lines or self._named.get(name, []) if _broker(line) == broker]
            heard = self._any(own, grid)
            self._heard[key] = heard if name in _UNLOCKED else heard & self._sees_parts(name, grid)
        return self._heard[key]

    def _sees_parts(self, name: str, grid: Grid) -> NDArray[np.bool_]:
        """Where the source tells any part of a whole, such as a topic's, or there is nothing that could have parts."""
        key = (name, grid)
        if key not in self._seen:
            lines = self._named.get(MetricKey(name=name).whole, ())
            with np.errstate(invalid="ignore"):
                rows = [np.nan_to_num(self._each(line, grid)) for line in lines]
            idle = np.sum(np.stack(rows), axis=0) <= _NOTHING if rows else np.ones(grid.count, dtype=np.bool_)
            self._seen[key] = self._any(self._named.get(name, ()), grid) | idle
        return self._seen[key]

    def _any(self, lines: Iterable[Series], grid: Grid) -> NDArray[np.bool_]:
        """Where any of these tells anything."""
        found = np.zeros(grid.count, dtype=np.bool_)
        for line in lines:
            if found.all():
                break
            found |= ~np.isnan(self._each(line, grid))
        return found


def lacking(runs: Sequence[tuple[Run, Tellers]], known: Mapping[str, MetricInfo]) -> dict[str, frozenset[str]]:
    """Brokers that some runs tell of and others do not although they had them, by the name of a Series.

    Which a run had is what `MetricLines` holds a run to as well.
    """
    told = [(tellers, _brokers_of(run)) for run, tellers in runs]
    found: dict[str, frozenset[str]] = {}
    for name, measure in known.items():
        out: set[str] = set()
        for tellers, there in told:
            own = tellers.get(name, set[str]()) | tellers.get(MetricKey(name=name).whole, set[str]())
            if own and "" not in own:
                missing = measure.brokers - own - {""}
                out |= missing & there if there else missing
        if out:
            found[name] = frozenset(out)
    return found


def _brokers_of(run: Run) -> frozenset[str]:
    listed = run.environment.get("cluster", {}).get("brokers", [])
    return frozenset(str(broker["id"]) for broker in listed)


def _in_buckets(series: Series, length: int) -> bool:
    return series.kind is Kind.DELTA and len(series) > 0 and not np.any(series.times % length)
