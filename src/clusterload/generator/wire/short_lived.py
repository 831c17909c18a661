"""Short-lived connections without TLS or login: connect, send one or two requests, close; thousands a second.

A protocol object and a task each would cost more than the requests do. So one epoll holds all their sockets, and the
event loop watches that one. Without epoll (macOS) `connect` makes them like any other connection.
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

SILENT: Final = "no response in time"

_READ: Final = 65_536
_HEAD: Final = struct.Struct(">ii")
_ERROR: Final = struct.Struct(">h")


@dataclass(slots=True, kw_only=True, eq=False)
class ShortLivedConnection:
    """One connection from its due time to its end, in monotonic nanoseconds; `sent` counts its requests."""

    due: int
    begun: int
    stream: socket.socket
    sent: int = 0
    received: bytes = b""


OnEnd = Callable[[ShortLivedConnection, str], None]
"""Called when a connection is over, with why it failed, or an empty text."""


@dataclass(slots=True, kw_only=True, eq=False)
class ShortLivedConnections:
    """All short-lived connections of a Load in this worker.

    Attributes:
        requests: frames to send, each after the response to the one before; the first is ApiVersions.
        on_end: called at each connection's end.
    """

    requests: Sequence[bytes]
    on_end: OnEnd
    _places: dict[Address, tuple[int, Any]] = field(default_factory=dict)
    _by_file: dict[int, ShortLivedConnection] = field(default_factory=dict)
    _epoll: select.epoll = field(default_factory=lambda: select.epoll())  # noqa: PLW0108 (macOS has none)

    def __len__(self) -> int:
        return len(self._by_file)

    def open(self, addresses: Sequence[Address]) -> None:
        """Resolve the brokers' addresses and begin to watch for events; OSError if a host name is not known."""
        for address in addresses:
            family, _, _, _, place = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
            self._places[address] = (family, place)
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._events)

    def begin(self, address: Address, due: int, now: int) -> None:
        """Connect to a broker."""
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
            self._send(connection)
        else:
            self._epoll.register(stream.fileno(), select.EPOLLOUT)

    def give_up(self, now: int) -> None:
        """End connections that take too long."""
        for connection in [open_ for open_ in self._by_file.values() if now - open_.begun > PATIENCE]:
            self._end(connection, SILENT)

    def close(self) -> list[ShortLivedConnection]:
        """End all; those that were open."""
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
        self._send(connection)

    def _send(self, connection: ShortLivedConnection) -> None:
        connection.stream.send(self.requests[connection.sent])
        connection.sent += 1

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
        (error,) = _ERROR.unpack_from(data, _HEAD.size) if connection.sent == 1 else (0,)
        if error:
            self._end(connection, f"ApiVersions refused: {error_name(error)}")
        elif connection.sent < len(self.requests):
            self._send(connection)
        else:
            self._end(connection, "")

    def _end(self, connection: ShortLivedConnection, reason: str) -> None:
        del self._by_file[connection.stream.fileno()]
        connection.stream.close()  # which also removes it from the epoll
        self.on_end(connection, reason)
