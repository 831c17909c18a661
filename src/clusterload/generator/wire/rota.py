"""Connections that may be used now, each in its turn."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusterload.generator.wire.connection import Connection


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
