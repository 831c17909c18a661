"""What a source records, kept in memory: the smallest of all sinks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from clusterload.model.points import Points
from clusterload.model.series import SECOND, Point
from clusterload.telemetry.sources.deltas import MOST, Deltas, Scrape
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.reading import Reading


@dataclass(slots=True, eq=False)
class Kept:
    """Keeps points and events."""

    points: list[Point] = field(default_factory=list)
    events: list[tuple[int, str, str]] = field(default_factory=list)

    def record(self, point: Point) -> None:
        """Keep one point."""
        self.points.append(point._replace(labels=dict(point.labels)))

    def record_all(self, points: Points) -> None:
        """Take one point each of many Series."""
        for point in points:
            self.record(point)

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep one event."""
        self.events.append((time, kind, text))

    def of(self, name: str, **labels: str) -> list[Point]:
        """The points of this name that carry these labels."""
        return [point for point in self.points if point.name == name and labels.items() <= point.labels.items()]

    def values(self, name: str, **labels: str) -> list[float]:
        """Their values."""
        return [point.value for point in self.of(name, **labels)]

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events."""
        return [kind for _, kind, _ in self.events]


def grown(readings: Iterable[Reading | None], *, most: int = MOST, left_out: int = 0) -> Kept:
    """What readings of one broker, a second apart, become; None is one that failed."""
    kept, deltas = Kept(), Deltas(broker="1", names=Names.named("jmx-exporter"), most=most)
    for second, reading in enumerate(readings):
        if reading is not None:
            deltas.take(Scrape(time=second * SECOND, reading=reading, left_out=left_out), kept)
    return kept
