"""The last minutes of a run in memory, for those who watch it while it goes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from clusterload.model.run import Event
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import Unit

MOST_EVENTS: Final = 100
# Of a Series that has very many points in a stretch, the last ones are kept.
_MOST_POINTS: Final = 10_000


@dataclass(slots=True, kw_only=True)
class _Line:
    name: str
    unit: Unit
    kind: Kind
    labels: Mapping[str, str]
    granularity: float
    points: deque[tuple[int, float, float]] = field(default_factory=lambda: deque(maxlen=_MOST_POINTS))

    def series(self) -> Series:
        times, values, spans = zip(*self.points, strict=True)
        return Series(
            name=self.name,
            unit=self.unit,
            kind=self.kind,
            labels=self.labels,
            granularity=self.granularity,
            times=np.array(times, dtype=np.int64),
            values=np.array(values, dtype=np.float64),
            spans=np.array(spans if self.kind is Kind.DELTA else (), dtype=np.float64),
        )


class Recent:
    """Takes points as a run file does and forgets those that are too old; several threads may give them."""

    def __init__(self, names: Collection[str], seconds: float) -> None:
        """Keep the Series of these names for this long; points of others are passed over."""
        self._names, self._seconds = frozenset(names), seconds
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, tuple[tuple[str, str], ...]], _Line] = {}
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)

    def point(
        self,
        name: str,
        unit: Unit,
        kind: Kind,
        labels: Mapping[str, str],
        time: int,
        value: float,
        span: float = 0.0,
        granularity: float = 1.0,
    ) -> None:
        """Keep one point for a while."""
        if name not in self._names:
            return
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = _Line(
                    name=name, unit=unit, kind=kind, labels=dict(labels), granularity=granularity
                )
            line.granularity = max(line.granularity, granularity)
            if not line.points or time > line.points[-1][0]:
                line.points.append((time, value, span))
            oldest = time - round(self._seconds * SECOND)
            while line.points and line.points[0][0] < oldest:
                line.points.popleft()

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened, as one of the last ones."""
        with self._lock:
            self._events.append(Event(time=time, kind=kind, text=text))

    def series(self, names: Collection[str] | None = None) -> tuple[Series, ...]:
        """What is kept, as it is now: all of it, or the Series of these names."""
        with self._lock:
            kept = (line for line in self._lines.values() if line.points and (names is None or line.name in names))
            return tuple(line.series() for line in kept)

    @property
    def events(self) -> tuple[Event, ...]:
        """The last things that happened, oldest first."""
        with self._lock:
            return tuple(self._events)
