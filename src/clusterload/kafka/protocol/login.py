"""The login of a connection (SASL), without a socket: frames to send, made of frames that came.

    login = Login(security)                 # one a worker
    if login.needs_token():                 # never without a token endpoint
        login.fetch_token()                 # blocks
    frames = login.frames("my-client")      # one a connection and login
    reply = frames.start()
    while reply is not None:
        ...                                 # send it, read the answer
        reply = frames.answer(answer)
    frames.lifetime_ms                      # begin again before that many milliseconds are over; 0: never

A connection may log in again while it is in use (KIP-368): nothing else may be sent between `start` and the last
answer, and answers to earlier requests come first. A broker refuses two such logins within one second, and another
mechanism or user than the first. The correlation ids of a login are `CORRELATIONS`, which nothing else should use, so
that its answers are known.
"""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Callable, Generator
from typing import Final

from clusterload.kafka.protocol.scram import HASHES, Scram, ScramError
from clusterload.kafka.protocol.security import ClientCredentials, Security, Unsecured
from clusterload.kafka.protocol.tokens import Token, fetched, first_message, unsecured_token
from clusterload.model.errors import AuthenticationError

__all__ = ["CORRELATIONS", "AuthenticationError", "Frames", "Login"]

CORRELATIONS: Final = range(2**31 - 8, 2**31)
_HANDSHAKE: Final = (17, 1)  # key and version of SaslHandshake, which has SaslAuthenticate follow
_AUTHENTICATE: Final = (36, 1)  # the first version with a session's lifetime; Kafka 2.2 and later
_UNSUPPORTED_MECHANISM: Final = 33
_ILLEGAL_STATE: Final = 34
_LONGEST_SAYING: Final = 300

Conversation = Generator[bytes, bytes, None]


class Login:
    """What a worker's connections log in with.

    Args:
        security: must have a mechanism.
        clock: Unix seconds.
    """

    def __init__(self, security: Security, *, clock: Callable[[], float] = time.time) -> None:
        self._security, self._clock = security, clock
        self._token: Token | None = None

    def needs_token(self) -> bool:
        """Whether a token must be fetched before the next login: only with a token endpoint, now and then."""
        wanted = isinstance(self._security.token, ClientCredentials)
        return wanted and (self._token is None or self._token.due(self._clock()))

    def fetch_token(self) -> None:
        """Get a token from the authorization server; blocks, so call it outside an event loop.

        Raises:
            AuthenticationError: none came.
        """
        assert isinstance(self._security.token, ClientCredentials)
        self._token = fetched(self._security.token, self._clock(), self._security.origin)

    def frames(self, client_id: str) -> Frames:
        """The frames of one login by a client of that name."""
        return Frames(self.conversation(), self._security, client_id)

    def conversation(self) -> Conversation:
        """The SASL messages of one login: yields each that is to be sent, and gets the broker's answer to it.

        Raises:
            AuthenticationError: the server's signature is wrong, or its response malformed.
        """
        security = self._security
        if security.mechanism == "PLAIN":
            return _plain(security)
        return _oauthbearer(security, self._current()) if security.token else _scram(security)

    def _current(self) -> Token:
        if isinstance(self._security.token, Unsecured):
            return unsecured_token(self._security.token, self._clock())
        if self._token is None:
            self.fetch_token()
        assert self._token is not None
        return self._token


class Frames:
    """The frames of one login.

    Attributes:
        lifetime_ms: how long the broker lets the login last, known at its end; 0 is for ever.
    """

    def __init__(self, conversation: Conversation, security: Security, client_id: str) -> None:
        self._conversation, self._security, self._client_id = conversation, security, client_id.encode()
        self._correlations = iter(CORRELATIONS)
        self._awaited = -1
        self._shaken = False
        self.lifetime_ms = 0

    def start(self) -> bytes:
        """The first whole frame to send, with its size."""
        name = self._security.mechanism.encode()
        return self._frame(_HANDSHAKE, struct.pack(">h", len(name)) + name)

    def answer(self, frame: bytes | bytearray | memoryview) -> bytes | None:
        """The next whole frame to send; None when the login is done.

        Args:
            frame: what the broker answered, without the four bytes of its size.

        Raises:
            AuthenticationError: the broker refused, in its own words, or is not to be trusted.
        """
        reader = _Reader(bytes(frame), self._security.origin)
        if reader.int32() != self._awaited:
            raise reader.malformed()
        if not self._shaken:
            self._shake(reader)
            return self._message(next(self._conversation))
        try:
            return self._message(self._conversation.send(self._authenticated(reader)))
        except StopIteration:
            return None

    def _shake(self, reader: _Reader) -> None:
        code = reader.int16()
        offered = [reader.string() for _ in range(reader.int32(most=64))]
        reader.end()
        security = self._security
        if code == _UNSUPPORTED_MECHANISM:
            raise AuthenticationError(
                f"the broker does not take a login by {security.mechanism}, only by {_clean(', '.join(offered))}: "
                f"set sasl.mechanism in {security.origin}"
            )
        if code == _ILLEGAL_STATE:
            raise AuthenticationError(
                f"the broker takes no login at this address: check security.protocol in {security.origin}"
            )
        if code:
            raise AuthenticationError(f"the broker refused the login (error code {code}): check {security.origin}")
        self._shaken = True

    def _authenticated(self, reader: _Reader) -> bytes:
        code, words, message, lifetime = reader.int16(), reader.nullable_string(), reader.blob(), reader.int64()
        reader.end()
        if code:
            raise _refused(words or f"error code {code}", self._security)
        self.lifetime_ms = max(0, lifetime)
        return message

    def _message(self, message: bytes) -> bytes:
        return self._frame(_AUTHENTICATE, struct.pack(">i", len(message)) + message)

    def _frame(self, api: tuple[int, int], body: bytes) -> bytes:
        self._awaited = next(self._correlations)
        head = struct.pack(">hhih", *api, self._awaited, len(self._client_id)) + self._client_id
        return struct.pack(">i", len(head) + len(body)) + head + body


class _Reader:
    """Reads an answer's fields; whatever cannot be read is malformed."""

    def __init__(self, content: bytes, origin: str) -> None:
        self._content, self._place, self._origin = content, 0, origin

    def malformed(self) -> AuthenticationError:
        return AuthenticationError(
            f"malformed SASL response: check security.protocol in {self._origin}, and that a Kafka broker listens"
        )

    def int16(self) -> int:
        return int.from_bytes(self._take(2), signed=True)

    def int32(self, most: int = 2**31 - 1) -> int:
        value = int.from_bytes(self._take(4), signed=True)
        if value > most:
            raise self.malformed()
        return value

    def int64(self) -> int:
        return int.from_bytes(self._take(8), signed=True)

    def string(self) -> str:
        return self._take(self.int16()).decode(errors="replace")

    def nullable_string(self) -> str:
        length = self.int16()
        return "" if length == -1 else self._take(length).decode(errors="replace")

    def blob(self) -> bytes:
        return self._take(self.int32())

    def end(self) -> None:
        if self._place != len(self._content):
            raise self.malformed()

    def _take(self, length: int) -> bytes:
        taken = self._content[self._place : self._place + max(0, length)]
        if length < 0 or len(taken) < length:
            raise self.malformed()
        self._place += length
        return taken


def _plain(security: Security) -> Conversation:
    yield f"\0{security.user}\0{security.password}".encode()


def _scram(security: Security) -> Conversation:
    scram = Scram(HASHES[security.mechanism], security.user, security.password, secrets.token_urlsafe(24))
    try:
        challenge = yield scram.first()
        proof = yield scram.final(challenge)
        scram.verify(proof)
    except ScramError as error:
        raise AuthenticationError(
            f"the broker's login cannot be trusted ({_clean(str(error))}): check the address and {security.origin}"
        ) from None


def _oauthbearer(security: Security, token: Token) -> Conversation:
    assert security.token is not None
    if reason := (yield first_message(token, security.token.extensions)):
        # The broker waits for this before it says in its own words that it refused.
        yield b"\1"
        raise _refused(reason.decode(errors="replace"), security)


def _refused(words: str, security: Security) -> AuthenticationError:
    return AuthenticationError(
        f"the broker refused the login ({_clean(words)}): check the credentials in {security.origin}"
    )


def _clean(words: str) -> str:
    """A broker's words in one line: no control characters, no novel."""
    line = " ".join("".join(character if character.isprintable() else " " for character in words).split())
    return line if len(line) <= _LONGEST_SAYING else f"{line[:_LONGEST_SAYING]}..."
