"""What a source of metrics does: record while a run goes, or read after the fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias, runtime_checkable

from clusterload.model.resources import OTHERS as OTHERS  # noqa: PLC0414 (whoever gives Series names their rest by it)
from clusterload.model.series import Point


class Sink(Protocol):
    """What takes the points and events: a run file while a run goes, or the history of a cluster."""

    def record(self, point: Point) -> None:
        """Keep one point of a Series."""

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened, at Unix nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a late source waits for.

    Attributes:
        missing: in words, as in `figures of the last minutes`.
        left: seconds after which it goes on without.
    """

    missing: str
    left: float


OnWait: TypeAlias = Callable[[Waiting], None]


@runtime_checkable
class LiveSource(Protocol):
    """Records a cluster's metrics while a run goes.

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
        """Record what is left and end."""


@runtime_checkable
class LateSource(Protocol):
    """Reads a cluster's metrics of a time that has passed."""

    @property
    def interval(self) -> float:
        """Seconds between its points."""

    @property
    def lateness(self) -> float:
        """Seconds after which its figures are usually there."""

    @property
    def overhang(self) -> float:
        """Seconds that must be read beyond a load's end for its last moment to be told."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    def collect(self, sink: Sink, start: int, end: int, on_wait: OnWait) -> None:
        """Record the metrics from `start` to `end` (Unix nanoseconds), once they are all there.

        Raises:
            SourceError: they could not be read.
        """


Source: TypeAlias = LiveSource | LateSource


def of_brokers(brokers: Iterable[str]) -> str:
    """Brokers in words: `brokers 1, 2 and 3`, `broker 1`."""
    *most, last = brokers
    return f"brokers {', '.join(most)} and {last}" if most else f"broker {last}"
