"""Figures: rates as the Series of a run, with the noise that brokers and clients have, and what a scrape can miss."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np

from benchmarks.big_cluster.cluster import Cluster, Numbers
from benchmarks.big_cluster.rates import Rates
from clusterload.model import units
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Kind, Nanoseconds, Series

START: Final = 1_767_225_600 * SECOND
"""When all of it begins: 2026-01-01, in UTC."""

STEADY: Final = frozenset(
    {"leaders", "partitions", "cores", "under_replicated", "tls_connections", "message_conversions"}
)
"""What has no noise."""

CALM: Final = frozenset({"connections", "connections_by_software", "connections_by_listener"})
"""What varies by a hundredth only."""

COUNTED: Final = frozenset(
    {"failed_authentications", "authentications", "connection_attempts", "group_rebalances", "isr_shrinks",
     "isr_expands"}
)  # fmt: skip
"""Seldom events: whole numbers that come by chance."""

_SELDOM: Final = frozenset({"JoinGroup", "SyncGroup", "LeaveGroup", "FindCoordinator", "ApiVersions", "InitProducerId"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """How a cluster is read: twice as long as asked, first the baseline, then the window.

    Attributes:
        seconds: of the baseline, and of the window.
        every: seconds between scrapes.
        noise: spread of what a broker or client does from scrape to scrape, as a share.
        drift: by how much the day moves all of it, up and down again, as a share.
        seed: of the noise.
        admin: whether the Admin API was read too, so that partitions and members of groups are known.
        missed: scrapes that failed: broker, from 0, and which scrape, from 0.
        late: brokers that give figures in the window only.
    """

    seconds: int = 300
    every: int = 15
    noise: float = 0.07
    drift: float = 0.02
    seed: int = 1
    admin: bool = False
    missed: Collection[tuple[int, int]] = ()
    late: Collection[int] = ()

    @property
    def points(self) -> int:
        """Of each Series, baseline and window together."""
        return 2 * self.seconds // self.every


AS_USUAL: Final = Stretches()
"""Five minutes each, a scrape each 15 s, brokers that all answer."""


def runs(cluster: Cluster, before: Rates, now: Rates, how: Stretches) -> tuple[Run, Run]:
    """The window and its baseline, as two stretches of the same Series."""
    middle, end = START + how.seconds * SECOND, START + 2 * how.seconds * SECOND
    whole = Run(
        id="big-cluster",
        plan=None,
        start=START,
        end=end,
        environment=_environment(cluster),
        series=tuple(_Writer(cluster, how).series(before, now)),
    )
    return whole.between(middle, end), whole.between(START, middle)


def _environment(cluster: Cluster) -> Mapping[str, Any]:
    brokers = [
        {"id": at + 1, "host": f"kafka-{at + 1}.example", "port": 9092, "rack": f"rack-{at % 3}"}
        for at in range(cluster.size.brokers)
    ]
    return {"cluster": {"id": "big-cluster", "lab": False, "brokers": brokers}}


class _Writer:
    """Turns rates into Series; those of a broker share their times."""

    def __init__(self, cluster: Cluster, how: Stretches) -> None:
        self._cluster, self._how = cluster, how
        self._chance = np.random.default_rng(how.seed)
        self._half = how.points // 2
        at = np.arange(1, how.points + 1)
        self._times: Nanoseconds = START + at * how.every * SECOND
        self._day: Floats = 1 + how.drift * np.sin(at / how.points * math.pi)
        brokers = cluster.size.brokers
        self._brokers = self._chance.lognormal(0.0, how.noise / 2, (brokers, how.points))
        self._read = [self._scrapes(broker) for broker in range(brokers)]

    def _scrapes(self, broker: int) -> tuple[Numbers, Nanoseconds, Floats]:
        """Which points a broker's scrapes gave, their times and what each spans."""
        got = np.ones(self._how.points, dtype=bool)
        got[[point for who, point in self._how.missed if who == broker]] = False
        if broker in self._how.late:
            got[: self._half] = False
        kept = np.flatnonzero(got)
        spans = np.diff(kept, prepend=kept[0] - 1) * float(self._how.every)
        return kept, self._times[kept], spans

    def series(self, before: Rates, now: Rates) -> Iterator[Series]:
        cluster = self._cluster
        for name, values in now.broker.items():
            yield from self._of_brokers(name, {}, before.broker[name], values)
        for (name, request), values in now.request.items():
            yield from self._of_brokers(name, {"request": request}, before.request[name, request], values)
        for software, values in now.software.items():
            yield from self._of_brokers(
                "connections_by_software", {"software": software}, before.software[software], values
            )
        plain = "connections_by_listener", {"listener": "CLIENT"}
        yield from self._of_brokers(*plain, before.broker["connections"], now.broker["connections"])
        for name, table in now.topic.items():
            yield from self._of_names(name, "topic", cluster.topics, before.topic[name], table)
        for name, table in now.client.items():
            yield from self._of_names(name, "client", cluster.clients, before.client[name], table)
        if self._how.admin:
            yield from self._of_partitions(before.partition, now.partition)

    def _of_brokers(self, name: str, labels: Mapping[str, str], before: Floats, now: Floats) -> Iterator[Series]:
        seldom = name in COUNTED or labels.get("request") in _SELDOM
        rows = self._rows(name, before, now, np.arange(len(now)), seldom=seldom)
        for broker, values in enumerate(rows):
            yield self._line(name, {"broker": str(broker + 1), **labels}, broker, values)

    def _of_names(self, name: str, label: str, names: tuple[str, ...], before: Floats, now: Floats) -> Iterator[Series]:
        usual = np.full_like(now, np.nan)
        usual[: len(before)] = before  # client ids that came are the last
        who, broker = np.nonzero(~np.isnan(now) | ~np.isnan(usual))
        had, has = usual[who, broker], now[who, broker]
        rows = self._rows(name, np.nan_to_num(had), np.nan_to_num(has), broker)
        new = np.isnan(had)
        for at, values in enumerate(rows):
            labels = {"broker": str(broker[at] + 1), label: names[who[at]]}
            yield self._line(name, labels, int(broker[at]), values, self._half if new[at] else 0)

    def _of_partitions(self, before: Floats, now: Floats) -> Iterator[Series]:
        """What the Admin API gives of the cluster, not of a broker; of partitions that nobody writes to nothing."""
        written = np.flatnonzero(before + now > 0)
        rows = self._rows("records_by_partition", before[written], now[written], np.zeros(len(written), dtype=int))
        cluster, spans = self._cluster, np.full(self._how.points, float(self._how.every))
        for partition, values in zip(written, rows, strict=True):
            labels = {
                "topic": cluster.topics[cluster.topic_of[partition]], "partition": str(cluster.index[partition])
            }  # fmt: skip
            yield Series(
                name="records_by_partition", unit=units.RECORDS, kind=Kind.DELTA, labels=labels,
                granularity=float(self._how.every), times=self._times, values=values, spans=spans,
            )  # fmt: skip

    def _rows(self, name: str, before: Floats, now: Floats, broker: Numbers, *, seldom: bool = False) -> Floats:
        """Values of so many Series, shape `(n, points)`: amounts of each scrape for what is counted."""
        how, half = self._how, self._half
        rates = np.repeat(np.stack([before, now], axis=1), [half, how.points - half], axis=1)
        counted = RESOURCES[name].kind is Kind.DELTA
        amounts: Floats = rates * (how.every if counted else 1)
        if name in STEADY:
            return amounts
        if seldom:
            return self._chance.poisson(amounts).astype(float)
        if name in CALM:
            return amounts * self._chance.lognormal(0.0, 0.01, amounts.shape)
        noisy: Floats = amounts * self._day * self._brokers[broker]
        noisy *= self._chance.lognormal(0.0, how.noise, amounts.shape)
        return np.minimum(noisy, 1.0) if name in {"cpu_host", "request_handler_busy", "network_thread_busy"} else noisy

    def _line(self, name: str, labels: Mapping[str, str], broker: int, values: Floats, first: int = 0) -> Series:
        """One Series of a broker, without the scrapes that failed and without what is before `first`."""
        kept, times, spans = self._read[broker]
        if len(kept) < self._how.points or first:
            inside = kept >= first
            kept, times, spans = kept[inside], times[inside], spans[inside]
            values = self._amounts(values, kept) if RESOURCES[name].kind is Kind.DELTA else values[kept]
        resource = RESOURCES[name]
        return Series(
            name=name, unit=resource.unit, kind=resource.kind, labels=labels, granularity=float(self._how.every),
            times=times, values=values, spans=spans if resource.kind is Kind.DELTA else np.empty(0),
        )  # fmt: skip

    def _amounts(self, values: Floats, kept: Numbers) -> Floats:
        """A counter's growth over failed scrapes is in the next reading."""
        before = np.concatenate([[0.0], np.cumsum(values)])
        starts = np.concatenate([[kept[0]], kept[:-1] + 1]) if len(kept) else kept
        grown: Floats = before[kept + 1] - before[starts]
        return grown


def names(run: Run) -> dict[str, int]:
    """How many Series of each name a run has."""
    found: dict[str, int] = {}
    for name in chain(series.name for series in run.series):
        found[name] = found.get(name, 0) + 1
    return found
