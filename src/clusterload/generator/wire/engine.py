"""Loads of the wire engine from their plan to their account."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from clusterload.generator.progress import GeneratedLoad
from clusterload.generator.wire import frames
from clusterload.generator.wire.account import Account
from clusterload.generator.wire.fleet import Fleet, connected_fleet, finder
from clusterload.generator.wire.readers import connections_of
from clusterload.generator.wire.worker_messages import LoadPart, Routes, WorkerTask
from clusterload.kafka.protocol.security import security_of
from clusterload.model.series import SECOND
from clusterload.model.workload import MAX, PREFIX
from clusterload.model.workload.dials import peak_of
from clusterload.model.workload.loads import resolve

if TYPE_CHECKING:
    from clusterload.generator.wire.request_pool import Template
    from clusterload.kafka.properties import Properties
    from clusterload.model.workload import Load
    from clusterload.telemetry.runfile import Recorder

REQUESTS_A_WORKER: Final = 15_000.0
"""Requests/s beyond which a Load is shared by two workers."""

CONNECTIONS_A_WORKER: Final = 20_000.0
"""Connections beyond which a Load is shared by two workers."""

PRODUCE_TIMEOUT_MS: Final = 30_000


@dataclass(slots=True, kw_only=True, eq=False)
class PreparedLoads:
    """Loads whose connections are open, ready to begin."""

    account: Account
    duration: float
    _fleet: Fleet
    start: int = 0

    def begin(self) -> int:
        """Begin the load; the Unix nanoseconds at which it does, a moment from now."""
        self.start = self.account.start = self._fleet.begin(self.duration)
        return self.start

    def join(self, on_second: Callable[[], None] = lambda: None) -> GeneratedLoad:
        """Wait for the end, and for the last responses.

        Raises:
            ClusterError: a worker failed; what it had counted stays in the account.
        """
        self._fleet.join(on_second)
        return self.made

    @property
    def made(self) -> GeneratedLoad:
        """The load so far."""
        end = min(time.time_ns(), self.start + round(self.duration * SECOND))
        return GeneratedLoad(start=self.start, end=end, ledgers=self.account.ledgers)

    def stop(self) -> None:
        """End the load early; what is in flight is waited for, a moment."""
        self._fleet.stop()


@contextmanager
def prepared_loads(
    loads: Sequence[Load],
    duration: float,
    properties: Properties,
    recorder: Recorder,
    *,
    seed: int,
    warm_up: float = 0.0,
    workers: int | None = None,
    executor: Executor | None = None,
) -> Iterator[PreparedLoads]:
    """Connect the clients of these Loads; they send nothing before `begin`.

    Args:
        loads: of the wire engine.
        duration: seconds.
        properties: of the cluster's clients.
        recorder: gets Series as the load goes.
        seed: of all chance.
        warm_up: seconds whose latency is not kept.
        workers: processes; by default as many as the dials call for.
        executor: where workers run; processes of this machine by default.

    Raises:
        ConfigurationError: this engine cannot use a property.
        ClusterError: brokers refused, or not all connections could be made.
    """
    security = security_of(properties)
    topics = tuple(dict.fromkeys(load.topic for load in loads if _needs_topic(load)))
    servers = properties.values.get("bootstrap.servers") or properties.values.get("metadata.broker.list", "")
    needed = {api: spoken for load in loads for api, spoken in frames.NEEDED[load.kind].items()}
    find = finder(servers, security, f"{PREFIX}-wire", topics, needed)
    routes = find()
    works = _works(loads, duration, warm_up, routes, seed, workers or worker_count(loads), security)
    closed = frozenset(load.name for load in loads if _closed(load))
    account = Account(loads, recorder, closed_loops=closed)
    with connected_fleet(works, find=find, on_report=account.take, executor=executor) as ready:
        yield PreparedLoads(account=account, duration=duration, _fleet=ready)


def _works(
    loads: Sequence[Load],
    duration: float,
    warm_up: float,
    routes: Routes,
    seed: int,
    workers: int,
    security: Any,
) -> list[WorkerTask]:
    shares = {load.name: _share(load, workers, routes) for load in loads}
    made = {load.name: (_frames(load), _template(load)) for load in loads}
    return [
        WorkerTask(
            worker=worker,
            parts=tuple(
                LoadPart(
                    load=load,
                    order=order,
                    number=worker,
                    parts=shares[load.name],
                    frames=made[load.name][0],
                    template=made[load.name][1],
                )
                for order, load in enumerate(loads)
                if worker < shares[load.name]
            ),
            duration=duration,
            warm_up=warm_up,
            routes=routes,
            security=security,
            seed=seed,
        )
        for worker in range(workers)
    ]


def _needs_topic(load: Load) -> bool:
    return load.kind in {"produce", "consume"} or load.dials.commit_rate is not None


def _frames(load: Load) -> dict[str, bytes]:
    client_id, topic = load.client_id, load.topic
    made = {
        "api_versions": frames.api_versions(client_id),
        "metadata": frames.metadata(client_id),
        "producer_id": frames.producer_id(client_id),
    }
    if load.kind == "consume":
        made["fetch"] = frames.fetch(client_id, topic, min_bytes=load.setting("fetch_min_bytes"))
        made["list_offsets"] = frames.list_offsets(client_id, topic)
    if load.kind == "admin":
        made["find_coordinator"] = frames.find_coordinator(client_id, load.group_id)
        made["commit"] = frames.offset_commit(client_id, load.group_id, topic)
    return made


def _template(load: Load) -> Template | None:
    if load.kind != "produce":
        return None
    acks = {"0": 0, "1": 1, "all": -1}[load.dials.acks or "all"]
    return frames.produce_template(load.topic, client_id=load.client_id, acks=acks, timeout_ms=PRODUCE_TIMEOUT_MS)


def _share(load: Load, workers: int, routes: Routes) -> int:
    """How many workers share a Load: each must reach every leading broker, and a reader is not divided."""
    if load.kind == "consume":
        leading = len(set(routes.leaders[load.topic][: load.dials.partitions]) & routes.brokers.keys())
        return min(workers, connections_of(load, leading)[0])
    if load.kind == "admin":
        return min(workers, max(1, round(peak_of(load.dials.connections))))
    if load.kind != "produce":
        return min(workers, max(1, round(peak_of(load.dials.connections)) or workers))
    leading = len(set(routes.leaders[load.topic]))
    connections = round(peak_of(load.dials.connections))
    return max(1, min(workers, connections // leading)) if connections else 1


def worker_count(loads: Iterable[Load]) -> int:
    """How many worker processes these Loads call for, at most one a core."""
    wanted = 0.0
    for load in loads:
        wanted += peak_of(load.dials.connections) / CONNECTIONS_A_WORKER
        if load.kind == "produce" and not _closed(load):
            wanted += resolve(load).request_peak / REQUESTS_A_WORKER
    return min(max(1, math.ceil(wanted)), os.cpu_count() or 1)


def _closed(load: Load) -> bool:
    """Whether what comes next waits for what came before, so that no latency from a due time is known."""
    match load.kind:
        case "produce":
            return resolve(load).request_rate is None
        case "consume":
            return load.dials.fetch_rate in {None, MAX}
        case _:
            return load.dials.connection_rate == MAX
