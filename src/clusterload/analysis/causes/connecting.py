"""Causes about connections: how many there are, how many are made, how they log in, and TLS."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.blame import by_rise, clients
from clusterload.analysis.causes.cause import Cause, Neighbour, Signs
from clusterload.analysis.causes.scene import MEGABYTE
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.scene import Scene
    from clusterload.analysis.finding import Culprit


ACTIVE: Final = 0.5
"""From which activity on, of 1, new connections are told by the time that their clients take."""


def _who_connects(scene: Scene) -> tuple[Culprit, ...]:
    return (
        *by_rise(scene, "connections_by_principal", "principal"),
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
    ) + scene.price("FetchConsumer", scene.asked("FetchConsumer")) * between(more, 20, 200) * _idle_fetches(scene)
    # Connections that say nothing cost nothing: their number alone is no harm but to a limit.
    active = between(cores / scene.cores, 0.01, 0.05) * between(scene.senders, 15, 60)
    many = scene.grown("connections", 10, 12) * active
    weight = either(scene.cost(cores) * active, many, scene.pressed("connections"))
    if scene.based:
        fit = 1 - 0.7 * by_size(scene.connecting * scene.seconds / more, 1.0, 6.0)
    else:
        # A height alone tells of nothing but its limit.
        fit = 1.0 if scene.usage.share("connections") else 0.0
        fit *= _leads(scene, "connections")
    return Signs(
        weight=weight,
        fit=fit,
        sentence=f"Many connections: {units.number(level.now)}" + _before(level.before),
        evidence=(
            scene.evidence("Connections", "connections"),
            scene.evidence("Connection attempts", "connection_attempts"),
            *scene.request_evidence("Produce"),
        ),
        # Time of clients comes first only where what connects asks for something.
        culprits=(*clients(scene), *_who_connects(scene))
        if active >= ACTIVE
        else (*_who_connects(scene), *clients(scene)),
        cores=cores,
        effect=_share_effect(scene, "connections", more),
    )


def _idle_fetches(scene: Scene) -> float:
    """From 0 to 1, how much new fetches are those of many consumers that wait, and not of few that storm."""
    more = max(1.0, scene.rise("connections"))
    return 1 - by_size(scene.asked("FetchConsumer") / more, 4.0, 25.0)


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
    return f"without what was added they take {points} points less of their limit"


def _before(value: float) -> str:
    return "" if math.isnan(value) else f", {units.number(value)} before"


CONNECTIONS = Cause(
    id="connections",
    title="Many connections",
    means="Many clients hold connections. Idle ones cost brokers next to nothing, but count against limits; active "
    "ones send small requests each, and each produce request wakes the followers.",
    moves=("connections", "requests, a few a second for each new connection"),
    stays=("connection attempts, once all are open", "bytes and records a request"),
    neighbours=(
        Neighbour(cause="connection-churn", test="attempts go on and far exceed what stays open"),
        Neighbour(cause="small-batches", test="few connections make the requests: more than some 10/s each"),
        Neighbour(cause="ingress-bytes", test="bytes rise and connections do not"),
    ),
    named_by={
        "client": "thread_time_by_client",
        "principal": "connections_by_principal",
        "software": "connections_by_software",
        "listener": "connections_by_listener",
    },
    otherwise="connections are published by listener and by client software only: count them by source address on a "
    "broker, or let clients log in",
    cure="Fewer clients, or one client shared by a process's threads; a proxy that pools them.",
    disproof="Closing half of the connections leaves the limit load and the brokers' time as they are.",
    signs=_connections,
)


def _churn(scene: Scene) -> Signs | None:
    failing = scene.lasting("failed_authentications")
    rate = max(0.0, scene.connecting - failing)
    if rate < 0.5:  # noqa: PLR2004 (a client that starts now and then)
        return None
    cores = scene.price("attempts", rate) + scene.price("Metadata", min(rate, scene.asked_on("Metadata")))
    cores += scene.price("tls_attempts", _handshakes(scene))
    weight = either(scene.cost(cores), scene.grown("connection_attempts", 1.0) * between(rate, 1.0, 20.0))
    return Signs(
        weight=weight,
        fit=between(rate * scene.seconds / max(1.0, scene.rise("connections")), 1.0, 4.0),
        sentence=f"Clients keep connecting anew: {units.number(rate)} connections a second that do not stay",
        evidence=(
            scene.evidence("Connection attempts", "connection_attempts"),
            scene.evidence("Connections", "connections"),
            *scene.request_evidence("ApiVersions", "Metadata"),
        ),
        culprits=(*clients(scene), *_who_connects(scene)),
        cores=cores,
        effect=f"kept connections save {units.number(cores, 2)} cores",
    )


CHURN = Cause(
    id="connection-churn",
    title="Connections that do not stay",
    means="Clients connect, do little and leave, as scripts, health checks and short-lived functions do. Each "
    "connection costs a handshake, a login and a first question about versions and metadata.",
    moves=("connection attempts, all the time", "ApiVersions, often Metadata", "network threads' CPU"),
    stays=("connections that are open", "bytes"),
    neighbours=(
        Neighbour(cause="connections", test="what is made stays open"),
        Neighbour(cause="authentication-failures", test="the logins fail"),
        Neighbour(cause="metadata-storm", test="Metadata rises without attempts"),
        Neighbour(cause="tls", test="most of the cost is TLS handshakes"),
    ),
    named_by={"client": "thread_time_by_client", "software": "connections_by_software"},
    otherwise="clients that leave at once are named in the brokers' request log only",
    cure="Keep clients and their connections; raise connections.max.idle.ms if brokers close them; limit a source by "
    "max.connection.creation.rate.",
    disproof="Attempts stop and the network threads' CPU stays as it is.",
    signs=_churn,
    hides={"metadata-storm": 0.8, "connections": 0.4},
)


def _failures(scene: Scene) -> Signs | None:
    rate = scene.rise("failed_authentications")
    if rate < 0.05:  # noqa: PLR2004 (one in 20 s)
        return None
    cores = scene.price("attempts", rate)
    return Signs(
        weight=either(scene.cost(cores), between(rate, 0.0, 1.0)),
        fit=1.0,
        sentence=f"Logins fail: {units.number(rate)} a second",
        evidence=(
            scene.evidence("Failed authentications", "failed_authentications"),
            scene.evidence("Successful authentications", "authentications"),
            scene.evidence("Connection attempts", "connection_attempts"),
        ),
        culprits=by_rise(scene, "failed_authentications", "listener"),
        cores=cores,
        effect=f"clients that stop trying save {units.number(cores, 2)} cores and their connection attempts",
    )


FAILURES = Cause(
    id="authentication-failures",
    title="Logins that fail",
    means="A client with wrong or expired credentials connects again and again.",
    moves=("failed authentications", "connection attempts"),
    stays=("requests", "bytes"),
    neighbours=(Neighbour(cause="connection-churn", test="logins succeed"),),
    otherwise="who fails to log in has no name that could be published: brokers log its address",
    cure="Correct or stop the client; brokers hold failing ones up by connection.failed.authentication.delay.ms.",
    disproof="No login fails while attempts stay as high.",
    signs=_failures,
    hides={"connection-churn": 0.9},
)


def _handshakes(scene: Scene) -> float:
    """TLS handshakes a second that were added; 0 where it is not told that connections are TLS."""
    encrypted, all_of_them = scene.now("tls_connections"), scene.now("connections")
    listeners = scene.facts.by("connections_by_listener", "listener")
    secure = sum(max(0.0, pair.now) for name, pair in listeners.items() if _is_tls(name) and not math.isnan(pair.now))
    share = max(encrypted, secure) / all_of_them if all_of_them else 0.0
    rising = scene.rise("tls_connections")
    return scene.connecting if share > 0 and (rising or share > 0.2) else 0.0  # noqa: PLR2004 (more than ours)


def _is_tls(listener: str) -> bool:
    return "SSL" in listener.upper() or "TLS" in listener.upper()


def _tls(scene: Scene) -> Signs | None:
    encrypted = scene.total("tls_connections")
    if not encrypted.now > 0:
        return None
    handshakes = _handshakes(scene)
    moved = (scene.rise("request_bytes") or scene.rise("ingress")) + (
        scene.rise("response_bytes") or scene.rise("egress")
    )
    part = encrypted.rise / max(1.0, scene.total("connections").rise) if scene.based else 1.0
    by_them = (
        min(1.0, max(0.0, part))
        if scene.rise("tls_connections")
        else encrypted.now / max(encrypted.now, scene.now("connections"))
    )
    cores = scene.price("tls_attempts", handshakes) + scene.price("tls_megabyte", by_them * moved / MEGABYTE)
    busy = scene.rise("network_thread_busy")
    weight = either(scene.cost(cores), between(busy, 0.02, 0.3) * between(cores, 0.02, 0.2))
    return Signs(
        weight=weight,
        fit=between(cores / scene.cores, 0.01, 0.06) * (0.6 + 0.4 * between(busy, 0.0, 0.05)),
        sentence=f"TLS takes the network threads' time: {units.number(handshakes)} handshakes a second, "
        f"{units.short(by_them * moved, units.BYTES_PER_SECOND)} encrypted",
        evidence=(
            scene.evidence("TLS connections", "tls_connections"),
            scene.evidence("Network threads", "network_thread_busy"),
            scene.evidence("Connection attempts", "connection_attempts"),
            scene.evidence("Ingress", "ingress"),
        ),
        culprits=(*clients(scene, "ingress_by_client", "thread_time_by_client"), *_who_connects(scene)),
        cores=cores,
        effect=f"kept connections and fewer bytes save up to {units.number(cores, 2)} cores",
    )


TLS = Cause(
    id="tls",
    title="TLS",
    means="Encrypting costs brokers CPU for each byte, and much for each handshake, and takes the zero-copy path away "
    "from fetches.",
    moves=("TLS connections, or attempts on a TLS listener", "network threads' CPU"),
    stays=("requests", "bytes, where it is the handshakes"),
    neighbours=(
        Neighbour(cause="ingress-bytes", test="the bytes come by a plain listener"),
        Neighbour(cause="connection-churn", test="what connects is plain"),
    ),
    named_by={"client": "ingress_by_client", "listener": "connections_by_listener"},
    otherwise="handshakes are made before a client has a name",
    cure="Keep connections; resume sessions; let the heaviest reader inside the same network use a plain listener.",
    disproof="The same bytes and attempts on a plain listener cost as much.",
    signs=_tls,
    hides={"connection-churn": 0.6, "ingress-bytes": 0.7, "fan-out": 0.5, "connections": 0.5},
)

CAUSES = (CONNECTIONS, CHURN, FAILURES, TLS)
