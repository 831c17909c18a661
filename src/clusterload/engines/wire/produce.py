"""Producers: what is due is sent, to whom it must go, and each record's fate is counted at its own event."""

from __future__ import annotations

import asyncio
import heapq
import random
import struct
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from clusterload.engines.wire.batches import Pool
from clusterload.engines.wire.compressed import CompressedPool
from clusterload.engines.wire.outcomes import COORDINATOR_BUSY, DUPLICATE, LEADERS_MOVED, Outcome, name_of, outcome_of
from clusterload.engines.wire.population import Population, Setting
from clusterload.engines.wire.work import Part, Tally
from clusterload.errors import ClusterError
from clusterload.ledger import Ledger
from clusterload.pacer import pacer_of
from clusterload.plan.arithmetic import resolved
from clusterload.plan.dials import peak_of
from clusterload.spread import parse_keys

if TYPE_CHECKING:
    from clusterload.engines.wire.batches import Slot
    from clusterload.engines.wire.connection import Connection
    from clusterload.engines.wire.routes import Address

LATE: Final = 250_000_000
"""Nanoseconds after its due time from which a request that is sent counts as late."""

DROP: Final = 2_000_000_000
"""Nanoseconds that a request may wait for its turn; then it is dropped."""

BACKOFF: Final = 100_000_000
"""Nanoseconds until a refused request is sent again."""

ANSWER: Final = 30_000_000_000
"""Nanoseconds that a broker may take to answer; then the connection is given up."""

_IDENTIFY_SECONDS: Final = 15.0
_SWEEP: Final = 50_000_000
_MILLION: Final = 1_000_000
_SHORT: Final = struct.Struct(">h")
_INT: Final = struct.Struct(">i")
_PRODUCER_ID: Final = struct.Struct(">ihqh")


@dataclass(slots=True, kw_only=True, eq=False)
class Request:
    """A request from its due time to its fate."""

    due: int
    partition: int
    slot: Slot | None = None
    sent: int = 0
    tries: int = 0
    identity: Identity | None = None
    sequence: int = -1
    stamp: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Identity:
    """An idempotent producer: its id, epoch, and next sequence number by partition."""

    producer_id: int
    epoch: int
    sequences: dict[int, int] = field(default_factory=dict)


class Seat:
    """A broker as producers see it: connections that may be used now, and what waits for one."""

    __slots__ = ("backlog", "broker", "connections", "free", "turn")

    def __init__(self, broker: int) -> None:
        self.broker = broker
        self.connections = 0
        self.free: deque[Connection] = deque()
        self.backlog: deque[Request] = deque()
        self.turn = 0


class Producing(Population):
    """The producers of a Load in this worker."""

    def __init__(self, part: Part, setting: Setting) -> None:
        super().__init__(part, setting)
        load, dials = part.load, part.load.dials
        self.plan = resolved(load)
        self.acks_all = dials.acks in {None, "all"}
        self.quiet = dials.acks == "0"
        self.idempotent = bool(dials.idempotence)
        self.in_flight = int(dials.in_flight or 5)
        self.most_tries = 10 if dials.retries is None else int(dials.retries)
        self.closed_loop = self.plan.request_rate is None
        leaders = setting.routes.leaders[load.topic]
        self.touched = int(dials.partitions or len(leaders))
        self.seats: dict[int, Seat] = {}
        self.homes: dict[int, int] = {}
        self.again_at: list[tuple[int, int, int, Request]] = []
        self.order = count()
        self.index = part.number
        self.next_due = 0
        self.next_sweep = 0
        self.keep_from = 0
        self.run_stamp = 0
        name = len(load.topic.encode())
        self.error_at = 4 + 4 + 2 + name + 4 + 4
        self.throttle_at = self.error_at + 2 + 24
        self.answer_size = self.throttle_at + 4
        # The ledger, each term counted at its own event.
        self.scheduled = self.acknowledged = self.failed = self.unknown = self.dropped = self.late = 0
        self.late_requests = self.acknowledged_bytes = self.batch_bytes = self.resent = self.answers = 0
        self.due_us: list[int] = []
        self.sent_us: list[int] = []
        self.delay_us: list[int] = []

    # Before the load.

    async def prepare(self) -> None:
        """Open the connections, make the pool, and get producer ids."""
        self.pool = self._new_pool()
        self.rng = self._rng()
        weights = self.pool.partition_weights()
        self.weights = None if len(set(weights)) == 1 else weights[: self.touched]
        brokers = self._leading()
        wanted = round(peak_of(self.load.dials.connections)) or len(brokers)
        numbers = range(self.part.number, wanted, self.part.parts)
        for number in numbers:
            self.homes[number] = brokers[number % len(brokers)]
        addresses = self.setting.routes.brokers
        await self.open_all((number, addresses[home]) for number, home in self.homes.items())
        if self.idempotent:
            await self._identify()

    def _new_pool(self) -> Pool:
        assert self.part.template is not None
        dials = self.load.dials
        kind = partial(
            Pool if dials.compression in {None, "none"} else CompressedPool,
            self.part.template,
            records=self.plan.records_per_request,
            sizes=self.plan.sizes,
            keys=dials.keys or parse_keys("unique"),
            partitions=len(self.leaders),
            rng=self._rng(),
        )
        if dials.compression in {None, "none"}:
            return kind()
        return kind(compression=dials.compression, first_stamp=self.first_stamp)

    def _rng(self) -> random.Random:
        return random.Random(f"{self.setting.seed}/{self.load.name}/{self.part.number}")  # noqa: S311

    def _leading(self) -> list[int]:
        leaders = self.setting.routes.leaders[self.load.topic][: self.touched]
        return sorted({leader for leader in leaders if leader in self.setting.routes.brokers})

    async def _identify(self) -> None:
        give_up = time.monotonic() + _IDENTIFY_SECONDS
        for connection in self.open.values():
            while True:
                answer: asyncio.Future[tuple[int, int, int]] = asyncio.get_running_loop().create_future()
                connection.ask(self.part.frames["producer_id"], _identified, answer)
                error, producer_id, epoch = await asyncio.wait_for(answer, _IDENTIFY_SECONDS)
                if not error:
                    break
                if error not in COORDINATOR_BUSY or time.monotonic() > give_up:
                    raise ClusterError(f"load {self.load.name!r}: no producer id was given ({name_of(error)})")
                await asyncio.sleep(0.1)
            connection.state = Identity(producer_id=producer_id, epoch=epoch)

    def begin(self) -> None:
        """Plan the first request, or in a closed loop send the first ones."""
        setting = self.setting
        self.keep_from = setting.origin + round(setting.warm_up * 1e9)
        self.run_stamp = self.first_stamp
        if self.plan.request_rate is not None:
            self.pacer = pacer_of(self.plan.request_rate, self.load.arrivals, setting.seed)
            self.next_due = self._due_time()

    def _due_time(self) -> int:
        when = self.pacer.when(self.index)
        return self.setting.origin + round(when * 1e9) if when < self.setting.duration else self.setting.end

    @property
    def first_stamp(self) -> int:
        """So that each record of a run is its own: a nonce, the worker, and a number that counts on."""
        return (self.setting.seed & 0xFFF) << 52 | (self.setting.worker & 0x3F) << 46

    # Sending.

    def tick(self, now: int) -> int:
        """Send what is due."""
        setting = self.setting
        if self.again_at and self.again_at[0][0] <= now:
            self._send_again(now)
        if now >= self.next_sweep:
            self.next_sweep = now + _SWEEP
            self._sweep(now)
        if self.closed_loop:
            if now < setting.end:
                self._fill(now)
            return self.next_sweep
        while self.next_due <= now and self.next_due < setting.end:
            self._schedule(self.next_due, now)
            self.index += self.part.parts
            self.next_due = self._due_time()
        return min(self.next_due, self.next_sweep) if self.next_due < setting.end else self.next_sweep

    def _schedule(self, due: int, now: int) -> None:
        self.scheduled += self.pool.records
        partition = self._turn()
        seat = self._seat(self.leaders[partition])
        if seat.free:
            self._send(seat.free.popleft(), Request(due=due, partition=partition), now)
        else:
            seat.backlog.append(Request(due=due, partition=partition))

    def _turn(self) -> int:
        if self.weights is None:
            return self.index % self.touched
        (partition,) = self.rng.choices(range(self.touched), self.weights)
        return int(partition)

    @property
    def leaders(self) -> tuple[int, ...]:
        return self.setting.routes.leaders[self.load.topic]

    def _seat(self, broker: int) -> Seat:
        seat = self.seats.get(broker)
        if seat is None:
            seat = self.seats[broker] = Seat(broker)
        return seat

    def _fill(self, now: int) -> None:
        for seat in self.seats.values():
            while seat.free:
                partition = self._turn_of(seat)
                if partition is None:
                    break
                self.scheduled += self.pool.records
                self._send(seat.free.popleft(), Request(due=now, partition=partition), now)

    def _turn_of(self, seat: Seat) -> int | None:
        mine = [number for number, leader in enumerate(self.leaders[: self.touched]) if leader == seat.broker]
        if not mine:
            return None
        if self.weights is None:
            seat.turn += 1
            return mine[seat.turn % len(mine)]
        return int(self.rng.choices(mine, [self.weights[number] for number in mine])[0])

    def _send(self, connection: Connection, request: Request, now: int) -> None:
        """Send a request over a connection that was taken from the free ones."""
        connection.listed = False
        slot = request.slot
        if slot is None:
            slot = request.slot = self.pool.take(request.partition)
            request.stamp = self.run_stamp
            self.run_stamp += slot.records
            if self.idempotent:
                self._number(request, connection, slot.records)
        correlation = connection.expect(self._answered, request)
        if request.tries:
            slot.again(correlation)
        else:
            self._seal(slot, correlation, request, now)
            behind = now - request.due
            if behind > LATE:
                self.late += slot.records
                self.late_requests += 1
            if request.due >= self.keep_from:
                self.delay_us.append(behind // 1000)
        request.sent = now
        if self.quiet:
            self._send_quietly(connection, request, slot)
            return
        connection.transport.write(slot.view)
        self._list(connection)

    def _seal(self, slot: Slot, correlation: int, request: Request, now: int) -> None:
        offset, identity = self.setting.offset, request.identity
        now_ms, due = (now + offset) // _MILLION, request.due + offset
        if identity is None:
            slot.seal(correlation, request.partition, now_ms, request.stamp, -1, -1, -1, due)
        else:
            ids = (identity.producer_id, identity.epoch, request.sequence)
            slot.seal(correlation, request.partition, now_ms, request.stamp, *ids, due)

    def _send_quietly(self, connection: Connection, request: Request, slot: Slot) -> None:
        # No answer comes, so nothing tells when the slot may be used again: its bytes are copied.
        connection.transport.write(bytes(slot.view))
        connection.under_way.pop()  # type: ignore[union-attr]
        self.unknown += slot.records
        self.answers += 1
        self.pool.give_back(slot)
        self._list(connection)

    def _number(self, request: Request, connection: Connection, records: int) -> None:
        identity = connection.state
        request.identity = identity
        request.sequence = identity.sequences.get(request.partition, 0)
        identity.sequences[request.partition] = (request.sequence + records) & 0x7FFFFFFF

    def _list(self, connection: Connection) -> None:
        """Put a connection among the free ones, if it may be used."""
        if (
            not connection.listed
            and connection.writable
            and connection.seat is not None
            and connection.waiting < self.in_flight
        ):
            connection.listed = True
            connection.seat.free.append(connection)

    # Answers.

    def _answered(self, connection: Connection, data: bytes, at: int, end: int, request: Request) -> None:
        now = time.monotonic_ns()
        if end - at == self.answer_size:
            (error,) = _SHORT.unpack_from(data, at + self.error_at)
            (throttle,) = _INT.unpack_from(data, at + self.throttle_at)
        else:
            error, throttle = -1, 0
        self.answers += 1
        if not error:
            self._acknowledge(request, now)
        else:
            self._refused(request, error, now)
        if throttle:
            self._throttle(connection, throttle)
        else:
            self._go_on(connection, now)

    def _acknowledge(self, request: Request, now: int) -> None:
        slot = request.slot
        assert slot is not None
        self.acknowledged += slot.records
        self.acknowledged_bytes += slot.value_bytes
        self.batch_bytes += slot.batch_bytes
        if request.due >= self.keep_from:
            self.due_us.append((now - request.due) // 1000)
            self.sent_us.append((now - request.sent) // 1000)
        self.pool.give_back(slot)

    def _go_on(self, connection: Connection, now: int) -> None:
        """A connection has room for one more request: send what waits, or list it as free."""
        seat = connection.seat
        if seat is None or connection.listed:
            return
        while seat.backlog and connection.writable and connection.waiting < self.in_flight:
            self._send(connection, seat.backlog.popleft(), now)
            if connection.listed:
                connection.listed = False
                seat.free.pop()
        self._list(connection)
        if self.closed_loop and now < self.setting.end and connection.listed:
            self._fill(now)

    def _throttle(self, connection: Connection, milliseconds: int) -> None:
        """The broker asks for a pause; a good client keeps it."""
        self.throttled += milliseconds
        seat, connection.seat = connection.seat, None
        if connection.listed:
            seat.free.remove(connection)
            connection.listed = False

        def resume() -> None:
            if self.open.get(connection.number) is connection:
                connection.seat = seat
                self._go_on(connection, time.monotonic_ns())

        asyncio.get_running_loop().call_later(milliseconds / 1000, resume)

    def _refused(self, request: Request, error: int, now: int) -> None:
        slot = request.slot
        assert slot is not None
        if error == DUPLICATE and request.identity is not None:
            self._acknowledge(request, now)
            return
        self.errors[name_of(error)] += slot.records
        if error in LEADERS_MOVED:
            self.setting.stale()
        outcome = outcome_of(
            error,
            acks_all=self.acks_all,
            idempotent=self.idempotent,
            tries_left=request.tries < self.most_tries,
        )
        if outcome is Outcome.AGAIN:
            self._later(request, now)
        else:
            self._settle(request, unknown=outcome is Outcome.UNKNOWN)

    def _later(self, request: Request, now: int) -> None:
        request.tries += 1
        heapq.heappush(self.again_at, (now + BACKOFF, request.sequence, next(self.order), request))

    def _send_again(self, now: int) -> None:
        held: list[Request] = []
        while self.again_at and self.again_at[0][0] <= now:
            held.append(heapq.heappop(self.again_at)[-1])
        # In the order of their sequence numbers, since a broker takes an idempotent producer's in that order only.
        for request in sorted(held, key=lambda one: one.sequence):
            assert request.slot is not None
            self.resent += request.slot.records
            seat = self._seat(self.leaders[request.partition])
            if seat.free:
                self._send(seat.free.popleft(), request, now)
            else:
                seat.backlog.append(request)

    def _settle(self, request: Request, *, unknown: bool) -> None:
        slot = request.slot
        assert slot is not None
        if unknown:
            self.unknown += slot.records
        else:
            self.failed += slot.records
        self.pool.give_back(slot)

    def _drop(self, request: Request, why: str) -> None:
        """Give up on a request that waited too long: never sent, or refused and not sent again."""
        if request.slot is None:
            self.dropped += self.pool.records
            self.errors[why] += self.pool.records
        else:
            self._settle(request, unknown=self.acks_all)

    def _sweep(self, now: int) -> None:
        """Drop what waited too long, give up connections that do not answer, send what found no connection."""
        for seat in list(self.seats.values()):
            backlog = seat.backlog
            while backlog and now - backlog[0].due > DROP + backlog[0].tries * BACKOFF:
                self._drop(backlog.popleft(), "_QUEUE_FULL")
            while backlog and seat.free:
                self._send(seat.free.popleft(), backlog.popleft(), now)
        for connection in list(self.open.values()):
            under_way = connection.under_way
            if under_way and isinstance(under_way[0][2], Request) and now - under_way[0][2].sent > ANSWER:
                connection.end("no answer in time")

    # Connections.

    def welcome(self, connection: Connection) -> None:
        """A connection may be used: it takes its seat at its broker."""
        connection.seat = seat = self._seat(self.homes[connection.number])
        seat.connections += 1
        self._list(connection)

    def bereft(self, connection: Connection, reason: str) -> None:
        """A connection is gone: nobody says what became of what was under way."""
        now = time.monotonic_ns()
        seat = self._seat(self.homes[connection.number])
        seat.connections -= 1
        if connection.listed:
            seat.free.remove(connection)
            connection.listed = False
        for _, _, request in connection.under_way or ():
            if isinstance(request, Request):
                self._cut_off(request, now)
        connection.seat, connection.under_way = None, None
        if not self.closing:
            self.setting.stale()
            self.again(connection.number, lambda: self._address_of(connection.number))

    def _cut_off(self, request: Request, now: int) -> None:
        assert request.slot is not None
        self.errors["_TRANSPORT"] += request.slot.records
        if self.idempotent and request.tries < self.most_tries:
            self._later(request, now)
        else:
            self._settle(request, unknown=True)

    def _address_of(self, number: int) -> Address | None:
        home = self.homes[number]
        leading = self._leading()
        if home not in leading and leading:
            home = self.homes[number] = leading[number % len(leading)]
        return self.setting.routes.brokers.get(home)

    def relieved(self, connection: Connection) -> None:
        """A connection's send buffer has room again."""
        self._go_on(connection, time.monotonic_ns())

    def moved(self) -> None:
        """Leaders moved: what waits for the old ones goes to the new ones."""
        waiting = [request for seat in self.seats.values() for request in seat.backlog]
        for seat in self.seats.values():
            seat.backlog.clear()
        for request in sorted(waiting, key=lambda one: one.due):
            self._seat(self.leaders[request.partition]).backlog.append(request)
        for broker in set(self.leaders[: self.touched]) & self.setting.routes.brokers.keys():
            if not self._seat(broker).connections and broker not in self.homes.values():
                self._reach(broker)
        self._sweep(time.monotonic_ns())

    def _reach(self, broker: int) -> None:
        """Open a connection to a broker that came to lead and that none goes to."""
        number = -1 - broker
        self.homes[number] = broker
        self.again(number, lambda: self.setting.routes.brokers.get(broker))

    # The end.

    async def finish(self, patience: float) -> None:
        """Wait for answers within a bound; what is left is dropped if it was never sent, else unknown."""
        give_up = time.monotonic() + patience
        while self._under_way() and time.monotonic() < give_up:
            now = time.monotonic_ns()
            if self.again_at and self.again_at[0][0] <= now:
                self._send_again(now)
            self._sweep(now)
            await asyncio.sleep(0.005)
        self.closing = True
        for connection in list(self.open.values()):
            for _, _, request in connection.under_way or ():
                if isinstance(request, Request) and request.slot is not None:
                    self.errors["_TIMED_OUT"] += request.slot.records
                    self.unknown += request.slot.records
            connection.under_way = None
            connection.end("the load is over")
        for seat in self.seats.values():
            while seat.backlog:
                self._drop(seat.backlog.popleft(), "_QUEUE_FULL")
        while self.again_at:
            self._drop(heapq.heappop(self.again_at)[-1], "_TIMED_OUT")

    def _under_way(self) -> bool:
        return bool(
            self.again_at
            or any(seat.backlog for seat in self.seats.values())
            or any(connection.under_way for connection in self.open.values())
        )

    def tally(self) -> Tally:
        """The account so far; latencies since the last one."""
        due, sent, delay = Counter(self.due_us), Counter(self.sent_us), Counter(self.delay_us)
        self.due_us.clear()
        self.sent_us.clear()
        self.delay_us.clear()
        return Tally(
            load=self.load.name,
            ledger=Ledger(
                load=self.load.name,
                scheduled=self.scheduled,
                acknowledged=self.acknowledged,
                failed=self.failed,
                unknown=self.unknown,
                dropped=self.dropped,
                late=self.late,
                acknowledged_bytes=self.acknowledged_bytes,
                errors=dict(self.errors),
            ),
            answered={"Produce": self.answers},
            connections=len(self.open),
            made=self.made,
            lost=dict(self.lost_for),
            resent=self.resent,
            throttled=self.throttled,
            records=self.acknowledged,
            bytes=self.batch_bytes,
            late=self.late_requests,
            distinct=self.pool.distinct_share(),
            due=due,
            sent=sent,
            delay=delay,
        )


def _identified(_: Connection, data: bytes, at: int, __: int, answer: asyncio.Future[tuple[int, int, int]]) -> None:
    _throttle, error, producer_id, epoch = _PRODUCER_ID.unpack_from(data, at + 4)
    if not answer.done():
        answer.set_result((error, producer_id, epoch))
