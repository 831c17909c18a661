"""Who it is: clients, logins, software and listeners, with what quotas do to them."""

from __future__ import annotations

from typing import Final

from clusterload.model import units
from clusterload.model.resources.resource import Resource, sign
from clusterload.model.series_kind import Kind

CLIENTS: Final[tuple[Resource, ...]] = (
    sign("requests_by_principal", "Requests by principal", units.REQUESTS, Kind.DELTA, "principal"),
    sign("connections_by_principal", "Connections by principal", units.CONNECTIONS, Kind.GAUGE, "principal"),
    sign(
        "deprecated_requests",
        "Requests of a deprecated version",
        units.REQUESTS,
        Kind.DELTA,
        "request",
        "software",
        trap="as clients call themselves; a version that the brokers' next major release may refuse",
    ),
    sign(
        "authentications",
        "Successful authentications",
        units.COUNT,
        Kind.DELTA,
        trap="none where clients need no login",
    ),
    sign("failed_authentications", "Failed authentications", units.COUNT, Kind.DELTA),
    sign(
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
        sign(
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
        sign(
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
    sign(
        "exempt_thread_time",
        "Thread time exempt from quotas",
        units.RATIO,
        Kind.GAUGE,
        trap="of one thread: of other brokers' and inter-broker requests, which no client is billed for; exists only "
        "while there is a client quota",
    ),
    sign(
        "accept_throttle_time",
        "Throttle time of new connections",
        units.MILLISECONDS,
        Kind.GAUGE,
        "listener",
        trap="exists only where max.connection.creation.rate is exceeded; NaN otherwise",
    ),
    sign(
        "acceptor_blocked",
        "Time that new connections wait for a network thread",
        units.SECONDS,
        Kind.DELTA,
        "listener",
        trap="of the acceptor thread: all of a listener's network threads have a full queue of new connections",
    ),
    sign(
        "connections_by_software",
        "Connections by client software",
        units.CONNECTIONS,
        Kind.GAUGE,
        "software",
        trap="as clients call themselves; of the clients' listeners; those without a name are unknown/unknown",
    ),
    sign(
        "connections_by_listener",
        "Connections by listener",
        units.CONNECTIONS,
        Kind.GAUGE,
        "listener",
        trap="of the clients' listeners only",
    ),
    sign(
        "tls_connections",
        "Connections with TLS",
        units.CONNECTIONS,
        Kind.GAUGE,
        trap="of the clients' listeners; none where there was never one",
    ),
    *(
        sign(
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
        sign(
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
)
