"""What it costs brokers to tell of each client: their CPU with and without a quota that binds nobody.

python -m benchmarks.unlock_cost [--quick] [--repeats N]

So many clients, each with an id of its own, send to three brokers. Both stretches are read by the exporters each second
and take turns on the same brokers, so that what the machine does besides falls on both.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from statistics import median
from typing import Final

from confluent_kafka import Producer

from benchmarks.rig import tables
from benchmarks.rig.contest import Figures, Medians
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.tables import Column, of
from benchmarks.rig.trio import Trio, trio
from clusterload.kafka.configuration import client_quotas
from clusterload.model.points import Points
from clusterload.model.series import Point
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.workflow.temporary_quota import Lease, temporary_quota

NAME: Final = "unlock_cost"
CLIENTS: Final = 100
FULL: Final = 40.0
_RATE: Final = 5.0  # records a second and client, each a request
_SETTLE: Final = 12.0  # seconds until the figures of clients are full, or gone
_FREE: Final = {"producer_byte_rate": 1e15, "consumer_byte_rate": 1e15, "request_percentage": 1e9}


class Counted:
    """Takes points and keeps how many there are, and of how many clients."""

    def __init__(self) -> None:
        self.points, self.clients = 0, set[str]()

    def record(self, point: Point) -> None:
        """Count it."""
        self.points += 1
        if point.name == "thread_time_by_client" and point.value > 0:
            self.clients.add(point.labels.get("client", ""))

    def record_all(self, points: Points) -> None:
        """Take one point each of many Series."""
        for point in points:
            self.record(point)

    def event(self, time: int, kind: str, text: str) -> None:
        """Nothing is made of it."""


@contextmanager
def sending(servers: str, clients: int) -> Iterator[None]:
    """Clients that each send a few small requests a second."""
    over, topic = threading.Event(), "unlock-cost"
    producers = [
        Producer({"bootstrap.servers": servers, "client.id": f"client-{number}", "linger.ms": 0, "log_level": 0})
        for number in range(clients)
    ]

    def send() -> None:
        due = time.monotonic()
        while not over.is_set():
            for producer in producers:
                producer.produce(topic, b"x" * 100)
                producer.poll(0)
            due += 1 / _RATE
            over.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for producer in producers:
            producer.flush(10)


def stretch(brokers: Trio, seconds: float, settle: float, *, unlock: bool) -> Figures:
    """The brokers' cores over a stretch, and how much the exporters told in it."""
    entity = {"client-id": "clusterload-unlock-benchmark"}
    held: AbstractContextManager[Lease | None] = (
        temporary_quota(brokers.cluster, entity, _FREE, why="a benchmark", seconds=10 * (seconds + settle) + 60)
        if unlock
        else nullcontext()
    )
    counted = Counted()
    source = ExporterSource({str(key): url for key, url in brokers.lab.exporters.items()})
    with held:
        if bool(client_quotas(brokers.cluster)) is not unlock:
            raise RuntimeError("the quotas are not as they were set; see that nobody else uses these brokers")
        time.sleep(settle)
        source.start(counted)
        before, begin = brokers.cpu(), time.monotonic()
        time.sleep(seconds)
        cores = (brokers.cpu() - before) / (time.monotonic() - begin)
        source.stop()
    which = "with" if unlock else "without"
    return {which: cores, f"points_{which}": counted.points / seconds, f"clients_{which}": float(len(counted.clients))}


def turn(brokers: Trio, repeat: int, options: Options) -> Figures:
    """A stretch of each; which comes first changes from turn to turn."""
    found: Figures = {}
    for unlock in (False, True) if repeat % 2 else (True, False):
        found |= stretch(brokers, options.seconds(FULL, quick=4.0), options.seconds(_SETTLE, quick=1.0), unlock=unlock)
    found["cost"] = found["with"] - found["without"]
    return found


COLUMNS: Final = (
    Column(title="brokers without, cores", value=of("without"), form=".3f"),
    Column(title="with", value=of("with"), form=".3f"),
    Column(title="costs them", value=of("cost"), form="+.3f"),
    Column(title="least", value=of("cost_least"), form="+.3f"),
    Column(title="most", value=of("cost_most"), form="+.3f"),
    Column(title="points/s without", value=of("points_without")),
    Column(title="with", value=of("points_with")),
    Column(title="clients told", value=of("clients_with")),
)


def held(options: Options) -> Medians:
    """Let both have their turns on the same brokers."""
    turns, clients = list[Figures](), options.count(CLIENTS, 5)
    with trio("exporter") as brokers, sending(brokers.lab.bootstrap_servers, clients):
        time.sleep(options.seconds(_SETTLE, quick=1.0))
        for repeat in range(1, options.repeats + 1):
            print(f"  {NAME}, turn {repeat} of {options.repeats}", flush=True)
            turns.append(turn(brokers, repeat, options))
    costs = [turn["cost"] for turn in turns]
    medians = {name: median(turn[name] for turn in turns) for name in turns[0]}
    return {f"{clients} clients": medians | {"cost_least": min(costs), "cost_most": max(costs)}}


def main() -> int:
    """Measure and print."""
    options = parsed(__doc__)
    medians = held(options)
    tables.show("What telling of each client costs three brokers", medians, COLUMNS)
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
