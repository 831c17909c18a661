"""Which maps fit a scrape, recognised from the names of its metrics.

People's exporters name the same things in many ways, and nobody should have to know by whose rules. Every map that
comes with clusterload is held against the names that are there: the one that gives most Series is taken, and those
that know other metrics besides add to it, such as those of hosts and of groups in one Prometheus. Maps of which both
know a metric are two readings of the same rules' names, and of those only the better one is taken: no Series is read
twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from clusterload.telemetry.sources.names.names import Names, Threads, table_names
from clusterload.telemetry.sources.names.rule import OF_CLUSTER, Rule

OF_BROKERS: Final = frozenset(
    {"partitions", "leaders", "ingress", "ingress_by_topic", "records_in", "egress", "requests", "requests_by_type"}
)
"""Series that only a broker's own metrics give; an exporter next to it, such as one of lags, has none of them."""

PASTED: Final = "clusterload"
"""The map of the names that rules of ours have (`clusterload doctor`): nobody else has them."""

_GENERAL: Final = re.compile(r"(process|jvm|java|go)_")
# What the exporter's own program shows. java_lang is of the program that is asked over JMX.
_OF_PROGRAM: Final = re.compile(r"(process|jvm|go)_")
NO_JVM: Final = frozenset({"go_goroutines", "go_info", "python_info"})
"""Kafka is written in neither: a program that shows these is an exporter next to the broker, or a collector."""

# A map that was asked for fits badly if it gives less than this share of the Series that another one gives.
_POOR: Final = 0.5
_SHOWN: Final = 5


def is_general(metric: str) -> bool:
    """Whether any program shows a metric of this name."""
    return _GENERAL.match(metric) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well a map fits a scrape.

    Attributes:
        names: the map.
        metrics: those of the scrape that it knows, without what any program shows.
        series: the Series that it gives from them.
    """

    names: Names
    metrics: frozenset[str]
    series: frozenset[str]

    @property
    def known(self) -> int:
        """How many of the scrape's metrics it knows."""
        return len(self.metrics)

    @property
    def is_of_brokers(self) -> bool:
        """Whether it gives what only a broker shows."""
        return not self.series.isdisjoint(OF_BROKERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Metrics that are not shown by the brokers themselves.

    Attributes:
        told: their lines say of which broker they are, or are of the whole cluster.
        single: those of them that are of the whole cluster, so that two exporters show the same.
        hosts: they are of the host, and so of the brokers on it.
    """

    told: frozenset[str] = frozenset()
    single: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What was recognised in a scrape.

    Attributes:
        names: by which it is read: the maps that fit, as one; without rules if none does.
        fits: the maps that are part of it, the best first.
        others: the other maps that know any of its metrics, the best first.
        metrics: how many there are.
        series: the Series that are read.
        examples: the first few of their names.
        asked: the maps that a user named, in words; empty if they were to be recognised.
        doubled: Series that several of `fits` give, each with the map by which it is read and those by which not.
    """

    names: Names
    fits: tuple[Fit, ...]
    others: tuple[Fit, ...]
    metrics: int
    series: frozenset[str]
    examples: tuple[str, ...]
    asked: str = ""
    doubled: tuple[tuple[str, str, str], ...] = ()

    @property
    def fits_nothing(self) -> bool:
        """Whether no map knows any of the metrics."""
        return not self.fits

    @property
    def is_of_brokers(self) -> bool:
        """Whether it gives what only a broker shows."""
        return any(fit.is_of_brokers for fit in self.fits)

    @property
    def roles(self) -> Roles:
        """Of which metrics a target that shows them need not be a broker."""
        told = frozenset[str]().union(*(_told(fit.names) for fit in self.fits))
        others = [fit.names for fit in self.fits if not fit.is_of_brokers]
        hosts = frozenset[str]().union(*(names.metrics for names in others)) - told
        return Roles(told=told, single=told & _of_cluster(self.names), hosts=frozenset(filter(_is_own, hosts)))

    def said(self) -> tuple[tuple[str, str], ...]:
        """Kind and text of what a user should know about it; nothing in the usual case of one exporter's own names."""
        return tuple(self._said())

    def _said(self) -> Iterable[tuple[str, str]]:
        known = " and ".join(repr(fit.names.name) for fit in self.fits)
        if self._fits_badly:
            better = self.others[0]
            words = f"of {self.metrics:,} metrics {self.known:,} are known by the names {self.asked}"
            nearest = f"the nearest map is {better.names.name!r} ({better.known:,})"
            yield "names-unfit", f"{words}; {nearest}: {_LEAVE_OUT}"
        elif self.fits_nothing:
            by = f" by {self.asked}" if self.asked else ""
            yield "names-unknown", f"{self._found()}: none is known{by}. {_TRY}"
        elif not self.is_of_brokers:
            words = f"{self._found()} are those of {known}, which tell nothing of a broker"
            yield "names-without-broker", f"{words}. {_TRY}"
        elif not self.asked and (len(self.fits) > 1 or self.fits[0].names.name != _USUAL):
            yield "names-recognised", f"metrics are read by the names of {known}"
        for series, read, unread in self.doubled:
            yield "names-doubled", f"{series} is read as {read!r} has it, not as {unread!r} has it"

    @property
    def known(self) -> int:
        """How many of the metrics are known by the maps that are read by."""
        return len(frozenset[str]().union(*(fit.metrics for fit in self.fits)))

    @property
    def _fits_badly(self) -> bool:
        return bool(self.asked and self.others) and len(self.series) < _POOR * len(self.others[0].series)

    def _found(self) -> str:
        more = " …" if self.metrics > len(self.examples) else ""
        return f"{self.metrics:,} metrics ({', '.join(self.examples)}{more})" if self.metrics else "no metric"


_USUAL: Final = "jmx-exporter"
_TRY: Final = (
    "Give the URL of the broker's own exporter, or a TOML file with --names that says what its metrics are called"
)

_LEAVE_OUT: Final = "leave out --names (prometheus.names), and it is recognised"


def recognised(
    metrics: Iterable[str], maps: Sequence[Names] = (), *, asked: Sequence[Names] = (), sidecar: bool = False
) -> Recognition:
    """Which maps fit metrics of these names.

    Args:
        metrics: the names that a scrape, or a server, has.
        maps: those that come into question; by default all that come with clusterload.
        asked: maps that a user named: these are taken, however badly they fit, which is said.
        sidecar: whether the program that shows them is known not to be the broker itself, so that what it shows of its
            own process and JVM is not the broker's.
    """
    there = frozenset(metrics)
    known = [fit for fit in sorted((fit_of(names, there) for names in maps or all_maps()), key=_rank) if fit.known]
    chosen = [fit_of(names, there) for names in asked]
    for fit in [] if asked else known:
        if all(fit.metrics.isdisjoint(better.metrics) for better in chosen):
            chosen.append(fit)
    pasted = fit_of(Names.named(PASTED), there)
    any_broker = any(fit.is_of_brokers for fit in (*chosen, pasted))
    kept = [fit_of(_of_broker(fit.names, there, any_broker=any_broker, sidecar=sidecar), there) for fit in chosen]
    names = _with_pasted(_together(kept), pasted)
    return Recognition(
        names=names,
        fits=tuple(fit for fit in (*kept, pasted) if fit.known),
        others=tuple(fit for fit in known if fit not in chosen),
        metrics=len(there),
        series=fit_of(names, there).series,
        examples=tuple(sorted(there, key=lambda metric: (is_general(metric), metric))[:_SHOWN]),
        asked=", ".join(repr(names.name) for names in asked),
        doubled=tuple(_doubled(kept)),
    )


def _of_broker(names: Names, there: Collection[str], *, any_broker: bool, sidecar: bool) -> Names:
    """A map without what would be taken for the broker's and is another program's."""
    if not any_broker:
        return without(names, is_general)
    if sidecar or not NO_JVM.isdisjoint(there):
        return without(names, lambda metric: _OF_PROGRAM.match(metric) is not None)
    return names


def fit_of(names: Names, metrics: Collection[str]) -> Fit:
    """How well a map fits metrics of these names."""
    plain = {metric: found for metric in metrics if (found := names.plain(metric)[0]) in names.metrics}
    there = set(plain.values())
    series = {rule.series for rule in names.rules if _gives(rule, there)}
    if any(idle.metric in there for idle in names.threads.handler_idle):
        series.add("request_handler_busy")
    if not there.isdisjoint(names.threads.network_time):
        series.add("network_thread_busy")
    if any(idle.metric in there for idle in names.threads.host_idle):
        series.add("cpu_host")
    own = frozenset(metric for metric in plain if not is_general(metric)) if series else frozenset[str]()
    return Fit(names=names, metrics=own, series=frozenset(series))


def asked_for(text: str) -> tuple[Names, ...]:
    """The maps that a user named: names of ours or TOML files, with commas between them; none to be recognised.

    Raises:
        ConfigurationError: one of them does not exist, or cannot be used.
    """
    return tuple(Names.named(name.strip()) for name in text.split(",") if name.strip())


@cache
def all_maps() -> tuple[Names, ...]:
    """The maps that come with clusterload, of what people have."""
    return tuple(Names.named(name) for name in table_names() if name != PASTED)


def without(names: Names, unwanted: Callable[[str], bool]) -> Names:
    """A map without the metrics that are not wanted, and without the rules that none is left of."""
    rules = tuple(found for rule in names.rules if (found := _rule_without(rule, unwanted)))
    threads = replace(
        names.threads,
        handler_idle=tuple(idle for idle in names.threads.handler_idle if not unwanted(idle.metric)),
        network_time=tuple(metric for metric in names.threads.network_time if not unwanted(metric)),
        started=tuple(metric for metric in names.threads.started if not unwanted(metric)),
    )
    if rules == names.rules and threads == names.threads:
        return names
    return replace(names, rules=rules, threads=threads)


def without_series(names: Names, series: Collection[str]) -> Names:
    """A map without the rules of these Series, which are read elsewhere."""
    wanted = {rule.series for rule in names.rules} | {"request_handler_busy", "network_thread_busy", "cpu_host"}
    return names.only(wanted - set(series))


def _is_own(metric: str) -> bool:
    return not is_general(metric)


def _told(names: Names) -> frozenset[str]:
    """Metrics of which all rules say whose their lines are."""
    told = {metric for rule in names.rules if _tells(rule) for metric in rule.all_metrics}
    return frozenset(told - {metric for rule in names.rules if not _tells(rule) for metric in rule.all_metrics})


def _of_cluster(names: Names) -> frozenset[str]:
    return frozenset(metric for rule in names.rules if rule.of == OF_CLUSTER for metric in rule.all_metrics)


def _tells(rule: Rule) -> bool:
    return rule.of == OF_CLUSTER or bool(rule.broker)


def _gives(rule: Rule, there: Collection[str]) -> bool:
    # By names alone: which lines count by their labels is seen when they are read.
    shown = any(metric in there for metric in (*rule.metrics, *rule.plus))
    return shown and (not rule.times or rule.times in there)


def _rank(fit: Fit) -> tuple[object, ...]:
    # Of two that give as much the usual one is taken, or the one of which more is there.
    return -len(fit.series), -fit.known, fit.names.name != _USUAL, len(fit.names.metrics), fit.names.name


def _together(chosen: Sequence[Fit]) -> Names:
    if not chosen:
        return Names(name="", title="", rules=())
    best, *more = chosen
    rules, given = list(best.names.rules), set(best.series)
    for fit in more:
        rules = [*(rule for rule in fit.names.rules if rule.series not in given), *rules]
        given |= fit.series
    return replace(
        best.names,
        name=" + ".join(fit.names.name for fit in chosen),
        title=" + ".join(fit.names.title for fit in chosen),
        rules=tuple(rules),
        threads=replace(
            next((fit.names.threads for fit in chosen if fit.is_of_brokers), Threads()),
            host_idle=next((found for fit in chosen if (found := fit.names.threads.host_idle)), ()),
        ),
        rewrites=tuple(rewrite for fit in chosen for rewrite in fit.names.rewrites),
        relabels=tuple(relabel for fit in chosen for relabel in fit.names.relabels),
    )


def _with_pasted(names: Names, pasted: Fit) -> Names:
    """A map that reads rules of ours before anything else: a user who pasted them lacked what they give."""
    if not pasted.known:
        return names
    ours = pasted.names.only(pasted.series)
    threads = names.threads
    if "request_handler_busy" in pasted.series:
        threads = replace(threads, handler_idle=ours.threads.handler_idle)
    if "network_thread_busy" in pasted.series:
        scale, listener = ours.threads.network_scale, ours.threads.network_listener
        network_time = ours.threads.network_time
        threads = replace(threads, network_time=network_time, network_scale=scale, network_listener=listener)
    return replace(
        names,
        name=" + ".join(filter(None, (names.name, ours.name))),
        title=" + ".join(filter(None, (names.title, ours.title))),
        rules=(*(rule for rule in names.rules if rule.series not in pasted.series), *ours.rules),
        threads=threads,
    )


def _doubled(chosen: Sequence[Fit]) -> Iterable[tuple[str, str, str]]:
    for place, fit in enumerate(chosen):
        for later in chosen[place + 1 :]:
            for series in sorted(fit.series & later.series):
                yield series, fit.names.name, later.names.name


def _rule_without(rule: Rule, unwanted: Callable[[str], bool]) -> Rule | None:
    metrics = tuple(metric for metric in rule.metrics if not unwanted(metric))
    if not metrics or (rule.times and unwanted(rule.times)):
        return None
    plus = tuple(metric for metric in rule.plus if not unwanted(metric))
    return rule if (metrics, plus) == (rule.metrics, rule.plus) else replace(rule, metrics=metrics, plus=plus)
