"""Connections for their own sake: held ones, and churn (connect, ApiVersions, log in, maybe Metadata, close)."""

from __future__ import annotations

import asyncio
import heapq
import select
import struct
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from clusterload.generator.wire.error_codes import error_name
from clusterload.generator.wire.population import AGAIN_SECONDS, OPENING, SERVED, Population, WorkerSetting
from clusterload.generator.wire.schedule import Schedule
from clusterload.generator.wire.short_lived import ShortLivedConnection, ShortLivedConnections
from clusterload.generator.wire.worker_messages import LoadPart, Tally
from clusterload.model.workload import MAX
from clusterload.model.workload.dials import peak_of, shape_of

if TYPE_CHECKING:
    from clusterload.generator.wire.connection import Connection

AT_ONCE: Final = 256
"""Short-lived connections that one worker makes at one time; what is due beyond that is late."""

LEVEL: Final = 100_000_000
"""Nanoseconds between adjustments of the number of held connections to its shape."""

_FOREVER: Final = 1 << 62
_SHORT: Final = struct.Struct(">h")


class ConnectClients(Population):
    """The connections of a Load in this worker: `connections` that are held, `connection_rate` that come and go.

    Where `connections` changes over time, those with the highest numbers come last and leave first.
    """

    unit = "connections"

    def __init__(self, part: LoadPart, setting: WorkerSetting) -> None:
        super().__init__(part, setting)
        dials = part.load.dials
        self.most_held = round(peak_of(dials.connections))
        self.level = shape_of(dials.connections) if dials.connections else None
        self.steady = isinstance(dials.connections or 0, int | float)
        self.wanted = 0
        self.rate = dials.connection_rate
        self.asks_metadata = dials.connection_asks == "metadata"
        self.lifetime = round((dials.connection_lifetime or 0.0) * 1e9)
        self.making = 0
        self.coming: set[int] = set()
        self.opening = asyncio.Semaphore(OPENING)
        self.next_level = 0
        self.leaving: list[tuple[int, int, Connection]] = []
        self.churned = 0
        self.churning: dict[int, tuple[int, int]] = {}
        self.schedule = Schedule(part, self.counts)
        self.alive: int | None = None
        self.short_lived: ShortLivedConnections | None = None

    async def prepare(self) -> None:
        """Open the connections that are held at the start."""
        self.wanted = self._wanted_at(0.0)
        held = self._mine(0, self.wanted)
        self.counts.scheduled += len(held)
        plain = not (self.lifetime or self.setting.tls or self.setting.login)
        if self.rate is not None and plain and hasattr(select, "epoll"):
            names = ["api_versions", "metadata"] if self.asks_metadata else ["api_versions"]
            self.short_lived = ShortLivedConnections(
                requests=[self.part.frames[name] for name in names], on_end=self._short_lived_over
            )
            self.short_lived.open([*self.setting.routes.brokers.values()])
        await self.open_all((number, self.address_of(number)) for number in held)

    def _wanted_at(self, elapsed: float) -> int:
        return round(self.level.at(elapsed)) if self.level else 0

    def _mine(self, start: int, stop: int) -> range:
        """This part's numbers from `start` on, below `stop`."""
        part = self.part
        return range(start + (part.number - start) % part.parts, stop, part.parts)

    def begin(self) -> None:
        """The load begins soon."""
        setting = self.setting
        super().begin()
        self.next_level = _FOREVER if self.steady else setting.origin
        if self.rate is not None and self.rate != MAX:
            self.schedule.begin(self.rate, self.load.arrivals, setting)

    # Held connections.

    def _follow(self, now: int) -> None:
        """Open or close connections, so that as many are held as the shape says for now."""
        wanted = self._wanted_at(max(0, now - self.setting.origin) / 1e9)
        before, self.wanted = self.wanted, wanted
        for number in self._mine(before, wanted):
            if number not in self.open and number not in self.coming:
                self._hold(number, 0.0)
        for number in self._mine(wanted, before):
            if number in self.open:
                self.open[number].close(SERVED)

    def _hold(self, number: int, after: float) -> None:
        """Open a connection that is to be held, in the background."""
        self.counts.scheduled += 1
        self.coming.add(number)
        self.spawn(self._open_held(number, after))

    async def _open_held(self, number: int, after: float) -> None:
        await asyncio.sleep(after)
        while number < self.wanted and not self.closing:
            async with self.opening:
                reason = await self.open_connection(number, self.address_of(number))
            if not reason:
                self.coming.discard(number)
                return
            self.errors[f"connection: {reason}"] += 1
            self.setting.stale()
            await asyncio.sleep(AGAIN_SECONDS)
        self.coming.discard(number)
        self.counts.drop("_NOT_WANTED")

    # Short-lived connections.

    def tick(self, now: int) -> int:
        """Begin the connections that are due, close those whose lifetime is over."""
        while self.leaving and self.leaving[0][0] <= now:
            heapq.heappop(self.leaving)[-1].close(SERVED)
        if self.short_lived is not None:
            self.short_lived.give_up(now)
        if now >= self.next_level:
            self.next_level = now + LEVEL
            self._follow(now)
        if self.rate == MAX and now < self.setting.end:
            while self.making < AT_ONCE:
                self.counts.scheduled += 1
                self._come(now, now)
        for _, due in self.schedule.due(now, lambda: self.making < AT_ONCE):
            self._come(due, now)
        return min(self.schedule.wake(now), now + 50_000_000)

    def _come(self, due: int, now: int) -> None:
        self.making += 1
        self.latencies.begun(due, now)
        self.churned += 1
        number = self.most_held + self.churned * self.part.parts + self.part.number
        if self.short_lived is not None:
            self.short_lived.begin(self.address_of(number), due, now)
            return
        self.churning[number] = (due, now)
        self.spawn(self._come_and_go(number))

    async def _come_and_go(self, number: int) -> None:
        try:
            reason = await self.open_connection(number, self.address_of(number))
        finally:
            self.making -= 1
        if reason:
            self.churning.pop(number, None)
            self.counts.fail(f"connection: {reason}")
        now = time.monotonic_ns()
        if self.rate == MAX and now < self.setting.end and not self.closing:
            self.counts.scheduled += 1
            self._come(now, now)

    def _short_lived_over(self, connection: ShortLivedConnection, reason: str) -> None:
        """A connection is over."""
        self.making -= 1
        now = time.monotonic_ns()
        if reason:
            self.counts.fail(f"connection: {reason}")
        else:
            self.made += 1
            self.answered["ApiVersions"] += 1
            self.answered["Metadata"] += self.asks_metadata
            self.counts.acknowledged += 1
            self.latencies.answered(connection.due, connection.begun, now)
        if self.rate == MAX and not reason and now < self.setting.end and not self.closing:
            self.counts.scheduled += 1
            self._come(now, now)

    def on_ready(self, connection: Connection) -> None:
        """A connection is logged in: it is counted, or sends its Metadata request first."""
        connection.in_flight = None if not connection.in_flight else connection.in_flight
        if self.closing:
            connection.end(SERVED)
        elif self.asks_metadata:
            connection.request(self.part.frames["metadata"], self._on_metadata, None)
        else:
            self._counted(connection)

    def _on_metadata(self, connection: Connection, _data: bytes, _at: int, _end: int, _: Any) -> None:
        self.answered["Metadata"] += 1
        self._counted(connection)

    def _counted(self, connection: Connection) -> None:
        if self.closing:
            return
        self.answered["ApiVersions"] += 1
        self.counts.acknowledged += 1
        connection.in_flight = None
        connection.state = True
        times = self.churning.pop(connection.number, None)
        if times is None:
            return
        now = time.monotonic_ns()
        self.latencies.answered(*times, now)
        if self.lifetime:
            heapq.heappush(self.leaving, (now + self.lifetime, connection.number, connection))
        else:
            connection.end(SERVED)

    def on_lost(self, connection: Connection, reason: str) -> None:
        """A connection is lost; one that should be held is opened again."""
        self.churning.pop(connection.number, None)
        if not connection.state and not self.closing:
            self.counts.fail(f"connection: {reason}")
        if connection.number < self.wanted and not self.closing:
            self._hold(connection.number, AGAIN_SECONDS)

    async def finish(self, patience: float) -> None:
        """Each held connection must answer one more ApiVersions; then the load is over."""
        self.schedule.close(time.monotonic_ns())
        give_up = time.monotonic() + patience
        while (self.making or self.schedule.waits) and time.monotonic() < give_up:
            self.tick(time.monotonic_ns())
            await asyncio.sleep(0.01)
        await self._check_alive(give_up)
        self._settle()

    def _settle(self) -> None:
        """What is not open by now counts as lost, even if it opens after all."""
        self.closing = True
        for task in list(self.tasks):
            task.cancel()
        self.schedule.abandon()
        unanswered = {number for number, connection in self.open.items() if not connection.state}
        short_lived = len(self.short_lived.close()) if self.short_lived is not None else 0
        self.counts.lose("_TIMED_OUT", len(unanswered | self.churning.keys()) + short_lived)
        self.counts.fail("connection: not open by the end", len(self.coming - self.open.keys()))

    async def _check_alive(self, give_up: float) -> None:
        held = [connection for connection in self.open.values() if connection.state]
        alive: Counter[str] = Counter()

        def answered(connection: Connection, data: bytes, at: int, _end: int, _: Any) -> None:
            (error,) = _SHORT.unpack_from(data, at + 4)
            alive[error_name(error) if error else "alive"] += 1
            connection.in_flight = None

        for connection in held:
            connection.request(self.part.frames["api_versions"], answered, None)
        while alive.total() < len(held) and time.monotonic() < give_up:
            await asyncio.sleep(0.01)
        self.answered["ApiVersions"] += alive.total()
        self.alive = alive["alive"]

    def tally(self) -> Tally:
        """See Population."""
        return replace(super().tally(), alive=self.alive)
