"""The source: the history of a cluster as a Prometheus has scraped it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Final

from clusterload.model.errors import SourceError
from clusterload.model.points import Points
from clusterload.model.series import SECOND, Point
from clusterload.model.units import duration
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import Recognition
from clusterload.telemetry.sources.prometheus.access import Access
from clusterload.telemetry.sources.prometheus.api import MOST_POINTS, RETRY, PrometheusClient
from clusterload.telemetry.sources.prometheus.cardinality import MOST_SERIES, Bound, Inventory, bound
from clusterload.telemetry.sources.prometheus.fetching import Fetching, scraped_interval
from clusterload.telemetry.sources.prometheus.naming import Naming
from clusterload.telemetry.sources.prometheus.promql import joined, matchers, named, selector
from clusterload.telemetry.sources.prometheus.replay import OF_SCRAPES, BrokerReplay
from clusterload.telemetry.sources.prometheus.retention import kept_since
from clusterload.telemetry.sources.prometheus.scrapes import scrapes_apart, scrapes_of
from clusterload.telemetry.sources.source import OnWait, Sink, Waiting
from clusterload.telemetry.sources.transport import ResponseTooLargeError, RetryPolicy

SETTLE: Final = 1.5
"""Seconds after which a scrape that began before is stored."""

MOST_SCRAPES: Final = 3_600
"""A stretch of more scrapes than this is read by a step."""

# Of an estimate of the interval, without which it goes on as well.
_ONE_TRY: Final = RetryPolicy(timeout=5.0, deadline=10.0, attempts=1)
# What is taken where no broker was scraped twice lately: Prometheus' own default is 60 s, that of most set-ups 15.
_USUAL_INTERVAL: Final = 15.0
# Before a stretch so many scrapes are read, over no less than so many seconds: one before it may be a while back.
_LEAD_IN: Final = 3
_LEAD_IN_SECONDS: Final = 30.0
_LOOK_BACK: Final = 600 * SECOND
_SKEW: Final = 2.0
# A stretch that begins where the last one ended goes on from it; its inventory holds for this long.
_INVENTORY_HOLDS: Final = 60 * SECOND


@dataclass(slots=True, kw_only=True)
class _State:
    """Where a stretch ended, so that the next one can go on from there.

    Attributes:
        start: of the stretch, by our clock.
        until: what is read so far, by the server's.
        shift: nanoseconds from our clock to the server's.
        whole: whether the stretch was read to its end.
        counted: when the inventory was taken.
    """

    start: int
    until: int
    shift: int
    whole: bool
    counted: int
    fetching: Fetching
    replay: BrokerReplay


# A scrape that just began is there a little later.
_AFTER_SCRAPES: Final = 1.5


class PrometheusSource:
    """Reads what a Prometheus, or a server with its HTTP API, has scraped of a cluster's brokers.

    Short stretches are read scrape by scrape, at the scrapes' own times, so that nothing is smoothed. A stretch
    that begins where the last one ended goes on from it: no growth is lost in between.
    """

    def __init__(
        self,
        access: Access,
        *,
        names: Names | Sequence[Names] = (),
        select: str = "",
        brokers: Mapping[str, str] | None = None,
        step: float | None = None,
        client_listeners: frozenset[str] = frozenset(),
        retry: RetryPolicy = RETRY,
    ) -> None:
        """Nothing is requested before the first stretch.

        Args:
            access: where, and with whose login.
            names: the map of metric names, or several that add to each other; by default it is recognised.
            select: label matchers that pick the cluster, in addition to those of `access`.
            brokers: broker ids by instance, `host:port` or host, where no label tells them.
            step: seconds between values; by default every scrape of a short stretch is read.
            client_listeners: names of the listeners that clients use; by default all but those that usually carry none.
            retry: timeouts and retries of each request.

        Raises:
            ConfigurationError: `select` is malformed.
        """
        self._access = access
        self._naming = Naming((names,) if isinstance(names, Names) else tuple(names))
        self._select = joined(access.select, matchers(select))
        self._brokers = dict(brokers or {})
        self._step = step
        self._most_values: int | None = None
        self._listeners = client_listeners
        self._retry = retry
        self._state: _State | None = None
        self._interval: float | None = None

    @property
    def recognised(self) -> Recognition | None:
        """By which names it is read; None before it was first read."""
        return self._naming.found

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"Prometheus at {self._access.host}"

    def bounded(
        self, most_values: int, *, series: Collection[str] | None = None, step: float | None = None
    ) -> PrometheusSource:
        """The same source for a look at a longer past, of which fewer scrapes are read if there are very many series.

        Args:
            most_values: values that are read at most.
            series: the Series that are wanted; by default all.
            step: seconds between points; by default every scrape.
        """
        other = copy(self)
        other._state = other._interval = None
        other._most_values = most_values
        other._naming = self._naming if series is None else self._naming.only(series)
        other._step = max(step, self.interval) if step is not None else self._step
        return other

    def kept_since(self, since: int) -> int | None:
        """The first time after `since` (Unix nanoseconds) of which it has metrics of the brokers; None if it has none.

        Raises:
            SourceError: it could not be asked.
        """
        with PrometheusClient(self._access, retry=self._retry) as client:
            now = time.time_ns() + round(client.skew() * SECOND)
            names = self._naming.names(client, self._select, since, now)
            return kept_since(client, names, self._select, since, now)

    @property
    def interval(self) -> float:
        """Seconds between points; the server is asked for its scrapes, once."""
        if self._step is not None:
            return self._step
        if self._interval is None:
            try:
                now = time.time_ns()
                with PrometheusClient(self._access, retry=_ONE_TRY) as client:
                    now += round(client.skew() * SECOND)
                    # As far back as its scrapes are looked at: the last of them may be a while ago.
                    inventory = self._naming.inventory(client, self._select, now - _LOOK_BACK, now)
                    self._interval = self._measured(client, inventory, now, now)
            except SourceError:
                return _USUAL_INTERVAL
        return self._interval

    @property
    def lateness(self) -> float:
        """Seconds after which the scrape of a moment is stored."""
        return _AFTER_SCRAPES * self.interval

    @property
    def overhang(self) -> float:
        """Seconds after a moment within which it is scraped: only that scrape shows what counters grew until then."""
        return _AFTER_SCRAPES * self.interval

    def collect(self, sink: Sink, start: int, end: int, on_wait: OnWait) -> None:
        """Record what was scraped after `start` and up to `end`.

        Raises:
            SourceError: the server could not be read, or has no metric of a broker.
        """
        with PrometheusClient(self._access, retry=self._retry) as client:
            skew = client.skew()
            self._wait(end, on_wait)
            shift = round(skew * SECOND) if abs(skew) > _SKEW else 0
            state = self._state = self._state_of(client, sink, start, end, shift)
            ours, late = _OwnClock(sink, start, state.shift), end + state.shift
            if state.shift:
                ahead = "ahead of" if skew > 0 else "behind"
                words = f"{self.title} is {abs(skew):,.0f} s {ahead} this machine: times are set to ours"
                state.replay.event_once(ours, late, "clock-skew", words)
            self._read(state, late, ours)
            state.whole = True
            for kind, text in client.notes:
                state.replay.event_once(ours, late, kind, text)

    def _read(self, state: _State, end: int, sink: Sink) -> None:
        fetching = state.fetching
        for begin, until in fetching.chunks(state.until, end):
            chunk = fetching.chunk(begin, until)
            state.replay.take(scrapes_of(chunk), sink)
            told, hosts = (scrapes_apart(chunk, metrics) for metrics in (chunk.told, chunk.hosts))
            state.replay.take_apart(told, hosts, sink)
            state.until = until
        for metric, why in sorted(fetching.unread.items()):
            state.replay.event_once(sink, end, "metric-unread", f"{metric} was not read: {why}")
        state.replay.end(sink, state.start + state.shift, end)

    def _state_of(self, client: PrometheusClient, sink: Sink, start: int, end: int, shift: int) -> _State:
        """Where to go on from: the stretch before, or a little before the start, so that its first growth is known."""
        state = self._state
        if state is not None and _goes_on(state, start):
            state.start, state.whole, state.fetching.client = start, False, client
            if end + state.shift - state.counted > _INVENTORY_HOLDS:
                ours = _OwnClock(sink, start, state.shift)
                if not self._count(client, state, end + state.shift, ours):
                    return self._renamed(client, ours, start, end, shift)
            return state
        return self._new_state(client, _OwnClock(sink, start, shift), start, end, shift)

    def _renamed(self, client: PrometheusClient, sink: Sink, start: int, end: int, shift: int) -> _State:
        """Where to go on from when metrics have other names now."""
        state = self._new_state(client, sink, start, end, shift)
        words = "what was read is gone: metrics are read by the names that are there now"
        state.replay.event_once(sink, end + shift, "names-changed", words)
        return state

    def _new_state(self, client: PrometheusClient, sink: Sink, start: int, end: int, shift: int) -> _State:
        first, last = start + shift, end + shift
        inventory = self._naming.inventory(client, self._select, first, last)
        if not inventory.counts:
            raise self._naming.missing(self.title)
        names = self._naming.names(client, self._select, first, last)
        interval = self._interval = self._measured(client, inventory, first, last)
        step = self._step or self._coarse(first, last, interval)
        step = max(step, self._affordable(inventory, first, last, interval))
        spacing = max(step, interval)
        replay = BrokerReplay(names=names, listeners=self._listeners, brokers=self._brokers, granularity=spacing)
        state = _State(
            start=start,
            until=first - round(max(_LEAD_IN * spacing, _LEAD_IN_SECONDS) * SECOND),
            shift=shift,
            whole=False,
            counted=last,
            fetching=Fetching(
                client=client,
                select=self._select,
                inventory=inventory,
                interval=round(interval * SECOND),
                step=round(step * SECOND),
            ),
            replay=replay,
        )
        if step:
            words = f"one scrape each {duration(step)} is read: gauges between them are not seen"
            replay.event_once(sink, last, "scrapes-passed-over", words)
        for kind, text in self._naming.said(inventory):
            replay.event_once(sink, last, kind, text)
        self._bound(client, state, first, last, sink)
        return state

    def _count(self, client: PrometheusClient, state: _State, end: int, sink: Sink) -> bool:
        """Count series again; False if there are none any more by these names, and some by others."""
        inventory = self._naming.inventory(client, self._select, state.counted, end)
        gone = not inventory.counts and self._naming.again(client, self._select, state.counted, end)
        if inventory.counts:
            state.fetching.inventory = inventory
            state.fetching.unread.clear()
            self._bound(client, state, state.counted, end, sink)
        state.counted = end
        return not gone

    def _bound(self, client: PrometheusClient, state: _State, start: int, end: int, sink: Sink) -> None:
        inventory, bounds = state.fetching.inventory, state.fetching.bounds
        for metric in inventory.counts:
            if inventory.of(metric) > MOST_SERIES and metric not in bounds:
                bounds[metric] = bound(client, metric, state.replay.names, self._select, start, end)
                words = f"{metric} has {inventory.of(metric):,} series: {_what_is_read(bounds[metric])}"
                state.replay.event_once(sink, end, "series-bounded", words)
        left_out: dict[str, int] = {}
        for limited in bounds.values():
            for place, count in inventory.counts.get(limited.metric, {}).items() if limited.has_total else ():
                left_out[place.instance] = left_out.get(place.instance, 0) + max(1, count - len(limited.kept))
        state.replay.left_out = left_out

    def _measured(self, client: PrometheusClient, inventory: Inventory, start: int, end: int) -> float:
        """Seconds between scrapes, as seen at the end of a stretch or at its beginning."""
        if not inventory.counts:
            return _USUAL_INTERVAL
        beat = inventory.heartbeat
        wanted = selector(named([beat]), self._select, inventory.pick([beat]))
        for at in (end, start + _LOOK_BACK):
            with contextlib.suppress(ResponseTooLargeError):
                found = scraped_interval(client.scraped(wanted, at - _LOOK_BACK, at))
                if found is not None:
                    return max(0.1, round(found, 1))
        return _USUAL_INTERVAL

    def _coarse(self, start: int, end: int, interval: float) -> float:
        """The step that a stretch needs, in whole intervals; none if every scrape can be read."""
        count = (end - start) / SECOND / interval
        return 0.0 if count <= MOST_SCRAPES else interval * -(-count // min(MOST_SCRAPES, MOST_POINTS))

    def _affordable(self, inventory: Inventory, start: int, end: int, interval: float) -> float:
        """The step, in whole intervals, at which no more values are read than wanted; 0 if all can be."""
        values = sum(map(inventory.of, inventory.counts)) * (end - start) / SECOND / interval
        most = self._most_values
        return interval * math.ceil(values / most) if most is not None and values > most else 0.0

    def _wait(self, end: int, on_wait: OnWait) -> None:
        """Wait until the last scrapes are there; of a stretch that reaches further into the future, for nothing."""
        longest = SETTLE + self.overhang
        while 0 < (left := (end - time.time_ns()) / SECOND + SETTLE) <= longest:
            on_wait(Waiting(missing="the last scrapes", left=left))
            time.sleep(min(left, 1.0))


def _what_is_read(limited: Bound) -> str:
    if not limited.kept:
        return "their sum is read"
    return f"the {len(limited.kept)} largest by {limited.label} are read, the rest together"


def _goes_on(state: _State, start: int) -> bool:
    """Whether a stretch begins where the last one ended, or is the last one again, which could not be read whole."""
    return abs(start + state.shift - state.until) < SECOND // 1000 if state.whole else start == state.start


@dataclass(frozen=True, slots=True)
class _OwnClock:
    """Records what is after a stretch's start, with times of our clock."""

    sink: Sink
    start: int
    shift: int

    def record(self, point: Point) -> None:
        """Keep a point, unless it only led in."""
        at = point.time - self.shift
        if at > self.start:
            self.sink.record(point._replace(time=at))

    def record_all(self, points: Points) -> None:
        """Keep points, unless they only led in."""
        at = points.time - self.shift
        if at > self.start:
            self.sink.record_all(replace(points, time=at))

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep an event, unless it only led in."""
        if time - self.shift > self.start or kind not in OF_SCRAPES:
            self.sink.event(max(time - self.shift, self.start), kind, text)
