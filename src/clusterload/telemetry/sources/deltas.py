"""From two scrapes of a broker to points of Series: counter deltas, resets, gauges; the same for every source."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Kind, Point
from clusterload.telemetry.sources.names import Labels, Names
from clusterload.telemetry.sources.reading import Key, Reading
from clusterload.telemetry.sources.source import OTHERS, Sink

MOST: Final = 1_000
"""The most Series by a label (topics, clients) that one broker may have of one name."""

# Seconds by which the time of a broker's start may differ between two readings of it.
_SAME_START: Final = 2.0
# A share of idle handlers so far beyond 1 is wrong, though times and counters differ by an instant.
_TOO_IDLE: Final = 1.5
# And since the broker's start, where an instant does not matter.
_TOO_IDLE_EVER: Final = 1.2
# Seconds by which the broker's clock may differ from the one of its scrapes.
_CLOCKS: Final = 3.0
# A product of count and mean that fell by less than this share was not reset.
_NO_RESET: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """What a broker showed at a time in Unix nanoseconds; `left_out` lines of it were not read."""

    time: int
    reading: Reading
    left_out: int = 0


class _Value(NamedTuple):
    """One value before it is recorded; its span in seconds, 0 for a gauge."""

    key: Key
    kind: Kind
    value: float
    span: float


@dataclass(slots=True, kw_only=True)
class Deltas:
    """One broker over time: counters become deltas between scrapes; a restart resets them.

    Attributes:
        broker: its id.
        names: the map that its scrapes were read by.
        granularity: nominal seconds between scrapes.
        most: the most Series by a label of one name; the rest is added up as `(others)`.
    """

    broker: str
    names: Names
    granularity: float = 1.0
    most: int = MOST
    last: Scrape | None = None
    _seen: dict[Key, tuple[int, float]] = field(default_factory=dict)
    _kept: dict[str, set[Labels]] = field(default_factory=lambda: defaultdict(set))
    _totals: dict[str, str] = field(init=False)
    _products: frozenset[str] = field(init=False)
    _bounded: bool = False

    def __post_init__(self) -> None:
        self._products = frozenset(rule.series for rule in self.names.rules if rule.times)
        self._totals = {rule.series: rule.total for rule in self.names.rules if rule.total}

    def take(self, now: Scrape, sink: Sink) -> None:
        """Record a scrape's gauges and its counters' deltas since the one before; scrapes come in order of time."""
        last, shares = self.last, dict[Key, float]()
        if last is not None and now.time <= last.time:
            return
        if last is not None and _has_restarted(last.reading, now.reading):
            self._seen = dict.fromkeys(now.reading.counters, (last.time, 0.0))
            sink.event(now.time, "broker-restarted", f"broker {self.broker} restarted: its counters were reset")
        elif last is not None:
            shares = _shares(last, now)
        values = [*_gauges(now.reading.gauges), *self._counter_deltas(now), *_gauges(shares)]
        for value in self._bound(values, now, sink):
            name, labels = value.key
            own, unit = {"broker": self.broker, **dict(labels)}, RESOURCES[name].unit
            sink.record(Point(name, unit, value.kind, own, now.time, value.value, value.span, self.granularity))
        self.last = now

    def _counter_deltas(self, now: Scrape) -> Iterator[_Value]:
        """The delta of each counter since it was last seen, which is longer ago where a scrape lacked it."""
        for key, shown in now.reading.counters.items():
            # A new topic or type of request begins at zero; the broker's totals were there before.
            began = self.last.time if self.last is not None and key[1] else None
            time, before = self._seen.get(key, (began, 0.0))
            # Count and mean are not read at one instant: what the last product had too much is not counted again.
            is_behind = key[0] in self._products and _NO_RESET * before < shown < before
            value = before if is_behind else shown
            if time is not None:
                yield _Value(key, Kind.DELTA, _delta(value, before), (now.time - time) / SECOND)
            if not math.isnan(value):
                self._seen[key] = now.time, value

    def _bound(self, values: Iterable[_Value], now: Scrape, sink: Sink) -> Iterator[_Value]:
        """The values, where those by a label that are too many are added up."""
        by_name: dict[str, list[_Value]] = defaultdict(list)
        for value in values:
            by_name[value.key[0]].append(value)
        for name, own in by_name.items():
            if not own[0].key[1]:
                yield from own
                continue
            kept = self._keep(name, own)
            shown = [value for value in own if value.key[1] in kept]
            yield from shown
            if len(shown) < len(own) or now.left_out:
                self._report_bounded(now, sink)
                yield _rest(own, kept, by_name.get(self._totals.get(name, ""), []))

    def _keep(self, name: str, own: Sequence[_Value]) -> set[Labels]:
        # The largest are kept when they are first seen, and stay: a Series that comes and goes is useless.
        kept = self._kept[name]
        if len(kept) < self.most:
            new = sorted((value for value in own if value.key[1] not in kept), key=_largest_first)
            kept.update(value.key[1] for value in new[: self.most - len(kept)])
        return kept

    def _report_bounded(self, now: Scrape, sink: Sink) -> None:
        if not self._bounded:
            self._bounded = True
            more = f", {now.left_out:,} lines of them unread" if now.left_out else ""
            words = f"the {self.most:,} largest have a Series each, the rest is added up as {OTHERS}{more}"
            sink.event(now.time, "series-bounded", f"broker {self.broker} has very many topics or clients: {words}")


def _largest_first(value: _Value) -> tuple[float, Key]:
    return (math.inf if math.isnan(value.value) else -value.value), value.key


def _rest(own: Sequence[_Value], kept: Container[Labels], total: Sequence[_Value]) -> _Value:
    """The sum of what has no Series of its own; from the total where there is one, which includes what was not read."""
    name, kind = own[0].key[0], own[0].kind
    shown, others = ([value for value in own if (value.key[1] in kept) is is_kept] for is_kept in (True, False))
    # Labels differ: the principal of a client may be unknown. The rest has all of them.
    there = {label for value in own for label, _ in value.key[1]}
    key = name, tuple((label, OTHERS) for label in RESOURCES[name].per if label in there)
    if total:
        return _Value(key, kind, total[0].value - sum(value.value for value in shown), total[0].span)
    amounts = [value.value for value in others]
    if kind is Kind.GAUGE:
        # A missing value does not make the sum of the others unknown.
        amounts = [amount for amount in amounts if not math.isnan(amount)] or [math.nan]
    return _Value(key, kind, sum(amounts), own[0].span)


def _delta(now: float, before: float) -> float:
    # A counter below its last value was reset; its value is what it counted since.
    return now - before if now >= before else now


def _has_restarted(last: Reading, now: Reading) -> bool:
    if last.started is not None and now.started is not None:
        return abs(now.started - last.started) > _SAME_START
    # Without a start time: all of its counters are reset together.
    both = [key for key in now.counters if not key[1] and last.counters.get(key, 0.0) > 0]
    return bool(both) and all(now.counters[key] < last.counters[key] for key in both)


def _gauges(values: Mapping[Key, float]) -> Iterator[_Value]:
    return (_Value(key, Kind.GAUGE, value, 0.0) for key, value in values.items())


def _shares(last: Scrape, scrape: Scrape) -> dict[Key, float]:
    """Busy shares of the broker's threads between two scrapes, each within 0 and 1."""
    shares: dict[Key, float] = {}
    before, now, span = last.reading, scrape.reading, (scrape.time - last.time) / SECOND
    if now.handler_idle is not None and before.handler_idle is not None:
        idle = (now.handler_idle - before.handler_idle) / SECOND / span
        if not (idle > _TOO_IDLE or _idles_twice(scrape)):
            shares["request_handler_busy", ()] = 1 - idle
    # Each listener has threads of its own: those of an idle one do not help a busy one.
    network = [
        (sum(times) - sum(before.network.get(listener, times))) / SECOND / span / len(times)
        for listener, times in now.network.items()
    ]
    if network:
        shares["network_thread_busy", ()] = max(network)
    # Time and counters are not read at one instant, so a share can come out a little beyond its range.
    return {key: float(np.clip(share, 0.0, 1.0)) for key, share in shares.items()}  # NaN stays NaN


def _idles_twice(scrape: Scrape) -> bool:
    """Whether the handlers idled for longer than the broker has run.

    Before Kafka 4.2 one that is a controller too adds up the idle time of two pools (KAFKA-19606). Such a sum
    does not show how busy the broker's own pool is: taken for a share, it would make a busy one look idle.
    """
    reading = scrape.reading
    if reading.handler_idle is None or reading.started is None:
        return False
    return reading.handler_idle / SECOND > _TOO_IDLE_EVER * (scrape.time / SECOND - reading.started) + _CLOCKS
