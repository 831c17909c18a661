"""One connection to a broker: frames in and out, answers matched to what was asked.

A connection greets (ApiVersions), logs in if it must, and is then its owner's. Kafka answers a connection's
requests in their order, so what is under way is a queue; an answer with another correlation id than the
oldest request's is garbage, and ends the connection.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from clusterload.model.errors import AuthenticationError

if TYPE_CHECKING:
    from clusterload.kafka.protocol.address import Address
    from clusterload.kafka.protocol.login import Frames

LARGEST: Final = 256 * 1024 * 1024
"""Bytes; a frame that claims more is garbage."""

Handler = Callable[["Connection", bytes, int, int, Any], None]
"""Gets an answer: the connection, the bytes it stands in, where its header begins, where it ends, what was kept."""

CORRELATION_AT: Final = 8
"""Where a request's frame holds its correlation id: after the length, the API's key and its version."""

_SMALLEST: Final = 4
"""Bytes of a frame after its length: the correlation id at least."""

_HEAD: Final = struct.Struct(">ii")
_ID: Final = struct.Struct(">i")
_ERROR: Final = struct.Struct(">h")


class Owner(Protocol):
    """Whose connection it is; told of its life."""

    def opened(self, connection: Connection) -> None:
        """It has greeted and logged in, and may be used."""

    def lost(self, connection: Connection, reason: str) -> None:
        """It is closed. What was under way stands in its `under_way`, oldest first."""

    def relieved(self, connection: Connection) -> None:
        """It could not be written to, and can be again."""

    def renewed(self, connection: Connection) -> None:
        """It has logged in once more."""


class Connection(asyncio.Protocol):
    """A connection of a population; see the module."""

    __slots__ = (
        "_need",
        "_rest",
        "address",
        "born",
        "correlation",
        "greeting",
        "listed",
        "login",
        "number",
        "owner",
        "reason",
        "renewing",
        "seat",
        "state",
        "transport",
        "under_way",
        "writable",
    )

    def __init__(self, owner: Owner, number: int, address: Address, greeting: bytes, login: Frames | None) -> None:
        """A connection that is not yet made.

        Args:
            owner: told of its life.
            number: of this connection among its owner's.
            address: where it goes.
            greeting: the ApiVersions frame.
            login: the frames of a login to have before anything else, or None.
        """
        self.owner = owner
        self.number = number
        self.address = address
        self.greeting = greeting
        self.login = login
        self.transport: Any = None
        self.under_way: deque[tuple[int, Handler, Any]] | None = None
        self.correlation = 0
        self.writable = True
        self.renewing = False
        self.listed = False
        self.seat: Any = None
        self.state: Any = None
        self.born = 0
        self.reason = ""
        self._rest: bytearray | None = None
        self._need = 0

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self.transport = transport
        self.ask(self.greeting, _greeted, None)

    def ask(self, frame: bytes, handler: Handler, kept: Any) -> None:
        """Send a frame made elsewhere, with the next correlation id, and have its answer handled."""
        self.transport.write(correlated(frame, self.expect(handler, kept)))

    def expect(self, handler: Handler, kept: Any) -> int:
        """The correlation id of a request that is about to be sent, whose answer `handler` gets."""
        self.correlation = correlation = (self.correlation + 1) & 0x7FFFFFFF
        if self.under_way is None:
            self.under_way = deque()
        self.under_way.append((correlation, handler, kept))
        return correlation

    @property
    def waiting(self) -> int:
        """How many requests are under way."""
        return len(self.under_way) if self.under_way else 0

    def end(self, reason: str) -> None:
        """Close at once; the owner hears of it with this reason."""
        self.reason = self.reason or reason
        if self.transport is not None:
            self.transport.abort()

    def leave(self, reason: str) -> None:
        """Close in good order: what was written is sent first; the owner hears of it with this reason."""
        self.reason = self.reason or reason
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take in bytes; hand on each whole frame."""
        rest = self._rest
        if rest is not None:
            rest += data
            if len(rest) < self._need:
                return
            data, self._rest = bytes(rest), None
        at, size = 0, len(data)
        while size - at >= _HEAD.size:
            length, correlation = _HEAD.unpack_from(data, at)
            if not _SMALLEST <= length <= LARGEST:
                self.end(f"garbage: a frame of {length} B")
                return
            end = at + 4 + length
            if end > size:
                self._need = end - at
                break
            under_way = self.under_way
            if not under_way or under_way[0][0] != correlation:
                self.end("garbage: an answer that nothing asked for")
                return
            _, handler, kept = under_way.popleft()
            handler(self, data, at + 4, end, kept)
            at = end
        else:
            self._need = _HEAD.size
        if at < size:
            self._rest = bytearray(data[at:])

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the owner."""
        reason = self.reason or (_words(error) if error else "closed by the broker")
        self.owner.lost(self, reason)

    def pause_writing(self) -> None:
        """The send buffer is full."""
        self.writable = False

    def resume_writing(self) -> None:
        """The send buffer has room again."""
        if not self.renewing:
            self.writable = True
            self.owner.relieved(self)

    def renew(self, login: Frames) -> None:
        """Log in once more before the session ends (KIP-368); nothing else may be sent meanwhile."""
        self.login, self.renewing, self.writable = login, True, False
        if self.under_way is None:
            self.under_way = deque()
        _say(self, login.start())

    def renewed(self) -> None:
        """The login is done; what waited may be sent."""
        self.renewing, self.writable = False, True
        self.owner.renewed(self)
        self.owner.relieved(self)


def correlated(frame: bytes, correlation: int) -> bytes:
    """A request's frame with another correlation id."""
    return b"".join((frame[:CORRELATION_AT], _ID.pack(correlation), frame[CORRELATION_AT + 4 :]))


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _greeted(connection: Connection, data: bytes, at: int, end: int, _: Any) -> None:
    (error,) = _ERROR.unpack_from(data, at + 4) if end - at >= _SMALLEST + _ERROR.size else (-1,)
    if error:
        connection.end(f"greeting refused with error {error}")
        return
    if connection.login is None:
        connection.owner.opened(connection)
        return
    _say(connection, connection.login.start())


def _say(connection: Connection, frame: bytes) -> None:
    """Send a frame of a login, which has a correlation id of its own."""
    (correlation,) = _ID.unpack_from(frame, CORRELATION_AT)
    assert connection.under_way is not None
    connection.under_way.append((correlation, _logged_in, None))
    connection.transport.write(frame)


def _logged_in(connection: Connection, data: bytes, at: int, end: int, _: Any) -> None:
    login = connection.login
    assert login is not None
    try:
        more = login.answer(data[at:end])
    except AuthenticationError as error:
        connection.end(str(error))
        return
    if more is not None:
        _say(connection, more)
    elif connection.renewing:
        connection.renewed()
    else:
        connection.owner.opened(connection)
