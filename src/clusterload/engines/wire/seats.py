"""Whom requests go to: for each broker its free connections, and what waits for one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.engines.wire.batches import Slot
    from clusterload.engines.wire.connection import Connection


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


class Seat:
    """A broker as producers see it.

    Attributes:
        connections: that stand.
        free: those that may be used now, the one whose turn it is first.
        backlog: requests that wait for one, the oldest first.
    """

    __slots__ = ("backlog", "broker", "connections", "free", "turn")

    def __init__(self, broker: int) -> None:
        self.broker = broker
        self.connections = 0
        self.free: deque[Connection] = deque()
        self.backlog: deque[Request] = deque()
        self.turn = 0


class Seats:
    """All brokers' seats. A connection is free while fewer than `in_flight` requests are under way on it."""

    __slots__ = ("_by_broker", "_in_flight")

    def __init__(self, in_flight: int) -> None:
        self._in_flight = in_flight
        self._by_broker: dict[int, Seat] = {}

    def __iter__(self) -> Iterator[Seat]:
        return iter(list(self._by_broker.values()))

    def of(self, broker: int) -> Seat:
        """A broker's seat; -1 is that of partitions that nobody leads."""
        seat = self._by_broker.get(broker)
        if seat is None:
            seat = self._by_broker[broker] = Seat(broker)
        return seat

    def take(self, connection: Connection, broker: int) -> None:
        """A new connection takes its seat."""
        connection.seat = seat = self.of(broker)
        seat.connections += 1
        self.list(connection)

    def leave(self, connection: Connection, broker: int) -> None:
        """A connection is gone."""
        self.of(broker).connections -= 1
        self.unlist(connection)
        connection.seat = None

    def has_room(self, connection: Connection) -> bool:
        """Whether one more request may be sent over it."""
        return connection.writable and connection.waiting < self._in_flight

    def list(self, connection: Connection) -> None:
        """Put a connection among the free ones, if it is free and not there."""
        if not connection.listed and connection.seat is not None and self.has_room(connection):
            connection.listed = True
            connection.seat.free.append(connection)

    def unlist(self, connection: Connection) -> None:
        """Take a connection from among the free ones."""
        if connection.listed:
            connection.seat.free.remove(connection)
            connection.listed = False

    def reseat(self, leaders: tuple[int, ...]) -> None:
        """Leaders moved: what waits for an old one waits for the new one, in the order of due times."""
        waiting = [request for seat in self for request in seat.backlog]
        for seat in self:
            seat.backlog.clear()
        for request in sorted(waiting, key=lambda one: one.due):
            self.of(leaders[request.partition]).backlog.append(request)
