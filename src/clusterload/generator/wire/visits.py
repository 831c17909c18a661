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

from clusterload.generator.wire.outcomes import name_of

if TYPE_CHECKING:
    from clusterload.kafka.protocol.address import Address

PATIENCE: Final = 10_000_000_000
"""Nanoseconds that a visit may take."""

SILENT: Final = "no answer in time"

_READ: Final = 65_536
_HEAD: Final = struct.Struct(">ii")
_ERROR: Final = struct.Struct(">h")


@dataclass(slots=True, kw_only=True, eq=False)
class Visit:
    """One connection from its due time to its end, monotonic nanoseconds."""

    due: int
    begun: int
    stream: socket.socket
    asked: int = 0
    received: bytes = b""


OnEnd = Callable[[Visit, str], None]
"""Told of a visit that is over, and why it failed or nothing."""


@dataclass(slots=True, kw_only=True, eq=False)
class Visits:
    """All visits of a population.

    Attributes:
        questions: frames to ask, one after the other; the first one greets.
        on_end: told of each visit's end.
    """

    questions: Sequence[bytes]
    on_end: OnEnd
    _places: dict[Address, tuple[int, Any]] = field(default_factory=dict)
    _by_file: dict[int, Visit] = field(default_factory=dict)
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
        visit = Visit(due=due, begun=now, stream=stream)
        code = stream.connect_ex(place)
        if code not in {0, errno.EINPROGRESS}:
            stream.close()
            self.on_end(visit, os.strerror(code))
            return
        self._by_file[stream.fileno()] = visit
        if code == 0:
            self._epoll.register(stream.fileno(), select.EPOLLIN)
            self._ask(visit)
        else:
            self._epoll.register(stream.fileno(), select.EPOLLOUT)

    def give_up(self, now: int) -> None:
        """End the visits that take too long."""
        for visit in [one for one in self._by_file.values() if now - one.begun > PATIENCE]:
            self._end(visit, SILENT)

    def close(self) -> list[Visit]:
        """End all; those that were under way."""
        left = list(self._by_file.values())
        for visit in left:
            visit.stream.close()
        self._by_file.clear()
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()
        return left

    def _events(self) -> None:
        for file, event in self._epoll.poll(0):
            visit = self._by_file[file]
            try:
                if event & select.EPOLLOUT:
                    self._connected(visit)
                else:
                    self._read(visit)
            except OSError as error:
                self._end(visit, error.strerror or str(error))

    def _connected(self, visit: Visit) -> None:
        if code := visit.stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))
        self._epoll.modify(visit.stream.fileno(), select.EPOLLIN)
        self._ask(visit)

    def _ask(self, visit: Visit) -> None:
        visit.stream.send(self.questions[visit.asked])
        visit.asked += 1

    def _read(self, visit: Visit) -> None:
        data = visit.stream.recv(_READ)
        if not data:
            self._end(visit, "closed by the broker")
            return
        data = visit.received + data if visit.received else data
        if len(data) < _HEAD.size or len(data) < 4 + _HEAD.unpack_from(data)[0]:
            visit.received = data
            return
        visit.received = b""
        (error,) = _ERROR.unpack_from(data, _HEAD.size) if visit.asked == 1 else (0,)
        if error:
            self._end(visit, f"greeting refused: {name_of(error)}")
        elif visit.asked < len(self.questions):
            self._ask(visit)
        else:
            self._end(visit, "")

    def _end(self, visit: Visit, reason: str) -> None:
        del self._by_file[visit.stream.fileno()]
        visit.stream.close()  # which takes it out of the epoll, too
        self.on_end(visit, reason)
