"""Resources: what of a cluster can be used up or run hot, in one table.

A source gives each resource as Series of that name, one for each broker. `docs/resources.md` is made from
this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clusterload.model import units
from clusterload.model.series_kind import Kind
from clusterload.model.units import Unit

OTHERS: Final = "(others)"
"""The label's value of what is left of a resource when its largest Series are taken by themselves."""


class Role(StrEnum):
    """What a resource is good for."""

    DIMENSION = "dimension"
    """Can have a limit; part of the limit load."""
    SATURATION = "saturation"
    """How busy the broker itself is, from 0 to 1; never added to the limit load."""
    SIGN = "sign"
    """Neither, but distinguishes causes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that is measured of a broker.

    Attributes:
        name: also the name of its Series.
        title: as people read it.
        unit: of the Series; a delta's amount.
        kind: gauge or delta.
        role: dimension, saturation or sign.
        sum_of: the resources that it is the sum of, where it has no Series of its own.
        per: the labels, besides `broker`, by which there are several Series; one of several may be missing where a
            source does not know it.
        trap: how the figure misleads, or nothing.
    """

    name: str
    title: str
    unit: Unit
    kind: Kind
    role: Role
    per: tuple[str, ...] = ()
    trap: str = ""
    sum_of: tuple[str, ...] = ()


def _table(*resources: Resource) -> dict[str, Resource]:
    return {resource.name: resource for resource in resources}


def _dimension(name: str, title: str, unit: Unit, kind: Kind, trap: str = "") -> Resource:
    return Resource(name=name, title=title, unit=unit, kind=kind, role=Role.DIMENSION, trap=trap)


def _saturation(name: str, title: str, trap: str = "") -> Resource:
    return Resource(name=name, title=title, unit=units.RATIO, kind=Kind.GAUGE, role=Role.SATURATION, trap=trap)


def _sign(name: str, title: str, unit: Unit, kind: Kind, *per: str, trap: str = "") -> Resource:
    return Resource(name=name, title=title, unit=unit, kind=kind, role=Role.SIGN, per=per, trap=trap)


RESOURCES: Final = _table(
    _dimension(
        "ingress",
        "Ingress",
        units.BYTES,
        Kind.DELTA,
        trap="bytes of record batches as produced, after compression, without replication and without framing",
    ),
    _dimension("egress", "Egress", units.BYTES, Kind.DELTA, trap="what consumers fetch; followers are left out"),
    _dimension(
        "requests",
        "Requests",
        units.REQUESTS,
        Kind.DELTA,
        trap="of the clients' listener only: the brokers' request metrics also count followers and controllers",
    ),
    _dimension(
        "connections",
        "Connections",
        units.CONNECTIONS,
        Kind.GAUGE,
        trap="of the clients' listener only; a client opens one to each broker it needs, and one to bootstrap",
    ),
    _dimension("connection_attempts", "Connection attempts", units.CONNECTIONS, Kind.DELTA, trap="accepted ones only"),
    _dimension("partitions", "Partitions", units.PARTITIONS, Kind.GAUGE, trap="replicas, not distinct partitions"),
    _saturation(
        "request_handler_busy",
        "Request handlers busy",
        trap="reads calm on hosts with few cores: threads that wait for a CPU are not counted as idle or busy",
    ),
    _saturation(
        "network_thread_busy",
        "Network threads busy",
        trap="from the growth of I/O time of the busiest clients' listener; the idle gauge is blind to TLS handshakes",
    ),
    _saturation("cpu_host", "CPU of the host", trap="shared by all brokers and other processes of that host"),
    _saturation(
        "coordinator_busy",
        "Group coordinator threads busy",
        trap="a mean over 30 s that takes the time before the start for busy: unknown until a broker is older",
    ),
    _sign("cores", "Cores of the host", units.CORES, Kind.GAUGE, trap="as the broker's Java sees them"),
    _sign("cpu_broker", "CPU of the broker", units.SECONDS, Kind.DELTA),
    _sign("records_in", "Records produced", units.RECORDS, Kind.DELTA),
    _sign("ingress_by_topic", "Ingress by topic", units.BYTES, Kind.DELTA, "topic"),
    _sign("egress_by_topic", "Egress by topic", units.BYTES, Kind.DELTA, "topic"),
    _sign("records_in_by_topic", "Records produced by topic", units.RECORDS, Kind.DELTA, "topic"),
    _sign(
        "produce_requests_by_topic",
        "Produce requests by topic",
        units.REQUESTS,
        Kind.DELTA,
        "topic",
        trap="once for each partition in a request",
    ),
    _sign(
        "fetch_requests_by_topic",
        "Fetch requests by topic",
        units.REQUESTS,
        Kind.DELTA,
        "topic",
        trap="of followers too, and once for each partition in a request",
    ),
    _sign("records_out", "Records consumed", units.RECORDS, Kind.DELTA),
    _sign("records_out_by_topic", "Records consumed by topic", units.RECORDS, Kind.DELTA, "topic"),
    _sign("requests_by_principal", "Requests by principal", units.REQUESTS, Kind.DELTA, "principal"),
    _sign("connections_by_principal", "Connections by principal", units.CONNECTIONS, Kind.GAUGE, "principal"),
    _sign("retained_bytes", "Retained bytes", units.BYTES, Kind.GAUGE),
    _sign("retained_bytes_by_topic", "Retained bytes by topic", units.BYTES, Kind.GAUGE, "topic"),
    _sign(
        "cluster_load_percent",
        "Cluster load, by its provider",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; the provider does not publish what goes into it, and only dedicated clusters have it",
    ),
    _sign(
        "cluster_load_percent_avg",
        "Cluster load, by its provider: mean of brokers",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; high together with the busiest broker's: more capacity is needed",
    ),
    _sign(
        "cluster_load_percent_max",
        "Cluster load, by its provider: busiest broker",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; high while the mean is low: the load is skewed",
    ),
    *(
        _sign(
            f"hot_partition_{way}",
            f"Hot partitions by {title}, by their provider",
            units.RATIO,
            Kind.GAUGE,
            "topic",
            "partition",
            trap="1 while the provider calls it hot; none where it does not",
        )
        for way, title in (("ingress", "ingress"), ("egress", "egress"))
    ),
    _sign("replication_in", "Replication in", units.BYTES, Kind.DELTA),
    _sign("replication_out", "Replication out", units.BYTES, Kind.DELTA),
    _sign(
        "requests_by_type",
        "Requests by type",
        units.REQUESTS,
        Kind.DELTA,
        "request",
        trap="all listeners: brokers and controllers send requests too (Metadata, ApiVersions, FetchFollower); all "
        "versions added up; Fetch is the sum of FetchConsumer and FetchFollower, so it is left out",
    ),
    _sign("request_time", "Time of requests by type", units.MILLISECONDS, Kind.DELTA, "request"),
    _sign(
        "request_queue_time",
        "Time of requests in the queue by type",
        units.MILLISECONDS,
        Kind.DELTA,
        "request",
        trap="waiting for a request handler; grows by other processes' work; single times are whole milliseconds",
    ),
    _sign(
        "request_local_time",
        "Time of requests at the leader by type",
        units.MILLISECONDS,
        Kind.DELTA,
        "request",
        trap="of a handler, waiting for a CPU or disk included; single times are whole milliseconds",
    ),
    _sign(
        "request_remote_time",
        "Time of requests in waiting for others by type",
        units.MILLISECONDS,
        Kind.DELTA,
        "request",
        trap="a Produce waits for replicas; a fetch waits for records, so that there it means idle consumers",
    ),
    *(
        _sign(
            f"{name}_p95",
            f"{title}: 95th percentile",
            units.MILLISECONDS,
            Kind.GAUGE,
            "request",
            trap="of a sample of the last minutes, recent requests most: it rises within seconds and falls within "
            "minutes; read where an exporter gives percentiles and no mean",
        )
        for name, title in (
            ("request_time", "Time of requests by type"),
            ("request_queue_time", "Time of requests in the queue by type"),
            ("request_local_time", "Time of requests at the leader by type"),
            ("request_remote_time", "Time of requests in waiting for others by type"),
        )
    ),
    _sign("message_conversions", "Records recompressed", units.RECORDS, Kind.DELTA),
    _sign("message_conversions_by_topic", "Records recompressed by topic", units.RECORDS, Kind.DELTA, "topic"),
    _sign(
        "fetch_conversions",
        "Records down-converted for consumers",
        units.RECORDS,
        Kind.DELTA,
        trap="before Kafka 4 only: since then no consumer is so old that brokers convert for it",
    ),
    _sign("fetch_conversions_by_topic", "Records down-converted by topic", units.RECORDS, Kind.DELTA, "topic"),
    _sign(
        "errors",
        "Responses by error",
        units.COUNT,
        Kind.DELTA,
        "request",
        "error",
        trap="NONE is a success; some errors are part of a protocol: MEMBER_ID_REQUIRED of each first JoinGroup, "
        "NOT_COORDINATOR after a move; a request for several partitions counts once for each error",
    ),
    _sign(
        "deprecated_requests",
        "Requests of a deprecated version",
        units.REQUESTS,
        Kind.DELTA,
        "request",
        "software",
        trap="as clients call themselves; a version that the brokers' next major release may refuse",
    ),
    _sign("request_bytes", "Bytes of requests", units.BYTES, Kind.DELTA, trap="with their framing, not only records"),
    _sign("response_bytes", "Bytes of responses", units.BYTES, Kind.DELTA, trap="with their framing, not only records"),
    _sign(
        "authentications",
        "Successful authentications",
        units.COUNT,
        Kind.DELTA,
        trap="none where clients need no login",
    ),
    _sign("failed_authentications", "Failed authentications", units.COUNT, Kind.DELTA),
    _sign("leaders", "Leaders", units.PARTITIONS, Kind.GAUGE),
    _sign("under_replicated", "Under-replicated partitions", units.PARTITIONS, Kind.GAUGE),
    _sign("isr_shrinks", "ISR shrinks", units.COUNT, Kind.DELTA, trap="a fenced broker does not count as a shrink"),
    _sign("isr_expands", "ISR expands", units.COUNT, Kind.DELTA, trap="also when a broker comes back"),
    _sign(
        "thread_time_by_client",
        "Thread time by client",
        units.RATIO,
        Kind.GAUGE,
        "client",
        "principal",
        trap="of one thread, so a broker has more than 1 to give; exists only while there is a client quota; lingers "
        "for seconds; without handshakes, and without what followers and idle connections cost for the client's sake",
    ),
    *(
        _sign(
            name,
            title,
            units.BYTES_PER_SECOND,
            Kind.GAUGE,
            "client",
            "principal",
            trap="exists only while there is a client quota; a mean over seconds, which lingers as long",
        )
        for name, title in (("ingress_by_client", "Ingress by client"), ("egress_by_client", "Egress by client"))
    ),
    *(
        _sign(
            f"{quota}_throttle_time",
            f"Throttle time of {title} by client",
            units.MILLISECONDS,
            Kind.GAUGE,
            "client",
            "principal",
            trap="exists only while there is a client quota; lingers for seconds; NaN where nothing is throttled",
        )
        for quota, title in (
            ("produce", "produce requests"),
            ("fetch", "fetch requests"),
            ("request", "request quotas"),
        )
    ),
    _sign(
        "exempt_thread_time",
        "Thread time exempt from quotas",
        units.RATIO,
        Kind.GAUGE,
        trap="of one thread: of other brokers' and inter-broker requests, which no client is billed for; exists only "
        "while there is a client quota",
    ),
    _sign(
        "accept_throttle_time",
        "Throttle time of new connections",
        units.MILLISECONDS,
        Kind.GAUGE,
        "listener",
        trap="exists only where max.connection.creation.rate is exceeded; NaN otherwise",
    ),
    _sign(
        "acceptor_blocked",
        "Time that new connections wait for a network thread",
        units.SECONDS,
        Kind.DELTA,
        "listener",
        trap="of the acceptor thread: all of a listener's network threads have a full queue of new connections",
    ),
    _sign(
        "connections_by_software",
        "Connections by client software",
        units.CONNECTIONS,
        Kind.GAUGE,
        "software",
        trap="as clients call themselves; of the clients' listeners; those without a name are unknown/unknown",
    ),
    _sign(
        "connections_by_listener",
        "Connections by listener",
        units.CONNECTIONS,
        Kind.GAUGE,
        "listener",
        trap="of the clients' listeners only",
    ),
    _sign(
        "tls_connections",
        "Connections with TLS",
        units.CONNECTIONS,
        Kind.GAUGE,
        trap="of the clients' listeners; none where there was never one",
    ),
    _sign(
        "disk_reads",
        "Read from disk",
        units.BYTES,
        Kind.DELTA,
        trap="what the page cache lacked; on Linux only, where the broker may read its own I/O figures",
    ),
    _sign(
        "disk_writes",
        "Written to disk",
        units.BYTES,
        Kind.DELTA,
        trap="into the page cache, so the disk may see it later; with logs, snapshots and compaction",
    ),
    _sign("group_rebalances", "Rebalances of groups", units.COUNT, Kind.DELTA, trap="completed ones, of all groups"),
    _sign("offset_commits", "Offsets committed", units.COUNT, Kind.DELTA, trap="a commit of ten partitions counts ten"),
    _sign(
        "coordinator_queue_time",
        "Queue time of group coordinator events",
        units.MILLISECONDS,
        Kind.GAUGE,
        trap="the 99th percentile since the broker's last readings, so that an idle coordinator shows its last event's",
    ),
    _sign(
        "share_acknowledgements",
        "Records acknowledged by share groups",
        units.RECORDS,
        Kind.DELTA,
        "acknowledgement",
        trap="by what became of them: accept, release, reject or renew",
    ),
    _sign("remote_fetch_bytes", "Read from remote storage", units.BYTES, Kind.DELTA, trap="tiered topics only"),
    _sign("remote_copy_bytes", "Copied to remote storage", units.BYTES, Kind.DELTA, trap="tiered topics only"),
    _sign(
        "cleaner_dirty",
        "Dirty share of the dirtiest log",
        units.RATIO,
        Kind.GAUGE,
        trap="of compacted topics; 0 until the log cleaner has looked",
    ),
    _sign("cleaner_dead_threads", "Dead threads of the log cleaner", units.COUNT, Kind.GAUGE),
    _sign(
        "round_trip_time",
        "Round trip to the broker",
        units.MILLISECONDS,
        Kind.GAUGE,
        trap="of our own request over a connection that is kept open: our network, the broker's threads and its queue",
    ),
    _sign(
        "records_by_partition",
        "Records by partition",
        units.RECORDS,
        Kind.DELTA,
        "topic",
        "partition",
        trap="of the cluster: deltas of end offsets, so transactions' markers count; internal topics among them",
    ),
    _sign(
        "members_changed",
        "Members that joined or left",
        units.COUNT,
        Kind.DELTA,
        "group",
        trap="since the last poll, so members that came and went between are missed; a group in a rebalance counts one",
    ),
    _sign("log_bytes", "Size of logs", units.BYTES, Kind.GAUGE, trap="on disk, of all replicas of the broker"),
    _sign("offline_partitions", "Partitions without a leader", units.PARTITIONS, Kind.GAUGE),
    _sign("groups", "Consumer groups", units.COUNT, Kind.GAUGE, trap="only those that the user may describe"),
    _sign("group_members", "Members of groups", units.COUNT, Kind.GAUGE, "group"),
    _sign(
        "consumer_lag",
        "Lag of consumer groups",
        units.RECORDS,
        Kind.GAUGE,
        "group",
        "topic",
        trap="in offsets, so transactions' markers and compacted records count; of committed offsets, not of fetches",
    ),
    _sign(
        "offset_commits_by_group",
        "Offsets committed by group",
        units.COUNT,
        Kind.DELTA,
        "group",
        trap="by an exporter that reads the offsets topic; a commit of ten partitions counts ten",
    ),
    _sign(
        "records_committed",
        "Records consumed by group",
        units.RECORDS,
        Kind.DELTA,
        "group",
        "topic",
        trap="by committed offsets: a group that commits rarely seems to consume in bursts; a seek counts as well",
    ),
    *(
        _sign(
            name,
            title,
            units.BYTES_PER_SECOND,
            Kind.GAUGE,
            "client",
            "topic",
            trap="by the client itself, over all brokers, at the broker that it reports to; lingers after it is gone",
        )
        for name, title in (
            ("ingress_by_client_topic", "Ingress by client and topic"),
            ("egress_by_client_topic", "Egress by client and topic"),
        )
    ),
    *(
        _sign(
            name,
            title,
            unit,
            Kind.DELTA,
            "client",
            trap="by the client's own rates, over all brokers, at the broker that it reports to",
        )
        for name, title, unit in (
            ("requests_by_client", "Requests by client", units.REQUESTS),
            ("connections_made_by_client", "Connections made by client", units.CONNECTIONS),
        )
    ),
    _sign(
        "cpu_throttled",
        "Held back by the container's CPU limit",
        units.SECONDS,
        Kind.DELTA,
        trap="of all threads together, so more than a second a second is possible; the host may be idle meanwhile",
    ),
    _sign("gc_time", "Garbage collection", units.SECONDS, Kind.DELTA),
)
"""All resources by name."""


SUMS: Final = _table(
    Resource(
        name="throughput",
        title="Ingress and egress",
        unit=units.BYTES,
        kind=Kind.DELTA,
        role=Role.DIMENSION,
        sum_of=("ingress", "egress"),
    )
)
"""What several resources add up to: some providers limit it, and no source gives it."""

_LIMITED_TOO: Final = ("records_in", "records_out", "retained_bytes", "log_bytes", "groups")


def limited() -> tuple[Resource, ...]:
    """The resources of which a limit can be written: dimensions, sums, some signs, and how busy a broker may be."""
    return (*dimensions(), *SUMS.values(), *(RESOURCES[name] for name in _LIMITED_TOO), *saturations())


def limited_by_name(name: str) -> Resource:
    """A resource by its name, sums among them."""
    return SUMS.get(name) or RESOURCES[name]


def series_of_parts(name: str) -> dict[str, tuple[str, ...]]:
    """By what a resource's figures can be told apart, and by the names of which Series: of requests by `principal`.

    Of a sum it is what all of its resources can be told apart by. `partition` stands for topic and partition.
    """
    resource = limited_by_name(name)
    if resource.sum_of:
        each = [series_of_parts(part) for part in resource.sum_of]
        shared = [label for label in each[0] if all(label in other for other in each)]
        return {label: tuple(series for part in each for series in part[label]) for label in shared}
    found: dict[str, tuple[str, ...]] = {}
    for finer in RESOURCES.values():
        if finer.name.startswith(f"{name}_by_") or (name, finer.name) == ("records_in", "records_by_partition"):
            for label in finer.per if "partition" not in finer.per else ("partition",):
                found.setdefault(label, (finer.name,))
    if name == "ingress":
        # No source counts bytes by partition; records are, and records of a topic have a mean size.
        found.setdefault("partition", ("records_by_partition",))
    return found


def dimensions() -> tuple[Resource, ...]:
    """The resources that can have a limit."""
    return tuple(resource for resource in RESOURCES.values() if resource.role is Role.DIMENSION)


def saturations() -> tuple[Resource, ...]:
    """The resources that say how busy a broker is."""
    return tuple(resource for resource in RESOURCES.values() if resource.role is Role.SATURATION)
