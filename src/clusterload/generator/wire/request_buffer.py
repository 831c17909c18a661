"""Produce requests that are changed in place: only what must change, and nothing is copied.

This is the hot path of the generator: it is measured by `benchmarks/seal.py`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from struct import Struct
from typing import Final

from crc32c import crc32c

from clusterload.generator.wire.stamps import Stamping

_CRC_AT: Final = 17
"""Where a batch's checksum is; it covers everything after it."""

_TIMES_AT: Final = 27
"""From where base and max timestamp, producer id, epoch and base sequence follow each other."""

_HEADER: Final = Struct(">qiibIhiqqqhii")
_put_int = Struct(">i").pack_into
_put_checksum = Struct(">I").pack_into
_put_times = Struct(">qqqhi").pack_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A Produce request up to its record batch, which ends it.

    Attributes:
        head: its bytes, the frame's size included; sizes count no batch yet.
        correlation_at: where the correlation id is.
        partition_at: where the partition's index is.
        records_at: where the record batch's size is.
        answered: whether brokers answer it (acks other than 0).
    """

    head: bytes
    correlation_at: int
    partition_at: int
    records_at: int
    answered: bool

    @property
    def data_at(self) -> int:
        """Where the records begin, after the batch's header."""
        return len(self.head) + _HEADER.size

    def around(self, data: bytes, count: int, attributes: int = 0) -> bytearray:
        """The whole request for the bytes of so many records, whose checksum is not set."""
        length = _HEADER.size + len(data)
        batch = _HEADER.pack(0, length - 12, -1, 2, 0, attributes, count - 1, 0, 0, -1, -1, -1, count)
        framed = bytearray().join((self.head, batch, data))
        _put_int(framed, 0, len(framed) - 4)
        _put_int(framed, self.records_at, length)
        return framed


@dataclass(frozen=True, slots=True)
class BatchContents:
    """What a batch has in it.

    Attributes:
        records: how many records.
        numbered: how many of them have room for a number that makes them different from all others.
        value_bytes: bytes of their values.
    """

    records: int
    numbered: int
    value_bytes: int


class RequestBuffer:
    """One Produce request that can be sent again and again.

    Attributes:
        view: its bytes, to write to a connection.
        contents: what it has in it.
        records: how many records that is.
        value_bytes: bytes of their values.
        batch_bytes: bytes of the record batch.
        free_list: where it goes while it is not in use.
    """

    __slots__ = (
        "_batch_at",
        "_buffer",
        "_correlation_at",
        "_covered",
        "_partition_at",
        "_stamping",
        "_stamps",
        "_template",
        "batch_bytes",
        "contents",
        "free_list",
        "records",
        "value_bytes",
        "view",
    )

    def __init__(
        self, template: Template, buffer: bytearray, *, stamping: Stamping, contents: BatchContents, free_list: FreeList
    ) -> None:
        self.records = contents.records
        self.value_bytes = contents.value_bytes
        self.contents = contents
        self.free_list = free_list
        self.view = memoryview(buffer)
        self._buffer = buffer
        self._template = template
        self._batch_at = len(template.head)
        self._correlation_at = template.correlation_at
        self._partition_at = template.partition_at
        self.batch_bytes = len(buffer) - self._batch_at
        self._covered = self.view[self._batch_at + _CRC_AT + 4 :]
        self._stamping = stamping
        self._stamps = stamping.on(buffer)

    def seal(
        self,
        correlation: int,
        partition: int,
        now_ms: int,
        stamp: int,
        producer_id: int = -1,
        epoch: int = -1,
        base_sequence: int = -1,
        due_ns: int = 0,
    ) -> None:
        """Make the request ready to be sent.

        Args:
            correlation: id that the answer will carry, of 31 bits.
            partition: index of the partition, for pools with drawn keys the one that the buffer was taken for.
            now_ms: the records' timestamp, Unix milliseconds.
            stamp: number of the first record; the others count on from it.
            producer_id: of an idempotent producer.
            epoch: of an idempotent producer.
            base_sequence: of an idempotent producer: the first record's sequence number.
            due_ns: when the request was due, Unix nanoseconds.
        """
        buffer, batch_at = self._buffer, self._batch_at
        _put_int(buffer, self._correlation_at, correlation)
        _put_int(buffer, self._partition_at, partition)
        _put_times(buffer, batch_at + _TIMES_AT, now_ms, now_ms, producer_id, epoch, base_sequence)
        self._stamps.put(partition, stamp, due_ns)
        _put_checksum(buffer, batch_at + _CRC_AT, crc32c(self._covered))

    def readdress(self, correlation: int) -> None:
        """Make the same request ready to be resent: the same records under a new correlation id."""
        _put_int(self._buffer, self._correlation_at, correlation)

    def twin(self) -> RequestBuffer:
        """Another buffer like this one."""
        return RequestBuffer(
            self._template, self._buffer[:], stamping=self._stamping, contents=self.contents, free_list=self.free_list
        )


class FreeList:
    """Buffers that are not in use.

    Attributes:
        made: the buffers that it began with, each with a content of its own.
        ready: those that are free.
    """

    __slots__ = ("_take_next", "_turn", "made", "ready")

    def __init__(self) -> None:
        self.made: list[RequestBuffer] = []
        self.ready: deque[RequestBuffer] = deque()
        self._turn = 0

    @property
    def records(self) -> int:
        """How many records the buffers have that it began with."""
        return sum(buffer.records for buffer in self.made)

    @property
    def numbered(self) -> float:
        """The share of them that have room for a number of their own."""
        return sum(buffer.contents.numbered for buffer in self.made) / self.records

    def add(self, buffer: RequestBuffer) -> None:
        """Give it one more buffer to begin with."""
        self.made.append(buffer)
        self.ready.append(buffer)
        # One content: the buffer used last is still in the processor's cache. Many: all must have their turn.
        self._take_next = self.ready.pop if len(self.made) == 1 else self.ready.popleft

    def take(self) -> RequestBuffer:
        """The buffer whose turn it is; a new one when all are in use."""
        if self.ready:
            return self._take_next()
        self._turn = (self._turn + 1) % len(self.made)
        return self.made[self._turn].twin()
