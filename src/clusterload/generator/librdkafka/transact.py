"""Producers whose records are committed in transactions, on an absolute schedule."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from clusterload.generator.librdkafka.produce import DROP_SECONDS, LATE_SECONDS, room_for
from clusterload.generator.librdkafka.series import LoadCounts
from clusterload.generator.librdkafka.threads import Clock, Threads
from clusterload.kafka.client import kafka_error, new_producer
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ClusterError
from clusterload.model.ledger import Book, Fate, Ledger
from clusterload.model.workload import Load
from clusterload.model.workload.distributions import Sizes
from clusterload.model.workload.schedule import Constant, Share, pacer_of

READY_SECONDS: Final = 30.0
"""How long brokers may take to register a transactional id; the first waits until __transaction_state exists."""

_STEP_SECONDS: Final = 0.5
"""A call that waits for brokers returns after this, to see whether it is still wanted."""

_POLL_SECONDS: Final = 0.1
_CLOSE_SECONDS: Final = 2e-3  # the library waits by the millisecond
_FILLER_BYTES: Final = 65_536
_NUMBER_BYTES: Final = 8


class TransactLoad:
    """The transactional producers of one Load, a thread each, since a commit waits for its answer.

    They take turns transaction by transaction. One that begins more than `LATE_SECONDS` after it was due is counted
    as late, with all its records; one that its producer could not begin for `DROP_SECONDS`, since it still waited for
    the one before, is dropped. The ledger counts records: acknowledged when their commit was answered, failed when
    they were aborted, unknown when no answer settles it.
    """

    def __init__(
        self, load: Load, properties: Properties, *, seed: int, on_statistics: Callable[[str], None] | None = None
    ) -> None:
        """Make the producers; nothing is begun yet.

        Raises:
            ConfigurationError: a property that cannot be used.
        """
        assert load.dials.producers is not None
        self.load = load
        self._over = Event()
        producers = load.dials.producers
        self._writers = [
            _Writer(load, number, producers, properties, seed, on_statistics, self._over) for number in range(producers)
        ]
        self._threads = Threads(load.client_id, [writer.run for writer in self._writers])

    def prepare(self) -> None:
        """Register all transactional ids with the brokers, which aborts what earlier producers left open.

        Raises:
            ClusterError: they refuse, or do not respond.
        """
        threads = Threads(f"{self.load.client_id}-ready", [writer.prepare for writer in self._writers])
        threads.start()
        while threads.alive:
            threads.join(0.2)
        threads.check()

    def begin(self, clock: Clock) -> None:
        """Begin with the transactions."""
        for writer in self._writers:
            writer.clock = clock
        self._threads.start()

    def check(self) -> None:
        """Raise what failed in a thread, if anything did."""
        self._threads.check()

    def interrupt(self) -> None:
        """Begin no more transactions, and abort those that are not being committed."""
        self._over.set()

    def finish(self, seconds: float) -> None:
        """Wait for the last commits, within a bound; what is not answered by then is unknown."""
        give_up = time.monotonic() + seconds
        for writer in self._writers:
            writer.transactions.give_up_at = give_up
        self._threads.join(seconds + 1.0)

    @property
    def ledger(self) -> Ledger:
        """The account of records so far."""
        book = Book(self.load.name)
        for writer in self._writers:
            book.add(writer.book.ledger())
        return book.ledger()

    @property
    def counts(self) -> LoadCounts:
        """What was committed."""
        ledger = self.ledger
        return {"load_records": ledger.acknowledged, "load_bytes": ledger.acknowledged_bytes}

    @property
    def extra_offsets(self) -> int:
        """Offsets that were taken at most besides records that are acknowledged or unknown."""
        return sum(writer.extra_offsets for writer in self._writers)


class _Writer:
    """One transactional producer with its share of the schedule."""

    clock: Clock

    def __init__(
        self,
        load: Load,
        number: int,
        producers: int,
        properties: Properties,
        seed: int,
        on_statistics: Callable[[str], None] | None,
        over: Event,
    ) -> None:
        assert load.dials.transaction_rate is not None
        self.load = load
        self.over = over
        self.together: int = load.setting("records_per_transaction")
        self.sizes: Sizes = load.setting("record_size")
        # Each has a pacer of its own: one by chance remembers what it has drawn.
        self.pacer = Share(pacer_of(Constant(load.dials.transaction_rate), load.arrivals, seed), number, producers)
        self.rng = random.Random(f"{seed}-{number}")  # noqa: S311 (no secret depends on it)
        self.filler = self.rng.randbytes(min(self.sizes.largest, _FILLER_BYTES))
        self.made = number
        self.step = producers
        self.book = Book(load.name)
        self.extra_offsets = 0
        identity = f"{load.client_id}-{number + 1}"
        config: dict[str, Any] = {"client.id": identity, "transactional.id": identity, "statistics.interval.ms": 1000}
        if on_statistics is not None:
            config["stats_cb"] = on_statistics
        config |= room_for(self.sizes.largest, properties)
        self.transactions = Transactions(new_producer(properties, config), load.topic, over)

    def prepare(self) -> None:
        self.transactions.prepare(READY_SECONDS, f"load {self.load.name!r}")

    def run(self) -> None:
        for index in range(self.pacer.total(self.clock.duration)):
            due = self.pacer.when(index)
            self._wait(due)
            if self.over.is_set():
                return
            self._transact(self.clock.elapsed - due)

    def _wait(self, due: float) -> None:
        """Wait until a transaction is due; meanwhile callbacks are called."""
        while (left := due - self.clock.elapsed) > 0 and not self.over.is_set():
            if left > _CLOSE_SECONDS:
                self.transactions.producer.poll(min(left - _CLOSE_SECONDS / 2, _POLL_SECONDS))
            else:
                time.sleep(left)

    def _transact(self, behind: float) -> None:
        self.book.schedule(self.together)
        if behind > DROP_SECONDS:
            self.book.lose(Fate.DROPPED, KafkaError(KafkaError._IN_PROGRESS).name(), self.together)
            return
        if behind > LATE_SECONDS:
            self.book.late(self.together)
        values = self._values()
        self._settle(self.transactions.make(values), sum(map(len, values)))

    def _values(self) -> Sequence[bytes]:
        return [self._value(size) for size in self.sizes.sample(self.together, self.rng)]

    def _value(self, size: int) -> bytes:
        """A value that begins with a number, which no other of the Load has, if it is long enough."""
        self.made += self.step
        number = self.made.to_bytes(_NUMBER_BYTES, "big")
        filler = self.filler * (size // max(1, len(self.filler)) + 1)
        return (number + filler)[:size] if size >= _NUMBER_BYTES else filler[:size]

    def _settle(self, outcome: TransactionOutcome, size: int) -> None:
        if outcome.fate is Fate.ACKNOWLEDGED:
            self.book.acknowledge(size, self.together)
            self.extra_offsets += outcome.partitions
            return
        self.book.lose(outcome.fate, outcome.error, self.together)
        # What an aborted transaction has stored, and in which partitions, is unknown: at most everything.
        stored = self.together if outcome.fate is Fate.FAILED else 0
        self.extra_offsets += stored + self.together


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionOutcome:
    """The outcome of a transaction.

    Attributes:
        fate: of all its records; failed is aborted.
        error: the Kafka error that says why, if it was not committed.
        partitions: how many it touched, of one that was committed.
    """

    fate: Fate
    error: str = ""
    partitions: int = 0


class Transactions:
    """The transactions of one producer. For one thread; only `give_up_at` may be set by another.

    Attributes:
        give_up_at: seconds of the monotonic clock after which no answer is waited for any more.
    """

    def __init__(self, producer: Producer, topic: str, over: Event) -> None:
        """Write to `topic`; once `over` is set, a transaction that is not being committed is aborted."""
        self.producer = producer
        self.give_up_at = math.inf
        self._topic = topic
        self._over = over
        self._touched: set[int] = set()
        self._numbers = 0

    def prepare(self, seconds: float, whose: str) -> None:
        """Register the transactional id with the brokers, within a bound.

        Raises:
            ClusterError: they refuse, or do not respond; the message begins with `whose` id it is.
        """
        give_up = time.monotonic() + seconds
        while True:
            try:
                self.producer.init_transactions(_STEP_SECONDS)
            except KafkaException as error:
                inner = kafka_error(error)
                if inner.retriable() and time.monotonic() < give_up and not self._over.is_set():
                    continue
                raise ClusterError(
                    f"{whose} may not begin transactions ({inner.str()}): check the rights of its transactional ids, "
                    "and that the brokers are up"
                ) from None
            return

    def make(self, values: Sequence[bytes]) -> TransactionOutcome:
        """A whole transaction with these values."""
        self._touched.clear()
        try:
            self.producer.begin_transaction()
        except KafkaException as error:
            return TransactionOutcome(fate=Fate.FAILED, error=kafka_error(error).name())
        for value in values:
            if failure := self._produce(value):
                return self._abort(failure, certain=True)
        return self._commit()

    def _produce(self, value: bytes) -> str:
        """Hand a record to the producer; the name of the error if that failed."""
        self._numbers += 1
        key = self._numbers.to_bytes(8, "big")
        while not self._over.is_set():
            try:
                self.producer.produce(self._topic, value, key, on_delivery=self._delivered)
            except BufferError:
                self.producer.poll(_STEP_SECONDS / 10)
            except KafkaException as error:
                return kafka_error(error).name()
            else:
                return ""
        return KafkaError(KafkaError._PURGE_QUEUE).name()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None and (partition := message.partition()) is not None:
            self._touched.add(partition)

    def _commit(self) -> TransactionOutcome:
        while True:
            try:
                self.producer.commit_transaction(_STEP_SECONDS)
            except KafkaException as error:
                inner = kafka_error(error)
                if inner.txn_requires_abort():
                    return self._abort(inner.name(), certain=False)
                if inner.retriable() and time.monotonic() < self.give_up_at:
                    continue
                return TransactionOutcome(fate=Fate.UNKNOWN, error=inner.name())
            return TransactionOutcome(fate=Fate.ACKNOWLEDGED, partitions=len(self._touched))

    def _abort(self, reason: str, *, certain: bool) -> TransactionOutcome:
        """Abort; `certain` if no commit was requested, so that brokers abort it even without our request."""
        while True:
            try:
                self.producer.abort_transaction(_STEP_SECONDS)
            except KafkaException as error:
                if kafka_error(error).retriable() and time.monotonic() < self.give_up_at:
                    continue
                return TransactionOutcome(fate=Fate.FAILED if certain else Fate.UNKNOWN, error=reason)
            return TransactionOutcome(fate=Fate.FAILED, error=reason)
