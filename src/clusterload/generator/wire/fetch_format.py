"""Fetch and ListOffsets as a worker handles them: requests from a frame made beforehand, answers by their bytes.

Fetch v10 without a session (Kafka 2.1 and later, as Produce v7), ListOffsets v2. Answers are walked, not
copied: of each record batch the header is read and nothing more, except the start of its first record where a
consumer wants it. `frames` makes the frames with kio, and tests hold both against each other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from clusterload.generator.wire.connection import CORRELATION_AT

PARTITION_BYTES: Final = 1_048_576
"""Bytes of one partition in a response, and below of all partitions: the defaults of Java's consumer."""

RESPONSE_BYTES: Final = 52_428_800

LATEST: Final = -1
EARLIEST: Final = -2
"""Instead of a timestamp: the end of the log, and its start."""

_INT: Final = struct.Struct(">i")
_SHORT: Final = struct.Struct(">h")
_ASKED: Final = struct.Struct(">iiqqi")
_LISTED: Final = struct.Struct(">iq")
_ANSWER: Final = struct.Struct(">ihii")
_PARTITION: Final = struct.Struct(">ihqqqi")
_PARTITION_OFFSET: Final = struct.Struct(">ihqq")
_ABORTED: Final = 16
_BATCH: Final = struct.Struct(">qiib")
_BATCH_MORE: Final = struct.Struct(">hi")
_COUNT: Final = struct.Struct(">i")
_STAMPS: Final = struct.Struct(">QQ")
_MORE_AT: Final = 21
_COUNT_AT: Final = 57
_RECORDS_AT: Final = 61
_OUTSIDE: Final = 12
"""Bytes of a batch, its offset and its length, that its length does not count."""

_MORE: Final = 0x80
"""Set in each byte of a varint but the last."""

_FIRST: Final = bytes(3)
_KEYS: Final = {0x01: 5, 0x10: 13}
"""How far a value's size comes after a record's length, by the varint of its key's size: none, or 8 bytes."""

_COMPRESSED: Final = 0x07
_CONTROL: Final = 0x20
_NEW: Final = 2


class FetchFrame(NamedTuple):
    """A frame without partitions, cut where they go.

    Attributes:
        head: up to the number of partitions.
        tail: what follows them.
        wait_at: where a Fetch holds its longest wait.
    """

    head: bytes
    tail: bytes
    wait_at: int

    @classmethod
    def of(cls, frame: bytes, *, after: int) -> FetchFrame:
        """From a whole frame of one topic with no partitions, after which `after` bytes follow."""
        cut = len(frame) - after
        (name,) = _SHORT.unpack_from(frame, CORRELATION_AT + 4)
        # The header ends with the client's name; a Fetch begins with the replica's id and the longest wait.
        return cls(frame[: cut - 4], frame[cut:], CORRELATION_AT + 4 + 2 + name + 4)

    def fetch(self, positions: Iterable[tuple[int, int]], wait_ms: int) -> bytes:
        """A Fetch of (partition, offset) pairs, to be answered within `wait_ms` milliseconds."""
        entries = [_ASKED.pack(partition, -1, offset, -1, PARTITION_BYTES) for partition, offset in positions]
        head = bytearray(self.head)
        _INT.pack_into(head, self.wait_at, wait_ms)
        return _framed((head, _INT.pack(len(entries)), *entries, self.tail))

    def list_offsets(self, partitions: Iterable[int], timestamp: int) -> bytes:
        """A ListOffsets of these partitions; the timestamp is `LATEST` or `EARLIEST`."""
        entries = [_LISTED.pack(partition, timestamp) for partition in partitions]
        return _framed((self.head, _INT.pack(len(entries)), *entries, self.tail))


def _framed(pieces: Iterable[bytes | bytearray]) -> bytes:
    whole = b"".join(pieces)
    return _INT.pack(len(whole) - 4) + whole[4:]


class FetchResponse(NamedTuple):
    """What a Fetch response says of itself."""

    throttle_ms: int
    error: int
    topics_at: int
    topics: int


class FetchedPartition(NamedTuple):
    """What a Fetch response holds of one partition; its record batches are between `at` and `end`."""

    partition: int
    error: int
    high_watermark: int
    at: int
    end: int


class CountedBatches(NamedTuple):
    """What record batches hold.

    Attributes:
        records: those at or after the fetch offset, without control records.
        bytes: of the batches that hold them.
        next_offset: where to read on.
        samples: due times, Unix nanoseconds, of first records that are our own.
    """

    records: int
    bytes: int
    next_offset: int
    samples: tuple[int, ...] = ()


def fetch_response(data: bytes, at: int) -> FetchResponse:
    """The start of a Fetch response; `at` is where its header begins.

    Raises:
        struct.error: it is too short.
    """
    throttle, error, _, topics = _ANSWER.unpack_from(data, at + 4)
    return FetchResponse(throttle, error, at + 4 + _ANSWER.size, topics)


def fetched_partitions(data: bytes, found: FetchResponse) -> Iterator[FetchedPartition]:
    """The partitions of a Fetch response, in its order.

    Raises:
        struct.error: it is too short.
    """
    at = found.topics_at
    for _ in range(found.topics):
        (name,) = _SHORT.unpack_from(data, at)
        (count,) = _INT.unpack_from(data, at + 2 + name)
        at += 2 + name + 4
        for _ in range(count):
            partition, error, high, _, _, aborted = _PARTITION.unpack_from(data, at)
            at += _PARTITION.size + max(0, aborted) * _ABORTED
            (size,) = _INT.unpack_from(data, at)
            at += 4
            yield FetchedPartition(partition, error, high, at, at + max(0, size))
            at += max(0, size)


def count_batches(data: bytes, at: int, end: int, offset: int, own: int | None = None) -> CountedBatches:
    """Count the record batches between two places.

    The first may begin before the fetch offset, and the last may be cut off: what is before is not counted, and
    what is cut off will be read again. In a batch that begins before the offset each offset is taken for a
    record. Entries of the formats before 0.11 count as a record each.

    Args:
        data: holds them.
        at: where the first begins.
        end: where they end.
        offset: the fetch offset.
        own: the upper 18 bits of our own records' stamps; then the first record of each uncompressed batch is
            looked at. None looks at none.
    """
    records = size = 0
    samples: list[int] = []
    while end - at >= _BATCH.size:
        base, length, _, magic = _BATCH.unpack_from(data, at)
        stop = at + _OUTSIDE + length
        if stop > end or length <= 0:
            break
        if magic < _NEW:
            last, count, attributes = base, 1, _COMPRESSED
        else:
            attributes, delta = _BATCH_MORE.unpack_from(data, at + _MORE_AT)
            (count,) = _COUNT.unpack_from(data, at + _COUNT_AT)
            last = base + delta
        if last >= offset:
            if not attributes & _CONTROL:
                records += count if base >= offset else min(count, last - offset + 1)
                size += stop - at
                if own is not None and base >= offset and not attributes & _COMPRESSED:
                    due = _due(data, at + _RECORDS_AT, stop, own)
                    if due:
                        samples.append(due)
            offset = last + 1
        at = stop
    return CountedBatches(records, size, offset, tuple(samples))


def _due(data: bytes, at: int, end: int, own: int) -> int:
    """The due time that a batch's first record carries, if it is one of ours with our own stamp; else 0.

    Ours begin, after their length, with three zeros (no attributes, no time and no offset after the batch's), have a
    key of 8 bytes or none, and begin their value with stamp and due time.
    """
    try:
        while data[at] & _MORE:
            at += 1
        if data[at + 1 : at + 4] != _FIRST:
            return 0
        at += _KEYS.get(data[at + 4], end)
        size, shift = data[at] & ~_MORE, 7
        while data[at] & _MORE:
            at += 1
            size |= (data[at] & ~_MORE) << shift
            shift += 7
    except IndexError:
        return 0
    at += 1
    if size & 1 or size >> 1 < _STAMPS.size or at + (size >> 1) > end:
        return 0
    stamp, due = _STAMPS.unpack_from(data, at)
    return int(due) if stamp >> 46 == own else 0


class PartitionOffset(NamedTuple):
    """What a ListOffsets response says of a partition."""

    partition: int
    error: int
    offset: int


def listed_offsets(data: bytes, at: int) -> tuple[int, list[PartitionOffset]]:
    """The throttle time of a ListOffsets response in milliseconds, and its partitions."""
    throttle, topics = struct.unpack_from(">ii", data, at + 4)
    at += 12
    found = []
    for _ in range(topics):
        (name,) = _SHORT.unpack_from(data, at)
        (count,) = _INT.unpack_from(data, at + 2 + name)
        at += 2 + name + 4
        for _ in range(count):
            partition, error, _, offset = _PARTITION_OFFSET.unpack_from(data, at)
            found.append(PartitionOffset(partition, error, offset))
            at += _PARTITION_OFFSET.size
    return throttle, found
