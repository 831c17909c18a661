"""What a population counts: the terms of its ledger, and latencies until they are reported."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict

from clusterload.model.ledger import Ledger


@dataclass(slots=True, kw_only=True, eq=False)
class Counts:
    """The terms of a ledger, each counted at its own event."""

    scheduled: int = 0
    acknowledged: int = 0
    failed: int = 0
    unknown: int = 0
    dropped: int = 0
    late: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def drop(self, error: str, count: int = 1) -> None:
        """Count something that was scheduled and never sent."""
        self.dropped += count
        self.errors[error] += count

    def fail(self, error: str, count: int = 1) -> None:
        """Count refusals."""
        if count:
            self.failed += count
            self.errors[error] += count

    def lose(self, error: str, count: int = 1) -> None:
        """Count what was in flight and will not be answered."""
        if count:
            self.unknown += count
            self.errors[error] += count

    def ledger(self, load: str, unit: str, consumed: int = 0) -> Ledger:
        """The account so far, of `consumed` bytes."""
        return Ledger(
            load=load,
            unit=unit,
            scheduled=self.scheduled,
            acknowledged=self.acknowledged,
            failed=self.failed,
            unknown=self.unknown,
            dropped=self.dropped,
            late=self.late,
            acknowledged_bytes=consumed,
            errors=dict(self.errors),
        )


class LatencyCounts(TypedDict):
    """Latencies as a Tally holds them: microseconds to count."""

    due: Counter[int]
    sent: Counter[int]
    delay: Counter[int]
    end_to_end: Counter[int]


class LatencySamples:
    """Latencies in microseconds of what was due after the warm-up.

    Attributes:
        keep_from: monotonic nanoseconds; what was due before is not kept.
    """

    __slots__ = ("delay", "due", "end_to_end", "keep_from", "sent")

    def __init__(self) -> None:
        self.keep_from = 0
        self.due: list[int] = []
        self.sent: list[int] = []
        self.delay: list[int] = []
        self.end_to_end: list[int] = []

    def begun(self, due: int, now: int) -> None:
        """Something that was due is sent now."""
        if due >= self.keep_from:
            self.delay.append((now - due) // 1000)

    def answered(self, due: int, sent: int, now: int) -> None:
        """Something that was due and was sent is answered now."""
        if due >= self.keep_from:
            self.due.append((now - due) // 1000)
            self.sent.append((now - sent) // 1000)

    def take_all(self) -> LatencyCounts:
        """Latencies since they were last taken."""
        taken = LatencyCounts(
            due=Counter(self.due),
            sent=Counter(self.sent),
            delay=Counter(self.delay),
            end_to_end=Counter(self.end_to_end),
        )
        for kept in (self.due, self.sent, self.delay, self.end_to_end):
            kept.clear()
        return taken
