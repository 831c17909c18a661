"""A sealed buffer is a valid Produce request with exactly the records that the dials call for."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kio.records import schema
from kio.records.writers import write_batch
from kio.schema.produce.v7 import request as produce
from kio.schema.request_header.v1 import header
from kio.serial import entity_writer

from clusterload.generator.wire.frames import produce_template
from clusterload.generator.wire.keys import key_bytes, murmur2_partition
from clusterload.model.workload.distributions import parse_sizes
from tests.generator.wire.reading import CLIENT, TOPIC, Request, pool_of, read, taken

NOW = 1_790_000_000_000
DUE = 1_790_000_000_123_456_789
STAMP = 0x0102030405060708
HEADERS = (("trace", b"\x00\x01"), ("empty", b""))


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def checked_records(request: Request, sizes: list[int], keys: str, stamp: int) -> None:
    """The records' keys, sizes, stamps and due times are what they should be."""
    assert len(request.records) == len(sizes)
    for index, (record, size) in enumerate(zip(request.records, sizes, strict=True)):
        assert len(record.value) == size
        if keys == "unique":
            assert record.key == key_bytes(stamp + index)
        elif keys == "none":
            assert record.key is None
        else:
            assert record.key is not None
            assert murmur2_partition(record.key, 3) == request.partition
        if size >= 8:
            assert number(record.value[:8]) == stamp + index
        if size >= 16:
            assert number(record.value[8:16]) == DUE


def as_kio_writes(request: Request) -> bytes:
    """The same request with the same records, all of it by kio."""
    # Its types tell each width of number apart, which is of no use here.
    batches: Any = schema
    requests: Any = produce
    headers: Any = header
    records = tuple(
        batches.Record(
            attributes=0,
            timestamp=datetime.fromtimestamp(NOW // 1000, UTC),
            offset=offset,
            key=record.key,
            value=record.value,
            headers=tuple(batches.RecordHeader(key=name.encode(), value=value) for name, value in record.headers),
        )
        for offset, record in enumerate(request.records)
    )
    producer_id, epoch, sequence = request.producer
    written = io.BytesIO()
    write_batch(
        written,
        batches.NewRecordBatch(
            producer_id=producer_id,
            producer_epoch=epoch,
            base_sequence=sequence,
            partition_leader_epoch=-1,
            attributes=0,
            records=records,
        ),
    )
    partition = requests.PartitionProduceData(index=request.partition, records=written.getvalue())
    topic = requests.TopicProduceData(name=TOPIC, partition_data=(partition,))
    framed = io.BytesIO()
    entity_writer(header.RequestHeader)(
        framed,
        headers.RequestHeader(
            request_api_key=0, request_api_version=7, correlation_id=request.correlation, client_id=CLIENT
        ),
    )
    entity_writer(produce.ProduceRequest)(
        framed, requests.ProduceRequest(acks=-1, timeout=timedelta(seconds=30), topic_data=(topic,))
    )
    return len(framed.getvalue()).to_bytes(4, "big") + framed.getvalue()


@pytest.mark.parametrize("keys", ["unique", "none", "uniform:9"])
@pytest.mark.parametrize("records", [1, 8, 9, 700])
def test_a_sealed_buffer_is_byte_for_byte_what_kio_writes(records: int, keys: str) -> None:
    pool = pool_of(records=records, keys=keys, headers=HEADERS)
    partition = max(range(3), key=pool.partition_weights().__getitem__)
    buffer = taken(pool, partition)
    buffer.seal(77, partition, NOW, STAMP, 4_000_000_001, 3, 12, DUE)
    assert as_kio_writes(read(bytes(buffer.view))) == bytes(buffer.view)


@given(
    records=st.one_of(st.integers(1, 20), st.sampled_from([64, 65, 130, 9000])),
    size=st.integers(1, 200),
    keys=st.sampled_from(["unique", "none", "uniform:50"]),
    headers=st.sampled_from([(), HEADERS]),
    correlation=st.integers(0, 2**31 - 1),
    stamp=st.integers(0, 2**63),
)
@settings(max_examples=60)
def test_whatever_is_asked_for_is_in_the_request(
    records: int, size: int, keys: str, headers: tuple[tuple[str, bytes], ...], correlation: int, stamp: int
) -> None:
    buffer = taken(pool_of(records=records, sizes=str(size), keys=keys, headers=headers), 2)
    buffer.seal(correlation, 2, NOW, stamp, 12, 3, 45, DUE)
    request = read(bytes(buffer.view))
    assert (request.correlation, request.client_id, request.acks, request.timeout_ms) == (
        correlation,
        CLIENT,
        -1,
        30_000,
    )
    assert (request.topic, request.partition, request.attributes) == (TOPIC, 2, 0)
    assert (request.base_timestamp, request.max_timestamp, request.producer) == (NOW, NOW, (12, 3, 45))
    assert all(record.headers == headers for record in request.records)
    checked_records(request, [size] * records, keys, stamp)
    assert (buffer.records, buffer.value_bytes) == (records, size * records)


@given(
    records=st.one_of(st.integers(1, 12), st.just(300)),
    sizes=st.sampled_from(["uniform:1:40", "uniform:50:200", "lognormal:300:1", "weighted:3@1,100@1,5000@1"]),
    keys=st.sampled_from(["unique", "none", "uniform:50"]),
)
@settings(max_examples=15)
def test_values_of_many_sizes_are_numbered_where_they_stand(records: int, sizes: str, keys: str) -> None:
    buffer = taken(pool_of(records=records, sizes=sizes, keys=keys), 1)
    buffer.seal(1, 1, NOW, STAMP, due_ns=DUE)
    request = read(bytes(buffer.view))
    checked_records(request, [len(record.value) for record in request.records], keys, STAMP)
    assert buffer.value_bytes == sum(len(record.value) for record in request.records)
    assert all(len(record.value) <= parse_sizes(sizes).largest for record in request.records)


def test_without_an_idempotent_producer_there_is_no_producer_id() -> None:
    buffer = taken(pool_of(records=1))
    buffer.seal(1, 0, NOW, 0, 9, 9, 9)
    buffer.seal(1, 0, NOW, 0)
    assert read(bytes(buffer.view)).producer == (-1, -1, -1)


@pytest.mark.parametrize("records", [3, 30])
def test_sent_again_a_request_differs_in_its_correlation_id_alone(records: int) -> None:
    buffer = taken(pool_of(records=records, keys="uniform:9"))
    buffer.seal(1, 0, NOW, STAMP, 5, 6, 7, DUE)
    first = read(bytes(buffer.view))
    buffer.readdress(2)
    second = read(bytes(buffer.view))
    assert (first.correlation, second.correlation) == (1, 2)
    assert (first.records, first.producer) == (second.records, second.producer)


@pytest.mark.parametrize("records", [3, 30])
def test_slots_in_use_at_once_do_not_share_their_bytes(records: int) -> None:
    pool = pool_of(records=records)
    slots = [taken(pool) for _ in range(5)]
    for turn, buffer in enumerate(slots):
        buffer.seal(turn, 0, NOW, turn * records)
    stamps = [number(record.value[:8]) for buffer in slots for record in read(bytes(buffer.view)).records]
    assert stamps == list(range(5 * records))


def test_a_slot_given_back_is_used_again() -> None:
    pool = pool_of(records=1)
    buffer = taken(pool)
    pool.give_back(buffer)
    assert taken(pool) is buffer
    assert taken(pool) is not buffer


@pytest.mark.parametrize("records", [2, 20])
def test_all_drawn_keys_have_their_turn(records: int) -> None:
    pool = pool_of(records=records, keys="uniform:12")
    found = set()
    for turn in range(400):
        buffer = taken(pool, turn % 3)
        buffer.seal(turn, turn % 3, NOW, turn * records)
        found |= {record.key for record in read(bytes(buffer.view)).records}
        pool.give_back(buffer)
    assert found == {key_bytes(key) for key in range(12)}


def test_a_partition_that_no_key_belongs_to_has_no_turn() -> None:
    pool = pool_of(records=1, keys="uniform:1", partitions=12)
    home = murmur2_partition(key_bytes(0), 12)
    assert pool.partition_weights() == tuple(float(partition == home) for partition in range(12))
    assert [partition for partition in range(12) if pool.take(partition)] == [home]


@pytest.mark.parametrize("records", [1, 10, 500])
@pytest.mark.parametrize("sizes", ["uniform:50:200", "lognormal:300:1", "weighted:100@9,5000@1"])
def test_many_sizes_come_with_their_mean(records: int, sizes: str) -> None:
    pool = pool_of(records=records, sizes=sizes)
    sent = 0
    for _ in range(rounds := 60_000 // records):
        buffer = taken(pool)
        sent += buffer.value_bytes
        pool.give_back(buffer)
    assert sent / (rounds * records) == pytest.approx(parse_sizes(sizes).mean, rel=0.03)


@pytest.mark.parametrize(
    ("sizes", "keys", "share"), [("100", "unique", 1), ("7", "unique", 1), ("8", "none", 1), ("7", "none", 0)]
)
def test_records_are_different_from_each_other_where_a_number_has_room(sizes: str, keys: str, share: float) -> None:
    pool = pool_of(records=5, sizes=sizes, keys=keys)
    assert pool.distinct_share() == share
    found = set()
    for turn in range(20):
        buffer = taken(pool)
        buffer.seal(turn, 0, NOW, turn * 5, due_ns=DUE)
        found |= {(record.key, record.value) for record in read(bytes(buffer.view)).records}
        pool.give_back(buffer)
    assert len(found) >= share * 100


def test_the_first_million_records_of_the_default_are_all_different() -> None:
    """Each has its number as key, in order, and no number comes twice."""
    pool = pool_of(records=8000)
    assert pool.distinct_share() >= 0.99
    for first in range(0, 1_000_000, 8000):
        buffer = taken(pool)
        buffer.seal(1, 0, NOW, first)
        data, at = bytes(buffer.view), 0
        for record in range(first, first + buffer.records):
            at = data.index(key_bytes(record), at) + 8
        pool.give_back(buffer)


def test_a_worker_with_few_records_a_request_loads_neither_numpy_nor_kio() -> None:
    program = """
import sys, pickle
from random import Random
from clusterload.generator.wire.request_pool import RequestPool
from clusterload.model.workload.distributions import parse_keys, parse_sizes
template = pickle.loads(sys.stdin.buffer.read())
sizes, keys = parse_sizes("100"), parse_keys("uniform:5")
pool = RequestPool(template, records=8, sizes=sizes, keys=keys, partitions=1, rng=Random(1))
pool.take(0).seal(1, 0, 2, 3)
print(*{"numpy", "kio", "asyncio", "cramjam", "confluent_kafka"} & set(sys.modules))
"""
    given_template = pickle.dumps(produce_template(TOPIC, client_id=CLIENT, acks=1, timeout_ms=1000))
    done = subprocess.run([sys.executable, "-c", program], input=given_template, capture_output=True, check=True)
    assert done.stdout.split() == []


def test_five_thousand_slots_of_one_record_take_less_than_eight_mebibytes() -> None:
    pool = pool_of(records=1)
    tracemalloc.start()
    try:
        slots = [taken(pool) for _ in range(5000)]
        assert tracemalloc.get_traced_memory()[0] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert len(slots) == 5000


def test_values_compress_about_two_to_one() -> None:
    buffer = taken(pool_of(records=64, sizes="1000", rng=Random(3)))
    buffer.seal(1, 0, NOW, STAMP, due_ns=DUE)
    assert 1.7 < len(buffer.view) / len(cramjam.zstd.compress(bytes(buffer.view))) < 2.3
