"""Plants: causes that are put into a cluster at rest, each with what is then true of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from benchmarks.big_cluster.cluster import Cluster, Numbers, Rows, fetching, rows_of, summed
from benchmarks.big_cluster.rates import WELL, Ailment
from clusterload.model.series import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A cluster with a cause in it.

    Attributes:
        cluster: as it is from the onset on.
        ailment: of a slow broker.
        causes: any of them is right; none where nothing is wrong.
        culprits: kind and name; any of them is right, in any place where several share it.
        brokers: those that it matters to, by id; empty for all.
        gets: what each of these brokers gets, in words.
    """

    cluster: Cluster
    ailment: Ailment = WELL
    causes: tuple[str, ...] = ()
    culprits: tuple[tuple[str, str], ...] = ()
    brokers: tuple[str, ...] = ()
    gets: str = ""


Plant: TypeAlias = Callable[[Cluster], Planted]


def ids(brokers: Iterable[int] | Numbers) -> tuple[str, ...]:
    """Brokers by id, which begins at 1."""
    return tuple(str(int(broker) + 1) for broker in sorted({int(broker) for broker in brokers}))


def small_batches(cluster: Cluster, rate: float = 4000.0, partitions: int = 2) -> Planted:
    """One client sends each record by itself, to a few partitions of its topic."""
    topic = _middling(cluster)
    client = _writer_of(cluster, topic)
    chosen = cluster.partitions_of(topic)[:partitions]
    added = rows_of(
        len(chosen), client=client, topic=topic, partition=chosen, produce=rate / partitions,
        records=rate / partitions, bytes_in=200 * rate / partitions,
    )  # fmt: skip
    return Planted(
        cluster=cluster.with_rows(added),
        causes=("small-batches",),
        culprits=(("client", cluster.clients[client]), ("topic", cluster.topics[topic])),
        brokers=ids(cluster.leaders[chosen]),
        gets=f"{rate / partitions:,.0f} Produce/s of 200 B more",
    )


def metadata(cluster: Cluster, rate: float = 2000.0, brokers: int = 2) -> Planted:
    """One client asks a few brokers for metadata in a loop."""
    client = _writer_of(cluster, _middling(cluster))
    asked = np.arange(brokers) * max(1, cluster.size.brokers // brokers)
    return Planted(
        cluster=cluster.with_rows(rows_of(brokers, client=client, broker=asked, metadata=rate / brokers)),
        causes=("metadata-storm",),
        culprits=(("client", cluster.clients[client]),),
        brokers=ids(asked),
        gets=f"{rate / brokers:,.0f} Metadata/s more",
    )


def commits(cluster: Cluster, rate: float = 3000.0) -> Planted:
    """One group commits after each record: one broker coordinates it."""
    group = len(cluster.groups) // 2
    members, name = cluster.members(group), cluster.groups[group]
    partition = cluster.offsets_of(name)
    added = rows_of(
        len(members), client=np.array(members), topic=len(cluster.topics) - 1, partition=partition,
        commit=rate / len(members),
    )  # fmt: skip
    return Planted(
        cluster=cluster.with_rows(added),
        causes=("offset-commits",),
        culprits=(("group", name), *(("client", cluster.clients[member]) for member in members)),
        brokers=ids([cluster.leaders[partition]]),
        gets=f"{rate:,.0f} OffsetCommit/s more",
    )


def leader_skew(cluster: Cluster, times: float = 3.0) -> Planted:
    """One broker leads several times its share, of partitions that it has replicas of; the others lead fewer."""
    broker = cluster.size.brokers // 3
    share = len(cluster.topic_of) / cluster.size.brokers
    replicas = cluster.replicas.copy()
    followed = np.flatnonzero(np.any(replicas[:, 1:] == broker, axis=1))
    taken = followed[: max(0, round((times - 1) * share))]
    for partition in taken:
        place = int(np.flatnonzero(replicas[partition] == broker)[0])
        replicas[partition, [0, place]] = replicas[partition, [place, 0]]
    moved = replace(cluster, replicas=replicas)
    return Planted(
        cluster=moved,
        causes=("leader-skew",),
        culprits=(("broker", str(broker + 1)),),
        brokers=(str(broker + 1),),
        gets=f"{np.sum(moved.leaders == broker):,} leaders, {share:,.0f} before",
    )


def hot_partition(cluster: Cluster, rate: float = 60e6) -> Planted:
    """A producer's keys are skewed: one partition gets all of what is new."""
    topic = _middling(cluster)
    client = _writer_of(cluster, topic)
    partition = int(cluster.partitions_of(topic)[3])
    added = rows_of(
        1, client=client, topic=topic, partition=partition, bytes_in=rate, records=rate / 1e3, produce=rate / 100e3
    )
    return Planted(
        cluster=cluster.with_rows(added),
        causes=("hot-partition",),
        culprits=(("topic", cluster.topics[topic]), ("client", cluster.clients[client])),
        brokers=ids([cluster.leaders[partition]]),
        gets=f"{rate / 1e6:,.0f} MB/s more, and its followers as much",
    )


def fan_out(cluster: Cluster, groups: int = 20, members: int = 4) -> Planted:
    """More groups read the largest topic."""
    topic = _largest(cluster)
    partitions = cluster.partitions_of(topic)
    into, woken = _written(cluster, "bytes_in"), _written(cluster, "produce")
    names = [f"backfill-{group:02d}-{member}" for group in range(groups) for member in range(members)]
    wider, first = cluster.with_clients(*names)
    added: list[Rows] = []
    for group in range(groups):
        members_of = list(range(first + group * members, first + (group + 1) * members))
        reading = fetching(wider, members_of, topic, into, woken)
        reading["connections"] = min(len(partitions), cluster.size.brokers) / len(partitions)
        added.append(reading)
    return Planted(
        cluster=wider.with_rows(np.concatenate(added)),
        causes=("fan-out",),
        culprits=(("topic", cluster.topics[topic]), *(("client", name) for name in names)),
        brokers=ids(cluster.leaders[partitions]),
        gets=f"{groups * into[partitions].sum() / 1e6 / len(set(cluster.leaders[partitions])):,.0f} MB/s more to read",
    )


def connections(cluster: Cluster, count: int = 12_000) -> Planted:
    """An application of many instances: each holds a connection to each leader of a topic, and sends every 2 s."""
    topic = _middling(cluster)
    partitions = cluster.partitions_of(topic)
    wider, client = cluster.with_clients("storefront")
    each = count / len(partitions)
    added = rows_of(
        len(partitions), client=client, topic=topic, partition=partitions, connections=each, produce=each / 2,
        records=each / 2, bytes_in=each * 500, attempts=each / 300,
    )  # fmt: skip
    return Planted(
        cluster=wider.with_rows(added),
        causes=("connections",),
        culprits=(("client", "storefront"), ("topic", cluster.topics[topic])),
        brokers=ids(cluster.leaders[partitions]),
        gets=f"{count / len(set(cluster.leaders[partitions])):,.0f} connections more, each a Produce every 2 s",
    )


def slow_broker(cluster: Cluster) -> Planted:
    """A broker whose disk is slow: others wait for it as a replica, and it appends late."""
    broker = cluster.size.brokers // 2
    return Planted(
        cluster=cluster,
        ailment=Ailment(broker=broker, late_ms=400.0, append=40.0, lagging=0.2),
        causes=("slow-replica", "disk"),
        culprits=(("broker", str(broker + 1)),),
        brokers=(str(broker + 1),),
        gets="its fetches 400 ms late, its appends 40 times as long, a fifth of its replicas out of sync",
    )


PLANTS: Final[dict[str, Plant]] = {
    "small-batches": small_batches,
    "metadata": metadata,
    "commits": commits,
    "leader-skew": leader_skew,
    "hot-partition": hot_partition,
    "fan-out": fan_out,
    "connections": connections,
    "slow-broker": slow_broker,
}
"""By name; each is put into a cluster at rest."""


def grown(cluster: Cluster, client: int, times: float) -> Cluster:
    """The same with a client that asks so many times as much."""
    rows = cluster.rows.copy()
    mine = rows["client"] == client
    for name in ("produce", "records", "bytes_in", "fetch", "bytes_out"):
        rows[name][mine] *= times
    return replace(cluster, rows=rows)


def drifted(cluster: Cluster, share: float, seed: int) -> Cluster:
    """The same with clients that each ask a little more or less."""
    factors = np.random.default_rng(seed).lognormal(0.0, share, len(cluster.clients))
    rows = cluster.rows.copy()
    for name in ("produce", "records", "bytes_in", "fetch", "bytes_out"):
        rows[name] *= factors[rows["client"]]
    return replace(cluster, rows=rows)


def _written(cluster: Cluster, name: str) -> Floats:
    """What is written to each partition."""
    rows = cluster.rows[cluster.rows["partition"] >= 0]
    return summed(rows["partition"], rows[name], len(cluster.topic_of))


def _sizes(cluster: Cluster) -> Floats:
    """Bytes a second that each topic of clients gets."""
    return summed(cluster.topic_of, _written(cluster, "bytes_in"), len(cluster.topics))[: cluster.size.topics]


def _middling(cluster: Cluster) -> int:
    """The topic that half of all topics are larger than."""
    return int(np.argsort(_sizes(cluster), kind="stable")[cluster.size.topics // 2])


def _largest(cluster: Cluster) -> int:
    return int(np.argmax(_sizes(cluster)))


def _writer_of(cluster: Cluster, topic: int) -> int:
    rows = cluster.rows
    return int(rows["client"][(rows["topic"] == topic) & (rows["produce"] > 0)][0])
