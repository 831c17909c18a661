"""What is really stored, read by another client: librdkafka, which checks the CRC of every batch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from numpy.typing import NDArray

from benchmarks.rig.broker import Broker

_PIECES = 10
_AT_ONCE = 10_000
_PATIENCE = 30.0


def _consumer(broker: Broker) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": broker.servers,
            "group.id": "clusterload-bench",
            "enable.auto.commit": False,
            "check.crcs": True,
            "fetch.wait.max.ms": 10,
            "auto.offset.reset": "error",
        }
    )


def _read(consumer: Consumer, topic: str, partition: int, begin: int, count: int) -> Iterator[Message]:
    """So many records of a partition from an offset on."""
    consumer.assign([TopicPartition(topic, partition, begin)])
    left, deadline = count, time.monotonic() + _PATIENCE
    while left > 0:
        messages = consumer.consume(min(left, _AT_ONCE), timeout=1.0)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
        left -= len(messages)
        yield from messages
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} records of {topic}-{partition} from offset {begin} could not be read back")


def sample(broker: Broker, topic: str, *, share: float, size: int) -> dict[str, float]:
    """Read a share of all records back, in pieces from all over each partition.

    Returns:
        `read` records, and `wrong_size` among them, whose values have another size.
    """
    consumer, read, wrong = _consumer(broker), 0, 0
    try:
        for partition, end in enumerate(broker.ends(topic)):
            piece = math.ceil(end * share / _PIECES)
            for begin in sorted({end * number // _PIECES for number in range(_PIECES)}) if end else ():
                for message in _read(consumer, topic, partition, begin, min(piece, end - begin)):
                    read, wrong = read + 1, wrong + (len(message.value() or b"") != size)
    finally:
        consumer.close()
    return {"read": float(read), "wrong_size": float(wrong)}


def distinct(broker: Broker, topic: str, first: int = 1_000_000) -> dict[str, float]:
    """Read the first records of each partition, so many in all, and tell how many of them differ in key or value.

    A sample would not do: of a pool that repeats itself it shows fewer repetitions than there are.

    Returns:
        `distinct`, their share; NaN when nothing is stored.
    """
    consumer, seen, read = _consumer(broker), set(), 0
    ends = broker.ends(topic)
    try:
        for partition, end in enumerate(ends):
            for message in _read(consumer, topic, partition, 0, min(end, first // len(ends))):
                seen.add(hash((message.key(), message.value())))
                read += 1
    finally:
        consumer.close()
    return {"distinct": len(seen) / read if read else math.nan}


def append_times(broker: Broker, topic: str) -> NDArray[np.int64]:
    """When the broker stored each record, in ms, sorted; the topic must keep LogAppendTime."""
    consumer = _consumer(broker)
    try:
        times = [
            message.timestamp()[1]
            for partition, end in enumerate(broker.ends(topic))
            for message in _read(consumer, topic, partition, 0, end)
        ]
    finally:
        consumer.close()
    return np.sort(np.array(times, dtype=np.int64))
