"""Which of very many topics, clients or groups have a Series each: those that take the most, and those that rise.

Who came first says nothing: the culprit is the one that comes later, or grows. A place is taken from a quiet one, and
only by one that matters twice as much, since a Series that comes and goes tells little. What has no Series is in the
sum of the others at each moment, so totals are exact whatever is kept.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clusterload.model.resources import RESOURCES
from clusterload.model.series import Floats, Kind
from clusterload.telemetry.sources.end_offsets import SERIES, EndOffsets
from clusterload.telemetry.sources.names import BROKER, Labels
from clusterload.telemetry.sources.reading import Key
from clusterload.telemetry.sources.source import OTHERS
from clusterload.telemetry.sources.translation import Places

# So much of each new value goes into what is recent, and into what is usual: the last three or so, and the last 30.
_RECENT: Final = 0.5
_USUAL: Final = 0.05
# How many times as much as the least that is kept matters what takes its place.
_TWICE: Final = 2.0


# So much more counts what is large on all brokers together: it takes the place of what is only a little larger here.
_WIDELY: Final = 2.5
FEWEST: Final = 100
"""Series by a label of one name that a broker has in any case."""

# Of one name on all brokers together; of a metric as many are read from a Prometheus one by one.
_MOST_IN_ALL: Final = 20_000
# With more names than this they are numbered again: of clients with ids by chance there is no end.
_MOST_NUMBERED: Final = 200_000


def most_of_each(brokers: int, most: int) -> int:
    """How many Series by a label of one name each of so many brokers may have, if one alone may have `most`."""
    return max(FEWEST, min(most, _MOST_IN_ALL // max(1, brokers)))


class Crowd:
    """The topics and clients of all brokers, of which each broker keeps some: who takes a little of each takes much.

    The brokers' threads may use it at once.

    Attributes:
        ends: the ends of their replicas.
    """

    def __init__(self) -> None:
        self.ends = EndOffsets()
        self._lock = threading.Lock()
        self._numbers: dict[Key, int] = {}
        self._totals: dict[str, Floats] = {}
        self.generation = 0

    def numbers(self, keys: Sequence[Key]) -> tuple[int, Places]:
        """A number for each of these, which stays in a generation of numbers; and which generation that is."""
        with self._lock:
            if len(self._numbers) > _MOST_NUMBERED:
                self._numbers.clear()
                self._totals.clear()
                self.generation += 1
            numbers = [self._numbers.setdefault(key, len(self._numbers)) for key in keys]
            return self.generation, np.array(numbers, dtype=np.int64)

    def total(self, name: str, more: Floats, generation: int) -> Floats:
        """What all brokers' scores add up to, by number, once a broker's own have changed by so much."""
        with self._lock:
            if generation != self.generation:
                return np.zeros(len(more))
            total = self._totals.get(name, np.empty(0))
            size = max(len(total), len(more))
            total = np.pad(total, (0, size - len(total))) + np.pad(more, (0, size - len(more)))
            self._totals[name] = total
            return total


@dataclass(slots=True)
class Keeping:
    """Which of the many that there are of one name are kept; each is known by a number that stays.

    Attributes:
        most: how many.
        in_all: what all brokers' scores add up to, by number, once those of this one have changed by so much; None
            where there is only one.
    """

    most: int
    in_all: Callable[[Floats], Floats] | None = None
    _told: Floats = field(default_factory=lambda: np.empty(0))
    _recent: Floats = field(default_factory=lambda: np.empty(0))
    _usual: Floats = field(default_factory=lambda: np.empty(0))
    _kept: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    _begun: bool = False

    def keep(
        self, numbers: NDArray[np.int64], levels: Floats, worthy: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_]:
        """Which of those that are there now are kept.

        Args:
            numbers: who is there, each once, shape `(n,)`.
            levels: what each takes now, such as bytes per second; NaN is nothing; shape `(n,)`.
            worthy: who may get a place where there are too many; by default all may.
        """
        score = self._compared(numbers, self._score(numbers, np.maximum(np.nan_to_num(levels), 0.0)))
        # Of two that are alike the one with a figure comes first, and then the one that was there first.
        order = np.lexsort((numbers, np.isnan(levels), -score))
        is_kept = self._kept[numbers]
        may = ~is_kept if worthy is None or len(numbers) <= self.most else ~is_kept & worthy
        kept, others = order[is_kept[order]], order[may[order]]
        free = max(0, self.most - len(kept))
        given = min(free, len(others))
        is_kept[kept[self.most :]] = False
        is_kept[others[:given]] = True
        last, next_ = kept[: self.most][::-1], others[given:]
        pairs = min(len(last), len(next_))
        # The most important of the others against the least important that is kept, and so on, as far as it goes.
        swapped = score[next_[:pairs]] > _TWICE * score[last[:pairs]]
        is_kept[next_[:pairs][swapped]] = True
        is_kept[last[:pairs][swapped]] = False
        # A place is lost with the line: what is not there now keeps nobody out.
        self._kept[:] = False
        self._kept[numbers] = is_kept
        return is_kept

    def _score(self, numbers: NDArray[np.int64], levels: Floats) -> Floats:
        """What each takes lately, and again what of it is more than usual."""
        self._make_room(int(numbers.max(initial=-1)) + 1)
        is_new = np.isnan(self._recent[numbers])
        # What is there from the beginning is taken to be usual; what comes later was nothing before.
        before = np.where(is_new, 0.0 if self._begun else levels, self._usual[numbers])
        recent = np.where(is_new, levels, self._recent[numbers] + _RECENT * (levels - self._recent[numbers]))
        self._recent[numbers], self._usual[numbers] = recent, before + _USUAL * (recent - before)
        self._begun = True
        score: Floats = recent + np.maximum(0.0, recent - before)
        return score

    def _compared(self, numbers: NDArray[np.int64], score: Floats) -> Floats:
        """How each stands to the one in the middle of the places: on this broker or on all, whichever is more."""
        if self.in_all is None or len(score) <= self.most:
            return score
        own = np.zeros(len(self._recent))
        own[numbers] = score
        changed = own.copy()
        changed[: len(self._told)] -= self._told
        self._told = own
        total = self.in_all(changed)[numbers]
        place = len(score) - max(1, self.most // 2)
        own_bar, bar = np.partition(score, place)[place], np.partition(total, place)[place]
        with np.errstate(over="ignore"):  # over hardly anything: infinitely much
            standing: Floats = np.maximum(
                score / own_bar if own_bar > 0 else score, _WIDELY * total / bar if bar > 0 else 0.0 * total
            )
        return standing

    def _make_room(self, count: int) -> None:
        more = count - len(self._recent)
        if more > 0:
            self._recent = np.append(self._recent, np.full(more, np.nan))
            self._usual = np.append(self._usual, np.full(more, np.nan))
            self._kept = np.append(self._kept, np.zeros(more, dtype=np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Values before they are recorded: of each its Series' key, the value, and its span in seconds, 0 for a gauge."""

    keys: tuple[Key, ...]
    values: Floats
    spans: Floats

    @classmethod
    def none(cls) -> Columns:
        """No values."""
        return cls(keys=(), values=np.empty(0), spans=np.empty(0))

    def __add__(self, other: Columns) -> Columns:
        if not other.keys:
            return self
        return Columns(
            keys=self.keys + other.keys,
            values=np.append(self.values, other.values),
            spans=np.append(self.spans, other.spans),
        )

    def picked(self, places: Places) -> Columns:
        """Those at these places, which rise."""
        if len(places) == len(self.keys):
            return self
        keys = tuple(self.keys[place] for place in places.tolist())
        return Columns(keys=keys, values=self.values[places], spans=self.spans[places])


@dataclass(slots=True)
class _Group:
    """The Series of one name by labels: their places in a scrape, their numbers for keeping, and the rest's key."""

    places: Places
    numbers: Places
    rest: Key
    kind: Kind


@dataclass(slots=True)
class Many:
    """Bounds how many Series of a name there are by a label.

    Attributes:
        most: of one name.
        totals: the Series over all of what another one is by, where there is one.
        crowd: the topics and clients of all brokers.
    """

    most: int
    totals: Mapping[str, str]
    crowd: Crowd
    _keeping: dict[str, Keeping] = field(default_factory=dict)
    _generation: int = 0
    _keys: tuple[Key, ...] = ()
    _groups: dict[str, _Group] = field(default_factory=dict)
    _unlabelled: dict[str, int] = field(default_factory=dict)

    def bounded(self, columns: Columns, left_out: int) -> Columns:
        """The values, where those by a label that are too many are added up; the same if none are."""
        self._look(columns.keys)
        groups = {name: group for name, group in self._groups.items() if left_out or len(group.places) > self.most}
        if not groups:
            return columns
        dropped, rests = list[Places](), list[tuple[Key, float, float]]()
        for name, group in groups.items():
            values, spans = columns.values[group.places], columns.spans[group.places]
            levels = values / spans if group.kind is Kind.DELTA else values
            kept = self._keeping_of(name).keep(group.numbers, levels)
            dropped.append(group.places[~kept])
            rests.append((group.rest, *self._rest(name, columns, kept, group)))
        shown = np.delete(np.arange(len(columns.keys)), np.concatenate(dropped))
        more = Columns(
            keys=tuple(key for key, _, _ in rests),
            values=np.array([value for _, value, _ in rests]),
            spans=np.array([span for _, _, span in rests]),
        )
        return columns.picked(shown) + more

    def _keeping_of(self, name: str) -> Keeping:
        if name not in self._keeping:
            in_all = partial(self._in_all, name)
            self._keeping[name] = Keeping(self.most, in_all)
        return self._keeping[name]

    def _in_all(self, name: str, changed: Floats) -> Floats:
        return self.crowd.total(name, changed, self._generation)

    def _rest(self, name: str, columns: Columns, kept: NDArray[np.bool_], group: _Group) -> tuple[float, float]:
        """What has no Series of its own, and its span; from the total, if there is one, which has what was not read."""
        values = columns.values[group.places]
        total = self._unlabelled.get(self.totals.get(name, ""))
        if total is not None:
            return float(columns.values[total] - values[kept].sum()), float(columns.spans[total])
        others = values[~kept]
        if group.kind is Kind.GAUGE:
            # A missing value does not make the sum of the others unknown.
            known = others[~np.isnan(others)]
            return float(known.sum()) if len(known) else np.nan, 0.0
        return float(others.sum()), float(columns.spans[group.places[0]])

    def _look(self, keys: tuple[Key, ...]) -> None:
        """Series with these keys come next."""
        if keys == self._keys:
            return
        self._keys = keys
        by_name: dict[str, list[int]] = defaultdict(list)
        for place, (name, labels) in enumerate(keys):
            if _is_by_more(labels):
                by_name[name].append(place)
        self._unlabelled = {name: place for place, (name, labels) in enumerate(keys) if not _is_by_more(labels)}
        self._groups = {name: self._group(name, places) for name, places in by_name.items()}

    def _group(self, name: str, places: Sequence[int]) -> _Group:
        own = [self._keys[place] for place in places]
        generation, numbers = self.crowd.numbers(own)
        if generation != self._generation:
            self._generation = generation
            self._keeping.clear()
        # Labels differ: the principal of a client may be unknown. The rest has all of them.
        there = {label for _, labels in own for label, _ in labels}
        whose = {dict(labels).get(BROKER) for _, labels in own} - {None}
        of = (
            tuple((BROKER, broker) for broker in whose if broker is not None)
            if len(whose) == 1 and name not in SERIES
            else ()
        )
        return _Group(
            places=np.array(places, dtype=np.int64),
            numbers=numbers,
            rest=(name, of + tuple((label, OTHERS) for label in RESOURCES[name].per if label in there)),
            kind=RESOURCES[name].kind,
        )


def _is_by_more(labels: Labels) -> bool:
    """Whether a Series is one of several of its name and its broker."""
    return any(label != BROKER for label, _ in labels)
