"""Replaying scrapes broker by broker: which target is which broker, where scrapes are missing, counter deltas."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.deltas import MOST, Deltas, Scrape
from clusterload.telemetry.sources.keeping import Crowd, most_of_each
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus.promql import host_of
from clusterload.telemetry.sources.prometheus.scrapes import Identity, Scrapes, are_replicas, broker_of, shown
from clusterload.telemetry.sources.reading import Sample
from clusterload.telemetry.sources.source import Sink
from clusterload.telemetry.sources.translation import Reader, Translator

OF_SCRAPES: Final = frozenset({"broker-restarted", "scrape-missing", "scrape-resumed"})
"""Kinds of events that happened at their scrape, and not to the whole stretch."""

# Scrapes come late by a little; one that is missing is seen by a gap of two.
_GAP: Final = 1.6
# Another target is read instead only if it has far more scrapes.
_WORTH_A_CHANGE: Final = 2


@dataclass(slots=True, kw_only=True)
class BrokerReplay:
    """The brokers of a stretch, chunk after chunk.

    Attributes:
        names: the map of metric names.
        listeners: of clients.
        brokers: ids by place, as they were given.
        granularity: seconds between scrapes, or the step.
        left_out: how many series were not fetched, by instance.
    """

    names: Names
    listeners: frozenset[str]
    brokers: Mapping[str, str]
    granularity: float
    left_out: Mapping[str, int] = field(default_factory=dict)
    _deltas: dict[str, Deltas] = field(default_factory=dict)
    _readers: dict[str, Reader] = field(default_factory=dict)
    _translator: Translator = field(init=False)
    _crowd: Crowd = field(default_factory=Crowd)
    _brokers_seen: int = 0
    _chosen: dict[str, Identity] = field(default_factory=dict)
    _reported: set[tuple[str, str]] = field(default_factory=set)
    _silent: set[str] = field(default_factory=set)
    _hosts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _apart: dict[tuple[str, Identity], tuple[Deltas, Reader]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._translator = Translator(self.names, self.listeners)

    def take(self, scrapes: Scrapes, sink: Sink) -> None:
        """Record the scrapes of one chunk of time."""
        by_broker: dict[str, list[Identity]] = defaultdict(list)
        for target in sorted(scrapes):
            broker, sure = broker_of(target, self.brokers)
            by_broker[broker].append(target)
            self._hosts[host_of(dict(target).get("instance", ""))].add(broker)
            if not sure:
                words = f"no label says which broker {shown(target)} is: its instance is its name"
                self.event_once(sink, next(iter(scrapes[target])), "broker-unnamed", words)
        self._brokers_seen = max(self._brokers_seen, len(by_broker))
        for broker, targets in sorted(by_broker.items()):
            chosen, *parts = self._choice(broker, targets, scrapes, sink)
            self._record(
                broker, chosen, _together(scrapes, chosen, parts, round(_GAP * self.granularity * SECOND)), sink
            )

    def take_apart(self, told: Scrapes, hosts: Scrapes, sink: Sink) -> None:
        """Record what others than brokers show in one chunk: their lines say whose it is, or it is of a host."""
        for target, scrapes in told.items():
            self._record_apart("", target, scrapes, sink)
        for target, scrapes in hosts.items():
            for broker in sorted(self._hosts.get(host_of(dict(target).get("instance", "")), ())):
                self._record_apart(broker, target, scrapes, sink)

    def _record_apart(self, broker: str, target: Identity, scrapes: Mapping[int, list[Sample]], sink: Sink) -> None:
        key = broker, target
        if key not in self._apart:
            self._apart[key] = self._begun(broker), Reader(self._translator)
        deltas, reader = self._apart[key]
        for time, samples in scrapes.items():
            deltas.take(Scrape(time=time, reading=reader.read(samples)), sink)

    def event_once(self, sink: Sink, time: int, kind: str, text: str) -> None:
        """Make an event, once for each text."""
        if (kind, text) not in self._reported:
            self._reported.add((kind, text))
            sink.event(time, kind, text)

    def end(self, sink: Sink, begin: int, end: int) -> None:
        """Report which brokers have no scrapes at the end."""
        for broker, deltas in sorted(self._deltas.items()):
            if deltas.last is not None and self._is_gap(deltas.last.time, end) and broker not in self._silent:
                self._silent.add(broker)
                text = f"broker {broker} was not scraped after {clock_time(deltas.last.time)}"
                sink.event(max(deltas.last.time, begin + 1), "scrape-missing", text)

    def _choice(self, broker: str, targets: Sequence[Identity], scrapes: Scrapes, sink: Sink) -> list[Identity]:
        """One target for a broker, since two would count twice; and those that show other metrics of it."""
        if len(targets) == 1:
            return list(targets)
        best = max(targets, key=lambda target: (len(scrapes[target]), _values(scrapes, target)))
        before = self._chosen.get(broker)
        if before is not None and before in targets and len(scrapes[before]) * _WORTH_A_CHANGE >= len(scrapes[best]):
            best = before
        self._chosen[broker] = best
        chosen, shows = [best], _metrics(scrapes, best)
        for target in targets:
            if shows.isdisjoint(more := _metrics(scrapes, target)):
                chosen.append(target)
                shows |= more
        doubled = [target for target in targets if target not in chosen]
        if doubled:
            kind = "series-doubled" if are_replicas([best, *doubled]) else "same-broker"
            others = ", ".join(map(shown, doubled))
            text = f"broker {broker} has {len(doubled) + 1} targets: {shown(best)} is read, not {others}"
            self.event_once(sink, next(iter(scrapes[best])), kind, text)
        return chosen

    def _record(self, broker: str, target: Identity, scrapes: Mapping[int, list[Sample]], sink: Sink) -> None:
        deltas = self._deltas.get(broker)
        if deltas is None:
            deltas = self._deltas[broker] = self._begun(broker)
        reader = self._readers.setdefault(broker, Reader(self._translator))
        left_out = self.left_out.get(dict(target).get("instance", ""), 0)
        for time, samples in scrapes.items():
            last = deltas.last.time if deltas.last is not None else time
            if time < last:
                continue
            if self._is_gap(last, time):
                text = f"broker {broker} was scraped again after {(time - last) / SECOND:,.0f} s without a scrape"
                sink.event(time, "scrape-resumed" if broker in self._silent else "scrape-missing", text)
            self._silent.discard(broker)
            deltas.take(Scrape(time=time, reading=reader.read(samples), left_out=left_out), sink)

    def _begun(self, broker: str) -> Deltas:
        most = most_of_each(self._brokers_seen, MOST)
        return Deltas(broker=broker, names=self.names, granularity=self.granularity, most=most, crowd=self._crowd)

    def _is_gap(self, before: int, now: int) -> bool:
        return now - before > (_GAP * self.granularity + 1.0) * SECOND


def _together(
    scrapes: Scrapes, target: Identity, parts: Sequence[Identity], longest: int
) -> Mapping[int, list[Sample]]:
    """A target's scrapes, each with the last one before it of the other parts, if that is not too long ago."""
    whole = {time: list(samples) for time, samples in scrapes[target].items()}
    for part in parts:
        times = list(scrapes[part])
        for time, samples in whole.items():
            at = bisect_right(times, time) - 1
            if at >= 0 and time - times[at] <= longest:
                samples.extend(scrapes[part][times[at]])
    return whole


def _metrics(scrapes: Scrapes, target: Identity) -> set[str]:
    return {sample.name for samples in scrapes[target].values() for sample in samples}


def _values(scrapes: Scrapes, target: Identity) -> int:
    return sum(map(len, scrapes[target].values()))
