"""What became of a Load's records in this worker: each term counted at its own event, none as a remainder."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from clusterload.ledger import Ledger

if TYPE_CHECKING:
    from clusterload.engines.wire.batches import Slot


class Fates:
    """Counts of records, and latencies since they were last asked for; plain attributes, for speed."""

    __slots__ = (
        "acknowledged",
        "acknowledged_bytes",
        "answers",
        "batch_bytes",
        "delay_us",
        "dropped",
        "due_us",
        "errors",
        "failed",
        "late",
        "late_requests",
        "load",
        "resent",
        "scheduled",
        "sent_us",
        "unknown",
    )

    def __init__(self, load: str, errors: Counter[str]) -> None:
        self.load, self.errors = load, errors
        self.scheduled = self.acknowledged = self.failed = self.unknown = self.dropped = self.late = 0
        self.late_requests = self.acknowledged_bytes = self.batch_bytes = self.resent = self.answers = 0
        self.due_us: list[int] = []
        self.sent_us: list[int] = []
        self.delay_us: list[int] = []

    def acknowledge(self, slot: Slot) -> None:
        """A broker has the records of a request."""
        self.acknowledged += slot.records
        self.acknowledged_bytes += slot.value_bytes
        self.batch_bytes += slot.batch_bytes

    def settle(self, slot: Slot, *, unknown: bool) -> None:
        """The records of a request were refused for good, or nobody says what became of them."""
        if unknown:
            self.unknown += slot.records
        else:
            self.failed += slot.records

    def drop(self, records: int, why: str) -> None:
        """Records that were due were never sent."""
        self.dropped += records
        self.errors[why] += records

    def ledger(self) -> Ledger:
        """The account so far."""
        return Ledger(
            load=self.load,
            scheduled=self.scheduled,
            acknowledged=self.acknowledged,
            failed=self.failed,
            unknown=self.unknown,
            dropped=self.dropped,
            late=self.late,
            acknowledged_bytes=self.acknowledged_bytes,
            errors=dict(self.errors),
        )

    def latencies(self) -> dict[str, Any]:
        """Microseconds to count, from due to answer, sent to answer and due to sent, since this was last asked."""
        taken = {"due": Counter(self.due_us), "sent": Counter(self.sent_us), "delay": Counter(self.delay_us)}
        self.due_us.clear()
        self.sent_us.clear()
        self.delay_us.clear()
        return taken
