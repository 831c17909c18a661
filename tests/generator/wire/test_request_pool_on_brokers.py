"""A real broker accepts what request buffers hold, and a real consumer reads every record of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from kio.schema.errors import ErrorCode
from kio.schema.init_producer_id.v1.request import InitProducerIdRequest
from kio.schema.init_producer_id.v1.response import InitProducerIdResponse
from kio.static.primitive import i32Timedelta

from clusterload import Cluster
from clusterload.generator.wire.keys import key_bytes
from clusterload.generator.wire.request_pool import RequestPool
from clusterload.kafka.cluster import Topic
from clusterload.model.errors import ClusterError
from tests.generator.wire.reading import Wire, pool_of, taken
from tests.processes import wait_for

DUE = 1_790_000_000_123_456_789
HEADERS = (("trace", b"\x00\xff"),)


def new_topic(cluster: Cluster, name: str) -> Topic:
    """A topic that the leaders of all its partitions know, so that they tell its offsets."""
    topic, _ = cluster.use_topic(name)

    def known() -> bool:
        with suppress(ClusterError):
            return set(cluster.end_offsets(topic).values()) == {0}
        return False

    wait_for(known)
    return topic


def leader(cluster: Cluster, topic: Topic, partition: int) -> Wire:
    """A connection to the broker that leads a partition."""
    (found,) = (part.leader for part in topic.partitions if part.id == partition)
    (broker,) = (broker for broker in cluster.brokers if broker.id == found)
    return Wire(broker.host, broker.port)


def all_messages(cluster: Cluster, topic: Topic, partition: int, count: int) -> list[Message]:
    """Every record of a partition, as librdkafka reads them with its checksums checked."""
    wanted = {
        "group.id": "readers",
        "check.crcs": "true",
        "enable.auto.commit": "false",
        "isolation.level": "read_committed",
    }
    consumer = Consumer(dict(cluster.properties.values) | wanted)
    try:
        consumer.assign([TopicPartition(topic.name, partition, 0)])
        found: list[Message] = []
        deadline = time.monotonic() + 120
        while len(found) < count and time.monotonic() < deadline:
            found += consumer.consume(count - len(found), timeout=1)
        assert not [message.error() for message in found if message.error()]
        return found
    finally:
        consumer.close()


def produced(cluster: Cluster, topic: Topic, pool: RequestPool, requests: int, partition: int = 1) -> Iterator[int]:
    """Send requests of a pool, one after the other; the timestamp of each."""
    now = time.time_ns() // 1_000_000
    with leader(cluster, topic, partition) as wire:
        for turn in range(requests):
            buffer = taken(pool, partition)
            buffer.seal(turn, partition, now + turn, turn * pool.records, due_ns=DUE)
            answer = wire.produce(buffer)
            assert (answer.error_code, answer.base_offset) == (ErrorCode.none, turn * pool.records)
            pool.give_back(buffer)
            yield now + turn


@pytest.mark.parametrize("records", [1, 7, 5000])
@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_a_consumer_reads_every_record_as_it_was_asked_for(cluster: Cluster, compression: str, records: int) -> None:
    topic = new_topic(cluster, f"batches-{compression}-{records}")
    more: dict[str, Any] = {} if compression == "none" else {"compression": compression, "distinct": 3 * records}
    pool = pool_of(records=records, topic=topic.name, headers=HEADERS, partitions=len(topic.partitions), **more)
    times = list(produced(cluster, topic, pool, 3))
    found = all_messages(cluster, topic, 1, 3 * records)
    assert len(found) == 3 * records == cluster.end_offsets(topic)[1]
    for offset, message in enumerate(found):
        value: Any = message.value()
        assert message.offset() == offset
        assert message.key() == key_bytes(offset) == value[:8]
        assert len(value) == 100
        assert value[8:16] == (key_bytes(DUE) if compression == "none" else bytes(8))
        assert message.timestamp()[1] == times[offset // records]
        assert message.headers() == list(HEADERS)
    assert len({message.value() for message in found}) == 3 * records


@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_drawn_keys_and_sizes_arrive_as_well(cluster: Cluster, compression: str) -> None:
    topic = new_topic(cluster, f"batches-drawn-{compression}")
    more: dict[str, Any] = (
        {} if compression == "none" else {"compression": compression, "distinct": 2000 * len(topic.partitions)}
    )
    pool = pool_of(
        records=200,
        sizes="uniform:1:300",
        keys="uniform:500",
        topic=topic.name,
        partitions=len(topic.partitions),
        **more,
    )
    list(produced(cluster, topic, pool, 10))
    found = all_messages(cluster, topic, 1, 2000)
    assert len(found) == 2000
    sizes = {len(message.value() or b"") for message in found}
    assert sizes <= set(range(1, 301))
    assert len(sizes) > 250
    assert {int.from_bytes(message.key() or b"", "big") for message in found} < set(range(500))


@pytest.mark.parametrize("records", [1, 7, 5000])
@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_broker_knows_the_sequences_of_an_idempotent_producer(
    cluster: Cluster, compression: str, records: int
) -> None:
    """Rising ones are taken, one sent again is not stored again, and one left out is refused."""
    topic = new_topic(cluster, f"batches-idempotent-{compression}-{records}")
    more: dict[str, Any] = {} if compression == "none" else {"compression": compression, "distinct": 2 * records}
    pool = pool_of(records=records, topic=topic.name, **more)
    buffer = taken(pool)
    with leader(cluster, topic, 0) as wire:
        ids = producer_ids(wire)
        for turn in range(4):
            buffer.seal(turn, 0, 1_790_000_000_000, turn * records, *ids, turn * records)
            answer = wire.produce(buffer)
            assert (answer.error_code, answer.base_offset) == (ErrorCode.none, turn * records)
        buffer.readdress(99)
        assert wire.produce(buffer).base_offset == 3 * records
        buffer.seal(100, 0, 1_790_000_000_000, 0, *ids, 5 * records)
        assert wire.produce(buffer).error_code == ErrorCode.out_of_order_sequence_number
    assert cluster.end_offsets(topic)[0] == 4 * records


def producer_ids(wire: Wire) -> tuple[int, int]:
    """A producer's id and epoch, from a broker that may just be fetching numbers to give away."""
    request = InitProducerIdRequest(transactional_id=None, transaction_timeout=i32Timedelta.parse(timedelta(minutes=1)))
    answers = [wire.ask(request, InitProducerIdResponse)]

    def given() -> bool:
        if answers[-1].error_code == ErrorCode.coordinator_load_in_progress:
            answers.append(wire.ask(request, InitProducerIdResponse))
        return bool(answers[-1].error_code == ErrorCode.none)

    wait_for(given)
    return answers[-1].producer_id, answers[-1].producer_epoch
