"""The last minutes of a run in memory, for live views."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection
from typing import Final

import numpy as np

from clusterload.model.points import Points
from clusterload.model.run import Event
from clusterload.model.series import SECOND, Kind, Point, Series, SeriesKey

MOST_EVENTS: Final = 100
# Of a Series that has very many points in a stretch, the last ones are kept.
_MOST_POINTS: Final = 10_000


class _Line:
    """A Series while it grows, of which `first` was the first point."""

    def __init__(self, first: Point) -> None:
        self.first, self.granularity = first, first.granularity
        self.points: deque[tuple[int, float, float]] = deque(maxlen=_MOST_POINTS)

    def series(self) -> Series:
        times, values, spans = zip(*self.points, strict=True)
        return Series(
            name=self.first.name,
            unit=self.first.unit,
            kind=self.first.kind,
            labels=dict(self.first.labels),
            granularity=self.granularity,
            times=np.array(times, dtype=np.int64),
            values=np.array(values, dtype=np.float64),
            spans=np.array(spans if self.first.kind is Kind.DELTA else (), dtype=np.float64),
        )


class Recent:
    """Takes points as a run file does and forgets those that are too old; several threads may give them."""

    def __init__(self, names: Collection[str], seconds: float) -> None:
        """Keep the Series of these names for this long; points of others are passed over."""
        self._names, self._seconds = frozenset(names), seconds
        self._lock = threading.Lock()
        self._lines: dict[SeriesKey, _Line] = {}
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
            oldest = point.time - round(self._seconds * SECOND)
            while line.points and line.points[0][0] < oldest:
                line.points.popleft()

    def record_all(self, points: Points) -> None:
        """Take one point each of many Series."""
        for point in points:
            self.record(point)

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened, as one of the last ones."""
        with self._lock:
            self._events.append(Event(time=time, kind=kind, text=text))

    def series(self, names: Collection[str] | None = None) -> tuple[Series, ...]:
        """What is kept, as it is now: all of it, or the Series of these names."""
        with self._lock:
            kept = (
                line for line in self._lines.values() if line.points and (names is None or line.first.name in names)
            )
            return tuple(line.series() for line in kept)

    @property
    def events(self) -> tuple[Event, ...]:
        """The last things that happened, oldest first."""
        with self._lock:
            return tuple(self._events)
