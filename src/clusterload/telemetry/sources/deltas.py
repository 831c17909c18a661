"""From two scrapes of a broker to points of Series: counter deltas, resets, gauges; the same for every source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clusterload.model.points import Head, Points
from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Floats, Kind, Nanoseconds
from clusterload.telemetry.sources.end_offsets import SERIES, EndOffsets
from clusterload.telemetry.sources.keeping import Columns, Crowd, Many
from clusterload.telemetry.sources.names import BROKER, Names
from clusterload.telemetry.sources.reading import Figures, Key, Reading
from clusterload.telemetry.sources.shares import Shares
from clusterload.telemetry.sources.source import OTHERS, Sink
from clusterload.telemetry.sources.translation import Places

MOST: Final = 1_000
"""The most Series by a label (topics, clients) that one broker may have of one name."""

# Seconds by which the time of a broker's start may differ between two readings of it.
_SAME_START: Final = 2.0
# A product of count and mean that fell by less than this share was not reset.
_NO_RESET: Final = 0.5
# Scrapes without a word from a partition's teller after which another replica takes over.
_PATIENCE: Final = 2.5
# Seconds that a rate tells of: the meters of brokers are means over a minute, and amounts a minute are of one.
_TOLD_BY_RATES: Final = 60.0
# Offsets do not begin at zero when they are first shown, and a group that goes back a little reads on.
_OFFSETS: Final = "records_committed"
# Stands for the time of what was never seen.
_NEVER: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """What a broker showed at a time in Unix nanoseconds.

    Attributes:
        left_out: how many lines of it were not read.
        events: kind and text of what is to be said of it.
        names: the map that it was read by, where that became known by it.
    """

    time: int
    reading: Reading
    left_out: int = 0
    events: tuple[tuple[str, str], ...] = ()
    names: Names | None = None


@dataclass(slots=True)
class _Counted:
    """What counters showed when they were last seen; the columns hold a place for each that ever was."""

    places: dict[Key, int] = field(default_factory=dict)
    times: Nanoseconds = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    values: Floats = field(default_factory=lambda: np.empty(0))
    _keys: tuple[Key, ...] = ()
    _now: Places = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _is_product: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    _has_labels: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    _is_level: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    def reset(self, time: int) -> None:
        """All began again from zero at a time."""
        self.times[:], self.values[:] = time, 0.0
        for key in self.places.keys() - set(self._keys):
            self.times[self.places[key]] = _NEVER

    def look(self, keys: tuple[Key, ...], products: frozenset[str]) -> None:
        """Counters with these keys come next."""
        if keys is self._keys:
            return
        self._keys = keys
        self._now = np.array([self.places.setdefault(key, len(self.places)) for key in keys], dtype=np.int64)
        more = len(self.places) - len(self.times)
        self.times = np.append(self.times, np.full(more, _NEVER, dtype=np.int64))
        self.values = np.append(self.values, np.zeros(more))
        self._is_product = np.array([name in products for name, _ in keys], dtype=np.bool_)
        self._has_labels = np.array([_begins_at_zero(key) for key in keys], dtype=np.bool_)
        self._is_level = np.array([RESOURCES[name].kind is Kind.GAUGE for name, _ in keys], dtype=np.bool_)

    def grown(self, shown: Floats, now: int, last: int | None) -> tuple[Places, Floats, Floats]:
        """Of which counters the growth is known; by how much each grew in how many seconds.

        It is counted since each was last seen, which may be longer ago where a scrape lacked it.
        """
        places, began = self._now, self.times[self._now]
        before = np.where(began == _NEVER, 0.0, self.values[places])
        if last is not None:
            # A new topic or type of request begins at zero; the broker's totals were there before.
            began = np.where((began == _NEVER) & self._has_labels, last, began)
        # Count and mean are not read at one instant: what the last product had too much is not counted again.
        values = np.where(self._is_product & (_NO_RESET * before < shown) & (shown < before), before, shown)
        # A counter below its last value was reset; its value is what it counted since.
        deltas = np.where(values >= before, values - before, values)
        known = ~np.isnan(values)
        self.times[places[known]], self.values[places[known]] = now, values[known]
        return np.flatnonzero(began != _NEVER), deltas, (now - began) / SECOND

    def as_levels(self, amounts: Floats, spans: Floats) -> tuple[Floats, Floats]:
        """Amounts and their spans, where those of a level are what it was in that time: an amount a second."""
        if not self._is_level.any():
            return amounts, spans
        return np.where(self._is_level, amounts / spans, amounts), np.where(self._is_level, 0.0, spans)


@dataclass(slots=True)
class _Ends:
    """Which of a broker's counters are ends of partitions.

    Attributes:
        places: the partitions' numbers.
        told: their Series, which are of no broker: another one may go on with them.
    """

    places: Places = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    told: tuple[Key, ...] = ()
    _of: tuple[Key, ...] = ()
    _keys: tuple[Key, ...] = ()
    _ends: tuple[Key, ...] = ()
    _are_own: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    _are_ends: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    def apart(self, counters: Figures, ends: EndOffsets) -> tuple[Figures, Figures]:
        """The counters that are a broker's own, and the ends."""
        if counters.keys_ is not self._of:
            self._of = counters.keys_
            self._are_own = np.array([name not in SERIES for name, _ in self._of], dtype=np.bool_)
            self._keys = tuple(key for key in self._of if key[0] not in SERIES)
            self._ends = tuple(key for key in self._of if _is_end(key))
            self._are_ends = np.array([_is_end(key) for key in self._of], dtype=np.bool_)
            self.places = ends.places(self._ends)
            self.told = tuple(map(_of_no_broker, self._ends))
        if len(self._keys) == len(self._of):
            return counters, Figures((), np.empty(0))
        values = counters.values_
        return Figures(self._keys, values[self._are_own]), Figures(self._ends, values[self._are_ends])


def _of_no_broker(key: Key) -> Key:
    name, labels = key
    return name, ((BROKER, ""), *((label, value) for label, value in labels if label != BROKER))


def _is_end(key: Key) -> bool:
    # A server's sum over further topics is one of whatever replicas a broker has, so that brokers' sums are not alike.
    return key[0] in SERIES and all(value != OTHERS for _, value in key[1])


@dataclass(slots=True, kw_only=True)
class Deltas:
    """One broker over time: counters become deltas between scrapes; a restart resets them.

    Attributes:
        broker: its id.
        names: the map that its scrapes were read by.
        granularity: nominal seconds between scrapes.
        most: the most Series by a label of one name; the rest is added up as `(others)`.
        crowd: the topics and clients of all brokers of the source.
    """

    broker: str
    names: Names
    granularity: float = 1.0
    most: int = MOST
    crowd: Crowd = field(default_factory=Crowd)
    last: Scrape | None = None
    _counted: _Counted = field(default_factory=_Counted)
    _many: Many = field(init=False)
    _roster: _Roster = field(init=False)
    _products: frozenset[str] = field(init=False)
    _bounded: bool = False
    _shares: Shares = field(default_factory=Shares)
    _ends: _Ends = field(default_factory=_Ends)

    def __post_init__(self) -> None:
        self._learn(self.names)
        self._roster = _Roster(self.broker)

    def take(self, now: Scrape, sink: Sink) -> None:
        """Record a scrape's gauges and its counters' deltas since the one before; scrapes come in order of time."""
        last, shares, rates = self.last, dict[Key, float](), Columns.none()
        if last is not None and now.time <= last.time:
            return
        for kind, text in now.events:
            sink.event(now.time, kind, text)
        if now.names is not None and now.names is not self.names:
            self._learn(now.names)
        counters, ends = self._ends.apart(Figures.of(now.reading.counters), self.crowd.ends)
        self._counted.look(counters.keys_, self._products)
        if last is not None and _has_restarted(last.reading, now.reading):
            self._counted.reset(last.time)
            self._shares.reset()
            sink.event(now.time, "broker-restarted", f"broker {self.broker} restarted: its counters were reset")
        elif last is not None:
            span = (now.time - last.time) / SECOND
            shares = self._shares.counted(last.reading, now.reading, now.time, span)
            rates = self._amounts(Figures.of(now.reading.rates), span)
        told, amounts, spans = self._counted.grown(counters.values_, now.time, last.time if last else None)
        amounts, spans = self._counted.as_levels(amounts, spans)
        columns = Columns(keys=counters.keys_, values=amounts, spans=spans).picked(told) + rates
        columns += self._told_of_partitions(ends, now.time)
        for levels in (self._shares.believed(now.reading, now.time), Figures.of(shares)):
            columns += Columns(keys=levels.keys_, values=levels.values_, spans=np.zeros(len(levels.keys_)))
        bounded = self._many.bounded(columns, now.left_out)
        if bounded is not columns:
            self._report_bounded(now, sink)
        heads = self._roster.heads(bounded.keys)
        sink.record_all(
            Points(
                heads=heads,
                time=now.time,
                values=bounded.values,
                spans=bounded.spans,
                granularity=self.granularity,
            )
        )
        self.last = now

    def _learn(self, names: Names) -> None:
        self.names = names
        self._products = frozenset({_OFFSETS, *(rule.series for rule in names.rules if rule.times)})
        self._many = Many(self.most, {rule.series: rule.total for rule in names.rules if rule.total}, self.crowd)

    def _amounts(self, rates: Figures, span: float) -> Columns:
        """What rates a second come to since the last scrape; of a longer gap they tell the end only, the rest stays."""
        told = min(span, max(_TOLD_BY_RATES, 1.5 * self.granularity))
        return Columns(keys=rates.keys_, values=rates.values_ * told, spans=np.full(len(rates.keys_), told))

    def _told_of_partitions(self, ends: Figures, now: int) -> Columns:
        """The growth of those partitions that this broker tells; none where it shows no end offsets."""
        if not ends.keys_:
            return Columns.none()
        patience = round(_PATIENCE * self.granularity * SECOND)
        told, amounts, spans = self.crowd.ends.told(self.broker, self._ends.places, ends.values_, now, patience)
        return Columns(keys=tuple(self._ends.told[at] for at in told.tolist()), values=amounts, spans=spans)

    def _report_bounded(self, now: Scrape, sink: Sink) -> None:
        if not self._bounded:
            self._bounded = True
            more = f", {now.left_out:,} lines of them unread" if now.left_out else ""
            words = f"{self.most:,} that take most or rise have a Series each, the rest is added up as {OTHERS}{more}"
            sink.event(now.time, "series-bounded", f"broker {self.broker} has very many topics or clients: {words}")


@dataclass(slots=True)
class _Roster:
    """The heads of a broker's Series, made once."""

    broker: str
    _made: dict[Key, Head] = field(default_factory=dict)
    _keys: tuple[Key, ...] = ()
    _heads: tuple[Head, ...] = ()

    def heads(self, keys: tuple[Key, ...]) -> tuple[Head, ...]:
        """Those with these keys; the very same tuple as long as they stay the same."""
        if keys != self._keys:
            if len(self._made) > 2 * len(keys) + MOST:
                self._made.clear()
            self._keys, self._heads = keys, tuple(map(self._head, keys))
        return self._heads

    def _head(self, key: Key) -> Head:
        head = self._made.get(key)
        if head is None:
            name, labels = key
            resource = RESOURCES[name]
            own = {
                name: value for name, value in {BROKER: self.broker, **dict(labels)}.items() if value or name != BROKER
            }
            head = Head(name, resource.unit, resource.kind, own)
            self._made[key] = head
        return head


def _begins_at_zero(key: Key) -> bool:
    """Whether a counter that is first seen later is of something new: a topic or a type of request."""
    name, labels = key
    return name != _OFFSETS and any(label != BROKER for label, _ in labels)


def _has_restarted(last: Reading, now: Reading) -> bool:
    if last.started is not None and now.started is not None:
        return abs(now.started - last.started) > _SAME_START
    # Without a start time: all of its counters are reset together.
    both = [key for key in now.counters if not key[1] and last.counters.get(key, 0.0) > 0]
    return bool(both) and all(now.counters[key] < last.counters[key] for key in both)
