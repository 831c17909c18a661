"""Fetching one chunk of time: as it was scraped, or by a step; in pieces that are not too large for the server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.prometheus.api import PrometheusClient, RawSeries
from clusterload.telemetry.sources.prometheus.cardinality import Bound, Inventory, RestSums
from clusterload.telemetry.sources.prometheus.promql import joined, named, selector
from clusterload.telemetry.sources.transport import ResponseTooLargeError

_MOST_IN_CHUNK: Final = 400_000
_MOST_IN_ANSWER: Final = 100_000
_MOST_SCRAPES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What was fetched of one chunk of time.

    Attributes:
        series: those that are read by themselves.
        rests: sums of the others, at times of their own.
        scraped: for each target, at which second the values of each step were scraped; empty if all scrapes are read.
        heartbeat: a metric that each target has one series of.
        told: metrics whose lines say whose they are, wherever they are shown.
        hosts: metrics of brokers' hosts.
    """

    series: list[RawSeries]
    rests: list[RawSeries]
    scraped: list[RawSeries]
    heartbeat: str
    told: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Fetching:
    """What is fetched, chunk by chunk.

    Attributes:
        client: asks the server.
        select: the user's matchers.
        inventory: how many series there are.
        interval: nanoseconds between scrapes.
        step: nanoseconds between values where not every scrape is read, else 0.
        bounds: by metric, what is not fetched whole.
        unread: metrics that the server refused, and why.
    """

    client: PrometheusClient
    select: str
    inventory: Inventory
    interval: int
    step: int
    bounds: dict[str, Bound] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    _rest: RestSums = field(default_factory=RestSums)

    @property
    def spacing(self) -> int:
        """Nanoseconds between values."""
        return self.step or self.interval

    def chunks(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The stretch in chunks that fit into memory."""
        scrapes = max(1, min(_MOST_SCRAPES, _MOST_IN_CHUNK // max(1, sum(map(self._count, self.inventory.counts)))))
        length = scrapes * self.spacing
        for begin in range(start, end, length):
            yield begin, min(end, begin + length)

    def chunk(self, start: int, end: int) -> Chunk:
        """All values after `start` and up to `end`.

        Raises:
            SourceError: the server cannot be read. What is too large for it is left out, see `unread`.
        """
        scrapes = max(1, (end - start) // self.spacing)
        found = [series for group in self._groups(scrapes) for series in self._read(group, start, end)]
        rests: list[RawSeries] = []
        for bound in self.bounds.values():
            if bound.label:
                found += self._read_split(
                    [bound.metric], start, end, joined(bound.shown(), self.inventory.pick([bound.metric]))
                )
            if not bound.has_total and bound.metric not in self.unread:
                rests += self._rest.series(self._rest_of(bound, start, end), bound)
        return Chunk(
            series=found,
            rests=rests,
            scraped=self._scraped(start, end),
            heartbeat=self.inventory.heartbeat,
            told=self.inventory.told,
            hosts=self.inventory.hosts,
        )

    def _scraped(self, start: int, end: int) -> list[RawSeries]:
        beat = self.inventory.heartbeat
        query = f"timestamp({selector(named([beat]), self.select, self.inventory.pick([beat]))})"
        return self._by_step(query, start, end) if self.step else []

    def _count(self, metric: str) -> int:
        return 1 if metric in self.bounds else self.inventory.of(metric)

    def _groups(self, scrapes: int) -> Iterator[list[str]]:
        """Metrics whose values in one answer are not too many; those apart that are picked otherwise."""
        whole = [name for name in self.inventory.counts if name not in self.bounds and name not in self.unread]
        parts: dict[str, list[str]] = defaultdict(list)
        for name in whole:
            parts[self.inventory.pick([name])].append(name)
        for part in parts.values():
            group: list[str] = []
            room = _MOST_IN_ANSWER
            for name in sorted(part):
                size = self._count(name) * scrapes
                if group and size > room:
                    yield group
                    group, room = [], _MOST_IN_ANSWER
                group.append(name)
                room -= size
            if group:
                yield group

    def _read(self, names: Sequence[str], start: int, end: int) -> list[RawSeries]:
        return self._read_split(names, start, end, self.inventory.pick(names))

    def _read_split(self, names: Sequence[str], start: int, end: int, more: str) -> list[RawSeries]:
        """These metrics; where that is too much, fewer at a time, and then less time at a time."""
        wanted = [name for name in names if name not in self.unread]
        if not wanted:
            return []
        return self._guarded(wanted, lambda: self._split(wanted, start, end, more))

    def _split(self, names: Sequence[str], start: int, end: int, more: str) -> list[RawSeries]:
        try:
            return list(self._ask(selector(named(names), self.select, more), start, end))
        except ResponseTooLargeError:
            half = len(names) // 2
            if half:
                return [
                    *self._read_split(names[:half], start, end, more),
                    *self._read_split(names[half:], start, end, more),
                ]
            middle = start + (end - start) // 2 // self.spacing * self.spacing
            if middle <= start:
                raise
            return [*self._split(names, start, middle, more), *self._split(names, middle, end, more)]

    def _guarded(self, names: Sequence[str], ask: Callable[[], list[RawSeries]]) -> list[RawSeries]:
        try:
            return ask()
        except ResponseTooLargeError as error:
            self.unread.update(dict.fromkeys(names, str(error)))
            return []

    def _ask(self, wanted: str, start: int, end: int) -> Iterable[RawSeries]:
        return self._by_step(wanted, start, end) if self.step else self.client.scraped(wanted, start, end)

    def _rest_of(self, bound: Bound, start: int, end: int) -> list[RawSeries]:
        return self._guarded(
            [bound.metric],
            lambda: self._by_step(bound.rest(joined(self.select, self.inventory.pick([bound.metric]))), start, end),
        )

    def _by_step(self, query: str, start: int, end: int) -> list[RawSeries]:
        # On whole steps of the clock, so that chunks and questions meet.
        first = (start // self.spacing + 1) * self.spacing
        return list(self.client.stepped(query, first, end, self.spacing)) if first <= end else []


def scraped_interval(found: Iterable[RawSeries]) -> float | None:
    """Seconds between the scrapes of most targets; None if no target was scraped twice."""
    gaps = sorted(
        (later - earlier) / SECOND
        for series in found
        for earlier, later in zip(series.times, series.times[1:], strict=False)
    )
    return gaps[len(gaps) // 2] if gaps else None
