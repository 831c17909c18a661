"""Sending Produce requests: over which connection, what a response means, and what is retried."""

from __future__ import annotations

import heapq
import struct
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.broker_connections import BrokerConnections, ConnectionsByBroker, ProduceRequest
from clusterload.generator.wire.counts import Counts
from clusterload.generator.wire.error_codes import DUPLICATE, LEADERS_MOVED, ProduceOutcome, error_name, produce_outcome
from clusterload.generator.wire.population import BACKOFF, IN_FLIGHT, RESPONSE_TIMEOUT, Population, WorkerSetting
from clusterload.generator.wire.schedule import DROP, LATE, QUEUE_FULL
from clusterload.generator.wire.worker_messages import LoadPart
from clusterload.model.ledger import RECORDS

if TYPE_CHECKING:
    from clusterload.generator.wire.connection import Connection
    from clusterload.generator.wire.request_pool import RequestBuffer, RequestPool

RETRIES: Final = 10
"""How often a refused request is retried, by default."""

_MILLION: Final = 1_000_000
_SHORT: Final = struct.Struct(">h")
_INT: Final = struct.Struct(">i")


@dataclass(slots=True, kw_only=True, eq=False)
class RecordCounts(Counts):
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

    def acknowledge(self, buffer: RequestBuffer) -> None:
        """A broker has the records of a request."""
        self.acknowledged += buffer.records
        self.acknowledged_bytes += buffer.value_bytes
        self.batch_bytes += buffer.batch_bytes

    def settle(self, buffer: RequestBuffer, *, unknown: bool) -> None:
        """The records of a request were refused for good, or their outcome is unknown."""
        if unknown:
            self.unknown += buffer.records
        else:
            self.failed += buffer.records


class ProduceSender(Population):
    """Clients that send Produce requests; a subclass says when they are due."""

    unit = RECORDS
    counts: RecordCounts
    pool: RequestPool

    def __init__(self, part: LoadPart, setting: WorkerSetting) -> None:
        super().__init__(part, setting)
        dials = part.load.dials
        self.acks_all = dials.acks in {None, "all"}
        self.no_acks = dials.acks == "0"
        self.idempotent = bool(dials.idempotence)
        self.max_retries = RETRIES if dials.retries is None else dials.retries
        self.touched = dials.partitions or len(self.leaders)
        self.by_broker = ConnectionsByBroker(dials.in_flight or IN_FLIGHT, self.touched)
        self.counts = RecordCounts(errors=self.errors)
        self.retries_due: list[tuple[int, int, int, ProduceRequest]] = []
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

    def send_closed_loop(self, now: int) -> None:
        """A connection has room: a closed loop sends now."""

    def send_or_queue(self, request: ProduceRequest, now: int) -> None:
        """Send a request over the connection whose turn it is, or put it into the backlog."""
        connections = self.by_broker.of(self.leaders[request.partition])
        if connections:
            self.send(connections.take(), request, now)
        else:
            connections.backlog.append(request)

    def send(self, connection: Connection, request: ProduceRequest, now: int) -> None:
        """Send a request over a connection whose turn it is."""
        request.sent = now
        buffer = request.buffer
        if buffer is None:
            buffer = request.buffer = self._sealed(connection, request, now)
        else:
            buffer.readdress(connection.expect(self._answered, request))
        if self.no_acks:
            self._send_without_ack(connection, buffer)
        else:
            connection.transport.write(buffer.view)
        if connection.round_robin is not None:
            connection.round_robin.put(connection)

    def _sealed(self, connection: Connection, request: ProduceRequest, now: int) -> RequestBuffer:
        """The bytes of a request that is sent for the first time."""
        buffer = self.pool.take(request.partition)
        assert buffer is not None, "no key belongs to a partition whose turn never comes"
        offset, stamp = self.setting.offset, self.stamp
        self.stamp = stamp + buffer.records
        correlation = connection.expect(self._answered, request)
        now_ms, due = (now + offset) // _MILLION, request.due + offset
        if self.idempotent:
            identity = request.identity = connection.state
            sequence = request.sequence = identity.number(request.partition, buffer.records)
            ids = (identity.producer_id, identity.epoch, sequence)
            buffer.seal(correlation, request.partition, now_ms, stamp, *ids, due)
        else:
            buffer.seal(correlation, request.partition, now_ms, stamp, -1, -1, -1, due)
        if now - request.due > LATE:
            self.counts.late += buffer.records
            self.counts.late_requests += 1
        self.latencies.begun(request.due, now)
        return buffer

    def _send_without_ack(self, connection: Connection, buffer: RequestBuffer) -> None:
        # Without a response nothing says when the buffer may be overwritten: its bytes are copied.
        connection.transport.write(bytes(buffer.view))
        assert connection.in_flight is not None
        connection.in_flight.pop()
        self.counts.unknown += buffer.records
        self.counts.answers += 1  # with acks=0 a request is over when it is sent
        self.pool.give_back(buffer)

    def _answered(self, connection: Connection, data: bytes, at: int, end: int, request: ProduceRequest) -> None:
        now = time.monotonic_ns()
        if end - at == self.answer_size:
            (error,) = _SHORT.unpack_from(data, at + self.error_at)
            (throttle,) = _INT.unpack_from(data, at + self.throttle_at)
        else:
            error, throttle = -1, 0
        self.counts.answers += 1
        if error:
            self._refused(request, error, now)
        else:
            self._acknowledged(request, now)
        if throttle:
            self._throttle(connection, throttle)
        else:
            self.send_next(connection, now)

    def _acknowledged(self, request: ProduceRequest, now: int) -> None:
        buffer = request.buffer
        assert buffer is not None
        self.counts.acknowledge(buffer)
        self.latencies.answered(request.due, request.sent, now)
        self.pool.give_back(buffer)

    def send_next(self, connection: Connection, now: int) -> None:
        """A connection has room for one more request: send what waits, or queue the connection."""
        connections: BrokerConnections | None = connection.round_robin
        if connections is None or connection.queued:
            return
        connections.put(connection)
        while connections.backlog and connections:
            self.send(connections.take(), connections.backlog.popleft(), now)
        self.send_closed_loop(now)

    def _throttle(self, connection: Connection, milliseconds: int) -> None:
        """Obey a throttle time, as a good client does."""
        self.throttled += milliseconds
        if connection.round_robin is not None:
            connection.round_robin.pause(
                connection, milliseconds, lambda paused: self.send_next(paused, time.monotonic_ns())
            )

    def _refused(self, request: ProduceRequest, error: int, now: int) -> None:
        buffer = request.buffer
        assert buffer is not None
        if error == DUPLICATE and self.idempotent:
            self._acknowledged(request, now)
            return
        self.errors[error_name(error)] += buffer.records
        if error in LEADERS_MOVED:
            self.setting.stale()
        retries_left = request.retries < self.max_retries
        outcome = produce_outcome(error, acks_all=self.acks_all, idempotent=self.idempotent, retries_left=retries_left)
        if outcome is ProduceOutcome.RETRY:
            self.retry(request, now)
        else:
            self.settle(request, unknown=outcome is ProduceOutcome.UNKNOWN)

    def settle(self, request: ProduceRequest, *, unknown: bool) -> None:
        """A request's records were refused for good, or their outcome is unknown."""
        assert request.buffer is not None
        self.counts.settle(request.buffer, unknown=unknown)
        self.pool.give_back(request.buffer)

    def retry(self, request: ProduceRequest, now: int) -> None:
        """Have a request sent again after the backoff."""
        request.retries += 1
        heapq.heappush(self.retries_due, (now + BACKOFF, request.sequence, next(self.order), request))

    def send_retries(self, now: int) -> None:
        """Send the requests whose backoff is over."""
        due: list[ProduceRequest] = []
        while self.retries_due and self.retries_due[0][0] <= now:
            due.append(heapq.heappop(self.retries_due)[-1])
        # In the order of their sequence numbers: a broker takes an idempotent producer's in that order only.
        for request in sorted(due, key=lambda request: request.sequence):
            assert request.buffer is not None
            self.counts.resent += request.buffer.records
            self.send_or_queue(request, now)

    def sweep(self, now: int) -> None:
        """Drop what waited too long, send what waits for a free connection, close connections that do not respond."""
        for connections in self.by_broker:
            backlog = connections.backlog
            while backlog and now - backlog[0].due > DROP + backlog[0].retries * BACKOFF:
                self.drop(backlog.popleft())
            while backlog and connections:
                self.send(connections.take(), backlog.popleft(), now)
        for connection in list(self.open.values()):
            oldest = connection.in_flight[0][2] if connection.in_flight else None
            if isinstance(oldest, ProduceRequest) and now - oldest.sent > RESPONSE_TIMEOUT:
                connection.end("no response in time")

    def drop(self, request: ProduceRequest) -> None:
        """Give up a request that waited too long: never sent, or refused and not retried."""
        if request.buffer is None:
            self.counts.drop(QUEUE_FULL, self.pool.records)
        else:
            self.settle(request, unknown=self.acks_all)

    def on_connection_lost(self, request: ProduceRequest, now: int) -> None:
        """The connection of a request in flight was lost."""
        assert request.buffer is not None
        self.errors["_TRANSPORT"] += request.buffer.records
        if self.idempotent and request.retries < self.max_retries:
            self.retry(request, now)
        else:
            self.settle(request, unknown=True)
