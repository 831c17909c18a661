"""Producer ids, which idempotent producers request before they send."""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.error_codes import COORDINATOR_BUSY, error_name
from clusterload.model.errors import ClusterError

if TYPE_CHECKING:
    from clusterload.generator.wire.connection import Connection

PATIENCE: Final = 15.0
"""Seconds; a new cluster takes a while until it gives the first ones."""

_ANSWER: Final = struct.Struct(">ihqh")

Given = tuple[int, int, int]


@dataclass(slots=True, kw_only=True, eq=False)
class ProducerId:
    """An idempotent producer: its id, epoch, and next sequence number by partition."""

    producer_id: int
    epoch: int
    sequences: dict[int, int] = field(default_factory=dict)

    def number(self, partition: int, records: int) -> int:
        """The sequence number of the first of so many records for a partition."""
        sequence = self.sequences.get(partition, 0)
        self.sequences[partition] = (sequence + records) & 0x7FFFFFFF
        return sequence


async def init_producer_id(connection: Connection, frame: bytes) -> ProducerId:
    """Request a producer id and its epoch; `frame` is an InitProducerId request of version 1.

    Raises:
        ClusterError: none was given.
    """
    give_up = time.monotonic() + PATIENCE
    while True:
        answer: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        connection.request(frame, _take, answer)
        error, producer_id, epoch = await asyncio.wait_for(answer, PATIENCE)
        if not error:
            return ProducerId(producer_id=producer_id, epoch=epoch)
        if error not in COORDINATOR_BUSY or time.monotonic() > give_up:
            raise ClusterError(f"broker {connection.address} gave no producer id ({error_name(error)})")
        await asyncio.sleep(0.1)


def _take(_: Connection, data: bytes, at: int, __: int, answer: asyncio.Future[Given]) -> None:
    _throttle, error, producer_id, epoch = _ANSWER.unpack_from(data, at + 4)
    if not answer.done():
        answer.set_result((error, producer_id, epoch))
