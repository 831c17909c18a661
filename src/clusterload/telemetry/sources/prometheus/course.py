"""The brokers over time: which target stands for which, where scrapes are missing, and what has grown."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.growth import Growth, Moment
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus.scrapes import Scraped, Scrapes
from clusterload.telemetry.sources.prometheus.targets import Identity, are_replicas, broker_of, shown
from clusterload.telemetry.sources.reading import read
from clusterload.telemetry.sources.source import Sink

OF_SCRAPES: Final = frozenset({"broker-restarted", "scrape-missing", "scrape-resumed"})
"""Kinds of events that happened at their scrape, and not to the whole stretch."""

# Scrapes come late by a little; one that is missing is seen by a gap of two.
_GAP: Final = 1.6
# Another target takes a broker's place only if it has far more to tell.
_WORTH_A_CHANGE: Final = 2


@dataclass(slots=True, kw_only=True)
class Course:
    """What is known of the brokers so far.

    Attributes:
        names: what metrics are called.
        listeners: of clients.
        brokers: ids by place, as they were given.
        granularity: seconds between scrapes, or the step.
        left_out: how many series are not fetched, by instance.
    """

    names: Names
    listeners: frozenset[str]
    brokers: Mapping[str, str]
    granularity: float
    left_out: Mapping[str, int] = field(default_factory=dict)
    _growths: dict[str, Growth] = field(default_factory=dict)
    _chosen: dict[str, Identity] = field(default_factory=dict)
    _told: set[tuple[str, str]] = field(default_factory=set)
    _silent: set[str] = field(default_factory=set)

    def take(self, scrapes: Scrapes, sink: Sink) -> None:
        """Record the scrapes of one chunk of time."""
        by_broker: dict[str, list[Identity]] = defaultdict(list)
        for target in sorted(scrapes):
            broker, sure = broker_of(target, self.brokers)
            by_broker[broker].append(target)
            if not sure:
                words = f"no label says which broker {shown(target)} is: it stands by its instance"
                self.tell(sink, next(iter(scrapes[target])), "broker-unnamed", words)
        for broker, targets in sorted(by_broker.items()):
            chosen, *parts = self._choice(broker, targets, scrapes, sink)
            self._record(
                broker, chosen, _together(scrapes, chosen, parts, round(_GAP * self.granularity * SECOND)), sink
            )

    def tell(self, sink: Sink, time: int, kind: str, text: str) -> None:
        """Make an event, once for each text."""
        if (kind, text) not in self._told:
            self._told.add((kind, text))
            sink.event(time, kind, text)

    def end(self, sink: Sink, begin: int, end: int) -> None:
        """Say which brokers are silent when the time is over."""
        for broker, growth in sorted(self._growths.items()):
            if growth.last is not None and self._is_gap(growth.last.time, end) and broker not in self._silent:
                self._silent.add(broker)
                text = f"broker {broker} was not scraped after {clock_time(growth.last.time)}"
                sink.event(max(growth.last.time, begin + 1), "scrape-missing", text)

    def _choice(self, broker: str, targets: Sequence[Identity], scrapes: Scrapes, sink: Sink) -> list[Identity]:
        """One target for a broker, for to add up two would count twice; and those that show other metrics of it."""
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
            text = f"broker {broker} is there {len(doubled) + 1} times: {shown(best)} is read, not {others}"
            self.tell(sink, next(iter(scrapes[best])), kind, text)
        return chosen

    def _record(self, broker: str, target: Identity, scrapes: Mapping[int, list[Scraped]], sink: Sink) -> None:
        growth = self._growths.get(broker)
        if growth is None:
            growth = self._growths[broker] = Growth(broker=broker, names=self.names, granularity=self.granularity)
        left_out = self.left_out.get(dict(target).get("instance", ""), 0)
        for time, samples in scrapes.items():
            last = growth.last.time if growth.last is not None else time
            if time < last:
                continue
            if self._is_gap(last, time):
                text = f"broker {broker} was scraped again after {(time - last) / SECOND:,.0f} s without a scrape"
                sink.event(time, "scrape-resumed" if broker in self._silent else "scrape-missing", text)
            self._silent.discard(broker)
            growth.take(Moment(time=time, reading=read(samples, self.names, self.listeners), left_out=left_out), sink)

    def _is_gap(self, before: int, now: int) -> bool:
        return now - before > (_GAP * self.granularity + 1.0) * SECOND


def _together(
    scrapes: Scrapes, target: Identity, parts: Sequence[Identity], longest: int
) -> Mapping[int, list[Scraped]]:
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
    return {one.name for samples in scrapes[target].values() for one in samples}


def _values(scrapes: Scrapes, target: Identity) -> int:
    return sum(map(len, scrapes[target].values()))
