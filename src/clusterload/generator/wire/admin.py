"""Clients whose requests carry no records: offset commits, metadata, producer ids, each at its own rate."""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.broker_connections import RoundRobin
from clusterload.generator.wire.coordinator import FIND_SECONDS, LOOKUP, Coordinator
from clusterload.generator.wire.error_codes import COORDINATOR_LOADS, COORDINATOR_MOVED, error_name
from clusterload.generator.wire.population import IN_FLIGHT, RESPONSE_TIMEOUT, Population, WorkerSetting
from clusterload.generator.wire.producer_ids import init_producer_id
from clusterload.generator.wire.schedule import Schedule
from clusterload.generator.wire.worker_messages import LoadPart
from clusterload.model.workload.dials import peak_of

if TYPE_CHECKING:
    from clusterload.generator.wire.connection import Connection, Handler
    from clusterload.kafka.protocol.address import Address
    from clusterload.model.workload import Level

LOADING_MS: Final = 100
"""Milliseconds until a coordinator that is still loading its groups gets another request."""

_SWEEP: Final = 50_000_000
_OFFSET_BEFORE_END: Final = 10
_SHORT: Final = struct.Struct(">h")
_INT: Final = struct.Struct(">i")
_LONG: Final = struct.Struct(">q")


@dataclass(slots=True, kw_only=True, eq=False)
class RequestKind:
    """One kind of request of a Load.

    Attributes:
        api: its name.
        rate: requests a second, all workers together.
        frame: a whole request.
        error_at: where the answer holds its error: bytes after its throttle time, or before its end if negative;
            None if it has none of its own.
        round_robin: the connections that it goes over.
    """

    api: str
    rate: Level
    frame: bytes
    error_at: int | None
    round_robin: RoundRobin
    schedule: Schedule

    def framed(self, index: int) -> bytes:
        """The request with this number among all; it is the offset that a commit commits."""
        if self.api != "OffsetCommit":
            return self.frame
        frame = bytearray(self.frame)
        _LONG.pack_into(frame, len(frame) - _OFFSET_BEFORE_END, index)
        return bytes(frame)

    def error(self, data: bytes, at: int, end: int) -> int:
        """The error in an answer whose header begins at `at`."""
        if self.error_at is None:
            return 0
        place = at + 8 + self.error_at if self.error_at >= 0 else end + self.error_at
        return int(_SHORT.unpack_from(data, place)[0])


@dataclass(slots=True, kw_only=True, eq=False)
class AdminInFlight:
    """A request in flight."""

    kind: RequestKind
    due: int
    sent: int


class AdminClients(Population):
    """The clients of a Load in this worker.

    `connections` of them request metadata and producer ids, spread over the brokers. As many others go to the
    coordinator of the Load's group and commit offsets for partition 0 of its topic, as a group without members may.
    What is committed is the number of the commit. Nothing is retried: a refused request has failed.
    """

    def __init__(self, part: LoadPart, setting: WorkerSetting) -> None:
        super().__init__(part, setting)
        dials = part.load.dials
        self.anywhere = RoundRobin(IN_FLIGHT)
        self.at_coordinator = RoundRobin(IN_FLIGHT)
        self.request_kinds = [
            RequestKind(
                api=api,
                rate=rate,
                frame=part.frames[frame],
                error_at=at,
                round_robin=round_robin,
                schedule=self._schedule(),
            )
            for api, rate, frame, at, round_robin in (
                ("OffsetCommit", dials.commit_rate, "commit", -2, self.at_coordinator),
                ("Metadata", dials.metadata_rate, "metadata", None, self.anywhere),
                ("InitProducerId", dials.producer_id_rate, "producer_id", 0, self.anywhere),
            )
            if rate is not None
        ]
        self.wanted = max(round(peak_of(dials.connections)), 1)
        self.coordinator = Coordinator(self, part.number)
        self.next_sweep = 0

    def _schedule(self) -> Schedule:
        return Schedule(self.part, self.counts)

    # Before the load.

    async def prepare(self) -> None:
        """Open the connections; find the coordinator first, if anything is to be committed."""
        numbers = range(self.part.number, self.wanted, self.part.parts)
        homes: list[tuple[int, Address]] = []
        if any(kind.round_robin is self.anywhere for kind in self.request_kinds):
            homes += [(number, self.address_of(number)) for number in numbers]
        if any(kind.round_robin is self.at_coordinator for kind in self.request_kinds):
            place = await self.coordinator.first()
            homes += [(self.wanted + number, place) for number in numbers]
        await self.open_all(homes)
        if self.at_coordinator:
            await self._first_commit()
        if any(kind.api == "InitProducerId" for kind in self.request_kinds):
            # Each broker of a new cluster takes a while until it gives its first one, which does not count as load.
            by_broker = {connection.address: connection for connection in self.anywhere.free}
            await asyncio.gather(
                *(init_producer_id(connection, self.part.frames["producer_id"]) for connection in by_broker.values())
            )

    async def _first_commit(self) -> None:
        """Commit once, uncounted, as soon as a coordinator that still loads the group accepts it."""
        commits = next(kind for kind in self.request_kinds if kind.round_robin is self.at_coordinator)
        errors: list[int] = []
        give_up = time.monotonic() + FIND_SECONDS
        while (not errors or errors[-1] == COORDINATOR_LOADS) and time.monotonic() < give_up:
            for connection in list(self.at_coordinator.free)[:1]:
                if not connection.in_flight:
                    connection.request(commits.frame, _error_into(errors, commits), None)
            await asyncio.sleep(LOADING_MS / 1000)

    def begin(self) -> None:
        """The load begins soon."""
        setting = self.setting
        super().begin()
        self.errors.clear()
        for number, kind in enumerate(self.request_kinds):
            kind.schedule.begin(kind.rate, self.load.arrivals, setting, number)

    # Requests.

    def tick(self, now: int) -> int:
        """Send what is due."""
        if now >= self.next_sweep:
            self.next_sweep = now + _SWEEP
            self._sweep(now)
        return min(self._serve(now), self.next_sweep)

    def _serve(self, now: int) -> int:
        for kind in self.request_kinds:
            for index, due in kind.schedule.due(now, lambda kind=kind: kind.round_robin):  # type: ignore[misc]
                self._send(kind, index, due, now)
        return min(kind.schedule.wake(now) for kind in self.request_kinds)

    def _send(self, kind: RequestKind, index: int, due: int, now: int) -> None:
        connection = kind.round_robin.take()
        connection.request(kind.framed(index), self._answered, AdminInFlight(kind=kind, due=due, sent=now))
        self.latencies.begun(due, now)
        kind.round_robin.put(connection)

    def _answered(self, connection: Connection, data: bytes, at: int, end: int, request: AdminInFlight) -> None:
        now, kind = time.monotonic_ns(), request.kind
        self.answered[kind.api] += 1
        self.latencies.answered(request.due, request.sent, now)
        try:
            error = kind.error(data, at, end)
            (throttle,) = _INT.unpack_from(data, at + 4)
        except struct.error:
            self.counts.fail("_BAD_MSG")
            connection.end(f"malformed {kind.api} response: too short")
            return
        if not error:
            self.counts.acknowledged += 1
        else:
            self.counts.fail(error_name(error))
            if error in COORDINATOR_MOVED:
                self._lose_coordinator()
        pause = max(throttle, LOADING_MS if error == COORDINATOR_LOADS else 0)
        self.throttled += throttle
        if pause and connection.round_robin is not None:
            kind.round_robin.pause(connection, pause, lambda _: None)
        elif connection.round_robin is not None:
            kind.round_robin.put(connection)
        elif connection.state == "leaving" and not connection.in_flight:
            connection.end("the coordinator moved")
        self._serve(now)

    def _sweep(self, now: int) -> None:
        for connection in list(self.open.values()):
            request = connection.in_flight[0][2] if connection.in_flight else None
            if isinstance(request, AdminInFlight) and now - request.sent > RESPONSE_TIMEOUT:
                connection.end("no response in time")

    # The coordinator.

    def _lose_coordinator(self) -> None:
        """Commits wait until the coordinator is found; its connections end after their last response."""
        for connection in list(self.open.values()):
            if connection.round_robin is self.at_coordinator:
                self.at_coordinator.remove(connection)
                connection.state = "leaving"
        self.coordinator.find_again(self._found)

    def _found(self) -> None:
        """The coordinator is known again; old connections end, and are opened to where it is now."""
        for connection in list(self.open.values()):
            if connection.state == "leaving" and not connection.in_flight:
                connection.end("the coordinator moved")

    # Connections.

    def _home(self, number: int) -> Address | None:
        return self.coordinator.address if number >= self.wanted else self.address_of(number)

    def on_ready(self, connection: Connection) -> None:
        """A connection may be used."""
        if connection.number != LOOKUP:
            (self.at_coordinator if connection.number >= self.wanted else self.anywhere).add(connection)

    def on_lost(self, connection: Connection, reason: str) -> None:
        """A connection was lost: the outcome of requests in flight is unknown."""
        if connection.number == LOOKUP:
            self.coordinator.lost(reason)
            return
        if connection.round_robin is not None:
            connection.round_robin.remove(connection)
        self._give_up(connection, "_TRANSPORT")
        if self.closing:
            return
        self.setting.stale()
        if connection.number >= self.wanted and connection.state != "leaving":
            self._lose_coordinator()
        self.reopen(connection.number, lambda: self._home(connection.number))

    def on_reopen_failed(self, number: int) -> None:
        """A lost connection could not be opened again yet; the coordinator may be elsewhere by now."""
        if number >= self.wanted:
            self.coordinator.find_again(self._found)
        self.setting.stale()

    def on_writable(self, connection: Connection) -> None:
        """A connection's send buffer has room again."""
        if connection.round_robin is not None:
            connection.round_robin.put(connection)

    def _give_up(self, connection: Connection, why: str) -> None:
        self.counts.lose(why, sum(isinstance(request, AdminInFlight) for _, _, request in connection.in_flight or ()))
        connection.in_flight = None

    # The end.

    async def finish(self, patience: float) -> None:
        """Wait for responses, within a bound."""
        for kind in self.request_kinds:
            kind.schedule.close(time.monotonic_ns())
        give_up = time.monotonic() + patience
        while self._unfinished() and time.monotonic() < give_up:
            self.tick(time.monotonic_ns())
            await asyncio.sleep(0.005)
        self.closing = True
        for kind in self.request_kinds:
            kind.schedule.abandon()
        for connection in list(self.open.values()):
            self._give_up(connection, "_TIMED_OUT")
            connection.end("the load is over")

    def _unfinished(self) -> bool:
        return any(kind.schedule.waits for kind in self.request_kinds) or any(
            connection.in_flight for connection in self.open.values()
        )


def _error_into(errors: list[int], kind: RequestKind) -> Handler:
    """A handler that adds a response's error to `errors`."""

    def answered(_connection: Connection, data: bytes, at: int, end: int, _: None) -> None:
        errors.append(kind.error(data, at, end))

    return answered
