"""Producers of a Load: when a request is due and for which partition, and where their connections go."""

from __future__ import annotations

import asyncio
import heapq
import math
import random
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from clusterload.generator.wire.broker_connections import BrokerConnections, ProduceRequest
from clusterload.generator.wire.compressed_pool import CompressedPool
from clusterload.generator.wire.population import LIVED, WorkerSetting
from clusterload.generator.wire.producer_ids import ProducerId, init_producer_id
from clusterload.generator.wire.request_pool import RequestPool
from clusterload.generator.wire.schedule import due_times
from clusterload.generator.wire.sending import ProduceSender
from clusterload.generator.wire.worker_messages import LoadPart, Tally
from clusterload.model.workload.dials import peak_of
from clusterload.model.workload.distributions import parse_keys
from clusterload.model.workload.loads import resolve

if TYPE_CHECKING:
    from clusterload.generator.wire.connection import Connection
    from clusterload.kafka.protocol.address import Address

DISTINCT: Final = 1_000_000
"""Records of a run that should all differ, at least."""

_UNANSWERED: Final = 256
"""Requests that a closed loop with acks=0 sends to a broker in one go."""

_SWEEP: Final = 50_000_000


class ProduceClients(ProduceSender):
    """The producers of a Load in this worker."""

    def __init__(self, part: LoadPart, setting: WorkerSetting) -> None:
        super().__init__(part, setting)
        self.plan = resolve(part.load)
        self.closed_loop = self.plan.request_rate is None
        self.homes: dict[int, int] = {}
        self.identities: dict[int, ProducerId] = {}
        self.lifetime = round((part.load.dials.connection_lifetime or 0.0) * 1e9)
        self.lived: set[int] = set()
        self.ending: list[tuple[int, int, Connection]] = []
        self.retiring: list[Connection] = []
        self.index = part.number
        self.next_due = self.next_sweep = 0

    @property
    def first_stamp(self) -> int:
        """The first record's number: bits of the seed, the worker, the Load, and a count: all differ."""
        place = (self.setting.worker & 0x3F) << 6 | self.part.order & 0x3F
        return (self.setting.seed & 0xFFF) << 52 | place << 40

    async def prepare(self) -> None:
        """Make the pool, open the connections, and get producer ids."""
        self.rng = random.Random(f"{self.setting.seed}/{self.load.name}/{self.part.number}")  # noqa: S311
        self.pool = self._new_pool()
        weights = self.pool.partition_weights()
        self.weights = None if len(set(weights)) == 1 else weights[: self.touched]
        self.by_broker.lead(self.leaders)
        brokers = self._leading()
        wanted = round(peak_of(self.load.dials.connections)) or len(brokers)
        for number in range(self.part.number, wanted, self.part.parts):
            self.homes[number] = brokers[number % len(brokers)]
        addresses = self.setting.routes.brokers
        await self.open_all((number, addresses[home]) for number, home in self.homes.items())
        await asyncio.gather(*self.tasks)  # those that request producer ids

    def _new_pool(self) -> RequestPool:
        assert self.part.template is not None
        dials = self.load.dials
        compression = dials.compression or "none"
        kind = (
            RequestPool
            if compression == "none"
            else partial(
                CompressedPool, compression=compression, first_stamp=self.first_stamp, distinct=self._most_records()
            )
        )
        return kind(
            self.part.template,
            records=self.plan.records_per_request,
            sizes=self.plan.sizes,
            keys=dials.keys or parse_keys("unique"),
            partitions=len(self.leaders),
            rng=self.rng,
        )

    def _most_records(self) -> int:
        """How many records this worker may come to send, up to those that a compressed pool must make differ."""
        if self.plan.request_rate is None:
            return DISTINCT
        records = self.plan.request_rate.area(self.setting.duration) * self.plan.records_per_request
        return max(self.plan.records_per_request, min(DISTINCT, math.ceil(records / self.part.parts)))

    def _leading(self) -> list[int]:
        return sorted({leader for leader in self.leaders[: self.touched] if leader in self.setting.routes.brokers})

    def begin(self) -> None:
        """Plan the first request."""
        setting = self.setting
        super().begin()
        self.stamp = self.first_stamp
        if self.plan.request_rate is not None:
            self.due_time = due_times(self.plan.request_rate, self.load.arrivals, setting)
            self.next_due = self.due_time(self.index)

    def tick(self, now: int) -> int:
        """Send what is due; in a closed loop, as much as may be in flight."""
        end = self.setting.end
        self.send_retries(now)
        if now >= self.next_sweep:
            self.next_sweep = now + _SWEEP
            self._end_some(now)
            self.sweep(now)
        if self.closed_loop:
            self.send_closed_loop(now)
            return now if self.no_acks else self.next_sweep
        while self.next_due <= now and self.next_due < end:
            self._schedule(self.next_due, now)
            self.index += self.part.parts
            self.next_due = self.due_time(self.index)
        return min(self.next_due, self.next_sweep) if self.next_due < end else self.next_sweep

    def _schedule(self, due: int, now: int) -> None:
        self.counts.scheduled += self.pool.records
        if self.weights is None:
            partition = self.index % self.touched
        else:
            (partition,) = self.rng.choices(range(self.touched), self.weights)
        self.send_or_queue(ProduceRequest(due=due, partition=partition), now)

    def send_closed_loop(self, now: int) -> None:
        """The closed loop: as many requests as may be in flight."""
        if not self.closed_loop or now >= self.setting.end:
            return
        for connections in self.by_broker:
            most = _UNANSWERED if self.no_acks else math.inf
            while connections and connections.partitions and most > 0:
                most -= 1
                self.counts.scheduled += self.pool.records
                self.send(connections.take(), ProduceRequest(due=now, partition=self._turn_of(connections)), now)

    def _turn_of(self, connections: BrokerConnections) -> int:
        if self.weights is None:
            return connections.next_partition()
        return self.rng.choices(connections.partitions, [self.weights[number] for number in connections.partitions])[0]

    def on_ready(self, connection: Connection) -> None:
        """A connection may be used, an idempotent producer's once it knows its id."""
        number = connection.number
        if self.idempotent and number not in self.identities:
            self.spawn(self._identify(connection))
            return
        connection.state = self.identities.get(number)
        self.by_broker.of(self.homes[number]).add(connection)
        if self.lifetime:
            # The first ones end one after the other, so that they are not all opened again at one moment.
            share = 1.0 if number in self.lived else (number % len(self.homes) + 1) / len(self.homes)
            self.lived.add(number)
            heapq.heappush(self.ending, (time.monotonic_ns() + round(self.lifetime * share), number, connection))

    async def _identify(self, connection: Connection) -> None:
        self.identities[connection.number] = await init_producer_id(connection, self.part.frames["producer_id"])
        self.on_ready(connection)

    def _end_some(self, now: int) -> None:
        """Retire connections whose lifetime is over: they close after their last response, and are opened again."""
        while self.ending and self.ending[0][0] <= now:
            connection = heapq.heappop(self.ending)[-1]
            if self.open.get(connection.number) is connection:
                self.by_broker.of(self.homes[connection.number]).remove(connection)
                self.retiring.append(connection)
        for connection in [retired for retired in self.retiring if not retired.in_flight_count]:
            self.retiring.remove(connection)
            connection.end(LIVED)

    def on_lost(self, connection: Connection, reason: str) -> None:
        """A connection was lost: the outcome of requests in flight is unknown."""
        now = time.monotonic_ns()
        self.by_broker.of(self.homes[connection.number]).remove(connection)
        for _, _, request in connection.in_flight or ():
            if isinstance(request, ProduceRequest):
                self.on_connection_lost(request, now)
        connection.in_flight = None
        if self.closing:
            return
        if reason != LIVED:
            self.setting.stale()
        self.reopen(connection.number, partial(self._address_of, connection.number), at_once=reason == LIVED)

    def _address_of(self, number: int) -> Address | None:
        home = self.homes[number]
        leading = self._leading()
        if home not in leading and leading:
            home = self.homes[number] = leading[number % len(leading)]
        return self.setting.routes.brokers.get(home)

    def on_writable(self, connection: Connection) -> None:
        """A connection may be written to again."""
        self.send_next(connection, time.monotonic_ns())

    def on_new_routes(self) -> None:
        """Leaders moved: what waits goes to the new ones; one without a connection gets one."""
        self.by_broker.lead(self.leaders)
        for broker in self._leading():
            if broker not in self.homes.values():
                number = -1 - broker
                self.homes[number] = broker
                self.reopen(number, partial(self._address_of, number))
        self.sweep(time.monotonic_ns())

    async def finish(self, patience: float) -> None:
        """Wait for responses within a bound; what is left is dropped if it was never sent, else unknown."""
        give_up = time.monotonic() + patience
        while self._under_way() and time.monotonic() < give_up:
            now = time.monotonic_ns()
            self.send_retries(now)
            self.sweep(now)
            await asyncio.sleep(0.005)
        self.closing = True
        for connection in list(self.open.values()):
            for _, _, request in connection.in_flight or ():
                if isinstance(request, ProduceRequest) and request.buffer is not None:
                    self.errors["_TIMED_OUT"] += request.buffer.records
                    self.settle(request, unknown=True)
            connection.in_flight = None
        waiting = [request for connections in self.by_broker for request in connections.backlog]
        for request in [*waiting, *(retry[-1] for retry in self.retries_due)]:
            self.drop(request)

    def _under_way(self) -> Any:
        return (
            self.retries_due
            or any(connections.backlog for connections in self.by_broker)
            or any(connection.in_flight for connection in self.open.values())
        )

    def tally(self) -> Tally:
        """See Population."""
        counts = self.counts
        return replace(
            super().tally(),
            ledger=counts.ledger(self.load.name, self.unit, counts.acknowledged_bytes),
            answered={"Produce": counts.answers},
            resent=counts.resent,
            records=counts.acknowledged,
            bytes=counts.batch_bytes,
            late=counts.late_requests,
            distinct=min(1.0, self.pool.distinct_share()),
        )
