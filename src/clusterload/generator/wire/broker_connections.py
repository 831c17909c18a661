"""The connections that requests go over: those to one broker take turns, and what finds none with room waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.generator.wire.batches import Slot
    from clusterload.generator.wire.connection import Connection
    from clusterload.generator.wire.producer_ids import Identity


class Rota:
    """Connections that take turns, as long as each has room for one more request."""

    __slots__ = ("free", "in_flight")

    def __init__(self, in_flight: int) -> None:
        """Connections of `in_flight` requests under way at most."""
        self.in_flight = in_flight
        self.free: deque[Connection] = deque()

    def __bool__(self) -> bool:
        """Whether a connection has room; those that cannot be written to now are passed over."""
        while self.free and not self.free[0].writable:
            self.take()
        return bool(self.free)

    def join(self, connection: Connection) -> None:
        """Let a new connection take part."""
        connection.seat = self
        self.put(connection)

    def take(self) -> Connection:
        """The connection whose turn it is; `put` it back when it was used."""
        connection = self.free.popleft()
        connection.listed = False
        return connection

    def room(self, connection: Connection) -> bool:
        """Whether a connection takes part and one more request may be sent over it."""
        return connection.seat is self and connection.writable and connection.waiting < self.in_flight

    def put(self, connection: Connection) -> None:
        """List a connection, if it has room and is not listed yet."""
        if not connection.listed and self.room(connection):
            connection.listed = True
            self.free.append(connection)

    def leave(self, connection: Connection) -> None:
        """Let a connection take part no more."""
        connection.seat = None
        if connection.listed:
            connection.listed = False
            self.free.remove(connection)

    def pause(self, connection: Connection, milliseconds: int, then: Callable[[Connection], None]) -> None:
        """Keep the pause that a broker asks for; `then` is told when it is over, unless the connection is."""
        self.leave(connection)

        def resume() -> None:
            if not connection.transport.is_closing() and connection.seat is None:
                self.join(connection)
                then(connection)

        asyncio.get_running_loop().call_later(milliseconds / 1000, resume)


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
