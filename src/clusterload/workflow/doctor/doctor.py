"""The checkup from start to end: Kafka, what its login may do, metrics, what can be judged of them, this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import ClusterloadError, SourceError
from clusterload.model.resources import RESOURCES, saturations
from clusterload.telemetry.discovery import cluster_of_metrics, names_metrics
from clusterload.telemetry.sources import prometheus
from clusterload.telemetry.sources.confluent import ConfluentSource
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.prometheus import PrometheusSource
from clusterload.workflow.doctor.brokers import Reached, reached
from clusterload.workflow.doctor.causes import Circumstances, judgeable
from clusterload.workflow.doctor.check import Area, Check, Checkup, Judgeable, Paste, State
from clusterload.workflow.doctor.given import given_by, given_by_admin
from clusterload.workflow.doctor.history import checked_cloud, checked_prometheus, reached_prometheus
from clusterload.workflow.doctor.machine import checked_machine
from clusterload.workflow.doctor.rights import Allowed, allowed
from clusterload.workflow.doctor.scraped import NAMES, checked_exporters, dialect
from clusterload.workflow.doctor.together import together

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.kafka.properties import Properties
    from clusterload.telemetry.sources.addresses import Endpoints
    from clusterload.telemetry.sources.names.recognition import Recognition
    from clusterload.telemetry.sources.source import Source

_LONGEST: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metrics:
    """What the sources of metrics came to.

    Attributes:
        given: the brokers that each Series is known of, by its name; None where nothing could be read.
        at_rest: Series that are there without a value just now, or show only once something happens.
        idle: those of them that show only once something happens.
        kinds: of the sources.
    """

    checks: tuple[Check, ...] = ()
    given: Mapping[str, frozenset[str]] | None = None
    at_rest: frozenset[str] = frozenset()
    idle: frozenset[str] = frozenset()
    kinds: frozenset[type] = frozenset()


def checkup(
    properties: Properties,
    sources: Callable[[Cluster], Sequence[Source]],
    *,
    endpoints: Endpoints | None = None,
    runs: Path = Path("runs"),
    target: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> Checkup:
    """Look at everything that is named; nothing is loaded and nothing is changed.

    Args:
        properties: of the client; where Kafka is, and what metrics they name.
        sources: the sources of metrics of a cluster.
        endpoints: URLs of exporters or agents by broker id that the properties do not name.
        runs: the folder in which run files are kept.
        target: the options that name the cluster, for commands to be pasted; without a secret.
        say: takes what is looked at, while that goes on.
    """
    began = time.monotonic()
    say("asking the brokers, and this machine")
    first: dict[str, Callable[[], object]] = {
        "kafka": lambda: reached(properties),
        "machine": lambda: checked_machine(runs),
    }
    found = together(
        first, _LONGEST, lambda name: Reached(cluster=None, checks=(_late(name),)) if name == "kafka" else ()
    )
    kafka, machine = found["kafka"], found["machine"]
    assert isinstance(kafka, Reached) and isinstance(machine, tuple)  # noqa: PT018
    say("asking what this login may do, and reading metrics for a moment")
    second: dict[str, Callable[[], object]] = {
        "rights": lambda: _allowed(kafka, properties),
        "metrics": lambda: _measured(kafka, properties, sources, endpoints or {}),
    }
    found = together(
        second, _LONGEST, lambda name: Allowed(checks=()) if name == "rights" else _Metrics(checks=(_late(name),))
    )
    rights, metrics = found["rights"], found["metrics"]
    assert isinstance(rights, Allowed) and isinstance(metrics, _Metrics)  # noqa: PT018
    known = _judged(kafka, rights, metrics, target)
    return Checkup(
        of=_of(kafka, properties),
        checks=(*kafka.checks, *rights.checks, *metrics.checks, *machine),
        judgeable=known,
        seconds=time.monotonic() - began,
    )


def _of(kafka: Reached, properties: Properties) -> str:
    if kafka.cluster is not None:
        return kafka.cluster.title
    named = properties.values.get("bootstrap.servers", "")
    return f"{named}, where no broker could be asked" if named else "metrics alone"


def _late(what: str) -> Check:
    area = Area.KAFKA if what == "kafka" else Area.METRICS
    return Check(
        area=area, name=what, state=State.FAILED, finding=f"no answer within {_LONGEST:g} s", remedy="try again"
    )


def _allowed(kafka: Reached, properties: Properties) -> Allowed:
    if kafka.cluster is None:
        return Allowed(checks=())
    login = properties.values.get("sasl.username", "")
    return allowed(kafka.cluster, kafka.security, login)


def _measured(
    kafka: Reached,
    properties: Properties,
    sources: Callable[[Cluster], Sequence[Source]],
    endpoints: Endpoints,
) -> _Metrics:
    """Check each source and read it for a moment."""
    if kafka.cluster is None and not endpoints and not names_metrics(properties):
        return _Metrics(checks=(_none_named(),))
    if not endpoints and prometheus.is_named(properties):
        try:
            dead = reached_prometheus(prometheus.Access.of(properties))
        except ClusterloadError as error:
            return _Metrics(checks=(_failed("Prometheus", error),))
        if dead is not None:
            return _Metrics(checks=(dead,))
    try:
        cluster = kafka.cluster or cluster_of_metrics(properties, endpoints or None)
        found = tuple(sources(cluster))
    except ClusterloadError as error:
        return _Metrics(checks=(_failed("metrics", error),))
    if not found:
        return _Metrics(checks=(_none_named(),))
    each = [_one(source, properties) for source in found]
    given: dict[str, frozenset[str]] = {}
    for part in each:
        for name, brokers in (part.given or {}).items():
            given[name] = given.get(name, frozenset()) | brokers
    checks = tuple(check for part in each for check in part.checks)
    at_rest = frozenset(name for part in each for name in part.at_rest if name not in given)
    idle = frozenset(name for part in each for name in part.idle if name in at_rest)
    return _Metrics(
        checks=(*checks, *_uneven(given), *(_resting(idle) if given else ())),
        given=given or None,
        at_rest=at_rest,
        kinds=frozenset(map(type, found)),
    )


def _one(source: Source, properties: Properties) -> _Metrics:
    try:
        if isinstance(source, ConfluentSource):
            checks, offered = checked_cloud(source.access)
            return _Metrics(checks=checks, given=dict.fromkeys(offered, frozenset({""})))
        checks, named = _checks_of(source, properties)
        if checks and not any(check.name in {"exporters", "Prometheus"} for check in checks):
            return _Metrics(checks=checks)  # none answers
        if any(check.name == NAMES and check.state is State.FAILED for check in checks):
            return _Metrics(checks=checks)  # what is there is no broker's
        read = given_by(source)
        given = read.by_series
    except SourceError as error:
        return _Metrics(checks=(_failed("metrics", error),))
    words = f"{len(given)} of the {len(RESOURCES)} that are known come from {source.title}"
    state = State.OK if given else State.FAILED
    if isinstance(source, PrometheusSource) and source.recognised is not None:
        checks = (*checks, dialect(source.recognised))
        named = _saturations(source.recognised)
    line = Check(area=Area.METRICS, name="Series", state=state, finding=words, remedy="" if given else _NOTHING)
    return _Metrics(checks=(*checks, line), given=given, at_rest=read.at_rest | named, idle=read.idle)


_NOTHING: Final = "nothing was read: see the lines above, whether its values are NaN, and the map of names (--names)"


def _checks_of(source: Source, properties: Properties) -> tuple[tuple[Check, ...], frozenset[str]]:
    """What is found of a source, and the saturations that it names, whether or not they can be believed just now."""
    if isinstance(source, ExporterSource):
        checks, known = checked_exporters(source)
        return checks, _saturations(known)
    if isinstance(source, PrometheusSource):
        return checked_prometheus(prometheus.Access.of(properties), source), frozenset()
    return (), frozenset()


def _saturations(known: Recognition) -> frozenset[str]:
    """Those that have a name here; a broker that just started has no value of some that can be believed."""
    return known.series & {resource.name for resource in saturations()}


def _resting(idle: Collection[str]) -> Iterable[Check]:
    if idle:
        finding = f"not known whether it gives {', '.join(sorted(idle))}: nothing happened that would show there"
        remedy = "run the doctor again while clients are at work"
        yield Check(area=Area.METRICS, name="at rest", state=State.WARNING, finding=finding, remedy=remedy)


def _uneven(given: Mapping[str, frozenset[str]]) -> Iterable[Check]:
    """Brokers of which some Series are missing that others have: totals are then a part of the cluster's."""
    brokers = frozenset(broker for found in given.values() for broker in found if broker)
    whole = [name for name in ("ingress", "egress", "connections", "leaders") if name in given]
    for broker in sorted(brokers):
        lacking = [name for name in whole if broker not in given[name] and given[name] - {""}]
        if lacking:
            finding = f"{', '.join(lacking)} missing, which other brokers give: sums are not the whole cluster's"
            remedy = "give all brokers' exporters the same rules"
            yield Check(area=Area.METRICS, name=f"broker {broker}", state=State.WARNING, finding=finding, remedy=remedy)


def _judged(kafka: Reached, rights: Allowed, metrics: _Metrics, target: str) -> Judgeable | None:
    asks = kafka.cluster is not None
    given = set(metrics.given or ())
    if asks:
        given |= given_by_admin(rights.refused, alone=not metrics.given)
    if not given:
        return None
    around = Circumstances(
        has_exporter=bool(metrics.kinds & {ExporterSource, PrometheusSource}) or not metrics.kinds,
        has_prometheus=PrometheusSource in metrics.kinds,
        asks_kafka=asks,
        published=rights.published,
        has_tls=rights.has_tls,
        servers=kafka.cluster.servers if kafka.cluster is not None else "",
        target=target,
    )
    found = judgeable(given, around, at_rest=metrics.at_rest)
    pastes: tuple[Paste, ...] = (*found.pastes, *rights.pastes)
    return replace(found, pastes=pastes)


def _none_named() -> Check:
    finding = "no source of traffic is named: usage, causes and costs are not known"
    remedy = "--exporter ID=URL for each broker, --prometheus URL, --jolokia ID=URL, or a Metrics API in --cluster FILE"
    return Check(area=Area.METRICS, name="metrics", state=State.MISSING, finding=finding, remedy=remedy)


def _failed(name: str, error: ClusterloadError) -> Check:
    return Check(area=Area.METRICS, name=name, state=State.FAILED, finding=str(error))
