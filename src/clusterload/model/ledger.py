"""The ledger: what became of every record, request, connection or member that a Load scheduled.

scheduled = acknowledged + failed + unknown + dropped. Each term is counted at its own event, none is a
remainder, so `balanced` can be false and then says that something was lost sight of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

RECORDS: Final = "records"
REQUESTS: Final = "requests"
CONNECTIONS: Final = "connections"
MEMBERS: Final = "members"


class Fate(StrEnum):
    """What can become of what was scheduled, in terms of a record."""

    ACKNOWLEDGED = "acknowledged"
    """The cluster said that it has it; of a request or a connection, that it answered; of a member, that it is one."""
    FAILED = "failed"
    """The cluster or the client refused it; it is not stored."""
    UNKNOWN = "unknown"
    """It was sent and no answer settles whether it is stored."""
    DROPPED = "dropped"
    """It was due, but was never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The account of one Load.

    Attributes:
        load: the Load's name.
        unit: what is counted: `records`, `requests`, `connections` or `members` of a group, by their joins; of a
            total of several, all of them.
        late: those sent more than the engine's bound after they were due; they also have a fate.
        errors: how often each Kafka error was the reason for a fate other than acknowledged.
    """

    load: str
    scheduled: int = 0
    acknowledged: int = 0
    failed: int = 0
    unknown: int = 0
    dropped: int = 0
    late: int = 0
    acknowledged_bytes: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    unit: str = RECORDS

    @property
    def settled(self) -> int:
        """How many have a fate that is counted."""
        return self.acknowledged + self.failed + self.unknown + self.dropped

    @property
    def balanced(self) -> bool:
        """Whether all that was scheduled has exactly one fate."""
        return self.scheduled == self.settled

    @classmethod
    def total(cls, ledgers: Iterable[Ledger]) -> Ledger:
        """Several Loads' accounts added up."""
        every = tuple(ledgers)
        book = Book("total", " and ".join(dict.fromkeys(ledger.unit for ledger in every)) or RECORDS)
        for ledger in every:
            book.add(ledger)
        return book.ledger()


class Book:
    """Where an engine counts, event by event; `ledger()` is the account so far. Not for several threads."""

    __slots__ = ("_bytes", "_counts", "_errors", "_late", "_load", "_scheduled", "_unit")

    def __init__(self, load: str, unit: str = RECORDS) -> None:
        self._load = load
        self._unit = unit
        self._scheduled = 0
        self._late = 0
        self._bytes = 0
        self._counts: Counter[Fate] = Counter()
        self._errors: Counter[str] = Counter()

    def schedule(self, count: int = 1) -> None:
        """Count what fell due."""
        self._scheduled += count

    def acknowledge(self, size: int, count: int = 1) -> None:
        """Count what the cluster has or answered: `count` of `size` value bytes together."""
        self._counts[Fate.ACKNOWLEDGED] += count
        self._bytes += size

    def lose(self, fate: Fate, error: str, count: int = 1) -> None:
        """Count what was not acknowledged, with the Kafka error that says why."""
        self._counts[fate] += count
        self._errors[error] += count

    def late(self, count: int = 1) -> None:
        """Count what was sent after its bound."""
        self._late += count

    def add(self, ledger: Ledger) -> None:
        """Count all that another account holds."""
        self._scheduled += ledger.scheduled
        self._late += ledger.late
        self._bytes += ledger.acknowledged_bytes
        for fate in Fate:
            self._counts[fate] += getattr(ledger, fate.value)
        self._errors.update(ledger.errors)

    def ledger(self) -> Ledger:
        """The account so far."""
        return Ledger(
            load=self._load,
            unit=self._unit,
            scheduled=self._scheduled,
            late=self._late,
            acknowledged_bytes=self._bytes,
            errors=dict(self._errors),
            **{fate.value: self._counts[fate] for fate in Fate},
        )
