"""What became of a Load's records in this worker: the terms of its ledger, request by request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterload.generator.wire.counts import Counts

if TYPE_CHECKING:
    from clusterload.generator.wire.batches import Slot


@dataclass(slots=True, kw_only=True, eq=False)
class Fates(Counts):
    """Counts of records, a whole request's at a time.

    Attributes:
        late_requests: requests that were sent late.
        acknowledged_bytes: of acknowledged values.
        batch_bytes: of acknowledged record batches.
        resent: records that were sent again.
        answers: requests that were answered, or sent where no answer comes.
    """

    late_requests: int = 0
    acknowledged_bytes: int = 0
    batch_bytes: int = 0
    resent: int = 0
    answers: int = 0

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
