"""A stub broker, which responds immediately and stores nothing: it measures the generator's own overhead.

It supports ApiVersions, Metadata, Produce and InitProducerId, in the versions that this engine uses, from a
process of its own on a loopback port.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, Final

import uvloop

from clusterload.generator.wire.processes import Processes

PRODUCE: Final = 0
METADATA: Final = 3
API_VERSIONS: Final = 18
INIT_PRODUCER_ID: Final = 22

_SPOKEN: Final = ((PRODUCE, 7), (METADATA, 7), (API_VERSIONS, 3), (INIT_PRODUCER_ID, 1))
_HEAD: Final = struct.Struct(">ihhi")
_SHORT: Final = struct.Struct(">h")
_INT: Final = struct.Struct(">i")
_AFTER_PARTITION: Final = struct.pack(">hqqqi", 0, 0, -1, 0, 0)
"""No error, base offset 0, no append time, log start 0, no throttling."""


@contextmanager
def stub_broker(topics: Mapping[str, int]) -> Iterator[str]:
    """A stub broker with these topics (name to number of partitions); its `host:port`. It ends with the block."""
    key = secrets.token_bytes(32)
    processes = Processes()
    with Listener(("127.0.0.1", 0), authkey=key) as listener:
        processes.submit(serve, listener.address, key, dict(topics))
        with listener.accept() as line:
            try:
                yield f"127.0.0.1:{line.recv()}"
            finally:
                line.send(None)
                processes.shutdown()


def serve(address: tuple[str, int], key: bytes, topics: Mapping[str, int]) -> None:
    """Be the stub broker until its parent, at this address, sends a message or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def run(parent: Connection[Any, Any]) -> None:
        loop = asyncio.get_running_loop()
        gone = loop.create_future()
        port = 0
        server = await loop.create_server(lambda: _StubConnection(topics, port), "127.0.0.1", 0, backlog=4096)
        port = server.sockets[0].getsockname()[1]
        parent.send(port)
        loop.add_reader(parent.fileno(), gone.cancel)
        with suppress(asyncio.CancelledError):
            await gone

    with Client(address, authkey=key) as parent:
        uvloop.run(run(parent))


class _StubConnection(asyncio.Protocol):
    __slots__ = ("_port", "_rest", "_topics", "_transport")

    def __init__(self, topics: Mapping[str, int], port: int) -> None:
        self._topics, self._port = topics, port
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at, size = 0, len(data)
        while size - at >= _INT.size:
            (length,) = _INT.unpack_from(data, at)
            if size - at < 4 + length:
                break
            self._answer(data, at)
            at += 4 + length
        self._rest = data[at:]

    def _answer(self, data: bytes, at: int) -> None:
        _, api, version, correlation = _HEAD.unpack_from(data, at)
        (name_size,) = _SHORT.unpack_from(data, at + 12)
        body = self._body(api, version, data, at + 14 + max(0, name_size))
        if body is not None:
            self._transport.write(_HEAD_OF_ANSWER.pack(4 + len(body), correlation) + body)

    def _body(self, api: int, version: int, data: bytes, at: int) -> bytes | None:
        if api == PRODUCE:
            return _produced(data, at)
        if api == METADATA:
            return _metadata(self._topics, self._port)
        if api == INIT_PRODUCER_ID:
            return struct.pack(">ihqh", 0, 0, 1, 0)
        return _versions(version)


_HEAD_OF_ANSWER: Final = struct.Struct(">ii")


def _produced(data: bytes, at: int) -> bytes | None:
    """The answer to a request for one partition of one topic; None with acks=0."""
    transactional, acks = struct.unpack_from(">hh", data, at)
    assert transactional == -1
    if acks == 0:
        return None
    topic_at = at + 8 + 4
    (size,) = _SHORT.unpack_from(data, topic_at)
    name = data[topic_at : topic_at + 2 + size]
    partition = data[topic_at + 2 + size + 4 : topic_at + 2 + size + 8]
    count = b"\x00\x00\x00\x01"
    return b"".join((count, name, count, partition, _AFTER_PARTITION))


def _versions(version: int) -> bytes:
    if version < 3:  # noqa: PLR2004 (from which on it has compact arrays and tags)
        keys = b"".join(struct.pack(">hhh", api, spoken, spoken) for api, spoken in _SPOKEN)
        throttle = _INT.pack(0) if version else b""
        return _SHORT.pack(0) + _INT.pack(len(_SPOKEN)) + keys + throttle
    keys = b"".join(struct.pack(">hhhb", api, spoken, spoken, 0) for api, spoken in _SPOKEN)
    return _SHORT.pack(0) + bytes([len(_SPOKEN) + 1]) + keys + _INT.pack(0) + b"\x00"


def _metadata(topics: Mapping[str, int], port: int) -> bytes:
    """Metadata version 7: one broker, which leads all."""
    host = _text("127.0.0.1")
    brokers = _INT.pack(1) + _INT.pack(1) + host + _INT.pack(port) + _SHORT.pack(-1)
    head = _INT.pack(0) + brokers + _text("noop") + _INT.pack(1) + _INT.pack(len(topics))
    return head + b"".join(
        _SHORT.pack(0) + _text(name) + b"\x00" + _INT.pack(count) + b"".join(map(_partition, range(count)))
        for name, count in topics.items()
    )


def _partition(index: int) -> bytes:
    leader_and_epoch = struct.pack(">hiii", 0, index, 1, 0)
    replicas = struct.pack(">iiiii", 1, 1, 1, 1, 0)
    return leader_and_epoch + replicas


def _text(value: str) -> bytes:
    data = value.encode()
    return _SHORT.pack(len(data)) + data
