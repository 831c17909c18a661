"""Producers that take turns record by record, on an absolute schedule."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from clusterload.generator.librdkafka.records import KEYS, CaseRecords
from clusterload.kafka.client import kafka_error, new_producer
from clusterload.kafka.properties import Properties
from clusterload.model.ledger import Book, Fate
from clusterload.model.series import SECOND
from clusterload.model.workload import Load, shape_of
from clusterload.model.workload.schedule import Pacer, pacer_of

FLUSH_SECONDS: Final = 10.0
"""How long producers may take at the end to deliver what they hold."""

LATE_SECONDS: Final = 0.25
"""A record sent this long after it was due is counted as late."""

DROP_SECONDS: Final = 2.0
"""A record that a full queue keeps back for this long is dropped."""

# Errors after which the record is certainly not stored. After all others it may be.
_REFUSED: Final = {
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_MSG,
    KafkaError.INVALID_REQUIRED_ACKS,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.POLICY_VIOLATION,
    KafkaError.TOPIC_EXCEPTION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._INVALID_ARG,
}
_NEVER_SENT: Final = {KafkaError._PURGE_QUEUE}


def fate_of(error: KafkaError) -> Fate:
    """The outcome of a record that was not acknowledged, as far as its error says."""
    if error.code() in _NEVER_SENT:
        return Fate.DROPPED
    return Fate.FAILED if error.code() in _REFUSED else Fate.UNKNOWN


@dataclass(slots=True, kw_only=True)
class Producers:
    """One Load's producers, their schedule and their ledger."""

    load: Load
    pacer: Pacer
    producers: list[Producer]
    records: CaseRecords
    head: bytes
    keys: random.Random
    book: Book
    total: int
    sent: int = 0
    on_delivery: Callable[[KafkaError | None, Message], None] = field(init=False)

    def __post_init__(self) -> None:
        self.on_delivery = partial(_settle, self.book)

    def send_due(self, elapsed: float, origin: int) -> None:
        """Send all that is due, in turn; stop where a producer's queue is full."""
        due = min(self.pacer.due(elapsed), self.total)
        while self.sent < due:
            if not self._send_one(elapsed, origin):
                return
            self.sent += 1

    def _send_one(self, elapsed: float, origin: int) -> bool:
        """Send the next record; False if it must wait since the queue is full."""
        producer = self.producers[self.sent % len(self.producers)]
        behind = elapsed - self.pacer.when(self.sent)
        value = self.records.value(self.head, origin + int(elapsed * SECOND))
        try:
            producer.produce(self.load.topic, value, self.keys.choice(KEYS), on_delivery=self.on_delivery)
        except BufferError:
            producer.poll(0)
            return self._give_up_after(behind)
        except KafkaException as error:
            inner = kafka_error(error)
            self.book.schedule()
            self.book.lose(Fate.FAILED, inner.name())
            return True
        self.book.schedule()
        if behind > LATE_SECONDS:
            self.book.late()
        return True

    def _give_up_after(self, behind: float) -> bool:
        if behind < DROP_SECONDS:
            return False
        self.book.schedule()
        self.book.lose(Fate.DROPPED, "_QUEUE_FULL")
        return True

    def poll(self) -> None:
        """Have callbacks called."""
        for producer in self.producers:
            producer.poll(0)

    @property
    def in_flight(self) -> int:
        """Records without an outcome yet."""
        return sum(len(producer) for producer in self.producers)

    def finish(self, seconds: float) -> None:
        """Deliver what is queued, within a bound; what is left then is purged, and counted."""
        give_up = time.monotonic() + seconds
        while self.in_flight and time.monotonic() < give_up:
            for producer in self.producers:
                producer.flush(0.05)
        for producer in self.producers:
            if len(producer):
                producer.purge()
            producer.flush(1.0)


def _settle(book: Book, error: KafkaError | None, message: Message) -> None:
    if error is None:
        book.acknowledge(len(message))
    else:
        book.lose(fate_of(error), error.name())


def new_producers(
    load: Load,
    duration: float,
    properties: Properties,
    seed: int,
    on_statistics: Callable[[str], None] | None,
) -> Producers:
    """The producers of one Load, which send nothing yet; ConfigurationError for a property that cannot be used."""
    dials = load.dials
    assert dials.record_rate is not None
    assert dials.payload_size is not None
    assert dials.producers is not None
    records = CaseRecords(payload_size=dials.payload_size)
    assert not isinstance(dials.record_rate, str)
    pacer = pacer_of(shape_of(dials.record_rate), load.arrivals, seed)
    overrides: dict[str, Any] = {"statistics.interval.ms": 1000}
    if on_statistics is not None:
        overrides["stats_cb"] = on_statistics
    overrides |= room_for(records.value_size, properties)
    return Producers(
        load=load,
        pacer=pacer,
        producers=[
            new_producer(properties, {**overrides, "client.id": f"{load.client_id}-{number}"})
            for number in range(1, dials.producers + 1)
        ],
        records=records,
        head=records.head,
        keys=random.Random(seed),  # noqa: S311 (no secret depends on it)
        book=Book(load.name),
        total=pacer.total(duration),
    )


def room_for(size: int, properties: Properties) -> dict[str, int]:
    """Settings with which a producer takes values of `size` bytes, where the properties have none."""
    if "message.max.bytes" in properties.client("P"):
        return {}
    # The client's own bound is below many topics'; the topic's is checked before the load begins.
    return {"message.max.bytes": max(1_000_000, size + 65_536)}
