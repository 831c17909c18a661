"""Rates: what brokers count and how busy they are, by what clients ask of them.

Prices are those that a lab of three brokers showed (`clusterload.analysis.bill.prices`), at the speed of a server's
core; they are split between the leader and its followers, which the lab could not tell apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from benchmarks.big_cluster.cluster import Cluster, Numbers, summed
from clusterload.model.series import Floats

_ByBroker: TypeAlias = Callable[[str], Floats]

SPEED: Final = 0.8
"""Time of a server's core for each of the lab's."""

PRICES: Final = {
    "Produce": 0.18, "FetchConsumer": 0.3, "FetchFollower": 0.45, "Metadata": 0.9, "OffsetCommit": 0.35,
    "Heartbeat": 0.05, "JoinGroup": 0.6, "SyncGroup": 0.4, "LeaveGroup": 0.3, "ApiVersions": 0.5,
    "FindCoordinator": 0.1, "InitProducerId": 0.34,
}  # fmt: skip
"""Milliseconds of a core for a request. Metadata is dearer than in the lab: a large cluster has more to tell."""

_FETCHING: Final = 0.4  # a follower's side of its own fetch
_MEGABYTE_IN: Final = 4.0  # at the leader
_MEGABYTE_COPIED: Final = 2.2  # at a follower
_MEGABYTE_OUT: Final = 0.5
_REPLICA: Final = 0.25
_IDLE: Final = 0.25
_SYSTEM: Final = 0.15
"""Cores that a host takes beside its broker."""

_COALESCED: Final = 0.004
"""Seconds of appends that one follower's fetch takes together: 1,580 Produce/s made 1,050 fetches/s in the lab."""

_WAIT: Final = 0.5  # replica.fetch.wait.max.ms
_COMMIT_BYTES: Final = 150.0

LOCAL: Final = {
    "Produce": 0.45, "FetchConsumer": 0.15, "FetchFollower": 0.12, "Metadata": 0.6, "OffsetCommit": 0.3,
    "JoinGroup": 2.0, "ApiVersions": 0.1, "InitProducerId": 1.0,
}  # fmt: skip
"""Milliseconds at the leader of an average request, of the types whose times brokers' exporters are asked for."""

_REPLICATED: Final = 3.0
_HANDLERS: Final = 8
_NETWORK: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailment:
    """A broker that is slow: its fetches as a follower come late, and so does what it appends.

    Attributes:
        broker: from 0; -1 is none.
        late_ms: how much later its fetches come.
        append: by how much its own appends take longer.
        lagging: share of its replicas that are out of sync at any time.
    """

    broker: int = -1
    late_ms: float = 0.0
    append: float = 1.0
    lagging: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What brokers publish of a stretch, on average.

    Attributes:
        broker: of each broker by name of the Series, shape `(brokers,)`; a second, or a level.
        request: of each broker by Series and type of request, the same.
        topic: by Series, shape `(topics, brokers)`; NaN where the broker has none of that topic.
        client: by Series, shape `(clients, brokers)`; NaN where the client does not ask that broker.
        partition: records of each partition, shape `(partitions,)`.
        software: connections by client software, of each broker.
    """

    broker: dict[str, Floats] = field(default_factory=dict)
    request: dict[tuple[str, str], Floats] = field(default_factory=dict)
    topic: dict[str, Floats] = field(default_factory=dict)
    client: dict[str, Floats] = field(default_factory=dict)
    partition: Floats
    software: dict[str, Floats] = field(default_factory=dict)


WELL: Final = Ailment()
"""No broker is slow."""


def rates(cluster: Cluster, ailment: Ailment = WELL) -> Rates:
    """What the cluster's brokers publish."""
    rows, brokers = cluster.rows, cluster.size.brokers
    at = cluster.brokers_of(rows)

    def by_broker(name: str) -> Floats:
        return summed(at, rows[name], brokers)

    def by_partition(name: str) -> Floats:
        known = rows["partition"] >= 0
        return summed(rows["partition"][known], rows[name][known], len(cluster.topic_of))

    into = by_partition("bytes_in") + _COMMIT_BYTES * by_partition("commit")
    records = by_partition("records") + by_partition("commit")
    appends = by_partition("produce") + by_partition("commit")
    copying = _copying(cluster, into, appends)
    asked = _asked(cluster, by_broker, copying.served)
    plain = {
        "ingress": by_broker("bytes_in") + _COMMIT_BYTES * by_broker("commit"),
        "egress": by_broker("bytes_out"),
        "records_in": by_broker("records") + by_broker("commit"),
        "connections": by_broker("connections"),
        "connection_attempts": by_broker("attempts") + cluster.size.failed / brokers,
        "failed_authentications": np.full(brokers, cluster.size.failed / brokers),
        "authentications": by_broker("attempts"),
        "offset_commits": by_broker("commit") * max(1, cluster.size.partitions / 4),
        "group_rebalances": by_broker("join") / 2,
        "replication_in": copying.received,
        "replication_out": copying.sent,
        "disk_reads": np.full(brokers, cluster.size.disk_reads / brokers),
        "leaders": np.bincount(cluster.leaders, minlength=brokers).astype(float),
        "partitions": np.bincount(cluster.replicas.ravel(), minlength=brokers).astype(float),
        "requests": sum((asked[name] for name in asked if name != "FetchFollower"), np.zeros(brokers)),
    }
    plain["disk_writes"] = plain["ingress"] + plain["replication_in"]
    plain["request_bytes"] = plain["ingress"] + 80 * plain["requests"]
    # A large cluster's Metadata response has kilobytes.
    plain["response_bytes"] = plain["egress"] + 60 * plain["requests"] + 20e3 * asked["Metadata"]
    plain |= _business(cluster, plain, asked, copying.fetches)
    plain |= _lagging(cluster, ailment)
    plain["tls_connections"] = np.zeros(brokers)
    plain["message_conversions"] = np.zeros(brokers)
    plain["gc_time"] = 0.004 * plain["cpu_broker"]
    return Rates(
        broker=plain,
        request={("requests_by_type", name): values for name, values in asked.items()}
        | _times(cluster, asked, plain, appends, ailment),
        topic=_by_topic(cluster, into, records),
        client=_by_client(cluster, at),
        partition=records,
        software=_software(plain["connections"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copying:
    """What replication takes: fetches that leaders serve, that followers make, bytes that come and go."""

    served: Floats
    fetches: Floats
    received: Floats
    sent: Floats


def _copying(cluster: Cluster, into: Floats, appends: Floats) -> _Copying:
    brokers = cluster.size.brokers
    woken = np.zeros((brokers, brokers))
    copied = np.zeros((brokers, brokers))
    pairs = np.zeros((brokers, brokers))
    for column in range(1, cluster.replicas.shape[1]):
        places = (cluster.leaders, cluster.replicas[:, column])
        np.add.at(woken, places, appends)
        np.add.at(copied, places, into)
        np.add.at(pairs, places, 1.0)
    fetches = np.where(pairs > 0, np.maximum(1 / _WAIT, woken / (1 + _COALESCED * woken)), 0.0)
    return _Copying(
        served=fetches.sum(axis=1), fetches=fetches.sum(axis=0), received=copied.sum(axis=0), sent=copied.sum(axis=1)
    )


def _asked(cluster: Cluster, by_broker: _ByBroker, served: Floats) -> dict[str, Floats]:
    """Requests a second of each type and broker."""
    connecting = by_broker("attempts")
    joins = by_broker("join")
    return {
        "Produce": by_broker("produce"),
        "FetchConsumer": by_broker("fetch"),
        "FetchFollower": served,
        "Metadata": by_broker("metadata") + connecting,
        "OffsetCommit": by_broker("commit"),
        "Heartbeat": by_broker("heartbeat"),
        "JoinGroup": joins,
        "SyncGroup": joins,
        "LeaveGroup": joins / 2,
        "FindCoordinator": np.full(cluster.size.brokers, joins.mean()),
        "ApiVersions": connecting,
        "InitProducerId": 0.1 * connecting,
    }


def _business(
    cluster: Cluster, plain: dict[str, Floats], asked: dict[str, Floats], fetches: Floats
) -> dict[str, Floats]:
    """How busy the brokers are: CPU, request handlers and network threads."""
    size = cluster.size
    work = sum((PRICES[name] * asked[name] for name in asked), np.zeros(size.brokers)) + _FETCHING * fetches
    moved = (
        _MEGABYTE_IN * plain["ingress"] + _MEGABYTE_COPIED * plain["replication_in"]
        + _MEGABYTE_OUT * (plain["egress"] + plain["replication_out"])
    ) / 1e6  # fmt: skip
    cores = SPEED * (_IDLE + (work + moved + _REPLICA * plain["partitions"]) / 1e3)
    used = np.minimum(cores, 0.97 * size.cores - _SYSTEM)
    return {
        "cores": np.full(size.brokers, float(size.cores)),
        "cpu_broker": used,
        "cpu_host": (used + _SYSTEM) / size.cores,
        "request_handler_busy": np.minimum(1.0, 0.6 * SPEED * (work + moved) / 1e3 / max(_HANDLERS, size.cores)),
        "network_thread_busy": np.minimum(1.0, 0.3 * SPEED * (work + moved) / 1e3 / max(_NETWORK, size.cores // 2)),
    }


def _lagging(cluster: Cluster, ailment: Ailment) -> dict[str, Floats]:
    """Replicas that are out of sync, by their leader."""
    missing: Floats = np.zeros(cluster.size.brokers)
    if ailment.broker >= 0:
        followed = np.any(cluster.replicas[:, 1:] == ailment.broker, axis=1)
        missing = ailment.lagging * summed(cluster.leaders, followed.astype(np.float64), cluster.size.brokers)
    return {
        "under_replicated": np.round(missing),
        "isr_shrinks": missing / 60,
        "isr_expands": missing / 60,
    }


def _times(
    cluster: Cluster, asked: dict[str, Floats], plain: dict[str, Floats], appends: Floats, ailment: Ailment
) -> dict[tuple[str, str], Floats]:
    """Milliseconds a second of each part of the time of requests, by type and broker."""
    found: dict[tuple[str, str], Floats] = {}
    queue = 0.1 / (1 - np.minimum(0.95, plain["request_handler_busy"]))
    for request, each in LOCAL.items():
        local = np.full(cluster.size.brokers, each)
        if ailment.broker >= 0 and request == "Produce":
            local[ailment.broker] *= ailment.append
        remote = _remote(cluster, request, appends, ailment)
        found["request_local_time", request] = asked[request] * local
        found["request_queue_time", request] = asked[request] * queue
        found["request_time", request] = asked[request] * (local + queue + remote + 0.2)
        if request in {"Produce", "FetchConsumer", "FetchFollower"}:
            found["request_remote_time", request] = asked[request] * remote
    return found


def _remote(cluster: Cluster, request: str, appends: Floats, ailment: Ailment) -> Floats:
    """Milliseconds that a request waits for others: a Produce for replicas, a fetch for records."""
    brokers = cluster.size.brokers
    if request != "Produce":
        return np.full(brokers, {"FetchConsumer": 120.0, "FetchFollower": 40.0}.get(request, 0.0))
    waits = np.full(brokers, _REPLICATED)
    if ailment.broker >= 0:
        followed = np.any(cluster.replicas[:, 1:] == ailment.broker, axis=1)
        late = summed(cluster.leaders, appends * followed, brokers)
        whole = summed(cluster.leaders, appends, brokers)
        waits += ailment.late_ms * late / np.maximum(whole, 1e-9)
    return waits


def _by_topic(cluster: Cluster, into: Floats, records: Floats) -> dict[str, Floats]:
    out = summed(np.maximum(cluster.rows["partition"], 0), cluster.rows["bytes_out"], len(cluster.topic_of))
    shape = (len(cluster.topics), cluster.size.brokers)
    places = (cluster.topic_of, cluster.leaders)
    led = np.zeros(shape, dtype=bool)
    led[places] = True
    found = {}
    for name, values in (("ingress_by_topic", into), ("egress_by_topic", out), ("records_in_by_topic", records)):
        table = np.zeros(shape)
        np.add.at(table, places, values)
        found[name] = np.where(led, table, np.nan)
    return found


def _by_client(cluster: Cluster, at: Numbers) -> dict[str, Floats]:
    rows = cluster.rows
    shape = (len(cluster.clients), cluster.size.brokers)
    work = (
        rows["produce"] * 0.25 + rows["fetch"] * 0.15 + rows["commit"] * 0.3 + rows["metadata"] * 0.7
        + rows["heartbeat"] * 0.05 + rows["join"] * 0.5 + rows["attempts"] * 0.5
        + rows["bytes_in"] / 1e6 * 3 + rows["bytes_out"] / 1e6 * 0.5
    )  # fmt: skip
    found = {}
    for name, values, asks in (
        ("thread_time_by_client", SPEED * work / 1e3, np.ones(len(rows), dtype=bool)),
        ("ingress_by_client", rows["bytes_in"], rows["produce"] > 0),
        ("egress_by_client", rows["bytes_out"], rows["fetch"] > 0),
    ):
        table, asked = np.zeros(shape), np.zeros(shape, dtype=bool)
        np.add.at(table, (rows["client"], at), values)
        asked[rows["client"][asks], at[asks]] = True
        found[name] = np.where(asked, table, np.nan)
    return found


def _software(connections: Floats) -> dict[str, Floats]:
    parts = {"apache-kafka-java/3.9.0": 0.6, "apache-kafka-java/3.6.1": 0.25, "librdkafka/2.3.0": 0.15}
    return {name: share * connections for name, share in parts.items()}
