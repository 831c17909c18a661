"""How many connections a population of librdkafka producers will hold, predicted from metadata.

A producer connects to one bootstrap server, picked at random, and then to the leader of each partition that
it writes to. Where the bootstrap server is known to be one of those leaders, the two are one connection.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

from clusterload.generator.librdkafka.records import KEYS
from clusterload.kafka.cluster import Broker, Cluster, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPrediction:
    """A number of connections: its mean, and its standard deviation over the random picks."""

    mean: float
    deviation: float


def crc32_partition(key: str, partitions: int) -> int:
    """The partition that librdkafka's default partitioner (`consistent_random`, CRC-32) gives a key."""
    return crc32(key.encode()) % partitions


def predicted_connections(producers: int, topic: Topic, cluster: Cluster) -> ConnectionPrediction | None:
    """The connections that `producers` of the case's keys will hold; None with another partitioner."""
    if cluster.properties.values.get("partitioner", "consistent_random") not in {
        "consistent_random",
        "consistent",
    }:
        return None
    used = {crc32_partition(key, len(topic.partitions)) for key in KEYS}
    leaders = {topic.partitions[number].leader for number in used} - {-1}
    apart = _chance_apart(_bootstrap(cluster), leaders, cluster.brokers)
    return ConnectionPrediction(
        mean=producers * (len(leaders) + apart),
        deviation=math.sqrt(producers * apart * (1 - apart)),
    )


def _bootstrap(cluster: Cluster) -> Sequence[str]:
    return [server.strip().split("://")[-1] for server in cluster.servers.split(",") if server.strip()]


def _chance_apart(servers: Sequence[str], leaders: set[int], brokers: Iterable[Broker]) -> float:
    """The chance that a random bootstrap server is not one of the leaders, by its address."""
    at = {f"{broker.host}:{broker.port}": broker.id for broker in brokers}
    apart = [server for server in servers if at.get(server) not in leaders]
    return len(apart) / len(servers)
