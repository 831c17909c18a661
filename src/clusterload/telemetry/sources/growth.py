"""From what a broker showed at one time and at the next to points of Series: the same for every source."""

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
# A share of idle handlers so far beyond 1 is none, though times and counters differ by an instant.
_TOO_IDLE: Final = 1.5
# And over a broker's life: there an instant is nothing.
_TOO_IDLE_EVER: Final = 1.2
# Seconds by which the broker's clock may differ from the one of its moments.
_CLOCKS: Final = 3.0
# A product of count and mean that fell by less than this share of it has not begun anew.
_JUST_A_LITTLE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a broker showed at one time, in Unix nanoseconds; `left_out` lines of it were not read."""

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
class Growth:
    """One broker over time: counters become deltas between moments, and a restart begins them anew.

    Attributes:
        broker: its id.
        names: the map that its moments were read by.
        granularity: seconds between moments as the source means them.
        most: the most Series by a label of one name; the rest becomes one, named `(others)`.
    """

    broker: str
    names: Names
    granularity: float = 1.0
    most: int = MOST
    last: Moment | None = None
    _seen: dict[Key, tuple[int, float]] = field(default_factory=dict)
    _kept: dict[str, set[Labels]] = field(default_factory=lambda: defaultdict(set))
    _totals: dict[str, str] = field(init=False)
    _products: frozenset[str] = field(init=False)
    _bounded: bool = False

    def __post_init__(self) -> None:
        self._products = frozenset(one.series for one in self.names.rules if one.times)
        self._totals = {one.series: one.total for one in self.names.rules if one.total}

    def take(self, now: Moment, sink: Sink) -> None:
        """Record what a moment shows, and what has grown since the one before; moments come in order of time."""
        last, shares = self.last, dict[Key, float]()
        if last is not None and now.time <= last.time:
            return
        if last is not None and _has_restarted(last.reading, now.reading):
            self._seen = dict.fromkeys(now.reading.counters, (last.time, 0.0))
            sink.event(now.time, "broker-restarted", f"broker {self.broker} restarted: its counters began anew")
        elif last is not None:
            shares = _shares(last, now)
        points = [*_levels(now.reading.gauges), *self._grown(now), *_levels(shares)]
        for point in self._bound(points, now, sink):
            name, labels = point.key
            of = {"broker": self.broker, **dict(labels)}
            unit = RESOURCES[name].unit
            sink.record(Point(name, unit, point.kind, of, now.time, point.value, point.span, self.granularity))
        self.last = now

    def _grown(self, now: Moment) -> Iterator[_Value]:
        """What each counter has grown by since it was last seen, which is longer ago where an answer lacked it."""
        for key, shown in now.reading.counters.items():
            # A topic or type of request that comes up begins at zero; what the broker counts in all was there before.
            began = self.last.time if self.last is not None and key[1] else None
            time, before = self._seen.get(key, (began, 0.0))
            # Count and mean are not read at one instant: what the last product had too much is not had again.
            is_behind = key[0] in self._products and _JUST_A_LITTLE * before < shown < before
            value = before if is_behind else shown
            if time is not None:
                yield _Value(key, Kind.DELTA, _growth(value, before), (now.time - time) / SECOND)
            if not math.isnan(value):
                self._seen[key] = now.time, value

    def _bound(self, points: Iterable[_Value], now: Moment, sink: Sink) -> Iterator[_Value]:
        """The points, where those by a label that are too many have become one."""
        by_name: dict[str, list[_Value]] = defaultdict(list)
        for point in points:
            by_name[point.key[0]].append(point)
        for name, own in by_name.items():
            if not own[0].key[1]:
                yield from own
                continue
            kept = self._keep(name, own)
            shown = [point for point in own if point.key[1] in kept]
            yield from shown
            if len(shown) < len(own) or now.left_out:
                self._say_bounded(now, sink)
                yield _rest(own, kept, by_name.get(self._totals.get(name, ""), []))

    def _keep(self, name: str, own: Sequence[_Value]) -> set[Labels]:
        # The largest are taken when they are first seen, and stay: a Series that comes and goes tells nothing.
        kept = self._kept[name]
        if len(kept) < self.most:
            new = sorted((one for one in own if one.key[1] not in kept), key=_largest_first)
            kept.update(one.key[1] for one in new[: self.most - len(kept)])
        return kept

    def _say_bounded(self, now: Moment, sink: Sink) -> None:
        if not self._bounded:
            self._bounded = True
            more = f", {now.left_out:,} lines of them unread" if now.left_out else ""
            words = f"the {self.most:,} largest stand by themselves, the rest together as {OTHERS}{more}"
            sink.event(now.time, "series-bounded", f"broker {self.broker} shows very many topics or clients: {words}")


def _largest_first(point: _Value) -> tuple[float, Key]:
    return (math.inf if math.isnan(point.value) else -point.value), point.key


def _rest(own: Sequence[_Value], kept: Container[Labels], total: Sequence[_Value]) -> _Value:
    """What is not shown by itself; from the total where there is one, so that what was not even read is in it."""
    name, kind = own[0].key[0], own[0].kind
    shown, others = ([one for one in own if (one.key[1] in kept) is is_shown] for is_shown in (True, False))
    # Lines differ in their labels: of a client it may not be known whose it is. What is left has all of them.
    there = {label for one in own for label, _ in one.key[1]}
    key = name, tuple((label, OTHERS) for label in RESOURCES[name].per if label in there)
    if total:
        return _Value(key, kind, total[0].value - sum(one.value for one in shown), total[0].span)
    values = [one.value for one in others]
    if kind is Kind.GAUGE:
        # Who has no level now takes nothing of what the others have.
        values = [value for value in values if not math.isnan(value)] or [math.nan]
    return _Value(key, kind, sum(values), own[0].span)


def _growth(now: float, before: float) -> float:
    # A counter below its last value began anew; what it shows has grown since.
    return now - before if now >= before else now


def _has_restarted(last: Reading, now: Reading) -> bool:
    if last.started is not None and now.started is not None:
        return abs(now.started - last.started) > _SAME_START
    # Where a broker does not tell, all of its counters begin anew together.
    both = [key for key in now.counters if not key[1] and last.counters.get(key, 0.0) > 0]
    return bool(both) and all(now.counters[key] < last.counters[key] for key in both)


def _levels(values: Mapping[Key, float]) -> Iterator[_Value]:
    return (_Value(key, Kind.GAUGE, value, 0.0) for key, value in values.items())


def _shares(last: Moment, moment: Moment) -> dict[Key, float]:
    """Busy shares of the broker's threads between two moments, each within 0 and 1."""
    shares: dict[Key, float] = {}
    before, now, span = last.reading, moment.reading, (moment.time - last.time) / SECOND
    if now.handler_idle is not None and before.handler_idle is not None:
        idle = (now.handler_idle - before.handler_idle) / SECOND / span
        if not (idle > _TOO_IDLE or _idles_twice(moment)):
            shares["request_handler_busy", ()] = 1 - idle
    # Each listener has threads of its own: those of an idle one do not help a busy one.
    network = [
        (sum(times) - sum(before.network.get(listener, times))) / SECOND / span / len(times)
        for listener, times in now.network.items()
    ]
    if network:
        shares["network_thread_busy", ()] = max(network)
    # Moments and counters are not read at one instant, so a share can come out a little beyond its range.
    return {key: float(np.clip(share, 0.0, 1.0)) for key, share in shares.items()}  # NaN stays NaN


def _idles_twice(moment: Moment) -> bool:
    """Whether the handlers have idled for longer than there is a broker.

    Before Kafka 4.2 one that is a controller too adds up the idle time of two pools (KAFKA-19606). Of such a sum it
    cannot be told how busy the broker's own pool is: taken for a share, it would say "not at all" of a busy one.
    """
    reading = moment.reading
    if reading.handler_idle is None or reading.started is None:
        return False
    return reading.handler_idle / SECOND > _TOO_IDLE_EVER * (moment.time / SECOND - reading.started) + _CLOCKS
