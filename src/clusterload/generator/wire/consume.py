"""Consumers: each reader fetches all partitions from their leaders, and counts records by their batch headers."""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.broker_connections import RoundRobin
from clusterload.generator.wire.counts import LatencySamples
from clusterload.generator.wire.error_codes import LEADERS_MOVED, OUT_OF_RANGE, error_name
from clusterload.generator.wire.fetch_format import (
    EARLIEST,
    LATEST,
    FetchedPartition,
    FetchFrame,
    count_batches,
    fetch_response,
    fetched_partitions,
    listed_offsets,
)
from clusterload.generator.wire.population import BACKOFF, RESPONSE_TIMEOUT, Population, WorkerSetting
from clusterload.generator.wire.readers import (
    UNKNOWN,
    Cursor,
    Drain,
    FetchInFlight,
    Readers,
    connections_of,
    milliseconds,
)
from clusterload.generator.wire.schedule import Schedule
from clusterload.generator.wire.worker_messages import LoadPart, Tally
from clusterload.model.errors import ClusterError
from clusterload.model.workload import MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusterload.generator.wire.connection import Connection
    from clusterload.kafka.protocol.address import Address

LOCATE_SECONDS: Final = 10.0

_SWEEP: Final = 50_000_000
_LAST_WAIT: Final = 50


class ConsumedCounts:
    """Counts what the readers of one worker get.

    A record counts once for each reader. End-to-end latency is sampled once a batch: the first record of each
    uncompressed batch, if its stamp says that this worker made it in this run, so that due time and time of
    reading are of one clock. Compressed batches are counted and not looked into.

    Attributes:
        records: consumed.
        bytes: of their batches.
    """

    __slots__ = ("_latencies", "_own", "_setting", "bytes", "records")

    def __init__(self, setting: WorkerSetting, latencies: LatencySamples) -> None:
        self._setting = setting
        self._latencies = latencies
        self._own = (setting.seed & 0xFFF) << 6 | (setting.worker & 0x3F)
        self.records = self.bytes = 0

    def take(self, data: bytes, fetched: FetchedPartition, cursor: Cursor, now: int) -> int:
        """Take the batches of a partition, and move its cursor; how many records there were."""
        got = count_batches(data, fetched.at, fetched.end, cursor.offset, self._own)
        self.records += got.records
        self.bytes += got.bytes
        cursor.offset = got.next_offset
        if got.samples:
            offset, first = self._setting.offset, self._latencies.keep_from
            kept = self._latencies.end_to_end
            kept += [(now + offset - due) // 1000 for due in got.samples if first <= due - offset <= now]
        return got.records


class ConsumeClients(Population):
    """The readers of a Load in this worker; a fetch is what its ledger counts."""

    def __init__(self, part: LoadPart, setting: WorkerSetting) -> None:
        super().__init__(part, setting)
        load, dials = part.load, part.load.dials
        leaders = setting.routes.leaders[load.topic]
        touched = min(int(dials.partitions or len(leaders)), len(leaders))
        self.brokers = sorted(set(leaders[:touched]) & setting.routes.brokers.keys())
        self.reader_count, self.connections = connections_of(load, len(self.brokers))
        self.readers = Readers(range(part.number, self.reader_count, part.parts), touched)
        self.readers.settle(self.brokers, self.connections, self.reader_count)
        self.paced = dials.fetch_rate is not None and dials.fetch_rate != MAX
        self.max_wait = milliseconds(load.setting("fetch_max_wait") * 1e9)
        self.begin_at = EARLIEST if dials.fetch_from == "earliest" else LATEST
        self.fetches = FetchFrame.of(part.frames["fetch"], after=4)
        self.lists = FetchFrame.of(part.frames["list_offsets"], after=0)
        self.round_robin = RoundRobin(1)
        self.consumed = ConsumedCounts(setting, self.latencies)
        self.schedule = Schedule(part, self.counts)
        self.running = False
        self.drain = Drain()
        self.next_sweep = 0

    # Before the load.

    async def prepare(self) -> None:
        """Open the connections, and find where reading begins."""
        self.readers.lead(self.setting.routes.leaders[self.load.topic])
        places = [(number, self._address(number)) for number in self.readers.homes]
        await self.open_all((number, place) for number, place in places if place is not None)
        give_up = time.monotonic() + LOCATE_SECONDS
        while any(cursor.offset == UNKNOWN for cursor in self.readers.every()):
            if time.monotonic() > give_up:
                raise ClusterError(
                    f"load {self.load.name!r}: not all partitions of topic {self.load.topic!r} said where they begin "
                    f"and end ({', '.join(self.errors) or 'no response'}): see whether each has a leader"
                )
            self._sweep(time.monotonic_ns())
            await asyncio.sleep(0.005)

    def begin(self) -> None:
        """The load begins soon."""
        setting = self.setting
        super().begin()
        self.errors.clear()
        if self.paced:
            assert self.load.dials.fetch_rate is not None
            self.schedule.begin(self.load.dials.fetch_rate, self.load.arrivals, setting)  # type: ignore[arg-type]

    # Requests.

    def tick(self, now: int) -> int:
        """Fetch what is due; look after what waits."""
        if not self.running:
            self.running, self.next_sweep = True, now
        if now >= self.next_sweep:
            self.next_sweep = now + _SWEEP
            self._sweep(now)
        if not self.paced:
            return self.next_sweep
        self._serve(now)
        return min(self.schedule.wake(now), self.next_sweep)

    def _serve(self, now: int) -> None:
        for _, due in self.schedule.due(now, lambda: self._room(now)):
            connection = self.round_robin.take()
            self._fetch(connection, self.readers.ready(connection.number, now), due, now)

    def _room(self, now: int) -> bool:
        """Whether the next connection in turn has something to fetch; those that have not are skipped."""
        while self.round_robin:
            if self.readers.ready(self.round_robin.free[0].number, now):
                return True
            self.round_robin.take()
        return False

    def _go_on(self, connection: Connection, now: int) -> None:
        """Let an idle connection do what is next: find offsets, or fetch, or wait until a fetch is due."""
        if connection.in_flight_count or not connection.writable or connection.round_robin is None or self.closing:
            return
        ready = self.readers.ready(connection.number, now)
        nowhere = [cursor for cursor in ready if cursor.offset == UNKNOWN]
        if nowhere:
            self._locate(connection, nowhere)
        elif not ready or not self.running:
            return
        elif self.paced:
            self.round_robin.put(connection)
        elif self.drain.lasts(now):
            self.counts.scheduled += 1
            self._fetch(connection, ready, now, now)

    def _locate(self, connection: Connection, cursors: Sequence[Cursor]) -> None:
        request = FetchInFlight.about(cursors, 0, time.monotonic_ns())
        connection.request(self.lists.list_offsets(request.cursors, self.begin_at), self._located, request)

    def _fetch(self, connection: Connection, cursors: Sequence[Cursor], due: int, now: int) -> None:
        request = FetchInFlight.about(cursors, due, now)
        # No fetch is held back beyond the end of the load.
        wait = _LAST_WAIT if self.drain.since else min(self.max_wait, milliseconds(self.setting.end - now))
        self.latencies.begun(due, now)
        positions = [(cursor.partition, cursor.offset) for cursor in cursors]
        connection.request(self.fetches.fetch(positions, wait), self._fetched, request)

    def _sweep(self, now: int) -> None:
        for connection in list(self.open.values()):
            request = connection.in_flight[0][2] if connection.in_flight else None
            if request is None:
                self._go_on(connection, now)
            elif now - request.sent > RESPONSE_TIMEOUT + self.max_wait * 1_000_000:
                connection.end("no response in time")

    # Responses.

    def _located(self, connection: Connection, data: bytes, at: int, _end: int, request: FetchInFlight) -> None:
        now = time.monotonic_ns()
        request.release()
        self.answered["ListOffsets"] += 1
        try:
            throttle, found = listed_offsets(data, at)
        except struct.error:
            connection.end("malformed ListOffsets response: too short")
            return
        for start in found:
            if start.error:
                self._on_error(request.cursors[start.partition], start.error, now)
            else:
                request.cursors[start.partition].offset = start.offset
        self._next(connection, throttle, now)

    def _fetched(self, connection: Connection, data: bytes, at: int, _end: int, request: FetchInFlight) -> None:
        now = time.monotonic_ns()
        request.release()
        self.answered["Fetch"] += 1
        self.latencies.answered(request.due, request.sent, now)
        try:
            found = fetch_response(data, at)
            errors = [self._take(data, fetched, request, now) for fetched in fetched_partitions(data, found)]
        except struct.error:
            self.counts.fail("_BAD_MSG")
            connection.end("malformed Fetch response: too short")
            return
        if found.error:
            self.counts.fail(error_name(found.error))
            for cursor in request.cursors.values():
                cursor.not_before = now + BACKOFF
        elif any(errors):
            self.counts.failed += 1
        else:
            self.counts.acknowledged += 1
        self._next(connection, found.throttle_ms, now)

    def _take(self, data: bytes, fetched: FetchedPartition, request: FetchInFlight, now: int) -> bool:
        """Count what was read of a partition; whether there was an error."""
        cursor = request.cursors[fetched.partition]
        if fetched.error:
            self._on_error(cursor, fetched.error, now)
            return True
        got = self.consumed.take(data, fetched, cursor, now)
        self.drain.saw(cursor, got, fetched.high_watermark, request.sent, now)
        return False

    def _on_error(self, cursor: Cursor, error: int, now: int) -> None:
        self.errors[error_name(error)] += 1
        if error == OUT_OF_RANGE:
            cursor.offset = UNKNOWN
            return
        cursor.not_before = now + BACKOFF
        if error in LEADERS_MOVED:
            self.setting.stale()

    def _next(self, connection: Connection, throttle: int, now: int) -> None:
        if throttle:
            self.throttled += throttle
            self.round_robin.pause(connection, throttle, lambda paused: self._go_on(paused, time.monotonic_ns()))
        else:
            self._go_on(connection, now)
        if self.paced and self.running:
            self._serve(now)

    # Connections.

    def _address(self, number: int) -> Address | None:
        return self.setting.routes.brokers.get(self.readers.homes[number][1])

    def on_ready(self, connection: Connection) -> None:
        """A connection may be used."""
        connection.round_robin = self.round_robin
        self._go_on(connection, time.monotonic_ns())

    def on_lost(self, connection: Connection, reason: str) -> None:  # noqa: ARG002
        """A connection was lost: what was in flight is fetched again."""
        self.round_robin.remove(connection)
        self._give_up(connection, "_TRANSPORT")
        if not self.closing:
            self.setting.stale()
            self.reopen(connection.number, lambda: self._address(connection.number))

    def on_writable(self, connection: Connection) -> None:
        """A connection can be written to again."""
        self._go_on(connection, time.monotonic_ns())

    def _give_up(self, connection: Connection, why: str) -> None:
        for _, _, request in connection.in_flight or ():
            if isinstance(request, FetchInFlight):
                request.release()
                self.counts.lose(why, bool(request.due))
        connection.in_flight = None

    def on_new_routes(self) -> None:
        """Leaders moved: each partition is read from its new leader."""
        leaders = self.setting.routes.leaders[self.load.topic]
        self.readers.lead(leaders)
        new = self.readers.unreached(self.setting.routes.brokers)
        if new:
            self.readers.lead(leaders)
        for number in new:
            self.reopen(number, lambda number=number: self._address(number))  # type: ignore[misc]
        self._sweep(time.monotonic_ns())

    # The end.

    async def finish(self, patience: float) -> None:
        """Wait for responses; readers without a fetch_rate read on for a moment, to the end of the log."""
        self.drain.begin(time.monotonic_ns())
        self.schedule.close(self.drain.since)
        give_up = time.monotonic() + patience
        while self._unfinished() and time.monotonic() < give_up:
            self.tick(time.monotonic_ns())
            await asyncio.sleep(0.005)
        self.closing = True
        self.schedule.abandon()
        for connection in list(self.open.values()):
            self._give_up(connection, "_TIMED_OUT")
            connection.end("the load is over")

    def _unfinished(self) -> bool:
        if self.schedule.waits or any(connection.in_flight for connection in self.open.values()):
            return True
        draining = not self.paced and self.drain.lasts(time.monotonic_ns())
        return draining and not all(cursor.caught_up for cursor in self.readers.every())

    def tally(self) -> Tally:
        """See Population."""
        consumed = self.consumed
        ledger = self.counts.ledger(self.load.name, self.unit, consumed.bytes)
        return replace(super().tally(), ledger=ledger, records=consumed.records, bytes=consumed.bytes)
