"""Run: what was planned, done and measured. Everything after it is a pure function of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clusterload.errors import ConfigurationError
from clusterload.series import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.ledger import Ledger
    from clusterload.plan import Plan
    from clusterload.series import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened during a run.

    Attributes:
        time: Unix nanoseconds.
        kind: a short word to search for, such as `scrape-failed`.
        text: one line for people.
    """

    time: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One measurement.

    Attributes:
        id: unique, sortable by time.
        plan: what load was asked for; None if none was.
        start: Unix nanoseconds at which the load began.
        end: Unix nanoseconds at which it ended.
        complete: False if the run was cut short, so that the last seconds may be missing.
        environment: cluster, client and machine, plain values by allow-list.
        ledgers: one for each Load.
        series: all that was measured.
        path: the file it was read from or written to.
    """

    id: str
    plan: Plan | None
    start: int
    end: int
    complete: bool = True
    environment: Mapping[str, Any] = field(default_factory=dict)
    ledgers: tuple[Ledger, ...] = ()
    series: tuple[Series, ...] = ()
    events: tuple[Event, ...] = ()
    path: Path | None = None

    @property
    def seconds(self) -> float:
        """How long the load lasted."""
        return (self.end - self.start) / SECOND

    def named(self, name: str) -> list[Series]:
        """The Series of this name."""
        return [one for one in self.series if one.name == name]

    def between(self, start: int, end: int) -> Run:
        """The same run as if it had lasted from `start` to `end` only, in Unix nanoseconds.

        Raises:
            ConfigurationError: the stretch is empty.
        """
        if end <= start:
            raise ConfigurationError(f"{clock_time(start)} to {clock_time(end)} is no stretch of time: it is empty")
        return replace(self, start=start, end=end)


def clock_time(time: int) -> str:
    """Unix nanoseconds as ISO-8601 in UTC, to the second."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
