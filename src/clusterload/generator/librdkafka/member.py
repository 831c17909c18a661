"""A member of a consumer group: it joins, reads and leaves, and its outcome is counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from clusterload.kafka.client import kafka_error
from clusterload.model.ledger import Book, Fate

_AT_ONCE: Final = 500
"""Records that a member takes in a turn, so that others get their turn."""

_REFUSED: Final = {
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.INVALID_GROUP_ID,
    KafkaError.INVALID_SESSION_TIMEOUT,
    KafkaError.INCONSISTENT_GROUP_PROTOCOL,
    KafkaError.GROUP_MAX_SIZE_REACHED,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.UNSUPPORTED_VERSION,
    KafkaError._FATAL,
}


@dataclass(slots=True, kw_only=True)
class MemberCounts:
    """What some members count, all by one thread; any other thread may read it.

    Attributes:
        book: the account of joins.
        records: consumed.
        bytes: of their values.
        rebalances: assignments that members were given.
        reached: by partition the offset up to which it was read.
    """

    book: Book
    records: int = 0
    bytes: int = 0
    rebalances: int = 0
    reached: dict[int, int] = field(default_factory=dict)


class Member:
    """One consumer from its join until it leaves.

    The join is acknowledged when the group gives the member its first assignment, be it an empty one. It failed if the
    cluster refused the member, and is unknown if the member left before either.
    """

    def __init__(self, consumer: Consumer, topic: str, tally: MemberCounts) -> None:
        """Join the group of `consumer` to read `topic`."""
        self._consumer = consumer
        self._tally = tally
        self._settled = False
        self._error = KafkaError(KafkaError._TIMED_OUT).name()
        tally.book.schedule()
        try:
            consumer.subscribe([topic], on_assign=self._assigned)
        except KafkaException as error:
            self._settle(Fate.FAILED, kafka_error(error).name())

    def _assigned(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._tally.rebalances += 1
        if not self._settled:
            self._settled = True
            self._tally.book.acknowledge(0)

    def _settle(self, fate: Fate, error: str) -> None:
        if not self._settled:
            self._settled = True
            self._tally.book.lose(fate, error)

    def read(self) -> int:
        """Take what has come; how many records that were."""
        count = size = 0
        reached = self._tally.reached
        for message in self._consumer.consume(_AT_ONCE, 0):
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is not None:
                self._take(error, message)
            elif partition is not None and offset is not None:
                count += 1
                size += len(message)
                reached[partition] = offset + 1
        self._tally.records += count
        self._tally.bytes += size
        return count

    def _take(self, error: KafkaError, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        if error.code() == KafkaError._PARTITION_EOF and partition is not None and offset is not None:
            # This offset also counts what no reader sees: the ends of transactions.
            self._tally.reached[partition] = offset
            return
        self._error = error.name()
        if error.fatal() or error.code() in _REFUSED:
            self._settle(Fate.FAILED, error.name())

    def give_up(self) -> None:
        """Settle a join without an outcome yet; then the member may leave."""
        self._settle(Fate.UNKNOWN, self._error)

    def leave(self) -> None:
        """Commit what was read and leave the group, so that it need not wait for the session's end."""
        self.give_up()
        self._consumer.close()
