"""What a source of metrics does: record during a run, or read history after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, Self, TypeAlias, runtime_checkable

from clusterload.model.points import Head, Points
from clusterload.model.resources import OTHERS as OTHERS  # noqa: PLC0414 (a label of many sources' Series)
from clusterload.model.series import Point


class Sink(Protocol):
    """What takes points and events: a run file, or the history of a cluster."""

    def record(self, point: Point) -> None:
        """Keep one point of a Series."""

    def record_all(self, points: Points) -> None:
        """Keep one point each of many Series."""

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep an event, at Unix nanoseconds."""


class _Passed(NamedTuple):
    """Of the Series of one broker those that pass, and their places."""

    of: tuple[Head, ...]
    heads: tuple[Head, ...]
    places: list[int]


@dataclass(slots=True)
class Sieve:
    """A sink that leaves out Series which another source tells better.

    Attributes:
        sink: that gets the others, and all events.
        without: the names of those that are left out.
    """

    sink: Sink
    without: frozenset[str]
    _passed: dict[str, _Passed] = field(default_factory=dict)

    def record(self, point: Point) -> None:
        """Pass one point on."""
        if point.name not in self.without:
            self.sink.record(point)

    def record_all(self, points: Points) -> None:
        """Pass points of many Series on."""
        broker = points.heads[0].labels.get("broker", "") if points.heads else ""
        passed = self._passed.get(broker)
        if passed is None or passed.of is not points.heads:
            places = [at for at, head in enumerate(points.heads) if head.name not in self.without]
            passed = _Passed(points.heads, tuple(points.heads[at] for at in places), places)
            self._passed[broker] = passed
        if len(passed.places) < len(points):
            values, spans = points.values[passed.places], points.spans[passed.places]
            points = replace(points, heads=passed.heads, values=values, spans=spans)
        self.sink.record_all(points)

    def event(self, time: int, kind: str, text: str) -> None:
        """Pass an event on."""
        self.sink.event(time, kind, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a source of history waits for.

    Attributes:
        missing: in words, as in `figures of the last minutes`.
        left: seconds until it goes on without.
    """

    missing: str
    left: float


OnWait: TypeAlias = Callable[[Waiting], None]


@runtime_checkable
class LiveSource(Protocol):
    """Records a cluster's metrics during a run.

    Attributes:
        interval: seconds between its points.
    """

    interval: float

    @property
    def title(self) -> str:
        """What it is, for people."""

    def start(self, sink: Sink) -> Self:
        """Begin to record."""

    def stop(self) -> None:
        """Record the rest and end."""


@runtime_checkable
class HistorySource(Protocol):
    """Reads the history of a cluster's metrics."""

    @property
    def interval(self) -> float:
        """Seconds between its points."""

    @property
    def lateness(self) -> float:
        """Seconds after which its figures are usually available."""

    @property
    def overhang(self) -> float:
        """Seconds that must be read beyond a load's end to cover its last moment."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    def collect(self, sink: Sink, start: int, end: int, on_wait: OnWait) -> None:
        """Record the metrics from `start` to `end` (Unix nanoseconds), once they are complete.

        Raises:
            SourceError: they could not be read.
        """


@runtime_checkable
class PastSource(HistorySource, Protocol):
    """A source of history that can be asked for a part of what it knows, so that a long past is read quickly."""

    def bounded(
        self, most_values: int, *, series: Collection[str] | None = None, step: float | None = None
    ) -> PastSource:
        """The same source for a look at a longer past.

        Args:
            most_values: values that are read at most, where the source can read fewer than all.
            series: the Series that are wanted; by default all.
            step: seconds between points, where the source lets us choose; by default its own.
        """


Source: TypeAlias = LiveSource | HistorySource


def of_brokers(brokers: Iterable[str]) -> str:
    """Brokers in words: `brokers 1, 2 and 3`, `broker 1`."""
    *most, last = brokers
    return f"brokers {', '.join(most)} and {last}" if most else f"broker {last}"
