"""The cluster that a command is for, and where its metrics come from."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.cli.grammar import as_usage
from clusterload.model.errors import LabError, UnreachableError, UsageError

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.kafka.properties import Properties
    from clusterload.lab.description import LabInfo
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import Source
    from clusterload.workflow.consent import Consent


WITHOUT_KAFKA = (
    "Unknown are round trips and declared limits and, unless an exporter shows them, groups, their lag and growth by "
    "partition; brokers cannot be made to publish metrics per client"
)


ANY_LAB: Final = 0
"""Stands for a lab of any number of brokers."""

_USUAL_LAB: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which cluster a command is for, and the metrics sources that the command line names.

    Attributes:
        cluster: the file of client properties.
        lab: brokers of the lab, which is started if none of so many runs; `ANY_LAB` for any; None for another cluster.
        starts: whether a lab may be started; a command that reads what is there uses a running one.
        exporter: broker ids with the URLs of their JMX exporters.
        jolokia: likewise of their Jolokia agents.
    """

    cluster: Path | None = None
    bootstrap_server: str | None = None
    command_property: tuple[str, ...] = ()
    lab: int | None = None
    starts: bool = False
    exporter: tuple[tuple[str, str], ...] = ()
    jolokia: tuple[tuple[str, str], ...] = ()
    prometheus: str | None = None
    names: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        options = {"exporter": self.exporter, "jolokia": self.jolokia, "prometheus": self.prometheus}
        named = [kind for kind, value in options.items() if value]
        if self.source and self.source not in named:
            named.append(self.source)
        if len(named) > 1:
            raise UsageError(f"{' and '.join(named)} are two sources of the same figures: give one of them")
        if self.exporter or self.jolokia:
            _ = self.endpoints

    @property
    def endpoints(self) -> dict[str, tuple[str, ...]]:
        """The URLs of exporters or agents by broker id; those of one broker add to each other.

        Raises:
            UsageError: two brokers have the same URL, or an agent has two.
        """
        from clusterload.telemetry.sources.addresses import joined, single

        if self.exporter:
            return as_usage(joined, self.exporter)
        found = as_usage(joined, self.jolokia, "Jolokia agent")
        return {broker: (as_usage(single, broker, urls, "Jolokia agent"),) for broker, urls in found.items()}

    @property
    def named(self) -> bool:
        """Whether the command line names a cluster at all."""
        return bool(self.cluster or self.bootstrap_server or self.lab is not None)

    @property
    def given(self) -> tuple[str, ...]:
        """The properties that the command line sets, also by options of their own, as KEY=VALUE."""
        own = {
            "bootstrap.servers": self.bootstrap_server,
            "prometheus.url": self.prometheus,
            "prometheus.names": self.names,
        }
        return (*(f"{key}={value}" for key, value in own.items() if value), *self.command_property)


@contextmanager
def opened(target: Target) -> Iterator[Cluster]:
    """The cluster that a command is for; a lab that is started for it ends with it.

    Raises:
        UsageError: no cluster was named, or two.
        LabError: no lab runs, and this command starts none.
        ClusterError: the cluster does not answer.
    """
    from clusterload.kafka.cluster import Cluster

    if target.lab is None:
        yield Cluster.connect(properties_of(target))
        return
    _check_lab(target)
    with _lab(target.lab) if target.starts else nullcontext(running_lab(target.lab)) as info:
        yield Cluster.connect(_of_lab(info).with_given(target.given))


@contextmanager
def observed(target: Target) -> Iterator[Cluster]:
    """The cluster that a command only looks at: as `opened` gives it, or known by its metrics alone.

    Where nothing says where Kafka is, or no broker answers, what its sources of metrics tell is enough; what is
    missing then is said in a line.

    Raises:
        UsageError: neither a cluster nor a source of metrics was named.
        ConfigurationError: the Prometheus has several clusters.
        SourceError: the Prometheus does not answer.
        ClusterError: the cluster does not answer, and no source of metrics was named.
    """
    from clusterload.cli.console import warn
    from clusterload.kafka.cluster import Cluster, has_servers
    from clusterload.telemetry.discovery import cluster_of_metrics, names_metrics

    if target.lab is not None:
        with opened(target) as cluster:
            yield cluster
        return
    properties = properties_of(target)
    endpoints = target.endpoints
    measured = target.source != "admin" and (endpoints or names_metrics(properties))
    why = "no Kafka was named (--bootstrap-server)"
    if has_servers(properties) or not measured:
        try:
            cluster = Cluster.connect(properties)
        except UnreachableError as error:
            if not measured:
                raise
            why = str(error).partition(";")[0]
        else:
            yield cluster
            return
    known = cluster_of_metrics(properties, endpoints)
    warn(f"{why}: only metrics are read. {WITHOUT_KAFKA}")
    yield known


def properties_of(target: Target) -> Properties:
    """The client properties of a target, with what the command line sets on top.

    Raises:
        UsageError: no cluster was named, or two.
        LabError: no lab runs.
    """
    from clusterload.cli.console import warn
    from clusterload.kafka.properties import Properties

    if target.lab is not None:
        _check_lab(target)
        return _of_lab(running_lab(target.lab)).with_given(target.given)
    if not target.named and not target.given and not target.exporter and not target.jolokia:
        raise UsageError(
            "no cluster was named: give --cluster FILE, --bootstrap-server HOST:PORT or --lab; to observe one, its "
            "metrics alone do: --prometheus URL, --exporter ID=URL or --jolokia ID=URL"
        )
    properties = Properties.read(target.cluster) if target.cluster else Properties()
    # What has an option of its own takes the file's place without a word; what is given twice is warned about.
    replaced = {pair.partition("=")[0] for pair in target.given} - {
        pair.partition("=")[0] for pair in target.command_property
    }
    kept = {name: value for name, value in properties.values.items() if name not in replaced}
    chosen = replace(properties, values=kept).with_given(target.given)
    for line in chosen.warnings:
        warn(line)
    if chosen.unverified_tls:
        warn("TLS verification is off: anybody on the way could read and change what is sent")
    return chosen


def _check_lab(target: Target) -> None:
    if target.cluster or target.bootstrap_server:
        raise UsageError("--lab and --cluster or --bootstrap-server name two clusters: give one of them")


def _of_lab(lab: LabInfo) -> Properties:
    from clusterload.kafka.properties import Properties

    values = {"bootstrap.servers": lab.bootstrap_servers}
    if lab.prometheus_url:
        values["prometheus.url"] = lab.prometheus_url
    return Properties(values=values, origin="the lab")


def running_lab(brokers: int) -> LabInfo:
    """The newest lab that runs with so many brokers; LabError if there is none."""
    from clusterload.lab.registry import running_labs

    # A lab without a folder belongs to the command or program that started it, and goes when that ends.
    standing = [lab for lab in running_labs() if lab.directory is not None]
    fitting = [lab for lab in standing if brokers in {ANY_LAB, len(lab.brokers)}]
    if fitting:
        return fitting[-1]
    if standing:
        others = ", ".join(f"{lab.id} of {len(lab.brokers)}" for lab in standing)
        several = "brokers" if brokers > 1 else "broker"
        raise LabError(
            f"no lab of {brokers} {several} runs ({others}): leave the number out to use the newest, or start one "
            f"with 'clusterload lab up --brokers {brokers} --detach'"
        )
    raise LabError("no lab is running: start one with 'clusterload lab up --detach'")


@contextmanager
def _lab(brokers: int) -> Iterator[LabInfo]:
    from clusterload.cli.console import lab_progress
    from clusterload.lab.lab import Lab

    try:
        standing = running_lab(brokers)
    except LabError:
        with lab_progress() as progress, Lab(brokers=brokers or _USUAL_LAB, progress=progress) as lab:
            progress.done()
            yield lab.info
    else:
        yield standing


def confirmed(consented: Consent, cluster: Cluster, to: str = "load it") -> Consent:
    """A consent; where there is none yet and a person sits at a terminal, they are asked for the cluster's id."""
    from clusterload.lab.registry import find_lab

    at_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if consented.cluster_id or not cluster.id or not at_terminal or find_lab(cluster.id) is not None:
        return consented
    question = f"Cluster {cluster.id} at {cluster.servers} is not a lab. Type its id to {to}"
    typed: str = click.prompt(question, default="", show_default=False, err=True)
    return replace(consented, cluster_id=typed.strip())


def check_yes(
    target: Target,
    consented: Consent,
    plan: Plan | None = None,
    *,
    limits: Limits | None = None,
    workers: int | None = None,
    metrics: bool = True,
) -> None:
    """In a dry run: see that a --yes-cluster that was given is right, and that the plan passes preflight there.

    The cluster is read and not changed; without --yes-cluster, or for --lab, no cluster is asked at all.

    Raises:
        UsageError: --yes-cluster stands without a cluster.
        ConfigurationError: the plan cannot be carried out there, or by this machine.
        ConsentError: it names another cluster, or the plan goes beyond a cap.
        ClusterError: the cluster does not answer, or cannot take the plan.
    """
    from clusterload.lab.registry import find_lab
    from clusterload.workflow.preflight import check_machine, preflight

    if plan is not None:
        check_machine(plan, workers)
    if not consented.cluster_id or target.lab is not None:
        return
    with opened(target) as cluster:
        if plan is not None:
            sources = sources_for(target, cluster) if metrics else ()
            preflight(plan, cluster, sources=sources, consented=consented, limits=limits, workers=workers)
        elif find_lab(cluster.id) is None:
            consented.require_for(cluster.id)


def sources_for(target: Target, cluster: Cluster, interval: float = 1.0) -> tuple[Source, ...]:
    """The metrics that a command reads: the source that was named, or those that are known by themselves.

    Raises:
        ConfigurationError: nothing tells where the source answers.
    """
    from clusterload.telemetry.discovery import exporter_source, jolokia_source, source_of, sources_of

    if target.endpoints:
        _check_brokers(target, cluster)
    if target.exporter:
        return (exporter_source(cluster, target.endpoints, interval, target.names or ""),)
    if target.jolokia:
        return (jolokia_source(cluster, target.endpoints, interval),)
    kind = "prometheus" if target.prometheus else target.source
    return (source_of(cluster, kind, interval),) if kind else sources_of(cluster, interval)


def _check_brokers(target: Target, cluster: Cluster) -> None:
    """Warn of brokers that the cluster does not have; one that is down now may be back soon."""
    from clusterload.cli.console import warn

    known = {str(broker.id) for broker in cluster.brokers}
    foreign = [broker for broker in target.endpoints if broker not in known]
    if cluster.answers and foreign:
        kind = "exporter" if target.exporter else "jolokia"
        warn(
            f"cluster {cluster.id} has no broker {' and '.join(foreign)} now (it has {', '.join(sorted(known))}): "
            f"check the ids of --{kind}"
        )


def sources_with_admin(target: Target, cluster: Cluster, interval: float, *, always: bool = True) -> tuple[Source, ...]:
    """Metrics, and the Admin API where there are none (with a warning) or `always`."""
    from clusterload.cli.console import warn
    from clusterload.telemetry.discovery import admin_source

    found = sources_for(target, cluster, interval)
    if not found:
        warn("no source of traffic is known (--exporter, --jolokia, --prometheus): only the brokers are asked")
    if target.source == "admin" or (found and not always) or not cluster.answers:
        return found
    return (*found, admin_source(cluster, found))


def read_stretch(
    target: Target,
    start: int,
    end: int | None,
    *,
    granularity: str = "",
    wait: float = 0.0,
    path: Path | None = None,
) -> Run:
    """Read what a cluster did in a time that has passed; asks no broker.

    Args:
        target: names the source, by its options or its file.
        start: Unix nanoseconds.
        end: Unix nanoseconds; None for as far as the source has usually got by now.
        granularity: of the points, as the source names it; by default its own.
        wait: seconds that figures which are not there yet are waited for; 0 for as long as is usual.
        path: of the run file.

    Raises:
        ConfigurationError: no source is named, or it has no such granularity.
        SourceError: it could not be read.
    """
    from clusterload.cli.console import waiting
    from clusterload.model.run import clock_time
    from clusterload.model.series import SECOND
    from clusterload.telemetry.discovery import check_single_cluster, cluster_id_of, history_source
    from clusterload.telemetry.record import read_history

    properties = properties_of(target)
    source = history_source(properties, "prometheus" if target.prometheus else target.source or "", granularity, wait)
    now = time.time_ns()
    last = min(end, now) if end is not None else now - round(source.lateness * SECOND)
    if last <= start:
        raise UsageError(f"{clock_time(start)} to {clock_time(last)} is not in the past: look further back")
    check_single_cluster(source, properties, last)
    return read_history(source, cluster_id_of(properties), start=start, end=last, path=path, on_wait=waiting)


def limits_named(table: str | None, units: int | None) -> Limits | None:
    """A table of limits for so many units, by its name or file; None for what the brokers of a run declared.

    Raises:
        UsageError: units without a table that is by units.
        ConfigurationError: there is no such table.
    """
    from clusterload.model.limits import DECLARED, Limits

    if table is not None and table != DECLARED:
        return Limits.named(table, units or 1)
    if units is not None:
        raise UsageError("--units says how many units a table is for: name the table by --limits")
    return None


UNTIL_STOPPED: Final = 24 * 3600.0
"""Seconds for which brokers tell clients apart at most where nobody says how long they are watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    """Whether brokers are to tell what each client costs, and for how many connections at most; None if nobody said."""

    unlock: bool
    most_clients: int | None


@contextmanager
def unlocked(
    target: Target, cluster: Cluster, consented: Consent, unlock: Unlock, seconds: float | None
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Have the brokers tell clients apart for so many seconds, if that was wanted and can be had.

    Yields:
        What the run should keep of it, as `watch` takes it.

    Raises:
        ConsentError: the cluster is not a lab, and there is no consent.
    """
    if not unlock.unlock:
        yield ()
        return
    from clusterload.cli.console import note, warn
    from clusterload.telemetry.sources.source import LiveSource
    from clusterload.workflow.temporary_quota import Unlocking
    from clusterload.workflow.temporary_quota import unlocked as with_quota
    from clusterload.workflow.temporary_quota.unlocking import TO

    found = sources_for(target, cluster)
    if why_not := _why_not_unlocked(target, cluster, found):
        warn(f"client metrics are not unlocked: {why_not}; going on without them")
        yield Unlocking(why_not=why_not).events
        return
    with with_quota(
        cluster,
        consented=confirmed(consented, cluster, TO),
        most_clients=unlock.most_clients,
        seconds=UNTIL_STOPPED if seconds is None else 2 * seconds + 120,
        sources=tuple(source for source in found if isinstance(source, LiveSource)),
        say=note,
        warn=warn,
    ) as state:
        yield state.events


def _why_not_unlocked(target: Target, cluster: Cluster, found: tuple[Source, ...]) -> str:
    """Why nothing would come of unlocking; nothing if something would."""
    from clusterload.telemetry.sources.confluent import ConfluentSource

    if not cluster.answers:
        return "no broker of Kafka itself was reached to set a quota on"
    if target.source == "admin" or all(isinstance(source, ConfluentSource) for source in found):
        return (
            f"no source would read what the brokers of cluster {cluster.id} then tell of clients: name --exporter, "
            "--jolokia or --prometheus"
        )
    return ""


def consented(yes_cluster: str, cap: tuple[str, ...] = ()) -> Consent:
    """What was consented to on the command line."""
    from clusterload.workflow.consent import Consent

    caps: dict[str, float] = {}
    for pair in cap:
        name, _, value = pair.partition("=")
        if name in caps:
            raise UsageError(f"--cap {name} is given twice: give one value")
        try:
            caps[name] = float(value)
        except ValueError:
            raise UsageError(f"--cap {name} takes a number, not {value!r}") from None
    return as_usage(Consent, cluster_id=yes_cluster, caps=caps)
