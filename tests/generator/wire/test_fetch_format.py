"""Fetch and ListOffsets by their bytes: what we patch is what kio reads, what brokers write is what we count."""

from __future__ import annotations

import io
import struct
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kio.schema.errors import ErrorCode
from kio.schema.fetch.v10 import request as fetch_request
from kio.schema.fetch.v10 import response as kio_fetch_response
from kio.schema.list_offsets.v2 import request as list_request
from kio.schema.list_offsets.v2 import response as list_response
from kio.schema.request_header.v1.header import RequestHeader
from kio.schema.types import ProducerId, TopicName
from kio.serial import entity_reader, entity_writer
from kio.static.primitive import Records, i32, i32Timedelta, i64

from clusterload.generator.wire import frames
from clusterload.generator.wire.fetch_format import (
    EARLIEST,
    FetchedPartition,
    FetchFrame,
    PartitionOffset,
    count_batches,
    fetch_response,
    fetched_partitions,
    listed_offsets,
)
from clusterload.generator.wire.record_batch import batch_records

OWN = 0xABC << 6 | 5
HEADER = 61
NAMES = st.text("abcdefghijklmnopqrstuvwxyz._-é", min_size=1, max_size=40)
CLIENTS = st.text(max_size=40)
LONGS = st.integers(0, 2**63 - 1)
INTS = st.integers(0, 2**31 - 1)


def request_in(frame: bytes, kind: Any) -> tuple[Any, Any]:
    """Header and body of a whole frame, read by kio to its last byte."""
    assert struct.unpack(">i", frame[:4])[0] == len(frame) - 4
    header, used = entity_reader(RequestHeader)(frame, 4)
    body, more = entity_reader(kind)(frame, 4 + used)
    assert 4 + used + more == len(frame)
    return header, body


def response_of(entity: Any) -> bytes:
    """A response's bytes from its header on: a correlation id, then what kio writes."""
    written = io.BytesIO()
    write: Any = entity_writer(type(entity))
    write(written, entity)
    return struct.pack(">i", 7) + written.getvalue()


@given(CLIENTS, NAMES, INTS, INTS, st.lists(st.tuples(INTS, LONGS), max_size=20))
def test_a_fetch_asks_for_what_was_put_in(
    client: str, topic: str, wait: int, least: int, positions: list[tuple[int, int]]
) -> None:
    made = FetchFrame.of(frames.fetch(client, topic, min_bytes=least), after=4).fetch(positions, wait)
    header, body = request_in(made, fetch_request.FetchRequest)
    assert header.client_id == client
    assert (body.session_id, body.session_epoch, body.min_bytes) == (0, -1, least)
    assert body.max_wait == timedelta(milliseconds=wait)
    (asked,) = body.topics
    assert asked.topic == topic
    assert [(partition.partition, partition.fetch_offset) for partition in asked.partitions] == positions
    assert not body.forgotten_topics_data


@given(CLIENTS, NAMES, st.lists(INTS, max_size=20))
def test_a_list_offsets_asks_for_what_was_put_in(client: str, topic: str, partitions: list[int]) -> None:
    made = FetchFrame.of(frames.list_offsets(client, topic), after=0).list_offsets(partitions, EARLIEST)
    header, body = request_in(made, list_request.ListOffsetsRequest)
    assert header.client_id == client
    (asked,) = body.topics
    assert asked.name == topic
    assert [(topic_partition.partition_index, topic_partition.timestamp) for topic_partition in asked.partitions] == [
        (number, -2) for number in partitions
    ]


@given(NAMES, INTS, st.lists(st.tuples(INTS, st.sampled_from([0, 3, 6]), LONGS), max_size=20))
def test_listed_offsets_are_read_as_written(topic: str, throttle: int, offsets: list[tuple[int, int, int]]) -> None:
    partitions = tuple(
        list_response.ListOffsetsPartitionResponse(
            partition_index=i32(partition), error_code=ErrorCode(error), offset=i64(offset)
        )
        for partition, error, offset in offsets
    )
    entity = list_response.ListOffsetsResponse(
        throttle_time=i32Timedelta.parse(timedelta(milliseconds=throttle)),
        topics=(list_response.ListOffsetsTopicResponse(name=TopicName(topic), partitions=partitions),),
    )
    assert listed_offsets(response_of(entity), 0) == (throttle, [PartitionOffset(*offset) for offset in offsets])


def batch_of(base: int, count: int, *, attributes: int = 0, stamp: int = 0, due: int = 0) -> bytes:
    """A record batch as a producer writes it, with values of 40 bytes that carry stamps."""
    made = batch_records([40] * count, keyed=True, rng=_Zeros(), headers=())  # type: ignore[arg-type]
    data = bytearray(made.data)
    for index, at in made.places.stamps:
        struct.pack_into(">Q", data, at, stamp + index)
    for at in made.places.dues:
        struct.pack_into(">Q", data, at, due)
    return batch(base, bytes(data), count, attributes)


def batch(base: int, data: bytes, count: int, attributes: int = 0) -> bytes:
    """The header of a record batch, magic 2, before its records."""
    head = (base, HEADER - 12 + len(data), -1, 2, 0, attributes, count - 1, 0, 0, -1, -1, -1, count)
    return struct.pack(">qiibIhiqqqhii", *head) + data


class _Zeros:
    def randbytes(self, count: int) -> bytes:
        """Values that are no matter."""
        return bytes(count)


LOGS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 3), st.sampled_from([0, 0, 1, 4, 0x10, 0x20, 0x30])), max_size=8
)


@given(LOGS, st.data())
def test_read_counts_what_a_log_holds_from_an_offset_on(log: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """Gaps between batches, control batches, an offset within a batch and a batch cut off, in any combination."""
    held, spans, next_base = b"", [], 0
    for count, gap, attributes in log:
        base = next_base + gap
        batch = batch_of(base, count, attributes=attributes)
        held += batch
        spans.append((base, base + count - 1, attributes, len(batch)))
        next_base = base + count
    offset = data.draw(st.integers(0, next_base))
    cut = data.draw(st.integers(0, len(held)))
    expected, size, at, after = 0, 0, 0, offset
    for base, last, attributes, length in spans:
        at += length
        if at > cut:
            break
        if last >= offset:
            after = last + 1
            if not attributes & 0x20:
                expected += last - max(base, offset) + 1
                size += length
    padding = data.draw(st.integers(0, 5))
    got = count_batches(bytes(padding) + held + b"more", padding, padding + cut, offset)
    assert got == (expected, size, after, ())


def test_own_first_records_tell_when_they_were_due() -> None:
    """Of each batch that begins at or after the offset, uncompressed, with our own stamp; and of no other."""
    mine, other = OWN << 46 | 17, (OWN + 1) << 46
    log = [
        batch_of(0, 3, stamp=mine, due=1001),
        batch_of(3, 3, stamp=mine + 3, due=1002),
        batch_of(6, 1, stamp=mine + 6, due=1003, attributes=4),
        batch_of(7, 2, stamp=other, due=1004),
        batch_of(9, 1, stamp=mine + 9, due=1005),
    ]
    held = b"".join(log)
    assert count_batches(held, 0, len(held), 1, OWN).samples == (1002, 1005)
    assert count_batches(held, 0, len(held), 0, OWN).samples == (1001, 1002, 1005)
    assert count_batches(held, 0, len(held), 0).samples == ()


@given(st.binary(max_size=200), st.integers(0, 100))
def test_records_of_others_are_looked_into_without_harm(value: bytes, count: int) -> None:
    made = batch(4, value, count)
    got = count_batches(made, 0, len(made), 4, OWN)
    assert (got.records, got.bytes) == ((count, len(made)) if count else (0, 0))


@given(st.binary(max_size=300))
def test_malformed_bytes_are_read_without_an_endless_loop(malformed: bytes) -> None:
    got = count_batches(malformed, 0, len(malformed), 0, OWN)
    assert got.bytes <= len(malformed)


SLICES = st.lists(
    st.tuples(INTS, st.sampled_from([0, 1, 3, 6, 74]), LONGS, st.none() | st.integers(0, 3), st.none() | LOGS),
    max_size=6,
)


@given(NAMES, INTS, st.sampled_from([0, -1, 41]), SLICES)
def test_a_fetch_response_is_walked_as_written(
    topic: str, throttle: int, error: int, held: list[tuple[int, int, int, int | None, Any]]
) -> None:
    contents = [
        None if log is None else b"".join(batch_of(10 * number, count) for number, (count, _, _) in enumerate(log))
        for *_, log in held
    ]
    partitions = tuple(
        kio_fetch_response.PartitionData(
            partition_index=i32(partition),
            error_code=ErrorCode(code),
            high_watermark=i64(high),
            aborted_transactions=None
            if aborted is None
            else tuple(
                kio_fetch_response.AbortedTransaction(producer_id=ProducerId(producer), first_offset=i64(producer))
                for producer in range(aborted)
            ),
            records=None if content is None else Records(content),
        )
        for (partition, code, high, aborted, _), content in zip(held, contents, strict=True)
    )
    entity = kio_fetch_response.FetchResponse(
        throttle_time=i32Timedelta.parse(timedelta(milliseconds=throttle)),
        error_code=ErrorCode(error),
        responses=(kio_fetch_response.FetchableTopicResponse(topic=TopicName(topic), partitions=partitions),),
    )
    data = b"before" + response_of(entity)
    found = fetch_response(data, len(b"before"))
    walked = list(fetched_partitions(data, found))
    assert (found.throttle_ms, found.error) == (throttle, error)
    assert [partition[:3] for partition in walked] == [partition[:3] for partition in held]
    assert [data[partition.at : partition.end] for partition in walked] == [content or b"" for content in contents]
    assert not walked or walked[-1].end == len(data)
    assert all(isinstance(partition, FetchedPartition) for partition in walked)
