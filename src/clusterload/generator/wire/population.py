"""A Load's clients in one worker: their connections are opened, held, opened again and counted."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from clusterload.generator.wire.connection import Connection
from clusterload.generator.wire.counts import Counts, LatencySamples
from clusterload.generator.wire.worker_messages import Tally
from clusterload.model.errors import ClusterError

if TYPE_CHECKING:
    import ssl

    from clusterload.generator.wire.worker_messages import LoadPart, Routes
    from clusterload.kafka.protocol.address import Address
    from clusterload.kafka.protocol.login import Frames, Login

OPENING: Final = 64
"""Connections that are being opened at one time by one worker."""

OPEN_SECONDS: Final = 10.0
"""How long a connection may take to be opened and logged in."""

AGAIN_SECONDS: Final = 0.25
"""How long after a connection was lost it is opened again."""

BACKOFF: Final = 100_000_000
"""Nanoseconds until a request or a partition is tried again after a retriable error."""

RESPONSE_TIMEOUT: Final = 30_000_000_000
"""Nanoseconds that a broker may take to respond; then the connection is closed."""

IN_FLIGHT: Final = 5
"""Most requests in flight on a connection, by default: as many as a Java producer has."""

RENEW_AT: Final = 0.85
"""Share of a session's lifetime after which a connection logs in again."""

SERVED: Final = "closed as planned"
LIVED: Final = "connection_lifetime is over"
PLANNED: Final = frozenset({SERVED, LIVED})
"""Reasons for which connections are closed here, as planned."""

_TRIES: Final = 5
_SILENT: Final = "no ApiVersions response in time"


@dataclass(slots=True, kw_only=True)
class WorkerSetting:
    """What the populations of one worker share.

    Attributes:
        routes: the newest ones.
        offset: Unix nanoseconds less the monotonic clock's, as of the worker's start.
        origin: monotonic nanoseconds at which the load begins; 0 until that is known.
        end: monotonic nanoseconds at which nothing more falls due.
        stale: called when the routes turn out to be old.
    """

    worker: int
    seed: int
    duration: float
    warm_up: float
    routes: Routes
    tls: ssl.SSLContext | None
    login: Login | None
    stale: Callable[[], None]
    offset: int = field(default_factory=lambda: time.time_ns() - time.monotonic_ns())
    origin: int = 0
    end: int = 0


class Population:
    """A Load's clients in this worker; each kind of Load is a subclass.

    Attributes:
        unit: what its ledger counts.
    """

    unit = "requests"

    def __init__(self, part: LoadPart, setting: WorkerSetting) -> None:
        self.part = part
        self.load = part.load
        self.setting = setting
        self.open: dict[int, Connection] = {}
        self.made = 0
        self.lost_for: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.counts = Counts(errors=self.errors)
        self.latencies = LatencySamples()
        self.throttled = 0
        self.logins = 0
        self.closing = False
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    # What a kind of Load does.

    async def prepare(self) -> None:
        """Do what must be done before the load begins."""

    def begin(self) -> None:
        """The load begins at `setting.origin`, which is now known."""
        self.latencies.keep_from = self.setting.origin + round(self.setting.warm_up * 1e9)

    def tick(self, now: int) -> int:
        """Do all that is due; monotonic nanoseconds at which to be called again."""
        return now + 100_000_000

    def on_new_routes(self) -> None:
        """The routes are new."""

    async def finish(self, patience: float) -> None:
        """The load is over: wait for what is in flight."""

    def tally(self) -> Tally:
        """The account so far; latencies since the last one."""
        return Tally(
            load=self.load.name,
            ledger=self.counts.ledger(self.load.name, self.unit),
            answered=dict(self.answered),
            connections=len(self.open),
            made=self.made,
            lost=dict(self.lost_for),
            throttled=self.throttled,
            late=self.counts.late,
            **self.latencies.take_all(),
        )

    # Connections.

    async def open_all(self, places: Iterable[tuple[int, Address]]) -> None:
        """Open these connections, some at a time.

        Raises:
            ClusterError: a connection could not be opened, even after retries.
        """
        waiting = asyncio.Semaphore(OPENING)
        failed: Counter[str] = Counter()

        async def open_one(number: int, address: Address) -> None:
            async with waiting:
                reason = await self._open_with_retries(number, address)
            if reason:
                failed[reason] += 1

        places = list(places)
        await asyncio.gather(*(open_one(number, address) for number, address in places))
        if failed:
            raise ClusterError(
                f"load {self.load.name!r}: {failed.total():,} of {len(places):,} connections could not be opened "
                f"({_most(failed)})"
            )

    async def _open_with_retries(self, number: int, address: Address) -> str:
        reason = ""
        for _ in range(_TRIES):
            reason = await self.open_connection(number, address)
            if not reason:
                return ""
            await asyncio.sleep(AGAIN_SECONDS)
        return reason

    def address_of(self, number: int) -> Address:
        """The address for a connection that may go to any broker: all in turn, by its number."""
        brokers = self.setting.routes.brokers
        return brokers[sorted(brokers)[number % len(brokers)]]

    async def open_connection(self, number: int, address: Address) -> str:
        """Open a connection; why it could not be, or nothing."""
        loop, tls = asyncio.get_running_loop(), self.setting.tls
        ready: asyncio.Future[None] = loop.create_future()
        self._waiting[number] = ready
        try:
            connection = Connection(self, number, address, self.part.frames["api_versions"], await self._login())
            async with asyncio.timeout(OPEN_SECONDS):
                await loop.create_connection(
                    lambda: connection,
                    address.host,
                    address.port,
                    ssl=tls,
                    server_hostname=address.host if tls else None,
                )
                await ready
        except TimeoutError:
            connection.end(_SILENT)
            return _SILENT
        except (OSError, ClusterError) as error:
            return getattr(error, "strerror", None) or str(error)
        finally:
            self._waiting.pop(number, None)
        return ""

    def on_open(self, connection: Connection) -> None:
        """A connection has logged in."""
        self.made += 1
        self.open[connection.number] = connection
        self.on_login_renewed(connection)
        ready = self._waiting.get(connection.number)
        if ready is not None and not ready.done():
            ready.set_result(None)
        self.on_ready(connection)

    def on_login_renewed(self, connection: Connection) -> None:
        """A connection has logged in; before its session ends it does so again."""
        if connection.login is not None and connection.login.lifetime_ms:
            after = RENEW_AT * connection.login.lifetime_ms / 1e3
            asyncio.get_running_loop().call_later(after, lambda: self.spawn(self._renew(connection)))

    async def _renew(self, connection: Connection) -> None:
        if self.open.get(connection.number) is not connection or self.closing:
            return
        try:
            frames = await self._login()
        except ClusterError as error:
            self.errors[f"login: {error}"] += 1  # the session ends, and the broker closes the connection
            return
        assert frames is not None
        self.logins += 1
        connection.renew(frames)

    async def _login(self) -> Frames | None:
        """The frames of one login; a token that is due is fetched first, outside the loop."""
        login = self.setting.login
        if login is None:
            return None
        if login.needs_token():
            await asyncio.to_thread(login.fetch_token)
        return login.frames(self.load.client_id)

    def on_ready(self, connection: Connection) -> None:
        """A connection may be used."""

    def on_close(self, connection: Connection, reason: str) -> None:
        """A connection was lost."""
        ready = self._waiting.get(connection.number)
        if self.open.get(connection.number) is not connection:
            if ready is not None and not ready.done():
                ready.set_exception(ClusterError(reason))
            return
        del self.open[connection.number]
        if not self.closing and reason not in PLANNED:
            self.lost_for[reason] += 1
        self.on_lost(connection, reason)

    def on_lost(self, connection: Connection, reason: str) -> None:
        """An open connection was lost, with what was in flight on it."""

    def on_writable(self, connection: Connection) -> None:
        """A connection's send buffer has room again."""

    def reopen(self, number: int, address: Callable[[], Address | None], *, at_once: bool = False) -> None:
        """Open a lost connection again, in the background, until it succeeds or the load is over."""
        self.spawn(self._reopen(number, address, 0.0 if at_once else AGAIN_SECONDS))

    async def _reopen(self, number: int, address: Callable[[], Address | None], pause: float) -> None:
        while not self.closing:
            await asyncio.sleep(pause)
            pause = AGAIN_SECONDS
            place = address()
            if place is None:
                continue
            reason = await self.open_connection(number, place)
            if not reason:
                return
            self.errors[f"connection: {reason}"] += 1
            self.on_reopen_failed(number)

    def on_reopen_failed(self, number: int) -> None:  # noqa: ARG002
        """A lost connection could not be opened again yet: its broker or leader may have moved."""
        self.setting.stale()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background; `close_all` cancels it."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close_all(self) -> None:
        """Close all connections in good order."""
        self.closing = True
        for task in list(self.tasks):
            task.cancel()
        for connection in list(self.open.values()):
            connection.transport.close()
        give_up = time.monotonic() + 2.0
        while self.open and time.monotonic() < give_up:
            await asyncio.sleep(0.01)


def _most(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason}: {count:,}" for reason, count in reasons.most_common(2))
