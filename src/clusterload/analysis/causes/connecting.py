"""Causes about connections: how many are open, how many are made, failed authentication, and TLS."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.blame import by_rise, rising_clients, rising_topics
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.signature_figures import MEGABYTE
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.analysis.window_stats import UNKNOWN, Pair, known
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene
    from clusterload.analysis.finding import Culprit


NETWORK_THREADS: Final = 3
"""Kafka's default of num.network.threads, for which no metric tells another number."""

ACTIVE: Final = 0.5
"""Activity, from 0 to 1, from which on new connections are named by the thread time of their clients."""


def _who_connects(scene: Scene, *topics: str) -> tuple[Culprit, ...]:
    """Who connects, as far as brokers tell; topics by these Series where they name no client."""
    return (
        *by_rise(scene, "connections_by_principal", "principal"),
        *(() if scene.names_clients else (topic for name in topics for topic in rising_topics(scene, name))),
        *by_rise(scene, "connections_by_software", "software"),
        *by_rise(scene, "connections_by_listener", "listener"),
    )


def _connections(scene: Scene) -> Signs | None:
    level = scene.total("connections")
    more = scene.rise("connections")
    if math.isnan(level.now) or not more > 0:
        return None
    cores = scene.spread_connections * (
        scene.price("Produce", scene.produced) + scene.followers("Produce")
    ) + scene.price("FetchConsumer", scene.added("FetchConsumer")) * between(more, 20, 200) * _idle_fetches(scene)
    # Idle connections cost nothing: their number alone harms only where there is a limit.
    least, most = (0.01, 0.05) if scene.compared else (0.06, 0.15)
    active = max(between(cores / scene.cores, least, most), _few_requests_each(scene, cores))
    active *= between(scene.senders, 15, 60) * _of_one(scene)
    many = scene.grown("connections", 10, 5) * active
    weight = either(scene.cost(cores) * active, many, scene.near_limit("connections"))
    if scene.compared:
        fit = 1 - 0.7 * by_size(scene.connecting * scene.seconds / more, 1.0, 6.0)
    else:
        # A height alone says nothing, except against a limit, or where the requests come from very many.
        fit = max(active * scene.spread_connections, _leads(scene, "connections"))
    return Signs(
        weight=weight,
        fit=fit,
        sentence=f"High connection count: {units.number(level.now)}" + _before(level.before),
        evidence=(
            scene.evidence("Connections", "connections"),
            scene.evidence("Connection attempts", "connection_attempts"),
            *scene.request_evidence("Produce"),
        ),
        # Thread time of clients comes first only where the new connections send requests.
        culprits=lambda: (
            (*rising_clients(scene), *_who_connects(scene, "records_in_by_topic"))
            if active >= ACTIVE
            else (*_who_connects(scene), *rising_clients(scene))
        ),
        cores=cores,
        effect=_share_effect(scene, "connections", more),
    )


def _few_requests_each(scene: Scene, cores: float) -> float:
    """From 0 to 1, how far each connection that was added sends a little: too little alone to be felt, and not idle."""
    if not scene.compared or not scene.senders:
        return 0.0
    each = scene.added("Produce") / scene.senders
    return between(each, 0.05, 0.3) * between(cores / scene.cores, 0.002, 0.006)


def _of_one(scene: Scene) -> float:
    """Without a baseline, from 0 to 1, how far the connections are one application's; 1 with a baseline.

    Where no metric names clients, the software that they run is the nearest to an application.
    """
    if scene.compared:
        return 1.0
    clients = scene.led_by_one(client="thread_time_by_client")
    return between(clients or scene.led_by_one(software="connections_by_software"), 0.2, 0.5)


def _idle_fetches(scene: Scene) -> float:
    """From 0 to 1, how far new fetches come from many waiting consumers, and not from a few in a storm."""
    more = max(1.0, scene.rise("connections"))
    return 1 - by_size(scene.added("FetchConsumer") / more, 4.0, 25.0)


def _leads(scene: Scene, name: str) -> float:
    """From 0 to 1, how far a dimension's share of its limit is above all others'."""
    own = scene.usage.share(name)
    others = [
        share.typical for share in scene.usage.shares if share.resource.name != name and not math.isnan(share.typical)
    ]
    if own is None or not own.typical > 0:
        return 0.0
    return between(own.typical / max([*others, 1e-9]), 1.0, 2.0)


def _share_effect(scene: Scene, name: str, more: float) -> str:
    share = scene.usage.share(name)
    level = scene.now(name)
    if share is None or math.isnan(share.typical) or not level:
        return ""
    points = units.number(100 * share.typical * more / level)
    return f"without what was added they use {points} points less of their limit"


def _before(value: float) -> str:
    return "" if math.isnan(value) else f", {units.number(value)} before"


CONNECTIONS = Cause(
    id="connections",
    title="High connection count",
    means="Many clients hold connections open. Idle ones cost brokers hardly anything, but count against limits; "
    "active ones send small requests each, and each Produce request wakes the followers' waiting fetches.",
    moves=("open connections", "requests, a few a second for each new connection"),
    stays=("connection attempts, once all are open", "bytes and records per request"),
    look_alikes={
        "connection-churn": "attempts continue and far exceed what stays open",
        "small-batches": "few connections make the requests: more than some 10/s each",
        "ingress-bytes": "bytes rise and connections do not",
    },
    named_by={
        "client": "thread_time_by_client",
        "principal": "connections_by_principal",
        "software": "connections_by_software",
        "listener": "connections_by_listener",
        "topic": "records_in_by_topic",
    },
    if_unnamed="connections are published by listener and by client software only: count them by source address on a "
    "broker, or have clients authenticate",
    cure="Fewer client instances: share one client among a process's threads, or pool connections in a proxy.",
    disproof="Closing half of the connections leaves the limit load and the brokers' CPU unchanged.",
    signs=_connections,
    fills="connections",
    needs=("connections",),
)


def _churn(scene: Scene) -> Signs | None:
    failing = scene.lasting("failed_authentications")
    rate = max(0.0, scene.connecting - failing)
    if rate < 0.5:  # noqa: PLR2004 (a client that starts now and then)
        return None
    cores = scene.price("attempts", rate) + scene.price("Metadata", min(rate, scene.added_lasting("Metadata")))
    cores += scene.price("tls_attempts", _handshakes(scene))
    brief = scene.beyond(scene.a_connection(rate), 0.1, 3.0) * between(cores / scene.cores, 0.002, 0.02)
    felt = between(cores / scene.cores, 0.0005, 0.009)
    weight = either(scene.cost(cores), scene.grown("connection_attempts", 1.0) * felt, brief)
    return Signs(
        weight=weight,
        fit=between(rate * scene.seconds / max(1.0, scene.rise("connections")), 1.0, 4.0),
        sentence=f"Connection churn: {units.number(rate)} short-lived connections a second",
        evidence=(
            scene.evidence("Connection attempts", "connection_attempts"),
            scene.evidence("Connections", "connections"),
            *scene.request_evidence("ApiVersions", "Metadata"),
            scene.evidence("Throttle time of new connections", "accept_throttle_time"),
            scene.evidence("New connections wait for a network thread", "acceptor_blocked"),
        ),
        culprits=lambda: (
            *rising_clients(scene, "connections_made_by_client", "thread_time_by_client", dataless=True),
            *_who_connects(scene),
        ),
        cores=cores,
        effect=f"reused connections save {scene.saved(cores)}",
    )


CHURN = Cause(
    id="connection-churn",
    title="Connection churn",
    means="Clients connect, do little and disconnect, as scripts, health checks and short-lived functions do. Each "
    "connection costs a handshake, authentication, and a first ApiVersions and Metadata request.",
    moves=("connection attempts, continuously", "ApiVersions, often Metadata requests", "network threads' CPU"),
    stays=("open connections", "bytes"),
    look_alikes={
        "connections": "new connections stay open",
        "authentication-failures": "authentication fails",
        "metadata-storm": "Metadata requests rise without connection attempts",
        "tls": "most of the cost is TLS handshakes",
    },
    named_by={"client": "thread_time_by_client", "software": "connections_by_software"},
    if_unnamed="clients that disconnect at once are named in the brokers' request log only",
    cure="Reuse clients and their connections; raise connections.max.idle.ms if brokers close idle ones; cap a "
    "listener with max.connection.creation.rate.",
    disproof="Connection attempts stop and the network threads' CPU does not fall.",
    signs=_churn,
    needs=("connection_attempts|requests_by_type",),
    explains_away={"metadata-storm": 0.8, "connections": 0.4},
)


def _failures(scene: Scene) -> Signs | None:
    rate = scene.rise("failed_authentications")
    if rate < 0.05:  # noqa: PLR2004 (one in 20 s)
        return None
    cores = scene.price("attempts", rate)
    return Signs(
        weight=either(scene.cost(cores), between(rate, 0.0, 1.0) * (1.0 if scene.compared else _part_failing(scene))),
        fit=1.0,
        sentence=f"Authentications fail: {units.number(rate)} a second",
        evidence=(
            scene.evidence("Failed authentications", "failed_authentications"),
            scene.evidence("Successful authentications", "authentications"),
            scene.evidence("Connection attempts", "connection_attempts"),
        ),
        culprits=lambda: by_rise(scene, "failed_authentications", "listener"),
        cores=cores,
        effect=f"clients that stop retrying save {scene.saved(cores)} and their connection attempts",
    )


def _part_failing(scene: Scene) -> float:
    """From 0 to 1, how large a part of all authentications fails: of many, some always do."""
    failed, succeeded = scene.now("failed_authentications"), scene.now("authentications")
    return between(failed / (failed + succeeded), 0.05, 0.5)


FAILURES = Cause(
    id="authentication-failures",
    title="Failed authentications",
    means="A client with wrong or expired credentials reconnects again and again.",
    moves=("failed authentications", "connection attempts"),
    stays=("requests", "bytes"),
    look_alikes={"connection-churn": "authentication succeeds"},
    if_unnamed="a client that fails to authenticate has no name that could be published: brokers log its address",
    cure="Correct the credentials or stop the client; connection.failed.authentication.delay.ms slows its retries.",
    disproof="No authentication fails while connection attempts stay as high.",
    signs=_failures,
    needs=("failed_authentications",),
    explains_away={"connection-churn": 0.9},
)


def _handshakes(scene: Scene) -> float:
    """TLS handshakes a second that were added; 0 where no metric says that connections are TLS."""
    encrypted, all_of_them = _encrypted(scene), scene.now("connections")
    share = encrypted.now / all_of_them if all_of_them and encrypted.now > 0 else 0.0
    return scene.connecting if share > 0 and (_more_encrypted(scene) or share > 0.2) else 0.0  # noqa: PLR2004 (more than ours)


def _encrypted(scene: Scene) -> Pair:
    """TLS connections: as brokers count them by cipher, or those of listeners whose name says that they are TLS."""
    counted, secure = scene.total("tls_connections"), _by_name(scene)
    told = [pair for pair in (counted, secure) if not math.isnan(pair.now)]
    return max(told, key=lambda pair: pair.now, default=counted)


def _by_name(scene: Scene) -> Pair:
    listeners = scene.stats.by("connections_by_listener", "listener").items()
    secure = [pair.filled for name, pair in listeners if _is_tls(name) and not math.isnan(pair.now)]
    if not secure:
        return UNKNOWN
    before = sum(pair.before for pair in secure) if scene.compared else math.nan
    return Pair(now=sum(max(0.0, pair.now) for pair in secure), before=before)


def _more_encrypted(scene: Scene) -> float:
    """How many more TLS connections there are than before; 0 within noise."""
    if not math.isnan(scene.total("tls_connections").now):
        return scene.rise("tls_connections")
    secure = [name for name in scene.stats.by("connections_by_listener", "listener") if _is_tls(name)]
    return sum(scene.rise("connections_by_listener", listener=name) for name in secure)


def _told_by(scene: Scene) -> str:
    counted = not math.isnan(scene.total("tls_connections").now)
    return "tls_connections" if counted else "connections_by_listener"


def _is_tls(listener: str) -> bool:
    return "SSL" in listener.upper() or "TLS" in listener.upper()


def _tls(scene: Scene) -> Signs | None:
    encrypted = _encrypted(scene)
    if not encrypted.now > 0:
        return None
    handshakes = _handshakes(scene)
    moved = (scene.rise("request_bytes") or scene.rise("ingress")) + (
        scene.rise("response_bytes") or scene.rise("egress")
    )
    part = encrypted.rise / max(1.0, scene.total("connections").rise) if scene.compared else 1.0
    by_them = (
        min(1.0, max(0.0, part))
        if _more_encrypted(scene)
        else encrypted.now / max(encrypted.now, scene.now("connections"))
    )
    cores = scene.price("tls_attempts", handshakes) + scene.price("tls_megabyte", by_them * moved / MEGABYTE)
    busy = scene.rise("network_thread_busy")
    weight = either(scene.cost(cores), between(busy, 0.02, 0.3) * between(cores, 0.02, 0.2))
    fit = between(cores / scene.cores, 0.01, 0.06) * (0.6 + 0.4 * between(busy, 0.0, 0.05))
    if not scene.compared:
        times, seen = _beyond_plaintext(scene)
        if not math.isnan(times):
            cores, fit = max(cores, seen), by_size(times, 2.0, 5.0)
            weight = max(weight, fit * between(cores / scene.cores, 0.01, 0.05))
    return Signs(
        weight=weight,
        fit=fit,
        sentence=f"TLS takes network thread time: {units.number(handshakes)} handshakes a second, "
        f"{units.short(by_them * moved, units.BYTES_PER_SECOND)} encrypted",
        evidence=(
            scene.figure("TLS connections", encrypted, units.CONNECTIONS, _told_by(scene)),
            scene.evidence("Network threads", "network_thread_busy"),
            scene.evidence("Connection attempts", "connection_attempts"),
            scene.evidence("Ingress", "ingress"),
        ),
        culprits=lambda: (
            *rising_clients(scene, "ingress_by_client", "thread_time_by_client"),
            *_who_connects(scene, "ingress_by_topic", "egress_by_topic"),
        ),
        cores=cores,
        effect=f"kept connections and fewer bytes save up to {scene.saved(cores)}",
    )


def _beyond_plaintext(scene: Scene) -> tuple[float, float]:
    """How many times as busy network threads are as plaintext would make them, and the cores beyond that; NaN unknown.

    Measured on a lab without TLS: 37 microseconds a request and 0.8 ms a megabyte, of each broker's three threads on
    average.
    """
    busy = sum(known(pair.now) for pair in scene.stats.per_broker("network_thread_busy").values())
    moved = scene.now("request_bytes") + scene.now("response_bytes")
    plain = 37e-6 * scene.now("requests") + 0.8e-3 * moved / MEGABYTE
    if not busy or not plain:
        return math.nan, math.nan
    return busy / plain, NETWORK_THREADS * max(0.0, busy - plain)


TLS = Cause(
    id="tls",
    title="TLS overhead",
    means="Encryption costs brokers CPU for each byte, far more for each handshake, and rules out zero-copy (sendfile) "
    "for fetches.",
    moves=("TLS connections, or connection attempts on a TLS listener", "network threads' CPU"),
    stays=("requests", "bytes, where handshakes are the cost"),
    look_alikes={
        "ingress-bytes": "the bytes arrive on a plaintext listener",
        "connection-churn": "the new connections are plaintext",
    },
    named_by={
        "client": "ingress_by_client",
        "listener": "connections_by_listener",
        "software": "connections_by_software",
        "topic": "ingress_by_topic",
    },
    if_unnamed="a TLS handshake comes before the client sends its client id",
    cure="Keep connections open; resume TLS sessions; move the heaviest reader inside the same network to a plaintext "
    "listener.",
    disproof="The same bytes and connection attempts on a plaintext listener cost as much CPU.",
    signs=_tls,
    needs=("tls_connections",),
    explains_away={"connection-churn": 0.6, "ingress-bytes": 0.7, "fan-out": 0.5, "connections": 0.5},
)

CAUSES = (CONNECTIONS, CHURN, FAILURES, TLS)
