"""Whom requests go to: for each broker its free connections, and what waits for one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusterload.generator.wire.rota import Rota

if TYPE_CHECKING:
    from clusterload.generator.wire.batches import Slot


@dataclass(slots=True, kw_only=True, eq=False)
class Identity:
    """An idempotent producer: its id, epoch, and next sequence number by partition."""

    producer_id: int
    epoch: int
    sequences: dict[int, int] = field(default_factory=dict)

    def number(self, partition: int, records: int) -> int:
        """The sequence number of the first of so many records for a partition."""
        sequence = self.sequences.get(partition, 0)
        self.sequences[partition] = (sequence + records) & 0x7FFFFFFF
        return sequence


@dataclass(slots=True, kw_only=True, eq=False)
class Request:
    """A Produce request from its due time to its fate.

    Attributes:
        due: monotonic nanoseconds.
        partition: where it goes.
        slot: its bytes, from when it is first sent.
        sent: monotonic nanoseconds of the last send.
        tries: how often it was sent again.
        identity: of an idempotent producer.
        sequence: of its first record, for an idempotent producer.
    """

    due: int
    partition: int
    slot: Slot | None = None
    sent: int = 0
    tries: int = 0
    identity: Identity | None = None
    sequence: int = -1


class Seat(Rota):
    """A broker as producers see it: its connections take turns.

    Attributes:
        broker: its id; -1 for partitions that nobody leads.
        backlog: requests that wait for a connection, the oldest first.
        partitions: those that it leads and that are touched.
    """

    __slots__ = ("backlog", "broker", "partitions", "turn")

    def __init__(self, broker: int, in_flight: int) -> None:
        """A broker that no connection goes to yet."""
        super().__init__(in_flight)
        self.broker = broker
        self.backlog: deque[Request] = deque()
        self.partitions: list[int] = []
        self.turn = 0

    def next_partition(self) -> int:
        """The one whose turn it is."""
        self.turn += 1
        return self.partitions[self.turn % len(self.partitions)]


class Seats:
    """All brokers' seats, as leadership has them now.

    Args:
        in_flight: most requests under way a connection.
        touched: how many partitions, from the first, are produced to.
    """

    __slots__ = ("_by_broker", "_in_flight", "_touched")

    def __init__(self, in_flight: int, touched: int) -> None:
        self._in_flight, self._touched = in_flight, touched
        self._by_broker: dict[int, Seat] = {}

    def __iter__(self) -> Iterator[Seat]:
        return iter(list(self._by_broker.values()))

    def of(self, broker: int) -> Seat:
        """A broker's seat."""
        seat = self._by_broker.get(broker)
        if seat is None:
            seat = self._by_broker[broker] = Seat(broker, self._in_flight)
        return seat

    def lead(self, leaders: tuple[int, ...]) -> None:
        """Take in who leads each partition: what waits for an old one waits for the new one, the oldest first."""
        waiting = [request for seat in self for request in seat.backlog]
        for seat in self:
            seat.backlog.clear()
            seat.partitions.clear()
        for number, leader in enumerate(leaders[: self._touched]):
            self.of(leader).partitions.append(number)
        for request in sorted(waiting, key=lambda one: one.due):
            self.of(leaders[request.partition]).backlog.append(request)
