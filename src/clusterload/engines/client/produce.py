"""Producers that take turns record by record, on an absolute schedule."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from clusterload.engines.client.records import KEYS, Records
from clusterload.engines.progress import Made, OnProgress, Progress, Standing
from clusterload.kafka import Properties
from clusterload.kafka.client import kafka_error, new_producer
from clusterload.ledger import Book, Fate, Ledger
from clusterload.pacer import Pacer, pacer_of
from clusterload.plan import Load, shape_of
from clusterload.series import SECOND

FLUSH_SECONDS: Final = 10.0
"""How long producers may take at the end to deliver what they hold."""

LATE_SECONDS: Final = 0.25
"""A record sent this long after it was due is counted as late."""

DROP_SECONDS: Final = 2.0
"""A record that a full queue keeps back for this long is dropped."""

_PROGRESS_SECONDS: Final = 0.2
_POLL_SECONDS: Final = 0.05
# What the broker or the client says when the record is certainly not stored. After all else it may be.
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
    """What became of a record that was not acknowledged, as far as its error tells."""
    if error.code() in _NEVER_SENT:
        return Fate.DROPPED
    return Fate.FAILED if error.code() in _REFUSED else Fate.UNKNOWN


@dataclass(slots=True, kw_only=True)
class _Crew:
    """One Load's producers with what they need to go on."""

    load: Load
    pacer: Pacer
    producers: list[Producer]
    records: Records
    head: bytes
    keys: random.Random
    book: Book
    total: int
    sent: int = 0
    waiting_since: float | None = None
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
        """Send the next record; whether it has been dealt with, so that the next one's turn comes."""
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
        for producer in self.producers:
            producer.poll(0)

    @property
    def under_way(self) -> int:
        return sum(len(producer) for producer in self.producers)

    def finish(self, seconds: float) -> None:
        """Deliver what is still held, within a bound; what is left then is purged and counted as it falls."""
        give_up = time.monotonic() + seconds
        while self.under_way and time.monotonic() < give_up:
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


def made_load(
    loads: Iterable[Load],
    duration: float,
    properties: Properties,
    *,
    seed: int,
    on_progress: OnProgress,
    on_statistics: Callable[[str], None] | None = None,
    on_start: Callable[[int], None] = lambda _: None,
    on_ledgers: Callable[[tuple[Ledger, ...]], None] = lambda _: None,
    on_end: Callable[[Made], None] = lambda _: None,
) -> Made:
    """Produce for `duration` seconds, flush within a bound, and account for every record.

    Args:
        loads: who produces, how much and where to.
        duration: seconds.
        properties: of the cluster's clients.
        seed: of the keys.
        on_progress: called five times a second.
        on_statistics: gets librdkafka's JSON of each producer every second.
        on_start: gets the Unix nanoseconds at which the load begins.
        on_ledgers: gets the accounts about once a second.
        on_end: gets the account also when the load is interrupted.

    Raises:
        ConfigurationError: a property or a dial that cannot be used.
    """
    crews = [_crew(load, duration, properties, seed + number, on_statistics) for number, load in enumerate(loads)]
    origin = time.time_ns()
    began = time.perf_counter()
    clean = False
    try:
        on_start(origin)
        _drive(crews, duration, began, origin, on_progress, on_ledgers)
        clean = True
    finally:
        end = origin + int((time.perf_counter() - began) * SECOND)
        for crew in crews:
            crew.finish(FLUSH_SECONDS if clean else 1.0)
        made = Made(start=origin, end=end, ledgers=tuple(crew.book.ledger() for crew in crews))
        on_end(made)
    on_progress(_progress(crews, duration, duration))
    return made


def _crew(
    load: Load,
    duration: float,
    properties: Properties,
    seed: int,
    on_statistics: Callable[[str], None] | None,
) -> _Crew:
    dials = load.dials
    assert dials.record_rate is not None
    assert dials.payload_size is not None
    assert dials.producers is not None
    records = Records(payload_size=dials.payload_size)
    assert not isinstance(dials.record_rate, str)
    pacer = pacer_of(shape_of(dials.record_rate), load.arrivals, seed)
    overrides: dict[str, Any] = {"statistics.interval.ms": 1000}
    if on_statistics is not None:
        overrides["stats_cb"] = on_statistics
    if "message.max.bytes" not in properties.client("P"):
        # The client's own bound is below many topics'; the topic's is checked before the load begins.
        overrides["message.max.bytes"] = max(1_000_000, records.value_size + 65_536)
    return _Crew(
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


def _drive(
    crews: list[_Crew],
    duration: float,
    began: float,
    origin: int,
    on_progress: OnProgress,
    on_ledgers: Callable[[tuple[Ledger, ...]], None],
) -> None:
    next_poll = next_progress = next_ledgers = 0.0
    while True:
        elapsed = time.perf_counter() - began
        for crew in crews:
            crew.send_due(elapsed, origin)
        if elapsed >= duration and all(crew.sent >= crew.total for crew in crews):
            return
        if elapsed >= next_poll:
            next_poll = elapsed + _POLL_SECONDS
            for crew in crews:
                crew.poll()
        if elapsed >= next_progress:
            next_progress = elapsed + _PROGRESS_SECONDS
            on_progress(_progress(crews, elapsed, duration))
        if elapsed >= next_ledgers:
            next_ledgers = elapsed + 1.0
            on_ledgers(tuple(crew.book.ledger() for crew in crews))
        time.sleep(_pause(crews, time.perf_counter() - began, next_poll, duration))


def _pause(crews: list[_Crew], elapsed: float, next_poll: float, duration: float) -> float:
    due = [crew.pacer.when(crew.sent) for crew in crews if crew.sent < crew.total]
    return min(max(0.0, min([*due, next_poll, max(duration, elapsed)]) - elapsed), _POLL_SECONDS)


def _progress(crews: list[_Crew], elapsed: float, duration: float) -> Progress:
    ledgers = tuple(crew.book.ledger() for crew in crews)
    return Progress(
        elapsed=min(elapsed, duration),
        duration=duration,
        ledger=Ledger.total(ledgers),
        loads=tuple(Standing(ledger=ledger) for ledger in ledgers),
    )
