"""What a worker has to do, and what it reports: plain values that any executor can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.generator.wire.request_pool import Template
    from clusterload.kafka.protocol.address import Address
    from clusterload.kafka.protocol.security import Security
    from clusterload.model.ledger import Ledger
    from clusterload.model.workload import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Where brokers are and who leads what, as metadata has it.

    Attributes:
        brokers: address by broker id.
        leaders: for each topic, the broker id that leads each partition in order; -1 where none does.
    """

    brokers: Mapping[int, Address]
    leaders: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPart:
    """One worker's part of a Load.

    Attributes:
        load: the whole Load.
        order: the Load's place among those of the run, from 0.
        number: this part's, from 0.
        parts: how many there are; event k of the Load's schedule belongs to part k mod parts.
        frames: requests made beforehand, by name.
        template: of Produce requests; None where the Load makes none.
    """

    load: Load
    order: int
    number: int
    parts: int
    frames: Mapping[str, bytes]
    template: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTask:
    """All that one worker does.

    Attributes:
        worker: its number, from 0.
        parts: of Loads.
        duration: seconds of load.
        warm_up: seconds from the start whose latency is not kept.
        routes: as of now; later ones are sent.
        security: how to speak to brokers.
        seed: of this run.
    """

    worker: int
    parts: tuple[LoadPart, ...]
    duration: float
    warm_up: float
    routes: Routes
    security: Security
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One worker's part of a Load so far; counts are since the start, latencies since the last tally.

    Attributes:
        answered: requests answered, by API.
        connections: open now.
        made: connections that were made and logged in.
        lost: reasons why connections were lost, with their number.
        resent: records that were retried.
        throttled: milliseconds of throttle time.
        records: acknowledged or consumed.
        bytes: of record batches acknowledged or consumed.
        due: latency from the due time, microseconds to count.
        sent: latency from the send, likewise.
        delay: from due to sent, likewise.
        end_to_end: from a record's due time to its being read, likewise.
    """

    load: str
    ledger: Ledger
    answered: Mapping[str, int] = field(default_factory=dict)
    connections: int = 0
    made: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    resent: int = 0
    throttled: int = 0
    records: int = 0
    bytes: int = 0
    late: int = 0
    distinct: float | None = None
    alive: int | None = None
    due: Mapping[int, int] = field(default_factory=dict)
    sent: Mapping[int, int] = field(default_factory=dict)
    delay: Mapping[int, int] = field(default_factory=dict)
    end_to_end: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """What a worker reports about once a second.

    Attributes:
        worker: its number.
        elapsed: seconds of load so far.
        tallies: of its Loads.
        cpu: seconds of CPU that its process took since the load began.
        lag: longest that its event loop was late since the last report, seconds.
        rss: bytes of memory that it holds.
        last: whether the load is over, and this all there is.
    """

    worker: int
    elapsed: float
    tallies: tuple[Tally, ...]
    cpu: float
    lag: float
    rss: int
    last: bool = False
