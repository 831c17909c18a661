"""Visits: plain connections that come, ask, and leave at once, thousands a second.

They do without a protocol object and a task each, which would cost more than what they ask. One epoll holds
all their sockets, and the event loop watches that one.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from clusterload.generator.wire.error_codes import error_name

if TYPE_CHECKING:
    from clusterload.kafka.protocol.address import Address

PATIENCE: Final = 10_000_000_000
"""Nanoseconds that a connection may take."""

SILENT: Final = "no answer in time"

_READ: Final = 65_536
_HEAD: Final = struct.Struct(">ii")
_ERROR: Final = struct.Struct(">h")


@dataclass(slots=True, kw_only=True, eq=False)
class ShortLivedConnection:
    """One connection from its due time to its end, monotonic nanoseconds."""

    due: int
    begun: int
    stream: socket.socket
    asked: int = 0
    received: bytes = b""


OnEnd = Callable[[ShortLivedConnection, str], None]
"""Told of a connection that is over, and why it failed or nothing."""


@dataclass(slots=True, kw_only=True, eq=False)
class ShortLivedConnections:
    """All visits of a population.

    Attributes:
        questions: frames to ask, one after the other; the first one greets.
        on_end: told of each connection's end.
    """

    questions: Sequence[bytes]
    on_end: OnEnd
    _places: dict[Address, tuple[int, Any]] = field(default_factory=dict)
    _by_file: dict[int, ShortLivedConnection] = field(default_factory=dict)
    _epoll: select.epoll = field(default_factory=select.epoll)

    def __len__(self) -> int:
        return len(self._by_file)

    def open(self, addresses: Sequence[Address]) -> None:
        """Look up where brokers are, and begin to listen for events; OSError if a name is not known."""
        for address in addresses:
            family, _, _, _, place = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
            self._places[address] = (family, place)
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._events)

    def begin(self, address: Address, due: int, now: int) -> None:
        """Come to a broker."""
        family, place = self._places[address]
        stream = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        connection = ShortLivedConnection(due=due, begun=now, stream=stream)
        code = stream.connect_ex(place)
        if code not in {0, errno.EINPROGRESS}:
            stream.close()
            self.on_end(connection, os.strerror(code))
            return
        self._by_file[stream.fileno()] = connection
        if code == 0:
            self._epoll.register(stream.fileno(), select.EPOLLIN)
            self._ask(connection)
        else:
            self._epoll.register(stream.fileno(), select.EPOLLOUT)

    def give_up(self, now: int) -> None:
        """End the visits that take too long."""
        for connection in [one for one in self._by_file.values() if now - one.begun > PATIENCE]:
            self._end(connection, SILENT)

    def close(self) -> list[ShortLivedConnection]:
        """End all; those that were under way."""
        left = list(self._by_file.values())
        for connection in left:
            connection.stream.close()
        self._by_file.clear()
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()
        return left

    def _events(self) -> None:
        for file, event in self._epoll.poll(0):
            connection = self._by_file[file]
            try:
                if event & select.EPOLLOUT:
                    self._connected(connection)
                else:
                    self._read(connection)
            except OSError as error:
                self._end(connection, error.strerror or str(error))

    def _connected(self, connection: ShortLivedConnection) -> None:
        if code := connection.stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))
        self._epoll.modify(connection.stream.fileno(), select.EPOLLIN)
        self._ask(connection)

    def _ask(self, connection: ShortLivedConnection) -> None:
        connection.stream.send(self.questions[connection.asked])
        connection.asked += 1

    def _read(self, connection: ShortLivedConnection) -> None:
        data = connection.stream.recv(_READ)
        if not data:
            self._end(connection, "closed by the broker")
            return
        data = connection.received + data if connection.received else data
        if len(data) < _HEAD.size or len(data) < 4 + _HEAD.unpack_from(data)[0]:
            connection.received = data
            return
        connection.received = b""
        (error,) = _ERROR.unpack_from(data, _HEAD.size) if connection.asked == 1 else (0,)
        if error:
            self._end(connection, f"greeting refused: {error_name(error)}")
        elif connection.asked < len(self.questions):
            self._ask(connection)
        else:
            self._end(connection, "")

    def _end(self, connection: ShortLivedConnection, reason: str) -> None:
        del self._by_file[connection.stream.fileno()]
        connection.stream.close()  # which takes it out of the epoll, too
        self.on_end(connection, reason)
