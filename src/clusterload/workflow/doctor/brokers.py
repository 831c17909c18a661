"""Kafka itself: which brokers answer where they say they listen, what they run, and how a connection is secured."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from clusterload.kafka.cluster import Cluster, has_servers
from clusterload.kafka.listening import Listening, what_listens
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation
from clusterload.kafka.protocol.security import Security, security_of
from clusterload.kafka.software import Software, software_of
from clusterload.model import units
from clusterload.model.errors import AuthenticationError, ClusterloadError, ConfigurationError, UnreachableError
from clusterload.workflow.doctor.check import Area, Check, State
from clusterload.workflow.doctor.together import together

if TYPE_CHECKING:
    from clusterload.kafka.properties import Properties

PATIENCE: Final = 4.0
"""Seconds that one broker may take for each answer."""

_ANSWER: Final = 6.0
_LATE: Final = 12.0
_SOON_DAYS: Final = 30
_DAY: Final = 86_400.0
_SLOW: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A broker that answered.

    Attributes:
        seconds: of one round trip, of the quickest of a few.
        certificate_ends: Unix seconds; None without TLS, or where the certificate is not checked.
    """

    seconds: float
    software: Software
    certificate_ends: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What was found of Kafka itself.

    Attributes:
        cluster: None where no broker answered.
        checks: what was looked at.
        security: how conversations with brokers are secured; None where only the client library can log in.
    """

    cluster: Cluster | None
    checks: tuple[Check, ...]
    security: Security | None = None


def reached(properties: Properties) -> Reached:
    """See which brokers answer, first by the addresses that were given, then by those that brokers name."""
    if not has_servers(properties):
        finding = "not named: only metrics are read, without groups, lag, growth by partition and round trips"
        return Reached(
            cluster=None, checks=(_check("brokers", State.MISSING, finding, "give --bootstrap-server HOST:PORT"),)
        )
    try:
        security = security_of(properties)
    except ConfigurationError as error:
        security, own = None, str(error)
    first = _first(properties, security) if security is not None else ()
    if first and len(first) == len(_given(properties)):
        return Reached(cluster=None, checks=first, security=security)
    try:
        cluster = Cluster.connect(properties, timeout=_ANSWER)
    except ClusterloadError as error:
        failed = _check("client library", State.FAILED, str(error))
        return Reached(cluster=None, checks=(*first, failed), security=security)
    head = _check("cluster", State.OK, f"{cluster.id or 'without an id'}, reached by {cluster.servers}")
    lost = tuple(replace(check, state=State.WARNING) for check in first)
    if security is None:
        finding = f"not asked one by one, since only the client library has this login: {own}"
        asked = _check("brokers", State.MISSING, finding)
        return Reached(cluster=cluster, checks=(head, asked, _controller(cluster)))
    met = _met(cluster, security)
    seen = (*_brokers(cluster, met, security), *_software(met), _controller(cluster), *_secured(met, security))
    return Reached(cluster=cluster, checks=(head, *lost, *seen), security=security)


def meet(address: Address, security: Security) -> Met:
    """Connect to a broker, log in, and ask what it runs.

    Raises:
        ClusterError: it does not answer, or refuses the login, or TLS failed.
        ConfigurationError: a certificate or key cannot be used.
    """
    with Conversation(address, security, patience=PATIENCE) as broker:
        software = software_of(broker)
        return Met(seconds=broker.round_trip(3), software=software, certificate_ends=broker.certificate_ends)


def _tried(address: Address, security: Security) -> Met | ClusterloadError:
    try:
        return meet(address, security)
    except ClusterloadError as error:
        return error


def _met(cluster: Cluster, security: Security) -> dict[int, Met | ClusterloadError]:
    asked = {broker.id: partial(_tried, Address(broker.host, broker.port), security) for broker in cluster.brokers}
    return together(asked, _LATE, lambda _: UnreachableError(f"it did not answer within {_LATE:g} s"))


def _given(properties: Properties) -> tuple[Address, ...]:
    servers = properties.values.get("bootstrap.servers") or properties.values.get("metadata.broker.list", "")
    return tuple(dict.fromkeys(Address.parsed(server) for server in servers.split(",") if server.strip()))


def _first(properties: Properties, security: Security) -> tuple[Check, ...]:
    """The addresses that were given at which no broker answers as it should, a line each; none where any leads on."""
    asked = {address: partial(_tried, address, security) for address in _given(properties)}
    met = together(asked, _LATE, lambda _: UnreachableError(f"it did not answer within {_LATE:g} s"))
    wrong = {address: found for address, found in met.items() if not isinstance(found, Met)}
    whats = together({address: partial(what_listens, address) for address in wrong}, _LATE, lambda _: Listening.SILENT)
    return tuple(
        _check(str(address), State.FAILED, *_mistake(whats[address], security, error))
        for address, error in wrong.items()
    )


def _mistake(what: Listening, security: Security | None, error: ClusterloadError) -> tuple[str, str]:
    """What is wrong with an address at which no broker answered as it should, and what to do."""
    encrypted = security is not None and security.tls is not None
    first, _, cure = str(error).partition(": check ")
    if what in {Listening.NO_NAME, Listening.NOTHING, Listening.SILENT}:
        up = "check the name, or add it to this machine's hosts" if what is Listening.NO_NAME else _UP
        return str(what), up
    if what in {Listening.HTTP, Listening.HTTPS}:
        return str(
            what
        ), "take a broker's port for clients, often 9092 or 9093; metrics belong to --exporter or --prometheus"
    if what is Listening.TLS and not encrypted:
        return f"{what}, and this connection is without", "set security.protocol=SSL, or SASL_SSL with a login"
    if what is Listening.OTHER and encrypted:
        return (
            f"{what}, and this connection is with it",
            "set security.protocol=PLAINTEXT, or SASL_PLAINTEXT with a login",
        )
    return first, f"check {cure}" if cure else "check the login: a listener that wants one hangs up without"


_UP: Final = "check host and port, that the broker is up, and that no firewall is between"


def _brokers(cluster: Cluster, met: Mapping[int, Met | ClusterloadError], security: Security) -> Iterable[Check]:
    good = {broker: found for broker, found in met.items() if isinstance(found, Met)}
    places = {broker.id: Address(broker.host, broker.port) for broker in cluster.brokers}
    wrong = {broker: found for broker, found in met.items() if not isinstance(found, Met)}
    whats = together(
        {broker: partial(what_listens, places[broker]) for broker in wrong}, _LATE, lambda _: Listening.SILENT
    )
    for broker, error in wrong.items():
        yield _broken(broker, places[broker], error, whats[broker], security)
    if good:
        slowest = max(found.seconds for found in good.values())
        which = f"all {len(good)}" if not wrong and len(good) > 1 else f"{len(good)} of {len(met)}"
        says = "answer where they say they listen" if len(met) > 1 else "answers where it says it listens"
        words = f"{which} {says} ({_some(places[broker] for broker in good)})"
        words += f", a round trip takes {1e3 * slowest:.1f} ms{' at most' if len(good) > 1 else ''}"
        remedy = "a client far away waits for each answer: measure latency from where the applications are"
        yield _check("brokers", State.WARNING if slowest > _SLOW else State.OK, words, remedy)


def _broken(broker: int, place: Address, error: ClusterloadError, what: Listening, security: Security) -> Check:
    if isinstance(error, AuthenticationError):
        return _check(f"broker {broker}", State.FAILED, str(error), "check the login; brokers may know different ones")
    finding, remedy = _mistake(what, security, error)
    if what in {Listening.NO_NAME, Listening.NOTHING, Listening.SILENT}:
        remedy = "see that it is up; if it is, its advertised.listeners name an address that is not this machine's way"
    return _check(f"broker {broker}", State.FAILED, f"says it listens at {place}, but {finding}", remedy)


def _software(met: Mapping[int, Met | ClusterloadError]) -> Iterable[Check]:
    found = {broker: each.software for broker, each in met.items() if isinstance(each, Met)}
    releases = {software.release for software in found.values()}
    if not releases:
        return
    if releases == {""}:
        finding = "it names no metadata.version: Kafka before 3.3, without KRaft, or another server of Kafka's protocol"
        yield _check("version", State.OK, finding)
    elif len(releases) > 1:
        each = ", ".join(f"{software.release or 'unknown'} on {broker}" for broker, software in sorted(found.items()))
        yield _check("version", State.WARNING, f"brokers run different ones: Kafka {each}", "finish the upgrade")
    else:
        (release,), level = releases, next(iter(found.values())).level
        behind = bool(level) and level != release
        words = f"Kafka {release}" + (f", with the features of {level}" if behind else "")
        remedy = f"after an upgrade: kafka-features.sh upgrade --release-version {release}"
        yield _check("version", State.WARNING if behind else State.OK, words, remedy)


def _controller(cluster: Cluster) -> Check:
    known = next((broker for broker in cluster.brokers if broker.controller), None)
    if known is None:
        return _check(
            "controller",
            State.WARNING,
            "none is named: topics and quotas cannot be changed",
            "see that the quorum is up",
        )
    return _check("controller", State.OK, f"requests for it go to broker {known.id}")


def _secured(met: Mapping[int, Met | ClusterloadError], security: Security) -> Iterable[Check]:
    if security.mechanism:
        plain = security.tls is None and security.mechanism in {"PLAIN", "OAUTHBEARER"}
        words = f"{security.mechanism} is accepted"
        words += ", and goes over the network in plain text" if plain else ""
        yield _check("login", State.WARNING if plain else State.OK, words, "use a listener with SASL_SSL")
    if security.tls is None:
        return
    if not security.tls.verify:
        words = "certificates are not checked: anybody on the way could read and change what is sent"
        yield _check("TLS", State.WARNING, words, "set enable.ssl.certificate.verification=true, and ssl.ca.location")
        return
    ends = [each.certificate_ends for each in met.values() if isinstance(each, Met) and each.certificate_ends]
    if ends:
        left = (min(ends) - time.time()) / _DAY
        words = (
            f"certificates and names are in order; the first ends on {datetime.fromtimestamp(min(ends), UTC):%Y-%m-%d}"
        )
        state = State.WARNING if left < _SOON_DAYS else State.OK
        yield _check(
            "TLS", state, f"{words}, in {units.duration(max(0.0, left) * _DAY)}", "renew it: clients will be refused"
        )


def _some(places: Iterable[Address], most: int = 3) -> str:
    found = list(map(str, places))
    return ", ".join(found[:most]) + (" …" if len(found) > most else "")


def _check(name: str, state: State, finding: str, remedy: str = "") -> Check:
    return Check(area=Area.KAFKA, name=name, state=state, finding=finding, remedy="" if state is State.OK else remedy)
