"""A blocking conversation with one broker: a request, its answer, the next one; with TLS and every login.

    with Conversation(Address("broker1", 9092), security_of(properties)) as broker:
        kind = broker.spoken(DescribeLogDirsV3, DescribeLogDirsV1)
        answer = broker.ask(DescribeLogDirsRequest(topics=None), DescribeLogDirsResponse)

Every question has a bound in time. A login that the broker lets last for a while only (KIP-368) is renewed before it
ends, so that a conversation may be kept as long as one likes.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from kio.schema.api_versions.v0.request import ApiVersionsRequest
from kio.schema.api_versions.v0.response import ApiVersionsResponse
from kio.schema.errors import ErrorCode

from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.framing import Answer, frame, read_frame, response
from clusterload.kafka.protocol.login import CORRELATIONS, Login
from clusterload.kafka.protocol.security import Security
from clusterload.kafka.protocol.tls import context, failed
from clusterload.model.errors import AuthenticationError, AuthorizationError, ClusterError, UnreachableError

if TYPE_CHECKING:
    from kio.static.protocol import RequestPayload

    Request = TypeVar("Request", bound=RequestPayload)

PATIENCE: Final = 8.0
"""Seconds that a broker may take to answer."""

CLIENT_ID: Final = "clusterload-admin"
"""Who we are on brokers, where nothing else is said: as with the Kafka library's admin client."""

_RENEW_AT: Final = 0.8  # of what a login lasts
_FORBIDDEN: Final = {
    ErrorCode.topic_authorization_failed,
    ErrorCode.group_authorization_failed,
    ErrorCode.cluster_authorization_failed,
}


class Conversation:
    """One connection to one broker, greeted and logged in; after a failed question it is closed.

    Attributes:
        address: where the broker listens.
        versions: the lowest and the highest version of each API (by key) that the broker speaks.
        closed: whether nothing can be asked any more.
    """

    def __init__(
        self, address: Address, security: Security, *, client_id: str = CLIENT_ID, patience: float = PATIENCE
    ) -> None:
        """Connect, greet and log in.

        Args:
            address: where the broker listens.
            security: how the connection is secured.
            client_id: for the broker's metrics and quotas.
            patience: seconds that the broker may take for each answer, the connection included.

        Raises:
            Unreachable: no broker answers there.
            AuthenticationError: it refused the login, or is not to be trusted.
            ClusterError: TLS failed, or what answers there is not a broker.
            ConfigurationError: a certificate or key cannot be used.
        """
        self.address, self.versions = address, dict[int, tuple[int, int]]()
        self.closed = False
        self._client_id, self._patience, self._security = client_id, patience, security
        self._login = Login(security) if security.mechanism else None
        self._correlation = 0
        self._renew_at = float("inf")
        self._deadline = time.monotonic() + patience
        self._socket = self._connected()
        try:
            self._greet()
            self._log_in()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def certificate_ends(self) -> float | None:
        """Unix seconds at which the broker's certificate ends; None without TLS, or where it is not checked."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return None
        ends = (self._socket.getpeercert() or {}).get("notAfter")
        return float(ssl.cert_time_to_seconds(ends)) if isinstance(ends, str) else None

    def close(self) -> None:
        """Hang up; twice does no harm."""
        self.closed = True
        self._socket.close()

    def ask(self, request: RequestPayload, answer: type[Answer]) -> Answer:
        """Send a request and wait for its answer, an entity of the response of the same version.

        Raises:
            Unreachable: none came in time, or the connection ended.
            AuthenticationError: the login had to be renewed, and was refused.
            ClusterError: the broker does not speak this version, or answered with something else.
        """
        self.require({type(request).__name__: (request.__api_key__, request.__version__)})
        self._deadline = time.monotonic() + self._patience
        if time.monotonic() >= self._renew_at:
            self._log_in()
        return self._exchanged(request, answer)

    def require(self, needed: Mapping[str, tuple[int, int]]) -> None:
        """Make sure that the broker speaks these versions of these APIs (name: key, version).

        Raises:
            ClusterError: it does not.
        """
        for name, (key, version) in needed.items():
            least, most = self.versions.get(key, (0, -1))
            if not least <= version <= most:
                spoken = f"versions {least} to {most}" if most >= 0 else "no version"
                raise ClusterError(
                    f"broker {self.address} speaks {spoken} of {name}, and this needs version {version}: use another "
                    "version of Kafka or, for a load, the engine 'client'"
                )

    def spoken(self, *requests: type[Request]) -> type[Request]:
        """The first of these requests, which differ in their version, that the broker speaks.

        Raises:
            ClusterError: it speaks none of them.
        """
        for request in requests:
            least, most = self.versions.get(request.__api_key__, (0, -1))
            if least <= request.__version__ <= most:
                return request
        last = requests[-1]
        self.require({last.__name__: (last.__api_key__, last.__version__)})
        raise AssertionError("the version was just found not to be spoken")

    def round_trip(self, tries: int = 1) -> float:
        """Seconds that the broker takes for a request that needs no work (ApiVersions): the quickest of some tries.

        One can be slow for what goes on in this process alone.

        Raises:
            ClusterError: the broker does not answer.
        """
        seconds = float("inf")
        for _ in range(tries):
            began = time.perf_counter()
            self.ask(ApiVersionsRequest(), ApiVersionsResponse)
            seconds = min(seconds, time.perf_counter() - began)
        return seconds

    def _connected(self) -> socket.socket:
        tls = context(self._security)
        try:
            plain = socket.create_connection(self.address, timeout=self._patience)
            if tls is None:
                return plain
            try:
                return tls.wrap_socket(plain, server_hostname=self.address.host)
            except OSError:
                plain.close()
                raise
        except OSError as error:
            raise failed(error, str(self.address), self._security) from None

    def _greet(self) -> None:
        answer = self._exchanged(ApiVersionsRequest(), ApiVersionsResponse)
        self.versions |= {int(api.api_key): (int(api.min_version), int(api.max_version)) for api in answer.api_keys}

    def _log_in(self) -> None:
        if self._login is None:
            return
        if self._login.needs_token():
            self._login.fetch_token()
        frames = self._login.frames(self._client_id)
        message: bytes | None = frames.start()
        try:
            while message is not None:
                message = frames.answer(self._swapped(message, "the login"))
        except AuthenticationError as error:
            self.close()
            raise AuthenticationError(f"broker {self.address}: {error}") from None
        if frames.lifetime_ms:
            self._renew_at = time.monotonic() + _RENEW_AT * frames.lifetime_ms / 1000

    def _exchanged(self, request: RequestPayload, answer: type[Answer]) -> Answer:
        self._correlation = (self._correlation + 1) % CORRELATIONS.start
        name = type(request).__name__
        data = self._swapped(frame(request, self._client_id, self._correlation), name)
        try:
            return response(answer, data, self._correlation)
        except ValueError as error:
            raise self._malformed(name, error) from None

    def _swapped(self, message: bytes, name: str) -> bytes:
        """A frame for a frame, before the deadline."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(message)
            return read_frame(self)
        except ssl.SSLError as error:
            self.close()
            raise failed(error, str(self.address), self._security) from None
        except OSError as error:
            self.close()
            took = f"it took over {self._patience:g} s" if isinstance(error, TimeoutError) else ""
            reason = took or error.strerror or str(error) or type(error).__name__
            raise UnreachableError(
                f"broker {self.address} did not answer {name} ({reason}): see that it is up"
            ) from None
        except ValueError as error:
            raise self._malformed(name, error) from None

    def recv(self, size: int, /) -> bytes:
        """Bytes of the broker, before the deadline; for `read_frame`."""
        self._socket.settimeout(self._left())
        return self._socket.recv(size)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _malformed(self, name: str, error: ValueError) -> ClusterError:
        self.close()
        api = name.removeprefix("the ").removesuffix("Request")
        return ClusterError(
            f"broker {self.address} sent a malformed {api} response ({error}): check that a Kafka broker listens there"
        )


def first_to_answer(addresses: Iterable[Address], security: Security, **more: Any) -> Conversation:
    """A conversation with the first of these brokers that answers; `more` as for `Conversation`.

    Raises:
        Unreachable: none does.
        ClusterError: TLS or the login failed.
    """
    reasons = []
    for address in addresses:
        try:
            return Conversation(address, security, **more)
        except UnreachableError as error:
            reasons.append(str(error).partition(": ")[0])
    raise UnreachableError(f"{'; '.join(reasons)}: check the address, and that the brokers are up")


def round_trips(addresses: Iterable[Address], security: Security, client_id: str) -> Iterator[float]:
    """Each broker's `round_trip`, one after the other, over a connection of its own.

    Raises:
        ClusterError: a broker does not answer.
    """
    for address in addresses:
        with Conversation(address, security, client_id=client_id) as broker:
            yield broker.round_trip()


def refusal(code: ErrorCode, what: str) -> ClusterError:
    """Why `what` was refused: AuthorizationError where a right is missing."""
    if code in _FORBIDDEN:
        return AuthorizationError(f"{what}: {code.name.upper()}; see docs/privileges.md")
    return ClusterError(f"{what}: {code.name.upper()}{'; try again' if code.retriable else ''}")
