"""Cluster: brokers, partitions with their replicas, client ids and groups, and what each client asks of each broker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clusterload.analysis.causes.blame import offsets_partition
from clusterload.model.series import Floats

Rows: TypeAlias = NDArray[Any]
"""A structured array of `ROW`."""

Numbers: TypeAlias = NDArray[np.int64]

ROW: Final = np.dtype(
    [
        ("client", "i4"),
        ("topic", "i4"),  # -1: no topic's data
        ("partition", "i4"),  # of the cluster, not of the topic; -1: asked of `broker`
        ("broker", "i4"),
        *((name, "f8") for name in (
            "produce", "records", "bytes_in", "fetch", "bytes_out", "commit", "metadata", "heartbeat", "join",
            "connections", "attempts",
        )),
    ]
)  # fmt: skip
"""What one client asks of one partition's leader, or of one broker: requests, records and bytes a second, connections.

Heartbeats and joins are those of groups; attempts are connections made a second.
"""

OFFSETS: Final = "__consumer_offsets"
_OFFSETS_PARTITIONS: Final = 50  # offsets.topic.num.partitions of Kafka's own defaults
_REPLICAS: Final = 3
_MEMBERS: Final = 4
_BATCH: Final = 30e3
_RECORD: Final = 1e3
_WORDS: Final = (
    "orders", "billing", "stock", "search", "clicks", "audit", "mail", "fraud", "prices", "routes", "ledger", "geo",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a cluster is.

    Attributes:
        brokers: how many.
        cores: of each broker's host.
        topics: of clients.
        partitions: of each topic.
        groups: consumer groups, of four members each.
        producers: client ids that produce, each to one topic.
        ingress: bytes a second of the whole cluster.
        connections: of clients, of the whole cluster.
        even: whether all topics get as many bytes; otherwise few get most.
        joins: of group members, a second.
        failed: logins that fail, a second.
        disk_reads: bytes a second that are read from disk.
    """

    brokers: int
    cores: int
    topics: int
    partitions: int
    groups: int
    producers: int
    ingress: float
    connections: int
    even: bool = False
    joins: float = 0.2
    failed: float = 0.0
    disk_reads: float = 0.0

    @classmethod
    def of(cls, brokers: int, cores: int = 8) -> Size:
        """So many brokers, each with 200 partitions to lead, 30 client ids, 5 groups, 18 MB/s and 400 connections."""
        return cls(
            brokers=brokers, cores=cores, topics=10 * brokers, partitions=20, groups=5 * brokers,
            producers=10 * brokers, ingress=18e6 * brokers, connections=400 * brokers, joins=0.002 * brokers,
            disk_reads=2e5 * brokers,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster and what its clients ask of it.

    Attributes:
        size: how large it is.
        topics: their names, the offsets' topic is the last.
        topic_of: of each partition.
        index: of each partition within its topic.
        replicas: brokers of each partition, its leader first, shape `(partitions, 3)` or fewer.
        clients: names of client ids.
        groups: names, and what each reads is in `reads`.
        reads: the topic of each group.
        rows: who asks what of whom.
    """

    size: Size
    topics: tuple[str, ...]
    topic_of: Numbers
    index: Numbers
    replicas: Numbers
    clients: tuple[str, ...]
    groups: tuple[str, ...]
    reads: Numbers
    rows: Rows

    @property
    def leaders(self) -> Numbers:
        """The broker that leads each partition, from 0."""
        return self.replicas[:, 0]

    def partitions_of(self, topic: int) -> Numbers:
        """The partitions of a topic, by number."""
        return np.flatnonzero(self.topic_of == topic)

    def offsets_of(self, group: str) -> int:
        """The partition that a group's offsets are kept in; its leader coordinates the group."""
        return int(self.partitions_of(len(self.topics) - 1)[offsets_partition(group, _OFFSETS_PARTITIONS)])

    def brokers_of(self, rows: Rows) -> Numbers:
        """The broker that each row asks."""
        return np.where(rows["partition"] >= 0, self.leaders[rows["partition"]], rows["broker"])

    def with_rows(self, added: Rows) -> Cluster:
        """The same with more asked of it."""
        return replace(self, rows=np.concatenate([self.rows, added]))

    def with_clients(self, *names: str) -> tuple[Cluster, int]:
        """The same with more client ids, and the number of the first of them."""
        return replace(self, clients=(*self.clients, *names)), len(self.clients)

    def members(self, group: int) -> range:
        """The client ids of a group's members."""
        first = self.size.producers + group * _MEMBERS
        return range(first, first + _MEMBERS)


def summed(where: Numbers, amounts: Floats, count: int) -> Floats:
    """Amounts added up by the place, from 0 to `count`, that each belongs to; shape `(count,)`."""
    found: Floats = np.bincount(where, weights=amounts, minlength=count).astype(np.float64)
    return found


def rows_of(count: int, **values: Any) -> Rows:
    """So many rows; what is not given is 0, or nowhere."""
    made = np.zeros(count, dtype=ROW)
    made["topic"] = made["partition"] = made["broker"] = -1
    for name, value in values.items():
        made[name] = value
    return made


def build(size: Size, seed: int = 1) -> Cluster:
    """A cluster at rest. The same size and seed give the same one."""
    chance = np.random.default_rng(seed)
    topics = (*(f"{_WORDS[at % len(_WORDS)]}.{at:04d}" for at in range(size.topics)), OFFSETS)
    counts = np.array([size.partitions] * size.topics + [_OFFSETS_PARTITIONS])
    topic_of = np.repeat(np.arange(len(topics)), counts)
    index = np.concatenate([np.arange(count) for count in counts])
    shares = _shares(size, chance)
    producers = tuple(f"{_WORDS[at % len(_WORDS)]}-writer-{at:04d}" for at in range(size.producers))
    groups = tuple(f"{_WORDS[at % len(_WORDS)]}-readers-{at:03d}" for at in range(size.groups))
    members = tuple(f"{group}-{member}" for group in groups for member in range(_MEMBERS))
    # As many readers as a topic has bytes: what is worth most is read most.
    borders = (np.arange(size.groups) + 0.5) / max(1, size.groups)
    bare = Cluster(
        size=size,
        topics=topics,
        topic_of=topic_of,
        index=index,
        replicas=_placed(size.brokers, len(topic_of), chance),
        clients=(*producers, *members),
        groups=groups,
        reads=np.minimum(np.searchsorted(np.cumsum(shares), borders), size.topics - 1),
        rows=rows_of(0),
    )
    writing = _writing(bare, shares, chance)
    loaded = bare.with_rows(np.concatenate([writing, _reading(bare, writing), _coordinated(bare)]))
    return replace(loaded, rows=_connected(loaded, chance))


def _shares(size: Size, chance: np.random.Generator) -> Floats:
    """Each topic's share of the bytes."""
    if size.even:
        return np.full(size.topics, 1 / size.topics)
    weights: Floats = chance.lognormal(0.0, 1.15, size.topics)
    capped = np.minimum(weights, 0.1 * max(1, 100 / size.topics) * weights.sum())
    whole: Floats = capped / capped.sum()
    return whole


def _placed(brokers: int, count: int, chance: np.random.Generator) -> Numbers:
    """Replicas as Kafka assigns them: each broker leads as many, followers stand at a random distance."""
    kept = min(_REPLICAS, brokers)
    rounds = -(-count // brokers)
    leaders = np.concatenate([chance.permutation(brokers) for _ in range(rounds)])[:count]
    if kept == 1:
        return leaders[:, None]
    first = chance.integers(1, brokers, count)
    second = chance.integers(1, max(2, brokers - 1), count)
    second = second + (second >= first)  # as likely each other distance
    columns = [leaders, (leaders + first) % brokers, (leaders + second) % brokers]
    return np.stack(columns[:kept], axis=1)


def _writing(cluster: Cluster, shares: Floats, chance: np.random.Generator) -> Rows:
    """Each producer to all partitions of its topic; batches are as large as the producer's settings make them."""
    size, found = cluster.size, []
    writers = np.arange(size.producers) % size.topics
    per_topic = np.bincount(writers, minlength=size.topics)
    batch = _BATCH * chance.lognormal(0.0, 0.4, size.producers)
    for client, topic in enumerate(writers):
        into = size.ingress * shares[topic] / per_topic[topic] / size.partitions
        partitions = cluster.partitions_of(int(topic))
        found.append(
            rows_of(
                len(partitions), client=client, topic=topic, partition=partitions, bytes_in=into,
                produce=into / batch[client], records=into / _RECORD,
            )
        )  # fmt: skip
    return np.concatenate(found)


def _reading(cluster: Cluster, writing: Rows) -> Rows:
    """Each group reads all of its topic; its members share the partitions."""
    into = summed(writing["partition"], writing["bytes_in"], len(cluster.topic_of))
    woken = summed(writing["partition"], writing["produce"], len(cluster.topic_of))
    found = [rows_of(0)]
    for group, topic in enumerate(cluster.reads):
        found.append(fetching(cluster, list(cluster.members(group)), int(topic), into, woken))
    return np.concatenate(found)


def fetching(cluster: Cluster, members: list[int], topic: int, into: Floats, woken: Floats) -> Rows:
    """What these members ask to read a topic once.

    Args:
        cluster: whose topic it is.
        members: client ids that share the partitions.
        topic: which one.
        into: bytes a second of each partition.
        woken: appends a second of each partition: each ends a waiting fetch, and those of 20 ms share one.
    """
    partitions = cluster.partitions_of(topic)
    return rows_of(
        len(partitions),
        client=np.array(members)[cluster.index[partitions] % len(members)],
        topic=topic,
        partition=partitions,
        fetch=0.5 + woken[partitions] / (1 + 0.02 * woken[partitions]),
        bytes_out=into[partitions],
    )


def _coordinated(cluster: Cluster) -> Rows:
    """Members' heartbeats each 3 s and commits each 5 s, as Kafka's own defaults have them."""
    found = [rows_of(0)]
    everybody = _MEMBERS * len(cluster.groups)
    for group, name in enumerate(cluster.groups):
        found.append(
            rows_of(
                _MEMBERS, client=np.array(cluster.members(group)), partition=cluster.offsets_of(name),
                topic=len(cluster.topics) - 1, commit=0.2, heartbeat=1 / 3, join=cluster.size.joins / everybody,
            )
        )  # fmt: skip
    return np.concatenate(found)


def _connected(cluster: Cluster, chance: np.random.Generator) -> Rows:
    """A connection from each client to each broker that it asks, and as many instances as there are connections."""
    rows = cluster.rows.copy()
    place = rows["client"].astype(np.int64) * cluster.size.brokers + cluster.brokers_of(rows)
    _, first = np.unique(place, return_index=True)
    weights = chance.lognormal(0.0, 0.5, len(first))
    rows["connections"][first] = cluster.size.connections * weights / weights.sum()
    rows["attempts"] = rows["connections"] / 600  # connections.max.idle.ms and restarts
    rows["metadata"] = rows["connections"] / 300  # metadata.max.age.ms
    return rows
