"""Which causes can be judged from the Series that are given, and what would give the others.

Pure, but for the remedies' table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from clusterload.analysis.causes.catalogue import CAUSES
from clusterload.analysis.causes.cause import Cause
from clusterload.model.resources import dimensions, saturations
from clusterload.workflow.doctor.check import Judgeable, Paste, Unjudged, Unnamed
from clusterload.workflow.doctor.remedies import RULES, other_paste, remedies, rules_paste

# Who a culprit is: what a cause is judged of is not its name.
_KINDS: Final = ("client", "topic", "group", "partition", "software", "listener")
_CLIENTS: Final = "quota"
_QUOTA: Final = {
    "thread_time_by_client": "request_percentage",
    "request_throttle_time": "request_percentage",
    "ingress_by_client": "producer_byte_rate",
    "produce_throttle_time": "producer_byte_rate",
    "egress_by_client": "consumer_byte_rate",
    "fetch_throttle_time": "consumer_byte_rate",
}
_KAFKA: Final = "kafka"
_HOSTS: Final = "node-exporter"
_CONTAINERS: Final = "cadvisor"
_NOT_FROM_HERE: Final = "sources of this kind do not give it; a JMX exporter does"
_TLS: Final = "tls_connections"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What decides which remedy is the right one.

    Attributes:
        has_exporter: whether the brokers' JMX exporters are read, whose rules can be changed.
        has_prometheus: whether a Prometheus is, which can scrape more.
        asks_kafka: whether the brokers themselves answer.
        published: the kinds of client quota that exist, by Kafka's keys; None where that is not known.
        has_tls: whether clients can connect with TLS; None likewise.
        servers: bootstrap servers, to be shown.
        target: the options that name the cluster, to be shown; without a secret.
    """

    has_exporter: bool
    has_prometheus: bool = False
    asks_kafka: bool = False
    published: frozenset[str] | None = None
    has_tls: bool | None = None
    servers: str = ""
    target: str = ""


def judgeable(given: Collection[str], around: Circumstances, at_rest: Collection[str] = ()) -> Judgeable:
    """Which causes can be judged from these Series, and what would change that.

    Args:
        given: names of the Series that the sources give.
        around: the cluster as it is.
        at_rest: Series of which it is not known whether they are given: nothing is proposed for them.
    """
    shown, given = given, {*given, *at_rest}
    causes = [cause for cause in CAUSES.values() if cause.needs]
    unjudged = tuple(_unjudged(cause, lacking, around) for cause in causes if (lacking := _lacking(cause, given)))
    out = {each.cause for each in unjudged}
    judged = [cause for cause in causes if cause.id not in out]
    unnamed = tuple(_unnamed(judged, given, around))
    return Judgeable(
        given=tuple(sorted(shown)),
        judged=tuple(cause.id for cause in judged),
        unjudged=unjudged,
        unnamed=unnamed,
        missing=tuple(each.name for each in (*dimensions(), *saturations()) if each.name not in given),
        pastes=_pastes(_wanted(unjudged, judged, given, around), around),
    )


def _lacking(cause: Cause, given: Collection[str]) -> tuple[str, ...]:
    return tuple(need for need in cause.needs if not any(name in given for name in need.split("|")))


def _unjudged(cause: Cause, lacking: tuple[str, ...], around: Circumstances) -> Unjudged:
    chosen = tuple(_easiest(need, around) for need in lacking)
    found = tuple(dict.fromkeys(remedy for name in chosen for remedy in _remedies_of(name, around)))
    note = next((why for name in chosen if (why := _why(name, around))), "")
    return Unjudged(cause=cause.id, title=cause.title, lacking=lacking, remedies=found, note=note)


def _unnamed(judged: Iterable[Cause], given: Collection[str], around: Circumstances) -> Iterable[Unnamed]:
    causes = list(judged)
    for kind in _KINDS:
        hit = [cause for cause in causes if kind in cause.named_by and cause.named_by[kind] not in given]
        if hit:
            names = dict.fromkeys(cause.named_by[kind] for cause in hit)
            found = dict.fromkeys(remedy for name in names for remedy in _remedies_of(name, around))
            yield Unnamed(kind=kind, causes=tuple(cause.id for cause in hit), remedies=tuple(found))


def _wanted(
    unjudged: Iterable[Unjudged], judged: Iterable[Cause], given: Collection[str], around: Circumstances
) -> list[str]:
    """The Series that are missing, for causes, for names, and for limits and saturations."""
    wanted = [_easiest(need, around) for each in unjudged for need in each.lacking]
    wanted += [name for cause in judged for kind, name in cause.named_by.items() if kind in _KINDS]
    wanted += [CAUSES[each.cause].named_by[kind] for each in unjudged for kind in CAUSES[each.cause].named_by]
    wanted += [resource.name for resource in (*dimensions(), *saturations())]
    return [name for name in dict.fromkeys(wanted) if name not in given]


def _easiest(need: str, around: Circumstances) -> str:
    """Of several Series of which one is enough: one that the exporter could give, or else the first."""
    names = need.split("|")
    return next((name for name in names if RULES in _remedies_of(name, around)), names[0])


def _why(series: str, around: Circumstances) -> str:
    """Why a Series is missing, where that says more than its remedy."""
    if series == _TLS and around.has_tls is not True:
        nobody = "no listener of the brokers speaks TLS: there is nothing to judge"
        return nobody if around.has_tls is False else "brokers show it only while clients are connected with TLS"
    found = set(_remedies_of(series, around)) - {_CONTAINERS}
    other = "" if remedies().gives(_CLIENTS, series) else _NOT_FROM_HERE
    return "" if found else remedies().nobody.get(series, other)


def _remedies_of(series: str, around: Circumstances) -> tuple[str, ...]:
    """The ids of what gives a Series here, the simplest first."""
    known = remedies()
    if series == _TLS and around.has_tls is False:
        return ()
    if known.gives(_CLIENTS, series):
        # Without a quota the figures are not there, whatever the rules say: that comes first.
        exists = around.published is not None and _QUOTA[series] in around.published
        return (_CLIENTS,) if not exists else (RULES,) if around.has_exporter else ()
    found = []
    if around.has_exporter and known.gives(RULES, series):
        found.append(RULES)
    elif around.has_prometheus:
        found += [remedy for remedy in (_HOSTS, _CONTAINERS) if known.gives(remedy, series)]
    if not found and not around.asks_kafka and known.gives(_KAFKA, series):
        found.append(_KAFKA)
    return tuple(found)


def _pastes(wanted: Collection[str], around: Circumstances) -> tuple[Paste, ...]:
    by_remedy: dict[str, list[str]] = {}
    for name in wanted:
        for remedy in _remedies_of(name, around):
            by_remedy.setdefault(remedy, []).append(name)
    return tuple(
        rules_paste(names)
        if remedy == RULES
        else other_paste(remedy, names, servers=around.servers, target=around.target)
        for remedy, names in by_remedy.items()
    )
