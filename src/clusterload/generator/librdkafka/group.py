"""A consumer group with real members, which may be replaced during the load."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from clusterload.generator.librdkafka.offsets import first_offsets, last_offsets
from clusterload.generator.librdkafka.produce import LATE_SECONDS
from clusterload.generator.librdkafka.series import LoadCounts
from clusterload.generator.librdkafka.threads import Clock, Threads
from clusterload.kafka.client import kafka_error, new_consumer
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ClusterError, ConfigurationError
from clusterload.model.ledger import MEMBERS, Book, Fate, Ledger
from clusterload.model.workload import Load
from clusterload.model.workload.schedule import Constant, Pacer, pacer_of

READERS: Final = 4
"""Most threads that read for a group's members, in turn."""

LEAVE_SECONDS: Final = 5.0
"""How long members may take to leave at the end."""

_PAUSE_SECONDS: Final = 0.01
_HEARTBEAT_SECONDS: Final = 3.0  # librdkafka's own
_SHORTEST_HEARTBEAT: Final = 0.1

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


class GroupLoad:
    """The members of one Load.

    They read what comes after the load's start: a group that has no offsets yet is given the ends of the topic
    first. Where members are replaced, that happens evenly over their lifetime, on an absolute schedule: of 4 members
    that stay 20 s, one leaves every 5 s and another joins at once. The ledger counts joins, its unit is members.
    """

    def __init__(
        self, load: Load, properties: Properties, *, seed: int, on_statistics: Callable[[str], None] | None = None
    ) -> None:
        """See that the Load can be made; nothing is connected yet.

        Raises:
            ConfigurationError: properties that members cannot share.
        """
        assert load.dials.members is not None
        self.load = load
        self._properties = properties
        self._config = _config(load, properties, on_statistics)
        self._started: dict[int, int] = {}
        self._over = Event()
        members, lifetime = load.dials.members, load.dials.member_lifetime
        parts = min(members, READERS)
        self._readers = [
            _Reader(
                load=load,
                numbers=range(part, members, parts),
                pacer=None if lifetime is None else pacer_of(Constant(members / lifetime), load.arrivals, seed),
                new=self._new,
                over=self._over,
            )
            for part in range(parts)
        ]
        self._threads = Threads(load.client_id, [reader.run for reader in self._readers])

    def _new(self, number: int) -> Consumer:
        return new_consumer(self._properties, {**self._config, "client.id": f"{self.load.client_id}-{number + 1}"})

    def prepare(self) -> None:
        """Find where reading begins.

        Raises:
            ClusterError: the brokers refuse, or do not respond.
            ConfigurationError: a property that cannot be used.
        """
        self._started = first_offsets(self._properties, self._bare, self.load.topic)

    @property
    def _bare(self) -> dict[str, Any]:
        # The end of a transaction may not be written yet, but its records are there to be read.
        level = {"isolation.level": "read_uncommitted"}
        return {"group.id": self.load.group_id, "client.id": f"{self.load.client_id}-offsets", **level}

    def begin(self, clock: Clock) -> None:
        """Have the members join."""
        for reader in self._readers:
            reader.clock = clock
        self._threads.start()

    def check(self) -> None:
        """Raise what failed in a thread, if anything did."""
        self._threads.check()

    def interrupt(self) -> None:
        """Have the members leave, even if they have not read everything."""
        self._over.set()

    def finish(self, seconds: float) -> None:
        """Read up to where the topic ends now, within a bound; then the members leave, within another."""
        if not self._over.is_set():
            self._catch_up(seconds)
        self._over.set()
        self._threads.join(LEAVE_SECONDS)

    def _catch_up(self, seconds: float) -> None:
        give_up = time.monotonic() + seconds
        try:
            ends = last_offsets(self._properties, self._bare, self.load.topic)
        except ClusterError:
            return  # brokers that do not give the ends will not send the records either
        while self._behind(ends) and self._threads.alive and time.monotonic() < give_up:
            self.check()
            time.sleep(_PAUSE_SECONDS)

    def _behind(self, ends: dict[int, int]) -> bool:
        reached = [self._started, *(reader.tally.reached for reader in self._readers)]
        return any(max(places.get(partition, 0) for places in reached) < end for partition, end in ends.items())

    @property
    def ledger(self) -> Ledger:
        """The account of joins so far."""
        book = Book(self.load.name, MEMBERS)
        for reader in self._readers:
            book.add(reader.tally.book.ledger())
        return book.ledger()

    @property
    def counts(self) -> LoadCounts:
        """What the members have consumed, and how often they were given an assignment."""
        tallies = [reader.tally for reader in self._readers]
        return {
            "load_records": sum(tally.records for tally in tallies),
            "load_bytes": sum(tally.bytes for tally in tallies),
            "load_rebalances": sum(tally.rebalances for tally in tallies),
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


class _Reader:
    """A thread with the members that it reads for; a member that leaves is replaced at once, under the same number."""

    clock: Clock

    def __init__(
        self, *, load: Load, numbers: range, pacer: Pacer | None, new: Callable[[int], Consumer], over: Event
    ) -> None:
        self.load = load
        self.numbers = numbers
        self.pacer = pacer
        self.new = new
        self.over = over
        self.tally = MemberCounts(book=Book(load.name, MEMBERS))
        self.members: dict[int, Member] = {}
        self.together = load.dials.members or 0
        self.turns = {number: number for number in numbers}

    def run(self) -> None:
        try:
            for number in self.numbers:
                if not self.over.is_set():
                    self._join(number, due=0.0)
            while not self.over.is_set():
                self._replace()
                if not sum(member.read() for member in self.members.values()):
                    self.over.wait(_PAUSE_SECONDS)
        finally:
            for member in self.members.values():
                member.give_up()
            for member in self.members.values():
                member.leave()

    def _join(self, number: int, *, due: float) -> None:
        if self.clock.elapsed - due > LATE_SECONDS:
            self.tally.book.late()
        self.members[number] = Member(self.new(number), self.load.topic, self.tally)

    def _replace(self) -> None:
        """Replace the members whose lifetime is over."""
        elapsed = self.clock.elapsed
        for number in self.numbers:
            while not self.over.is_set() and (due := self._leaves(number)) <= elapsed and due < self.clock.duration:
                self.turns[number] += self.together
                self.members.pop(number).leave()
                self._join(number, due=due)

    def _leaves(self, number: int) -> float:
        # The schedule's first event is due at the start, when no member has stayed yet.
        return math.inf if self.pacer is None else self.pacer.when(self.turns[number] + 1)


def _config(load: Load, properties: Properties, on_statistics: Callable[[str], None] | None) -> dict[str, Any]:
    """What members have beyond the properties."""
    given = properties.client("C")
    if "group.instance.id" in given:
        raise ConfigurationError(
            f"load {load.name!r}: {properties.origin} sets group.instance.id, which only one member can have: remove it"
        )
    config: dict[str, Any] = {"group.id": load.group_id, "enable.partition.eof": True, "statistics.interval.ms": 1000}
    if on_statistics is not None:
        config["stats_cb"] = on_statistics
    own = {"heartbeat.interval.ms"} & given.keys() or given.get("group.protocol") == "consumer"
    if load.dials.member_lifetime is not None and not own:
        config["heartbeat.interval.ms"] = round(
            1000 * _heartbeat(load.dials.member_lifetime / (load.dials.members or 1))
        )
    return config


def _heartbeat(between: float) -> float:
    """Seconds between heartbeats where members change so often: by a heartbeat a member learns that it must rejoin."""
    return min(_HEARTBEAT_SECONDS, max(_SHORTEST_HEARTBEAT, between / 3))
