"""Resources: what of a cluster can be used up or run hot, in one table.

A source gives each resource as Series of that name, one for each broker. `docs/resources.md` is made from
this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clusterload import units
from clusterload.series import Kind
from clusterload.units import Unit


class Role(StrEnum):
    """What a resource is good for."""

    DIMENSION = "dimension"
    """Can have a limit; part of the limit load."""
    SATURATION = "saturation"
    """How busy the broker itself is, from 0 to 1; never added to the limit load."""
    SIGN = "sign"
    """Neither, but tells causes apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that is measured of a broker.

    Attributes:
        name: also the name of its Series.
        title: as people read it.
        unit: of the Series; a delta's amount.
        kind: gauge or delta.
        role: dimension, saturation or sign.
        per: the label, besides `broker`, by which there are several Series.
        trap: how the figure misleads, or nothing.
    """

    name: str
    title: str
    unit: Unit
    kind: Kind
    role: Role
    per: str = ""
    trap: str = ""


def _table(*resources: Resource) -> dict[str, Resource]:
    return {one.name: one for one in resources}


def _dimension(name: str, title: str, unit: Unit, kind: Kind, trap: str = "") -> Resource:
    return Resource(name=name, title=title, unit=unit, kind=kind, role=Role.DIMENSION, trap=trap)


def _saturation(name: str, title: str, trap: str = "") -> Resource:
    return Resource(name=name, title=title, unit=units.RATIO, kind=Kind.GAUGE, role=Role.SATURATION, trap=trap)


def _sign(name: str, title: str, unit: Unit, kind: Kind, *, per: str = "", trap: str = "") -> Resource:
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
    _dimension("partitions", "Partitions", units.PARTITIONS, Kind.GAUGE, trap="replicas, not partitions by name"),
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
    _saturation("cpu_host", "CPU of the host", trap="shared by all brokers and neighbours of that host"),
    _sign("cores", "Cores of the host", units.CORES, Kind.GAUGE, trap="as the broker's Java sees them"),
    _sign("cpu_broker", "CPU of the broker", units.SECONDS, Kind.DELTA),
    _sign("records_in", "Records produced", units.RECORDS, Kind.DELTA),
    _sign("ingress_by_topic", "Ingress by topic", units.BYTES, Kind.DELTA, per="topic"),
    _sign("egress_by_topic", "Egress by topic", units.BYTES, Kind.DELTA, per="topic"),
    _sign("records_in_by_topic", "Records produced by topic", units.RECORDS, Kind.DELTA, per="topic"),
    _sign("records_out", "Records consumed", units.RECORDS, Kind.DELTA),
    _sign("records_out_by_topic", "Records consumed by topic", units.RECORDS, Kind.DELTA, per="topic"),
    _sign("requests_by_principal", "Requests by principal", units.REQUESTS, Kind.DELTA, per="principal"),
    _sign("connections_by_principal", "Connections by principal", units.CONNECTIONS, Kind.GAUGE, per="principal"),
    _sign("retained_bytes", "Retained bytes", units.BYTES, Kind.GAUGE),
    _sign("retained_bytes_by_topic", "Retained bytes by topic", units.BYTES, Kind.GAUGE, per="topic"),
    _sign(
        "cluster_load_percent",
        "Cluster load, by its provider",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; what goes into it is not told, and only dedicated clusters have it",
    ),
    _sign(
        "cluster_load_percent_avg",
        "Cluster load, by its provider: mean of brokers",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; high together with the busiest broker's calls for more capacity",
    ),
    _sign(
        "cluster_load_percent_max",
        "Cluster load, by its provider: busiest broker",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; high while the mean is low tells of skew",
    ),
    _sign("replication_in", "Replication in", units.BYTES, Kind.DELTA),
    _sign("replication_out", "Replication out", units.BYTES, Kind.DELTA),
    _sign(
        "requests_by_type",
        "Requests by type",
        units.REQUESTS,
        Kind.DELTA,
        per="request",
        trap="all listeners: brokers and controllers ask too (Metadata, ApiVersions, FetchFollower); all versions "
        "added up; Fetch is the sum of FetchConsumer and FetchFollower, so it is left out",
    ),
    _sign("request_time", "Time of requests by type", units.MILLISECONDS, Kind.DELTA, per="request"),
    _sign("message_conversions", "Records recompressed", units.RECORDS, Kind.DELTA),
    _sign("request_bytes", "Bytes of requests", units.BYTES, Kind.DELTA, trap="with their framing, not only records"),
    _sign("response_bytes", "Bytes of responses", units.BYTES, Kind.DELTA, trap="with their framing, not only records"),
    _sign(
        "authentications", "Successful authentications", units.COUNT, Kind.DELTA, trap="none where no login is asked"
    ),
    _sign("failed_authentications", "Failed authentications", units.COUNT, Kind.DELTA),
    _sign("leaders", "Leaders", units.PARTITIONS, Kind.GAUGE),
    _sign("under_replicated", "Under-replicated partitions", units.PARTITIONS, Kind.GAUGE),
    _sign("isr_shrinks", "ISR shrinks", units.COUNT, Kind.DELTA, trap="a fenced broker is no shrink"),
    _sign("isr_expands", "ISR expands", units.COUNT, Kind.DELTA, trap="also when a broker comes back"),
    *(
        _sign(
            f"{quota}_throttle_time",
            f"Throttle time of {title} by client",
            units.MILLISECONDS,
            Kind.GAUGE,
            per="client",
            trap="there only once a client quota exists; lingers for seconds; NaN where nothing is throttled",
        )
        for quota, title in (
            ("produce", "produce requests"),
            ("fetch", "fetch requests"),
            ("request", "request quotas"),
        )
    ),
    _sign("log_bytes", "Size of logs", units.BYTES, Kind.GAUGE, trap="on disk, of all replicas of the broker"),
    _sign("offline_partitions", "Partitions without a leader", units.PARTITIONS, Kind.GAUGE),
    _sign("groups", "Consumer groups", units.COUNT, Kind.GAUGE, trap="only those that the user may describe"),
    _sign("group_members", "Members of groups", units.COUNT, Kind.GAUGE, per="group"),
    _sign(
        "consumer_lag",
        "Lag of consumer groups",
        units.RECORDS,
        Kind.GAUGE,
        per="group",
        trap="in offsets, so transactions' markers and compacted records count; of committed offsets, not of reading",
    ),
    _sign("gc_time", "Garbage collection", units.SECONDS, Kind.DELTA),
)
"""All resources by name."""


def dimensions() -> tuple[Resource, ...]:
    """The resources that can have a limit."""
    return tuple(one for one in RESOURCES.values() if one.role is Role.DIMENSION)


def saturations() -> tuple[Resource, ...]:
    """The resources that say how busy a broker is."""
    return tuple(one for one in RESOURCES.values() if one.role is Role.SATURATION)
