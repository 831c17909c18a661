"""Connections for their own sake: held ones, and churn (connect, greet, log in, ask, leave)."""

from __future__ import annotations

import asyncio
import heapq
import struct
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from clusterload.engines.wire.outcomes import name_of
from clusterload.engines.wire.population import Population, Setting
from clusterload.engines.wire.work import Part, Tally
from clusterload.ledger import Ledger
from clusterload.pacer import pacer_of
from clusterload.plan import MAX
from clusterload.plan.dials import peak_of, shape_of

if TYPE_CHECKING:
    from clusterload.engines.wire.connection import Connection
    from clusterload.engines.wire.routes import Address

LATE: Final = 250_000_000
DROP: Final = 2_000_000_000
"""As for producers, nanoseconds."""

AT_ONCE: Final = 256
"""Connections of a churn that are being made at one time by one worker; what is due beyond that is late."""

_SHORT: Final = struct.Struct(">h")


class Connecting(Population):
    """The connections of a Load in this worker: `connections` that stay, `connection_rate` that come and go."""

    def __init__(self, part: Part, setting: Setting) -> None:
        super().__init__(part, setting)
        dials = part.load.dials
        self.standing = round(peak_of(dials.connections))
        self.rate = dials.connection_rate
        self.asks_metadata = dials.connection_asks == "metadata"
        self.lifetime = round((dials.connection_lifetime or 0.0) * 1e9)
        self.held = range(part.number, self.standing, part.parts)
        self.index = part.number
        self.next_due = setting.end
        self.making = 0
        self.leaving: list[tuple[int, int, Connection]] = []
        self.scheduled = self.acknowledged = self.failed = self.unknown = self.dropped = self.late = 0
        self.due_us: list[int] = []
        self.sent_us: list[int] = []
        self.delay_us: list[int] = []
        self.churning: dict[int, tuple[int, int]] = {}

    async def prepare(self) -> None:
        """Open the connections that stay."""
        self.places = [self.setting.routes.brokers[broker] for broker in sorted(self.setting.routes.brokers)]
        self.scheduled += len(self.held)
        await self.open_all((number, self._place(number)) for number in self.held)

    def _place(self, number: int) -> Address:
        return self.places[number % len(self.places)]

    def begin(self) -> None:
        """Plan the first connection that comes and goes."""
        setting = self.setting
        self.next_due = setting.end
        if self.rate is not None and self.rate != MAX:
            self.pacer = pacer_of(shape_of(self.rate), self.load.arrivals, setting.seed)
            self.next_due = self._due_time()

    def _due_time(self) -> int:
        when = self.pacer.when(self.index)
        return self.setting.origin + round(when * 1e9) if when < self.setting.duration else self.setting.end

    def tick(self, now: int) -> int:
        """Begin the connections that are due, end those whose time is over."""
        end = self.setting.end
        while self.leaving and self.leaving[0][0] <= now:
            heapq.heappop(self.leaving)[-1].transport.close()
        if self.rate == MAX and now < end:
            while self.making < AT_ONCE:
                self._come(now, now)
        while self.next_due <= now and self.next_due < end:
            if self.making >= AT_ONCE:
                if now - self.next_due <= DROP:
                    break
                self.scheduled += 1
                self.dropped += 1
                self.errors["_QUEUE_FULL"] += 1
            else:
                self._come(self.next_due, now)
            self.index += self.part.parts
            self.next_due = self._due_time()
        return min(self.next_due if self.next_due > now else now + 1_000_000, now + 50_000_000)

    def _come(self, due: int, now: int) -> None:
        self.scheduled += 1
        self.making += 1
        if now - due > LATE:
            self.late += 1
        self.delay_us.append((now - due) // 1000)
        number = self.standing + self.scheduled * self.part.parts + self.part.number
        self.churning[number] = (due, now)
        self.spawn(self._come_and_go(number))

    async def _come_and_go(self, number: int) -> None:
        try:
            reason = await self.open_one(number, self._place(number))
        finally:
            self.making -= 1
        if reason:
            self.churning.pop(number, None)
            self.failed += 1
            self.errors[f"connection: {reason}"] += 1
        if self.rate == MAX and time.monotonic_ns() < self.setting.end and not self.closing:
            self._come(time.monotonic_ns(), time.monotonic_ns())

    def welcome(self, connection: Connection) -> None:
        """A connection has greeted: it is counted, or asks for metadata first."""
        connection.under_way = None if not connection.under_way else connection.under_way
        if self.asks_metadata:
            connection.ask(self.part.frames["metadata"], self._told, None)
        else:
            self._counted(connection)

    def _told(self, connection: Connection, data: bytes, at: int, end: int, _: Any) -> None:
        self.answered["Metadata"] += 1
        self._counted(connection)

    def _counted(self, connection: Connection) -> None:
        self.answered["ApiVersions"] += 1
        self.acknowledged += 1
        connection.under_way = None
        connection.state = True
        times = self.churning.pop(connection.number, None)
        if times is None:
            return
        now = time.monotonic_ns()
        self.due_us.append((now - times[0]) // 1000)
        self.sent_us.append((now - times[1]) // 1000)
        if self.lifetime:
            heapq.heappush(self.leaving, (now + self.lifetime, connection.number, connection))
        else:
            connection.end("served")

    def bereft(self, connection: Connection, reason: str) -> None:
        """A connection is gone; one that should stay is made again."""
        self.churning.pop(connection.number, None)
        if not connection.state:
            self.failed += 1
            self.errors[f"connection: {reason}"] += 1
        if connection.number < self.standing and not self.closing:
            number = connection.number
            self.scheduled += 1
            self.again(number, lambda: self._place(number))

    async def finish(self, patience: float) -> None:
        """Every connection that stands answers one more request; then the load is over."""
        give_up = time.monotonic() + patience
        while self.making and time.monotonic() < give_up:
            await asyncio.sleep(0.01)
        await self._last_question(give_up)
        self.unknown += len(self.churning)
        self.closing = True

    async def _last_question(self, give_up: float) -> None:
        standing = [one for one in self.open.values() if one.state]
        alive: Counter[str] = Counter()

        def heard(connection: Connection, data: bytes, at: int, end: int, _: Any) -> None:
            (error,) = _SHORT.unpack_from(data, at + 4)
            alive[name_of(error) if error else "alive"] += 1
            connection.under_way = None

        for connection in standing:
            connection.ask(self.part.frames["greeting"], heard, None)
        while alive.total() < len(standing) and time.monotonic() < give_up:
            await asyncio.sleep(0.01)
        self.answered["ApiVersions"] += alive.total()
        self.alive = alive["alive"]

    def tally(self) -> Tally:
        """The account so far; latencies since the last one."""
        due, sent, delay = Counter(self.due_us), Counter(self.sent_us), Counter(self.delay_us)
        for kept in (self.due_us, self.sent_us, self.delay_us):
            kept.clear()
        return Tally(
            load=self.load.name,
            ledger=Ledger(
                load=self.load.name,
                unit="connections",
                scheduled=self.scheduled,
                acknowledged=self.acknowledged,
                failed=self.failed,
                unknown=self.unknown,
                dropped=self.dropped,
                late=self.late,
                errors=dict(self.errors),
            ),
            answered=dict(self.answered),
            connections=len(self.open),
            made=self.made,
            lost=dict(self.lost_for),
            late=self.late,
            due=due,
            sent=sent,
            delay=delay,
        )
