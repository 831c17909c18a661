"""Sending Produce requests: over which connection, what an answer means, and what is sent again."""

from __future__ import annotations

import heapq
import struct
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.broker_connections import Request, Seat, Seats
from clusterload.generator.wire.counts import Counts, Latencies
from clusterload.generator.wire.outcomes import DUPLICATE, LEADERS_MOVED, Outcome, name_of, outcome_of
from clusterload.generator.wire.population import Population, Setting
from clusterload.generator.wire.schedule import DROP, LATE, QUEUE_FULL
from clusterload.generator.wire.work import Part

if TYPE_CHECKING:
    from clusterload.generator.wire.batches import Pool, Slot
    from clusterload.generator.wire.connection import Connection

BACKOFF: Final = 100_000_000
"""Nanoseconds until a refused request is sent again."""

ANSWER: Final = 30_000_000_000
"""Nanoseconds that a broker may take to answer; then the connection is given up."""

TRIES: Final = 10
"""How often a refused request is sent again unless told otherwise."""

IN_FLIGHT: Final = 5
"""Most requests under way a connection unless told otherwise."""

_MILLION: Final = 1_000_000
_SHORT: Final = struct.Struct(">h")
_INT: Final = struct.Struct(">i")


@dataclass(slots=True, kw_only=True, eq=False)
class Fates(Counts):
    """Counts of records, a whole request's at a time.

    Attributes:
        late_requests: requests that were sent late.
        acknowledged_bytes: of acknowledged values.
        batch_bytes: of acknowledged record batches.
        resent: records that were sent again.
        answers: requests that were answered, or sent where no answer comes.
    """

    late_requests: int = 0
    acknowledged_bytes: int = 0
    batch_bytes: int = 0
    resent: int = 0
    answers: int = 0

    def acknowledge(self, slot: Slot) -> None:
        """A broker has the records of a request."""
        self.acknowledged += slot.records
        self.acknowledged_bytes += slot.value_bytes
        self.batch_bytes += slot.batch_bytes

    def settle(self, slot: Slot, *, unknown: bool) -> None:
        """The records of a request were refused for good, or nobody says what became of them."""
        if unknown:
            self.unknown += slot.records
        else:
            self.failed += slot.records


class Sending(Population):
    """A population that sends requests; when they are due is its subclass's to say."""

    pool: Pool

    def __init__(self, part: Part, setting: Setting) -> None:
        super().__init__(part, setting)
        dials = part.load.dials
        self.acks_all = dials.acks in {None, "all"}
        self.quiet = dials.acks == "0"
        self.idempotent = bool(dials.idempotence)
        self.most_tries = TRIES if dials.retries is None else dials.retries
        self.touched = dials.partitions or len(self.leaders)
        self.seats = Seats(dials.in_flight or IN_FLIGHT, self.touched)
        self.fates = Fates(errors=self.errors)
        self.latencies = Latencies()
        self.again_at: list[tuple[int, int, int, Request]] = []
        self.order = count()
        self.stamp = 0
        # Where the answer to a request for one partition of one topic has its error and throttle time.
        self.error_at = 4 + 4 + 2 + len(part.load.topic.encode()) + 4 + 4
        self.throttle_at = self.error_at + 2 + 24
        self.answer_size = self.throttle_at + 4

    @property
    def leaders(self) -> tuple[int, ...]:
        """The broker that leads each partition, as far as is known; -1 for none."""
        return self.setting.routes.leaders[self.load.topic]

    def more(self, now: int) -> None:
        """There is room for requests that nobody waits with: a closed loop makes them now."""

    def post(self, request: Request, now: int) -> None:
        """Send a request over the connection whose turn it is, or let it wait for one."""
        seat = self.seats.of(self.leaders[request.partition])
        if seat:
            self.send(seat.take(), request, now)
        else:
            seat.backlog.append(request)

    def send(self, connection: Connection, request: Request, now: int) -> None:
        """Send a request over a connection whose turn it is."""
        request.sent = now
        slot = request.slot
        if slot is None:
            slot = request.slot = self._sealed(connection, request, now)
        else:
            slot.again(connection.expect(self._answered, request))
        if self.quiet:
            self._send_quietly(connection, slot)
        else:
            connection.transport.write(slot.view)
        if connection.seat is not None:
            connection.seat.put(connection)

    def _sealed(self, connection: Connection, request: Request, now: int) -> Slot:
        """The bytes of a request that is sent for the first time."""
        slot = self.pool.take(request.partition)
        assert slot is not None, "no key belongs to a partition whose turn never comes"
        offset, stamp = self.setting.offset, self.stamp
        self.stamp = stamp + slot.records
        correlation = connection.expect(self._answered, request)
        now_ms, due = (now + offset) // _MILLION, request.due + offset
        if self.idempotent:
            identity = request.identity = connection.state
            sequence = request.sequence = identity.number(request.partition, slot.records)
            ids = (identity.producer_id, identity.epoch, sequence)
            slot.seal(correlation, request.partition, now_ms, stamp, *ids, due)
        else:
            slot.seal(correlation, request.partition, now_ms, stamp, -1, -1, -1, due)
        if now - request.due > LATE:
            self.fates.late += slot.records
            self.fates.late_requests += 1
        self.latencies.begun(request.due, now)
        return slot

    def _send_quietly(self, connection: Connection, slot: Slot) -> None:
        # No answer comes, so nothing tells when the slot may be used again: its bytes are copied.
        connection.transport.write(bytes(slot.view))
        assert connection.under_way is not None
        connection.under_way.pop()
        self.fates.unknown += slot.records
        self.fates.answers += 1  # that it was sent is all that will be heard of it
        self.pool.give_back(slot)

    def _answered(self, connection: Connection, data: bytes, at: int, end: int, request: Request) -> None:
        now = time.monotonic_ns()
        if end - at == self.answer_size:
            (error,) = _SHORT.unpack_from(data, at + self.error_at)
            (throttle,) = _INT.unpack_from(data, at + self.throttle_at)
        else:
            error, throttle = -1, 0
        self.fates.answers += 1
        if error:
            self._refused(request, error, now)
        else:
            self._acknowledged(request, now)
        if throttle:
            self._throttle(connection, throttle)
        else:
            self.go_on(connection, now)

    def _acknowledged(self, request: Request, now: int) -> None:
        slot = request.slot
        assert slot is not None
        self.fates.acknowledge(slot)
        self.latencies.answered(request.due, request.sent, now)
        self.pool.give_back(slot)

    def go_on(self, connection: Connection, now: int) -> None:
        """A connection has room for one more request: send what waits, or let it wait for its turn."""
        seat: Seat | None = connection.seat
        if seat is None or connection.listed:
            return
        seat.put(connection)
        while seat.backlog and seat:
            self.send(seat.take(), seat.backlog.popleft(), now)
        self.more(now)

    def _throttle(self, connection: Connection, milliseconds: int) -> None:
        """The broker asks for a pause; a good client keeps it."""
        self.throttled += milliseconds
        if connection.seat is not None:
            connection.seat.pause(connection, milliseconds, lambda one: self.go_on(one, time.monotonic_ns()))

    def _refused(self, request: Request, error: int, now: int) -> None:
        slot = request.slot
        assert slot is not None
        if error == DUPLICATE and self.idempotent:
            self._acknowledged(request, now)
            return
        self.errors[name_of(error)] += slot.records
        if error in LEADERS_MOVED:
            self.setting.stale()
        tries_left = request.tries < self.most_tries
        outcome = outcome_of(error, acks_all=self.acks_all, idempotent=self.idempotent, tries_left=tries_left)
        if outcome is Outcome.AGAIN:
            self.later(request, now)
        else:
            self.settle(request, unknown=outcome is Outcome.UNKNOWN)

    def settle(self, request: Request, *, unknown: bool) -> None:
        """A request's records were refused for good, or nobody says what became of them."""
        assert request.slot is not None
        self.fates.settle(request.slot, unknown=unknown)
        self.pool.give_back(request.slot)

    def later(self, request: Request, now: int) -> None:
        """Have a request sent again after a while."""
        request.tries += 1
        heapq.heappush(self.again_at, (now + BACKOFF, request.sequence, next(self.order), request))

    def send_again(self, now: int) -> None:
        """Send again what was refused a while ago."""
        due: list[Request] = []
        while self.again_at and self.again_at[0][0] <= now:
            due.append(heapq.heappop(self.again_at)[-1])
        # In the order of their sequence numbers, since a broker takes an idempotent producer's in that order only.
        for request in sorted(due, key=lambda one: one.sequence):
            assert request.slot is not None
            self.fates.resent += request.slot.records
            self.post(request, now)

    def sweep(self, now: int) -> None:
        """Drop what waited too long, send what waits for a free connection, give up those that do not answer."""
        for seat in self.seats:
            backlog = seat.backlog
            while backlog and now - backlog[0].due > DROP + backlog[0].tries * BACKOFF:
                self.drop(backlog.popleft())
            while backlog and seat:
                self.send(seat.take(), backlog.popleft(), now)
        for connection in list(self.open.values()):
            under_way = connection.under_way
            if under_way and isinstance(under_way[0][2], Request) and now - under_way[0][2].sent > ANSWER:
                connection.end("no answer in time")

    def drop(self, request: Request) -> None:
        """Give up on a request that waited too long: never sent, or refused and not sent again."""
        if request.slot is None:
            self.fates.drop(QUEUE_FULL, self.pool.records)
        else:
            self.settle(request, unknown=self.acks_all)

    def cut_off(self, request: Request, now: int) -> None:
        """The connection went away under a request."""
        assert request.slot is not None
        self.errors["_TRANSPORT"] += request.slot.records
        if self.idempotent and request.tries < self.most_tries:
            self.later(request, now)
        else:
            self.settle(request, unknown=True)
