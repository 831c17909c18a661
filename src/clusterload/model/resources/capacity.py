"""What of a cluster can be used up, and how busy its brokers are."""

from __future__ import annotations

from typing import Final

from clusterload.model import units
from clusterload.model.resources.resource import Resource, dimension, saturation
from clusterload.model.series_kind import Kind

CAPACITY: Final[tuple[Resource, ...]] = (
    dimension(
        "ingress",
        "Ingress",
        units.BYTES,
        Kind.DELTA,
        trap="bytes of record batches as produced, after compression, without replication and without framing",
    ),
    dimension("egress", "Egress", units.BYTES, Kind.DELTA, trap="what consumers fetch; followers are left out"),
    dimension(
        "requests",
        "Requests",
        units.REQUESTS,
        Kind.DELTA,
        trap="of the clients' listener only: the brokers' request metrics also count followers and controllers",
    ),
    dimension(
        "connections",
        "Connections",
        units.CONNECTIONS,
        Kind.GAUGE,
        trap="of the clients' listener only; a client opens one to each broker it needs, and one to bootstrap",
    ),
    dimension("connection_attempts", "Connection attempts", units.CONNECTIONS, Kind.DELTA, trap="accepted ones only"),
    dimension("partitions", "Partitions", units.PARTITIONS, Kind.GAUGE, trap="replicas, not distinct partitions"),
    saturation(
        "request_handler_busy",
        "Request handlers busy",
        trap="reads calm on hosts with few cores: threads that wait for a CPU are not counted as idle or busy",
    ),
    saturation(
        "network_thread_busy",
        "Network threads busy",
        trap="from the growth of I/O time of the busiest clients' listener; the idle gauge is blind to TLS handshakes",
    ),
    saturation("cpu_host", "CPU of the host", trap="shared by all brokers and other processes of that host"),
    saturation(
        "coordinator_busy",
        "Group coordinator threads busy",
        trap="a mean over 30 s that takes the time before the start for busy: unknown until a broker is older",
    ),
)
