"""A plain blocking client for single questions, with `kio` types: who leads what, which versions are spoken."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kio.schema.api_versions.v0.request import ApiVersionsRequest
from kio.schema.errors import ErrorCode

from clusterload.engines.wire.frames import frame, metadata_request, response
from clusterload.engines.wire.login import Login
from clusterload.engines.wire.routes import Address, Routes
from clusterload.engines.wire.security import Security
from clusterload.engines.wire.tls import context, failed
from clusterload.errors import ClusterError, Unreachable

PATIENCE: Final = 8.0
"""Seconds that a broker may take to answer."""

_SMALLEST: Final = 4
_LARGEST: Final = 100 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Asking:
    """A connection to one broker, logged in."""

    address: Address
    client_id: str
    stream: socket.socket
    versions: Mapping[int, tuple[int, int]]

    def ask(self, request: Any) -> Any:
        """Send a request and return the response entity; ClusterError if none comes."""
        key, version = request.__api_key__, request.__version__
        self.require({type(request).__name__: (key, version)})
        return self._exchanged(request)

    def require(self, needed: Mapping[str, tuple[int, int]]) -> None:
        """Make sure that the broker speaks these versions of these APIs (name: key, version)."""
        for name, (key, version) in needed.items():
            least, most = self.versions.get(key, (0, -1))
            if not least <= version <= most:
                spoken = f"{least} to {most}" if most >= 0 else "none"
                raise ClusterError(
                    f"broker {self.address} speaks versions {spoken} of {name} and this engine {version}: "
                    "use the engine client, or another version of Kafka"
                )

    def _exchanged(self, request: Any) -> Any:
        try:
            self.stream.sendall(frame(request, self.client_id))
            return response(type(request), _frame_of(self.stream))
        except (OSError, ValueError) as error:
            raise ClusterError(f"broker {self.address} did not answer {type(request).__name__}: {error}") from None

    def _greet(self) -> None:
        answer = self._exchanged(ApiVersionsRequest())
        self.versions = {int(one.api_key): (int(one.min_version), int(one.max_version)) for one in answer.api_keys}

    def _log_in(self, login: Login) -> None:
        frames = login.frames(self.client_id)
        message: bytes | None = frames.start()
        try:
            while message is not None:
                self.stream.sendall(message)
                message = frames.answer(_frame_of(self.stream))
        except (OSError, ValueError) as error:
            raise ClusterError(f"broker {self.address} ended the login: {error}") from None


@contextmanager
def asking(addresses: Iterable[Address], client_id: str, security: Security) -> Iterator[Asking]:
    """A connection to the first of these brokers that answers.

    Raises:
        Unreachable: none does.
        ClusterError: the login failed.
    """
    reasons = []
    for address in addresses:
        try:
            stream = _connected(address, security)
        except OSError as error:
            refused = failed(error, str(address), security)
            if not isinstance(refused, Unreachable):
                raise refused from None
            reasons.append(f"{address}: {error.strerror or error}")
            continue
        with contextlib.closing(stream):
            one = Asking(address=address, client_id=client_id, stream=stream, versions={})
            one._greet()
            if security.mechanism:
                one._log_in(Login(security))
            yield one
        return
    raise Unreachable(f"no broker answered ({'; '.join(reasons)}): check the address, and that the brokers are up")


def _connected(address: Address, security: Security) -> socket.socket:
    plain = socket.create_connection(address, timeout=PATIENCE)
    tls = context(security)
    if tls is None:
        return plain
    try:
        return tls.wrap_socket(plain, server_hostname=address.host)
    except OSError:
        plain.close()
        raise


def _frame_of(stream: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", _exactly(stream, 4))
    if not _SMALLEST <= size <= _LARGEST:
        raise ValueError(f"it sent a frame of {size} B, which is none of Kafka's")
    return _exactly(stream, size)


def _exactly(stream: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = stream.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise OSError("the connection was closed")
        parts += part
    return bytes(parts)


def routes(asking: Asking, topics: tuple[str, ...]) -> Routes:
    """Where the brokers are and who leads the partitions of these topics.

    Raises:
        ClusterError: a topic does not exist or may not be read.
    """
    answer = asking.ask(metadata_request(topics))
    leaders: dict[str, tuple[int, ...]] = {}
    for topic in answer.topics:
        if topic.error_code not in {ErrorCode.none, ErrorCode.leader_not_available}:
            raise ClusterError(f"topic {topic.name!r}: {topic.error_code.name.upper()}; check that it exists")
        ordered = sorted(topic.partitions, key=lambda one: one.partition_index)
        leaders[str(topic.name)] = tuple(int(one.leader_id) for one in ordered)
    brokers = {int(one.node_id): Address(str(one.host), int(one.port)) for one in answer.brokers}
    return Routes(brokers=brokers, leaders=leaders)
