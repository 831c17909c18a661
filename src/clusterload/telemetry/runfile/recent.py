"""The last minutes of a run in memory, for live views."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.model.run import Event
from clusterload.model.series import SECOND, Floats, Kind, Nanoseconds, Point, Series, SeriesKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clusterload.model.points import Head, Points

MOST_EVENTS: Final = 100
# Of a Series that has very many points in a stretch, the last ones are kept.
_MOST_POINTS: Final = 10_000
_NO_SPANS: Final = np.empty(0)


def _series(head: Head | Point, granularity: float, times: Nanoseconds, values: Floats, spans: Floats) -> Series:
    return Series(
        name=head.name,
        unit=head.unit,
        kind=head.kind,
        labels=head.labels,
        granularity=granularity,
        times=times,
        values=values,
        spans=spans if head.kind is Kind.DELTA else _NO_SPANS,
    )


class _Line:
    """A Series while it grows point by point, of which `first` was the first point."""

    def __init__(self, first: Point) -> None:
        self.first, self.granularity = first, first.granularity
        self.points: deque[tuple[int, float, float]] = deque(maxlen=_MOST_POINTS)

    def series(self) -> Series:
        times, values, spans = (np.array(column) for column in zip(*self.points, strict=True))
        return _series(
            self.first, self.granularity, times.astype(np.int64), values.astype(np.float64), spans.astype(np.float64)
        )


class _Scrapes:
    """The scrapes of one tuple of heads, in columns: those of `places` are kept."""

    def __init__(self, heads: tuple[Head, ...], names: Collection[str]) -> None:
        self.all_heads, self.of = heads, heads[0].labels.get("broker", "") if heads else ""
        self.places = np.array([place for place, head in enumerate(heads) if head.name in names], dtype=np.int64)
        self.heads = tuple(heads[place] for place in self.places.tolist())
        self.scrapes: deque[tuple[int, Floats, Floats]] = deque(maxlen=_MOST_POINTS)
        self.granularity = 0.0
        self._picked: dict[frozenset[str], NDArray[np.int64]] = {}

    def add(self, points: Points) -> None:
        self.granularity = max(self.granularity, points.granularity)
        if not self.scrapes or points.time > self.scrapes[-1][0]:
            self.scrapes.append((points.time, points.values[self.places], points.spans[self.places]))

    def forget(self, oldest: int) -> None:
        while self.scrapes and self.scrapes[0][0] < oldest:
            self.scrapes.popleft()

    def series(self, names: frozenset[str] | None) -> Iterator[Series]:
        """A Series for each head of these names, unless it has no value but NaN."""
        places = np.arange(len(self.heads)) if names is None else self._of(names)
        times = np.array([time for time, _, _ in self.scrapes], dtype=np.int64)
        values = np.stack([values[places] for _, values, _ in self.scrapes], axis=1)
        spans = np.stack([spans[places] for _, _, spans in self.scrapes], axis=1)
        known = np.flatnonzero(~np.isnan(values).all(axis=1))
        for row, place in zip(known.tolist(), places[known].tolist(), strict=True):
            yield _series(self.heads[place], self.granularity, times, values[row], spans[row])

    def _of(self, names: frozenset[str]) -> NDArray[np.int64]:
        if names not in self._picked:
            found = [place for place, head in enumerate(self.heads) if head.name in names]
            self._picked[names] = np.array(found, dtype=np.int64)
        return self._picked[names]


class Recent:
    """Takes points as a run file does and forgets those that are too old; several threads may give them."""

    def __init__(self, names: Collection[str], seconds: float) -> None:
        """Keep the Series of these names for this long; points of others are passed over."""
        self._names, self._seconds = frozenset(names), seconds
        self._lock = threading.Lock()
        self._lines: dict[SeriesKey, _Line] = {}
        self._scrapes: dict[int, _Scrapes] = {}
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)

    def record(self, point: Point) -> None:
        """Keep one point for a while."""
        if point.name not in self._names:
            return
        with self._lock:
            key = point.key
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = _Line(point)
            line.granularity = max(line.granularity, point.granularity)
            if not line.points or point.time > line.points[-1][0]:
                line.points.append((point.time, point.value, point.span))
            oldest = self._oldest(point.time)
            while line.points and line.points[0][0] < oldest:
                line.points.popleft()

    def record_all(self, points: Points) -> None:
        """Keep one point each of many Series for a while."""
        with self._lock:
            scrapes = self._scrapes.get(id(points.heads))
            if scrapes is None:
                self._forget(self._oldest(points.time))
                scrapes = self._scrapes[id(points.heads)] = _Scrapes(points.heads, self._names)
            scrapes.add(points)
            scrapes.forget(self._oldest(points.time))

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened, as one of the last ones."""
        with self._lock:
            self._events.append(Event(time=time, kind=kind, text=text))

    def series(self, names: Collection[str] | None = None) -> tuple[Series, ...]:
        """What is kept, as it is now: all of it, or the Series of these names. What only is NaN is left out."""
        wanted = None if names is None else frozenset(names)
        with self._lock:
            found = [
                line.series()
                for line in self._lines.values()
                if line.points and (wanted is None or line.first.name in wanted)
            ]
            for scrapes in self._scrapes.values():
                if scrapes.scrapes:
                    found.extend(scrapes.series(wanted))
            is_parted = len({scrapes.of for scrapes in self._scrapes.values()}) < len(self._scrapes)
        return tuple(_each_once(found)) if is_parted else tuple(found)

    @property
    def events(self) -> tuple[Event, ...]:
        """The last things that happened, oldest first."""
        with self._lock:
            return tuple(self._events)

    def _oldest(self, newest: int) -> int:
        return newest - round(self._seconds * SECOND)

    def _forget(self, oldest: int) -> None:
        """A broker that shows other Series by now leaves behind what it showed before."""
        for scrapes in self._scrapes.values():
            scrapes.forget(oldest)
        self._scrapes = {key: scrapes for key, scrapes in self._scrapes.items() if scrapes.scrapes}


def _each_once(found: list[Series]) -> Iterator[Series]:
    """Series of which the points are in several pieces, as where a broker began to show more, put together."""
    pieces: dict[SeriesKey, list[Series]] = defaultdict(list)
    for series in found:
        pieces[series.key].append(series)
    for own in pieces.values():
        yield own[0] if len(own) == 1 else _joined(own)


def _joined(pieces: list[Series]) -> Series:
    times = np.concatenate([piece.times for piece in pieces])
    order = np.argsort(times, kind="stable")
    return replace(
        pieces[0],
        granularity=max(piece.granularity for piece in pieces),
        times=times[order],
        values=np.concatenate([piece.values for piece in pieces])[order],
        spans=np.concatenate([piece.spans for piece in pieces])[order] if len(pieces[0].spans) else _NO_SPANS,
    )
