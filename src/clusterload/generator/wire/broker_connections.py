"""Connections used round-robin, by broker; requests that find none with room wait in a backlog."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.generator.wire.connection import Connection
    from clusterload.generator.wire.producer_ids import ProducerId
    from clusterload.generator.wire.request_pool import RequestBuffer


class RoundRobin:
    """Connections that take turns, as long as each may have one more request in flight."""

    __slots__ = ("free", "max_in_flight")

    def __init__(self, max_in_flight: int) -> None:
        """For connections of at most `max_in_flight` requests in flight each."""
        self.max_in_flight = max_in_flight
        self.free: deque[Connection] = deque()

    def __bool__(self) -> bool:
        """Whether a connection has room; those that cannot be written to now are skipped."""
        while self.free and not self.free[0].writable:
            self.take()
        return bool(self.free)

    def add(self, connection: Connection) -> None:
        """Let a new connection take part."""
        connection.round_robin = self
        self.put(connection)

    def take(self) -> Connection:
        """The connection whose turn it is; `put` it back when it was used."""
        connection = self.free.popleft()
        connection.queued = False
        return connection

    def room(self, connection: Connection) -> bool:
        """Whether a connection takes part and one more request may be sent over it."""
        return (
            connection.round_robin is self and connection.writable and connection.in_flight_count < self.max_in_flight
        )

    def put(self, connection: Connection) -> None:
        """Queue a connection, if it has room and is not queued yet."""
        if not connection.queued and self.room(connection):
            connection.queued = True
            self.free.append(connection)

    def remove(self, connection: Connection) -> None:
        """Take a connection out."""
        connection.round_robin = None
        if connection.queued:
            connection.queued = False
            self.free.remove(connection)

    def pause(self, connection: Connection, milliseconds: int, then: Callable[[Connection], None]) -> None:
        """Obey a throttle time; `then` is called when it is over, unless the connection was lost."""
        self.remove(connection)

        def resume() -> None:
            if not connection.transport.is_closing() and connection.round_robin is None:
                self.add(connection)
                then(connection)

        asyncio.get_running_loop().call_later(milliseconds / 1000, resume)


@dataclass(slots=True, kw_only=True, eq=False)
class ProduceRequest:
    """A Produce request from its due time to its outcome.

    Attributes:
        due: monotonic nanoseconds.
        partition: where it goes.
        buffer: its bytes, from when it is first sent.
        sent: monotonic nanoseconds of the last send.
        retries: how often it was sent again.
        identity: of an idempotent producer.
        sequence: of its first record, for an idempotent producer.
    """

    due: int
    partition: int
    buffer: RequestBuffer | None = None
    sent: int = 0
    retries: int = 0
    identity: ProducerId | None = None
    sequence: int = -1


class BrokerConnections(RoundRobin):
    """The connections to one broker, and the requests that wait for one of them.

    Attributes:
        broker: its id; -1 for partitions without a leader.
        backlog: requests that wait for a connection, oldest first.
        partitions: those that it leads and that the load produces to.
    """

    __slots__ = ("backlog", "broker", "partitions", "turn")

    def __init__(self, broker: int, max_in_flight: int) -> None:
        """Without connections yet."""
        super().__init__(max_in_flight)
        self.broker = broker
        self.backlog: deque[ProduceRequest] = deque()
        self.partitions: list[int] = []
        self.turn = 0

    def next_partition(self) -> int:
        """The one whose turn it is."""
        self.turn += 1
        return self.partitions[self.turn % len(self.partitions)]


class ConnectionsByBroker:
    """The connections to each broker, and who leads what now.

    Args:
        max_in_flight: most requests under way a connection.
        touched: how many partitions, from the first, are produced to.
    """

    __slots__ = ("_by_broker", "_max_in_flight", "_touched")

    def __init__(self, max_in_flight: int, touched: int) -> None:
        self._max_in_flight, self._touched = max_in_flight, touched
        self._by_broker: dict[int, BrokerConnections] = {}

    def __iter__(self) -> Iterator[BrokerConnections]:
        return iter(list(self._by_broker.values()))

    def of(self, broker: int) -> BrokerConnections:
        """The connections to a broker, none at first."""
        connections = self._by_broker.get(broker)
        if connections is None:
            connections = self._by_broker[broker] = BrokerConnections(broker, self._max_in_flight)
        return connections

    def lead(self, leaders: tuple[int, ...]) -> None:
        """Take new leaders: requests that wait for an old one wait for the new one, oldest first."""
        waiting = [request for connections in self for request in connections.backlog]
        for connections in self:
            connections.backlog.clear()
            connections.partitions.clear()
        for number, leader in enumerate(leaders[: self._touched]):
            self.of(leader).partitions.append(number)
        for request in sorted(waiting, key=lambda request: request.due):
            self.of(leaders[request.partition]).backlog.append(request)
