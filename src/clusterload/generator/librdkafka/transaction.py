"""One transaction after the other: begun, filled, committed or aborted, each with an outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from clusterload.kafka.client import kafka_error
from clusterload.model.errors import ClusterError
from clusterload.model.ledger import Fate

_STEP_SECONDS: Final = 0.5
"""A call that waits for brokers returns after this, to see whether it is still wanted."""


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
        """Abort; `certain` says that no commit was asked for, so that brokers abort it even if we cannot ask them."""
        while True:
            try:
                self.producer.abort_transaction(_STEP_SECONDS)
            except KafkaException as error:
                if kafka_error(error).retriable() and time.monotonic() < self.give_up_at:
                    continue
                return TransactionOutcome(fate=Fate.FAILED if certain else Fate.UNKNOWN, error=reason)
            return TransactionOutcome(fate=Fate.FAILED, error=reason)
