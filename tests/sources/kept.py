"""A sink that keeps what it is given, to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clusterload.series import Kind
from clusterload.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of a Series."""

    name: str
    unit: Unit
    kind: Kind
    labels: Mapping[str, str]
    time: int
    value: float
    span: float
    granularity: float


@dataclass(slots=True)
class Kept:
    """Points and events in the order in which they came."""

    points: list[Point] = field(default_factory=list)
    events: list[tuple[int, str, str]] = field(default_factory=list)

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
        self.points.append(
            Point(
                name=name,
                unit=unit,
                kind=kind,
                labels=dict(labels),
                time=time,
                value=value,
                span=span,
                granularity=granularity,
            )
        )

    def event(self, time: int, kind: str, text: str) -> None:
        self.events.append((time, kind, text))

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events."""
        return [kind for _, kind, _ in self.events]

    def text(self, kind: str) -> str:
        """The text of the one event of a kind."""
        (text,) = (text for _, one, text in self.events if one == kind)
        return text

    def named(self, name: str, **labels: str) -> list[Point]:
        """The points of a Series."""
        return [one for one in self.points if one.name == name and labels.items() <= one.labels.items()]
