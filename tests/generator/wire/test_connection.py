"""A peer that is not a broker, or a broken one: the connection says so and ends."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from clusterload.generator.wire.connection import Connection
from clusterload.generator.wire.frames import api_versions
from clusterload.kafka.protocol.address import Address

API_VERSIONS = api_versions("clusterload-test")
NO_ERROR = struct.pack(">iih", 6, 1, 0)
Answer = Callable[[asyncio.Transport], None]


class Owner:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_open(self, _connection: Connection) -> None:
        self._tell("opened")

    def on_close(self, _connection: Connection, reason: str) -> None:
        self._tell(reason)

    def on_writable(self, connection: Connection) -> None:
        """Nothing waits."""

    def on_login_renewed(self, connection: Connection) -> None:
        """Nothing waits."""

    def _tell(self, words: str) -> None:
        if not self.told.done():
            self.told.set_result(words)


class Peer(asyncio.Protocol):
    """Waits for ApiVersions, and responds in its own way."""

    def __init__(self, answer: Answer, gone: asyncio.Event) -> None:
        self.answer, self.gone = answer, gone
        self.heard = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)
        if self.heard == len(API_VERSIONS):
            self.answer(self.transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self.gone.set()


def outcome(answer: Answer) -> str:
    """What a connection's owner is told when the peer responds to ApiVersions like this."""

    async def run() -> str:
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        owner = Owner()
        server = await loop.create_server(lambda: Peer(answer, gone), "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()[:2]
            connection = Connection(owner, 1, Address(host, port), API_VERSIONS, None)
            await loop.create_connection(lambda: connection, host, port)
            words = await asyncio.wait_for(owner.told, 10)
            connection.end("the test is over")
            await asyncio.wait_for(gone.wait(), 10)
        return words

    return asyncio.run(run())


def test_a_connection_opens_once_api_versions_is_answered() -> None:
    assert outcome(lambda transport: transport.write(NO_ERROR)) == "opened"


@settings(max_examples=20)
@given(cut=some.integers(1, len(NO_ERROR) - 1))
def test_an_answer_may_come_in_parts(cut: int) -> None:
    def answer(transport: asyncio.Transport) -> None:
        transport.write(NO_ERROR[:cut])
        asyncio.get_running_loop().call_later(0.01, transport.write, NO_ERROR[cut:])

    assert outcome(answer) == "opened"


def test_a_peer_that_closes_is_named() -> None:
    assert outcome(lambda transport: transport.close()) == "closed by the broker"


def test_a_refused_api_versions_request_is_named() -> None:
    assert (
        outcome(lambda transport: transport.write(struct.pack(">iih", 6, 1, 35)))
        == "ApiVersions refused: UNSUPPORTED_VERSION"
    )


@pytest.mark.parametrize("malformed", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 64, b"\xff" * 64])
def test_a_malformed_response_ends_the_connection(malformed: bytes) -> None:
    assert outcome(lambda transport: transport.write(malformed)).startswith("malformed response: ")


@settings(max_examples=50)
@given(malformed=some.binary(min_size=8, max_size=200))
def test_a_malformed_response_is_never_accepted(malformed: bytes) -> None:
    if malformed[4:8] == struct.pack(">i", 1):
        malformed = malformed[:4] + b"\xff\xff\xff\xff" + malformed[8:]

    def answer(transport: asyncio.Transport) -> None:
        transport.write(malformed)
        transport.write_eof()

    assert outcome(answer) != "opened"
