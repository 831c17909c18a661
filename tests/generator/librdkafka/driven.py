"""Driving the client engine alone, and looking at what it left on a cluster."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription  # type: ignore[attr-defined]

from clusterload import Cluster, Dials, Load
from clusterload.generator.librdkafka import generate_load
from clusterload.generator.progress import GeneratedLoad, Progress
from clusterload.model.ledger import Ledger


def new_name(what: str) -> str:
    return f"clusterload-{what}-{uuid.uuid4().hex[:8]}"


def a_load(kind: str, topic: str, **dials: float) -> Load:
    return Load(name=f"{kind}-{topic}", topic=topic, kind=kind, engine="client", dials=Dials(**dials))  # type: ignore[arg-type]


@dataclass
class Told:
    """What the engine told: totals of each Load's counts, and the end."""

    totals: dict[str, Counter[str]] = field(default_factory=dict)
    ends: list[GeneratedLoad] = field(default_factory=list)

    def ledger(self, load: Load) -> Ledger:
        (found,) = [ledger for ledger in self.ends[-1].ledgers if ledger.load == load.name]
        return found


def make(
    cluster: Cluster,
    *loads: Load,
    seconds: float,
    on_progress: Callable[[Progress], None] = lambda _: None,
    told: Told | None = None,
) -> Told:
    told = told or Told()
    generate_load(
        loads,
        seconds,
        cluster.properties,
        seed=7,
        on_progress=on_progress,
        on_counts=lambda load, _, counts: told.totals.update({load: Counter(counts)}),
        on_end=told.ends.append,
    )
    return told


def described(cluster: Cluster, group: str) -> ConsumerGroupDescription:
    admin = AdminClient({"bootstrap.servers": cluster.servers})
    (asked,) = admin.describe_consumer_groups([group]).values()
    found: ConsumerGroupDescription = asked.result(60)
    return found


def committed(cluster: Cluster, topic: str) -> list[tuple[bytes, bytes]]:
    """All that a reader of committed records sees up to the end of each partition."""
    config = {
        "bootstrap.servers": cluster.servers,
        "group.id": new_name("reader"),
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    }
    partitions = {partition.id for partition in cluster.topics([topic])[0].partitions}
    consumer = Consumer(config)
    consumer.subscribe([topic])
    found: list[tuple[bytes, bytes]] = []
    give_up = time.monotonic() + 120
    while partitions and time.monotonic() < give_up:
        for message in consumer.consume(500, 0.2):
            error = message.error()
            if error is None:
                found.append((message.key() or b"", message.value() or b""))
            elif error.code() == KafkaError._PARTITION_EOF:
                partitions.discard(message.partition() or 0)
    consumer.close()
    assert not partitions
    return found
