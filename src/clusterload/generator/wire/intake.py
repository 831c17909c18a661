"""What readers take in: records and bytes, where to read on, and how old records were when they were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterload.generator.wire.fetching import read

if TYPE_CHECKING:
    from clusterload.generator.wire.counts import Latencies
    from clusterload.generator.wire.fetching import Slice
    from clusterload.generator.wire.population import Setting
    from clusterload.generator.wire.readers import Cursor


class Intake:
    """Counts what the readers of one worker get.

    A record counts once for each reader. End-to-end latency is sampled once a batch: the first record of each
    uncompressed batch, if its stamp says that this worker made it in this run, so that due time and time of
    reading are of one clock. Compressed batches are counted and not looked into.

    Attributes:
        records: consumed.
        bytes: of their batches.
    """

    __slots__ = ("_latencies", "_own", "_setting", "bytes", "records")

    def __init__(self, setting: Setting, latencies: Latencies) -> None:
        self._setting = setting
        self._latencies = latencies
        self._own = (setting.seed & 0xFFF) << 6 | (setting.worker & 0x3F)
        self.records = self.bytes = 0

    def take(self, data: bytes, one: Slice, cursor: Cursor, now: int) -> int:
        """Take the batches of a partition, and move its cursor; how many records there were."""
        got = read(data, one.at, one.end, cursor.offset, self._own)
        self.records += got.records
        self.bytes += got.bytes
        cursor.offset = got.next_offset
        if got.samples:
            offset, first = self._setting.offset, self._latencies.keep_from
            kept = self._latencies.end_to_end
            kept += [(now + offset - due) // 1000 for due in got.samples if first <= due - offset <= now]
        return got.records
