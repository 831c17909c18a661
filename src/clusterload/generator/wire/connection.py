"""One connection to a broker: frames in and out, responses matched to requests.

A connection sends ApiVersions, logs in if it must, and is then its owner's. Kafka responds to a connection's requests
in their order, so requests in flight are a queue; a response whose correlation id is not the oldest request's is
malformed, and ends the connection.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from clusterload.generator.wire.error_codes import error_name
from clusterload.model.errors import AuthenticationError

if TYPE_CHECKING:
    from clusterload.kafka.protocol.address import Address
    from clusterload.kafka.protocol.login import Frames

LARGEST: Final = 256 * 1024 * 1024
"""Bytes; a frame that claims more is malformed."""

Handler = Callable[["Connection", bytes, int, int, Any], None]
"""Gets a response: the connection, the bytes that hold it, where its header begins, where it ends, the context."""

CORRELATION_AT: Final = 8
"""Where a request's frame holds its correlation id: after the length, the API's key and its version."""

_SMALLEST: Final = 4
"""Bytes of a frame after its length: the correlation id at least."""

_HEAD: Final = struct.Struct(">ii")
_ID: Final = struct.Struct(">i")
_ERROR: Final = struct.Struct(">h")


class Owner(Protocol):
    """Whose connection it is; its methods are called as the connection's state changes."""

    def on_open(self, connection: Connection) -> None:
        """It is logged in and may be used."""

    def on_close(self, connection: Connection, reason: str) -> None:
        """It is closed. What was in flight is in its `in_flight`, oldest first."""

    def on_writable(self, connection: Connection) -> None:
        """It could not be written to, and can be again."""

    def on_login_renewed(self, connection: Connection) -> None:
        """It has logged in once more."""


class Connection(asyncio.Protocol):
    """A connection of a population; see the module."""

    __slots__ = (
        "_need",
        "_rest",
        "address",
        "api_versions",
        "correlation",
        "in_flight",
        "login",
        "number",
        "owner",
        "queued",
        "reason",
        "renewing",
        "round_robin",
        "state",
        "transport",
        "writable",
    )

    def __init__(self, owner: Owner, number: int, address: Address, api_versions: bytes, login: Frames | None) -> None:
        """A connection that is not yet made.

        Args:
            owner: see Owner.
            number: of this connection among its owner's.
            address: where it goes.
            api_versions: the ApiVersions request.
            login: the frames of its login, or None.
        """
        self.owner = owner
        self.number = number
        self.address = address
        self.api_versions = api_versions
        self.login = login
        self.transport: Any = None
        self.in_flight: deque[tuple[int, Handler, Any]] | None = None
        self.correlation = 0
        self.writable = True
        self.renewing = False
        self.queued = False
        self.round_robin: Any = None
        self.state: Any = None
        self.reason = ""
        self._rest: bytearray | None = None
        self._need = 0

    def connection_made(self, transport: Any) -> None:
        """Send ApiVersions."""
        self.transport = transport
        self.request(self.api_versions, _on_api_versions, None)

    def request(self, frame: bytes, handler: Handler, context: Any) -> None:
        """Send a frame under the next correlation id; `handler` gets its response."""
        self.transport.write(correlated(frame, self.expect(handler, context)))

    def expect(self, handler: Handler, context: Any) -> int:
        """The correlation id of a request that is about to be sent, whose response `handler` gets."""
        self.correlation = correlation = (self.correlation + 1) & 0x7FFFFFFF
        if self.in_flight is None:
            self.in_flight = deque()
        self.in_flight.append((correlation, handler, context))
        return correlation

    @property
    def in_flight_count(self) -> int:
        """How many requests are in flight."""
        return len(self.in_flight) if self.in_flight else 0

    def end(self, reason: str) -> None:
        """Close at once; the owner gets this reason."""
        self.reason = self.reason or reason
        if self.transport is not None:
            self.transport.abort()

    def close(self, reason: str) -> None:
        """Close in good order: what was written is sent first; the owner gets this reason."""
        self.reason = self.reason or reason
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take bytes; hand each whole frame to its handler."""
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
                self.end(f"malformed response: a frame of {length} B")
                return
            end = at + 4 + length
            if end > size:
                self._need = end - at
                break
            in_flight = self.in_flight
            if not in_flight or in_flight[0][0] != correlation:
                self.end("malformed response: its correlation id matches no request")
                return
            _, handler, context = in_flight.popleft()
            handler(self, data, at + 4, end, context)
            at = end
        else:
            self._need = _HEAD.size
        if at < size:
            self._rest = bytearray(data[at:])

    def connection_lost(self, error: Exception | None) -> None:
        """Say so to the owner."""
        reason = self.reason or (_words(error) if error else "closed by the broker")
        self.owner.on_close(self, reason)

    def pause_writing(self) -> None:
        """The send buffer is full."""
        self.writable = False

    def resume_writing(self) -> None:
        """The send buffer has room again."""
        if not self.renewing:
            self.writable = True
            self.owner.on_writable(self)

    def renew(self, login: Frames) -> None:
        """Log in once more before the session ends (KIP-368); nothing else may be sent meanwhile."""
        self.login, self.renewing, self.writable = login, True, False
        if self.in_flight is None:
            self.in_flight = deque()
        _say(self, login.start())

    def renewed(self) -> None:
        """The login is done; the owner may send again."""
        self.renewing, self.writable = False, True
        self.owner.on_login_renewed(self)
        self.owner.on_writable(self)


def correlated(frame: bytes, correlation: int) -> bytes:
    """A request's frame with another correlation id."""
    return b"".join((frame[:CORRELATION_AT], _ID.pack(correlation), frame[CORRELATION_AT + 4 :]))


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _on_api_versions(connection: Connection, data: bytes, at: int, end: int, _: Any) -> None:
    if end - at < _SMALLEST + _ERROR.size:
        connection.end("malformed ApiVersions response: too short")
        return
    (error,) = _ERROR.unpack_from(data, at + 4)
    if error:
        connection.end(f"ApiVersions refused: {error_name(error)}")
        return
    if connection.login is None:
        connection.owner.on_open(connection)
        return
    _say(connection, connection.login.start())


def _say(connection: Connection, frame: bytes) -> None:
    """Send a frame of a login, which brings its own correlation id."""
    (correlation,) = _ID.unpack_from(frame, CORRELATION_AT)
    assert connection.in_flight is not None
    connection.in_flight.append((correlation, _logged_in, None))
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
        connection.owner.on_open(connection)
