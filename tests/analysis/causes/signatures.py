"""What brokers were seen to show for each cause: three brokers on two cores, with the background of `scenes`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_REQUESTS = "requests_by_type{{request={}}}"


def asked(**rates: float) -> dict[str, float]:
    """Requests of these types in a second."""
    return {_REQUESTS.format(name): rate for name, rate in rates.items()}


def by_client(name: str, time: float, into: float = 0.0, out: float = 0.0) -> dict[str, float]:
    """A client with its share of a thread, and its bytes a second."""
    found = {f"thread_time_by_client{{client={name}}}": time}
    if into:
        found[f"ingress_by_client{{client={name}}}"] = into
    if out:
        found[f"egress_by_client{{client={name}}}"] = out
    return found


def written(topic: str, into: float, records: float, shares: tuple[float, ...] = (1 / 6,) * 6) -> dict[str, float]:
    """A topic with its bytes and records a second, and how these fall on its partitions."""
    return {
        f"ingress_by_topic{{topic={topic}}}": into,
        f"records_in_by_topic{{topic={topic}}}": records,
        **{
            f"records_by_partition{{topic={topic},partition={number}}}": share * records
            for number, share in enumerate(shares)
        },
    }


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One scenario.

    Attributes:
        causes: what is true of it; nothing for what is innocent.
        changes: the figures from the onset on.
        culprit: kind and name of one who makes it.
        silent: brokers that are not heard any more.
    """

    causes: tuple[str, ...]
    changes: Mapping[str, float]
    culprit: tuple[str, str] | None = None
    silent: tuple[str, ...] = field(default=())


_TIMES = {"request_time{request=Produce}": 1580 * 2.0, "request_remote_time{request=Produce}": 1580 * 1.4}

SEEN: Final[Mapping[str, Seen]] = {
    "small batches": Seen(
        causes=("small-batches",),
        culprit=("client", "amber"),
        changes={
            **asked(Produce=1580, FetchFollower=1050, FetchConsumer=90),
            **by_client("amber", 0.2, 0.15e6),
            **written("t", 0.15e6, 1500),
            **_TIMES,
            "records_in": 1802, "ingress": 0.45e6, "requests": 1670, "cpu_broker": 1.78, "cpu_host": 0.99,
            "connections": 38, "request_local_time{request=Produce}": 1580 * 0.3,
        },
    ),
    "half as many small batches": Seen(
        causes=("small-batches",),
        culprit=("client", "amber"),
        changes={
            **asked(Produce=784, FetchFollower=760),
            **by_client("amber", 0.12, 0.07e6),
            "records_in": 1002, "ingress": 0.37e6, "requests": 870, "cpu_broker": 1.3, "cpu_host": 0.8,
            "connections": 38, "request_local_time{request=Produce}": 784 * 0.3,
            "request_time{request=Produce}": 784 * 2.5, "request_remote_time{request=Produce}": 784 * 2,
        },
    ),
    "the same requests with more in them": Seen(
        causes=("small-batches",),
        culprit=("client", "amber"),
        changes={
            **asked(Produce=784, FetchFollower=760),
            **by_client("amber", 0.12, 1.4e6),
            **written("t", 1.4e6, 700),
            "records_in": 1002, "ingress": 1.7e6, "replication_in": 3.4e6, "requests": 870, "cpu_broker": 1.3,
            "cpu_host": 0.8, "connections": 38, "request_local_time{request=Produce}": 784 * 0.3,
            "request_time{request=Produce}": 784 * 2.5, "request_remote_time{request=Produce}": 784 * 2,
        },
    ),
    "the same bytes in few requests": Seen(
        causes=(),
        changes={
            **asked(Produce=99, FetchFollower=200),
            **by_client("amber", 0.01, 0.15e6),
            "records_in": 1800, "ingress": 0.45e6, "cpu_broker": 0.58, "connections": 38,
        },
    ),
    "ingress": Seen(
        causes=("ingress-bytes",),
        culprit=("client", "amber"),
        changes={
            **asked(Produce=190, FetchFollower=300),
            **by_client("amber", 0.1, 10.5e6),
            **written("t", 10.5e6, 10500),
            "records_in": 10800, "ingress": 10.8e6, "replication_in": 21.6e6, "cpu_broker": 0.58, "cpu_host": 0.6,
            "connections": 38, "disk_writes": 32e6,
        },
    ),
    "3 MB/s in": Seen(
        causes=("ingress-bytes",),
        culprit=("topic", "t"),
        changes={
            **asked(Produce=144, FetchFollower=240),
            **by_client("amber", 0.05, 3e6),
            **written("t", 3e6, 3000),
            "records_in": 3300, "ingress": 3.3e6, "replication_in": 6.6e6, "cpu_broker": 0.53, "connections": 38,
            "disk_writes": 10e6,
        },
    ),
    "fan-out": Seen(
        causes=("fan-out",),
        culprit=("client", "amber"),
        changes={
            **asked(FetchConsumer=130),
            **by_client("amber", 0.1, 0, 49e6),
            "egress": 50e6, "egress_by_topic{topic=background}": 50e6, "cpu_broker": 0.54, "connections": 40,
        },
    ),
    "30 readers": Seen(
        causes=("fan-out",),
        culprit=("client", "amber"),
        changes={
            **asked(FetchConsumer=83 + 60),
            **by_client("amber", 0.05, 0, 9e6),
            "egress": 9.3e6, "egress_by_topic{topic=background}": 9.3e6, "cpu_broker": 0.56, "connections": 128,
        },
    ),
    "fetch storm": Seen(
        causes=("fetch-storm",),
        culprit=("client", "amber"),
        changes={
            **asked(FetchConsumer=1580),
            **by_client("amber", 0.3),
            "cpu_broker": 1.21, "cpu_host": 0.95, "requests": 1670, "connections": 38,
        },
    ),
    "half a fetch storm": Seen(
        causes=("fetch-storm",),
        culprit=("client", "amber"),
        changes={
            **asked(FetchConsumer=683), **by_client("amber", 0.15), "cpu_broker": 0.8, "cpu_host": 0.7,
            "requests": 770, "connections": 38,
        },
    ),
    "active connections": Seen(
        causes=("connections",),
        culprit=("client", "amber"),
        changes={
            **asked(Produce=234, FetchFollower=480),
            **by_client("amber", 0.1, 0.3e6),
            "connections": 184, "ingress": 0.6e6, "records_in": 900, "requests": 320, "cpu_broker": 1.0,
            "cpu_host": 0.7,
        },
    ),
    "active connections with many bytes": Seen(
        causes=("connections", "ingress-bytes"),
        culprit=("client", "amber"),
        changes={
            **asked(Produce=234, FetchFollower=520),
            **by_client("amber", 0.15, 9e6),
            "connections": 184, "ingress": 9.3e6, "records_in": 900, "requests": 320, "cpu_broker": 1.13,
            "cpu_host": 0.8, "replication_in": 18e6, "disk_writes": 28e6,
        },
    ),
    "idle connections": Seen(
        causes=(), changes={"connections": 2034, "cpu_broker": 0.5, "connection_attempts": 60.0}
    ),
    "churn": Seen(
        causes=("connection-churn",),
        culprit=("client", "amber"),
        changes={
            **asked(ApiVersions=300), **by_client("amber", 0.05), "connection_attempts": 300, "cpu_broker": 0.75,
            "connections": 36, "network_thread_busy": 0.28, "requests": 470, "cpu_host": 0.7,
        },
    ),
    "logins that fail": Seen(
        causes=("authentication-failures",),
        changes={"failed_authentications": 12, "connection_attempts": 12, "cpu_broker": 0.5, "connections": 46},
    ),
    "offset commits": Seen(
        causes=("offset-commits",),
        culprit=("group", "amber-group"),
        changes={
            **asked(OffsetCommit=700, FetchFollower=800),
            **by_client("amber", 0.15),
            "records_by_partition{topic=__consumer_offsets,partition=5}": 700,
            "group_members{group=amber-group}": 0, "cpu_broker": 1.3, "cpu_host": 0.8, "requests": 870,
            "connections": 40, "leaders@1": 26,
        },
    ),
    "metadata": Seen(
        causes=("metadata-storm",),
        culprit=("client", "amber"),
        changes={
            **asked(Metadata=400), **by_client("amber", 0.15), "cpu_broker": 0.75, "cpu_host": 0.6, "requests": 570,
            "connections": 40,
        },
    ),
    "producer ids": Seen(
        causes=("producer-ids",),
        culprit=("client", "amber"),
        changes={
            **asked(InitProducerId=400), **by_client("amber", 0.1), "cpu_broker": 0.65, "requests": 570,
            "connections": 40,
        },
    ),
    "transactions": Seen(
        causes=("transactions",),
        culprit=("client", "amber-1"),
        changes={
            **asked(AddPartitionsToTxn=70, EndTxn=30, WriteTxnMarkers=30, Produce=150, FetchFollower=500, Metadata=0.5),
            **by_client("amber-1", 0.04), **by_client("amber-2", 0.03), "records_in": 600, "ingress": 0.4e6,
            "cpu_broker": 1.1, "cpu_host": 0.75, "connections": 52, "requests": 360,
        },
    ),
    "rebalances": Seen(
        causes=("rebalances",),
        culprit=("group", "amber-group"),
        changes={
            **asked(JoinGroup=4, SyncGroup=3, LeaveGroup=1.5, FindCoordinator=1.5, Metadata=5, OffsetCommit=2),
            **by_client("amber-1", 0.01), "members_changed{group=amber-group}": 1.5, "egress": 1.2e6,
            "connection_attempts": 4, "cpu_broker": 0.55, "connections": 52,
            "group_members{group=amber-group}": 6,
        },
    ),
    "one hot partition": Seen(
        causes=("hot-partition",),
        culprit=("topic", "t"),
        changes={
            **asked(Produce=154, FetchFollower=260),
            **by_client("amber", 0.05, 3e6),
            **written("t", 3.2e6, 3200, (0.95, 0.01, 0.01, 0.01, 0.01, 0.01)),
            "records_in": 3500, "ingress": 3.5e6, "ingress@1": 3.3e6, "replication_in": 7e6, "cpu_broker": 0.55,
            "connections": 40, "disk_writes": 10e6,
        },
    ),
    "leaders on one broker": Seen(
        causes=("leader-skew",),
        culprit=("broker", "2"),
        changes={
            "leaders@1": 24, "leaders@2": 30, "leaders@3": 24, "ingress@1": 0.0, "ingress@2": 0.3e6,
            "ingress@3": 0.0, "cpu_broker": 0.48,
        },
    ),
    "all leaders on one broker": Seen(
        causes=("leader-skew",),
        culprit=("broker", "2"),
        changes={
            "leaders@1": 0, "leaders@2": 78, "leaders@3": 0, "ingress@1": 0.0, "ingress@2": 0.3e6,
            "ingress@3": 0.0, "cpu_broker": 0.48,
        },
    ),
    "250 partitions": Seen(
        causes=("partitions",),
        culprit=("topic", "t"),
        changes={
            "partitions": 78 + 750, "leaders": 26 * 3 + 250, "cpu_broker": 0.65, "cpu_host": 0.5,
            **{f"records_by_partition{{topic=t,partition={number}}}": 0 for number in range(40)},
        },
    ),
    "recompression": Seen(
        causes=("recompression",),
        culprit=("topic", "t"),
        changes={
            **asked(Produce=144, FetchFollower=250), **by_client("amber", 0.2, 0.4e6),
            **written("t", 0.4e6, 1500), "message_conversions": 1500, "message_conversions_by_topic{topic=t}": 1500,
            "records_in": 1800, "ingress": 0.7e6, "cpu_broker": 0.8, "connections": 38, "cpu_host": 0.6,
            "request_local_time{request=Produce}": 144 * 1.5,
        },
    ),
    "the codec is kept": Seen(
        causes=(),
        changes={
            **asked(Produce=114, FetchFollower=220), **by_client("amber", 0.02, 0.4e6),
            "records_in": 1800, "ingress": 0.7e6, "cpu_broker": 0.5, "connections": 38,
        },
    ),
    "a replica that lags": Seen(
        causes=("slow-replica",),
        culprit=("broker", "3"),
        changes={
            **asked(FetchFollower=120, Produce=60),
            "requests_by_type{request=Produce}@1": 20, "requests_by_type{request=Produce}@2": 20,
            "requests_by_type{request=Produce}@3": 20,
            "request_remote_time{request=Produce}@1": 20 * 160, "request_remote_time{request=Produce}@2": 20 * 170,
            "request_remote_time{request=Produce}@3": 20 * 3, "request_time{request=Produce}@1": 20 * 161,
            "request_time{request=Produce}@2": 20 * 171, "request_time{request=Produce}@3": 20 * 4,
            "request_local_time{request=Produce}": 60 * 0.4, "cpu_broker": 0.42,
        },
    ),
    "a replica that lags, of which nobody asks to write": Seen(
        causes=("slow-replica",),
        culprit=("broker", "2"),
        changes={
            **asked(FetchFollower=120, Produce=11),
            "requests_by_type{request=Produce}@1": 5.5, "requests_by_type{request=Produce}@2": 0,
            "requests_by_type{request=Produce}@3": 5.5,
            "request_remote_time{request=Produce}@1": 5.5 * 361, "request_remote_time{request=Produce}@2": 0,
            "request_remote_time{request=Produce}@3": 5.5 * 365, "request_time{request=Produce}@1": 5.5 * 361,
            "request_time{request=Produce}@2": 0, "request_time{request=Produce}@3": 5.5 * 365,
            "request_local_time{request=Produce}": 11 * 0.4, "cpu_broker": 0.42,
        },
    ),
    "a slow way to a broker": Seen(
        causes=("network-delay",),
        culprit=("broker", "2"),
        changes={
            "round_trip_time@2": 41, "round_trip_time@1": 1.3, "round_trip_time@3": 1.1, "cpu_broker": 0.4,
            **asked(Produce=70), "request_local_time{request=Produce}": 70 * 0.4,
            "request_remote_time{request=Produce}": 70 * 2.4,
        },
    ),
    "a quota that binds": Seen(
        causes=("throttling",),
        culprit=("client", "amber"),
        changes={
            "produce_throttle_time{client=amber}@1": 400, "produce_throttle_time{client=amber}@2": 350,
            **asked(Produce=94), **by_client("amber", 0.01, 0.2e6), "ingress": 0.5e6, "records_in": 500,
            "connections": 38,
        },
    ),
    "old data": Seen(
        causes=("cold-reads",),
        culprit=("topic", "t"),
        changes={
            **asked(FetchConsumer=87), **by_client("amber", 0.05, 0, 8e6), "egress": 8.3e6,
            "egress_by_topic{topic=t}": 8e6, "disk_reads": 6e6, "cpu_broker": 0.52, "connections": 38,
        },
    ),
    "TLS": Seen(
        causes=("tls",),
        culprit=("client", "amber"),
        changes={
            **asked(Produce=144, FetchFollower=240), **by_client("amber", 0.05, 3e6), **written("t", 3e6, 3000),
            "records_in": 3300, "ingress": 3.3e6, "replication_in": 6.6e6, "tls_connections": 4, "connections": 38,
            "cpu_broker": 0.75, "cpu_host": 0.6, "network_thread_busy": 0.3, "disk_writes": 10e6,
        },
    ),
    "a busy neighbour": Seen(
        causes=("cpu-starvation",),
        changes={
            "cpu_host": 1.0, "cpu_broker": 0.37, "request_queue_time{request=Produce}": 84 * 2,
            "request_time{request=Produce}": 84 * 9, "request_remote_time{request=Produce}": 84 * 6,
            "request_local_time{request=Produce}": 84 * 1.2, "round_trip_time": 7,
        },
    ),
    "a broker that died": Seen(
        causes=("broker-down",),
        culprit=("broker", "3"),
        silent=("3",),
        changes={
            "under_replicated": 78, "leaders@1": 39, "leaders@2": 39, "leaders@3": 26, "cpu_broker": 0.4,
            "connections": 30, **asked(Metadata=3), "request_remote_time{request=Produce}": 84 * 8,
        },
    ),
    "small batches and fan-out": Seen(
        causes=("small-batches", "fan-out"),
        changes={
            **asked(Produce=784, FetchFollower=760, FetchConsumer=150),
            "records_in": 1002, "ingress": 0.37e6, "egress": 10e6, "cpu_broker": 1.35, "cpu_host": 0.9,
            "connections": 130, "requests": 930, "request_local_time{request=Produce}": 784 * 0.3,
            "request_time{request=Produce}": 784 * 2.5, "request_remote_time{request=Produce}": 784 * 2,
        },
    ),
    "a container's limit": Seen(
        causes=("cpu-limit",),
        changes={"cpu_throttled": 1.2, "cpu_broker": 0.5, "request_queue_time{request=Produce}": 84 * 25},
    ),
    "old consumers": Seen(
        causes=("down-conversion",),
        changes={
            "fetch_conversions": 900, "cpu_broker": 0.8, "request_local_time{request=FetchConsumer}": 83 * 20,
            "fetch_conversions_by_topic{topic=background}": 900,
        },
        culprit=("topic", "background"),
    ),
    "a topic that does not exist": Seen(
        causes=("error-storm",),
        changes={
            **asked(Metadata=300), "requests": 470, "cpu_broker": 0.75,
            "errors{request=Metadata,error=UNKNOWN_TOPIC_OR_PARTITION}": 300, **by_client("amber", 0.2),
        },
        culprit=("client", "amber"),
    ),
    "churn and ingress": Seen(
        causes=("connection-churn", "ingress-bytes"),
        changes={
            **asked(ApiVersions=120, Produce=144, FetchFollower=240), "connection_attempts": 120, "ingress": 6.3e6,
            "records_in": 6300, "cpu_broker": 0.7, "requests": 350, "connections": 40, "replication_in": 12e6,
        },
    ),
    "metadata and recompression": Seen(
        causes=("metadata-storm", "recompression"),
        changes={
            **asked(Metadata=400, Produce=144, FetchFollower=250), "message_conversions": 1500, "records_in": 1800,
            "ingress": 0.7e6, "cpu_broker": 1.1, "connections": 44, "requests": 630,
            "request_local_time{request=Produce}": 144 * 1.5,
        },
    ),
    "commits and ingress": Seen(
        causes=("offset-commits", "ingress-bytes"),
        changes={
            **asked(OffsetCommit=350, Produce=144, FetchFollower=600), "ingress": 6.3e6, "records_in": 6300,
            "cpu_broker": 1.0, "connections": 44, "requests": 580, "replication_in": 12e6,
        },
    ),
    "a fetch storm and connections": Seen(
        causes=("fetch-storm", "connections"),
        changes={
            **asked(FetchConsumer=683, Produce=234, FetchFollower=480), "connections": 188, "ingress": 0.6e6,
            "records_in": 900, "cpu_broker": 1.4, "cpu_host": 0.95, "requests": 920,
        },
    ),
    "transactions and churn": Seen(
        causes=("transactions", "connection-churn"),
        changes={
            **asked(AddPartitionsToTxn=70, EndTxn=30, WriteTxnMarkers=30, Produce=150, FetchFollower=500,
                    ApiVersions=120),
            "connection_attempts": 120, "records_in": 600, "ingress": 0.4e6, "cpu_broker": 1.2, "connections": 54,
            "requests": 480,
        },
    ),
    "a new producer": Seen(
        causes=(),
        changes={
            **asked(Produce=94, FetchFollower=195), **by_client("amber", 0.01, 0.3e6), "ingress": 0.6e6,
            "records_in": 602, "replication_in": 1.2e6, "cpu_broker": 0.5, "connections": 38,
        },
    ),
    "another reader": Seen(
        causes=(),
        changes={**asked(FetchConsumer=166, Metadata=0.6, JoinGroup=0.07), "egress": 0.6e6, "cpu_broker": 0.52,
                 "connections": 42},
    ),
    "a few questions": Seen(
        causes=(),
        changes={**asked(Metadata=6, ApiVersions=2), "connection_attempts": 2, "connections": 40, "requests": 180},
    ),
    "a new topic": Seen(
        causes=(), changes={"partitions": 96, "leaders": 32, "ingress": 0.35e6, **asked(Produce=90), "connections": 38}
    ),
    "members that join and move": Seen(
        causes=(),
        changes={
            "errors{request=JoinGroup,error=MEMBER_ID_REQUIRED}": 2,
            "errors{request=Produce,error=NOT_LEADER_OR_FOLLOWER}": 5,
        },
    ),
    "nothing": Seen(causes=(), changes={}),
}  # fmt: skip
"""All scenarios by name."""
