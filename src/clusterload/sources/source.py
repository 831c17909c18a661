"""What a source of metrics does: record while a run goes, or read after the fact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias, runtime_checkable

from clusterload.store import Recorder


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

    def start(self, recorder: Recorder) -> Self:
        """Begin to record."""

    def stop(self) -> None:
        """Record what is left and end."""


@runtime_checkable
class LateSource(Protocol):
    """Reads a cluster's metrics of a time that has passed."""

    @property
    def interval(self) -> float:
        """Seconds between its points."""

    def collect(self, recorder: Recorder, start: int, end: int, on_wait: OnWait) -> None:
        """Record the metrics from `start` to `end` (Unix nanoseconds), once they are all there.

        Raises:
            SourceError: they could not be read.
        """


Source: TypeAlias = LiveSource | LateSource
