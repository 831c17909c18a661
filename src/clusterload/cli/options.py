"""Options that several commands share: which cluster, with whose consent, and against which limits."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clusterload.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from clusterload.consent import Consent
    from clusterload.kafka import Cluster
    from clusterload.limits import Limits
    from clusterload.sources.source import Source

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which cluster a command is for, as the command line says it."""

    cluster: Path | None
    bootstrap_server: str | None
    command_property: tuple[str, ...]
    lab: int | None
    exporter: tuple[str, ...] = ()
    source: str | None = None


def target_options(command: Command) -> Command:
    """Add the options that choose a cluster; the command gets them as one `target`."""

    @click.option(
        "--cluster", "--command-config", "cluster", type=click.Path(path_type=Path), metavar="FILE",
        help="Client configuration: a file of key=value lines with librdkafka's or Java's names.",
    )  # fmt: skip
    @click.option("--bootstrap-server", metavar="HOST:PORT", help="Brokers to ask first; wins over the file's.")
    @click.option(
        "--command-property",
        multiple=True,
        metavar="KEY=VALUE",
        help="One client property; wins over the file's.",
    )
    @click.option(
        "--lab", type=click.IntRange(1, 9), is_flag=False, flag_value=3, metavar="[N]",
        help="Use the running lab, or start one of N brokers (default 3) for this command.",
    )  # fmt: skip
    def with_target(
        *,
        cluster: Path | None,
        bootstrap_server: str | None,
        command_property: tuple[str, ...],
        lab: int | None,
        **rest: Any,
    ) -> Any:
        target = Target(
            cluster=cluster,
            bootstrap_server=bootstrap_server,
            command_property=command_property,
            lab=lab,
        )
        return command(target=target, **rest)

    return _as(with_target, command)


def exporter_option(command: Command) -> Command:
    """Add the option that names exporters; they become part of the `target`, which must be asked for above."""

    @click.option(
        "--exporter", multiple=True, metavar="ID=URL",
        help="Where a broker's JMX exporter answers; a lab's are known.",
    )  # fmt: skip
    def with_exporters(*, target: Target, exporter: tuple[str, ...], **rest: Any) -> Any:
        return command(target=replace(target, exporter=exporter), **rest)

    return _as(with_exporters, command)


def source_option(command: Command) -> Command:
    """Add the option that prefers a source; it becomes part of the `target`, which must be asked for above."""

    @click.option(
        "--source", type=click.Choice(["confluent"]),
        help="Where metrics come from: the Metrics API that --cluster FILE names, also where exporters are known.",
    )  # fmt: skip
    def with_source(*, target: Target, source: str | None, **rest: Any) -> Any:
        return command(target=replace(target, source=source), **rest)

    return _as(with_source, command)


_UNITS_HELP = "How many CKU, eCKU or brokers the cluster has, where limits are by these."


def units_option(command: Command) -> Command:
    """Add the option that says of how many units a cluster is; the command gets it as `units`."""
    return click.option("--units", type=click.IntRange(1), metavar="N", default=1, show_default=True, help=_UNITS_HELP)(
        command
    )


def limits_options(command: Command) -> Command:
    """Add the options that choose limits; the command gets them as one `limits`, a table that is ready to be used."""

    @click.option(
        "--limits", "table", metavar="TABLE", default="course-basic", show_default=True,
        help="A table that 'limits list' shows, or a TOML file.",
    )  # fmt: skip
    @units_option
    def with_limits(*, table: str, units: int, **rest: Any) -> Any:
        return command(limits=_limits(table, units), **rest)

    return _as(with_limits, command)


def other_limits_options(command: Command) -> Command:
    """As `limits_options`, for a command that has limits already: it gets None where no others are chosen."""

    @click.option("--limits", "table", metavar="TABLE", help="Other limits: a table that 'limits list' shows, or TOML.")
    @click.option("--units", type=click.IntRange(1), metavar="N", help=_UNITS_HELP)
    def with_limits(*, table: str | None, units: int | None, **rest: Any) -> Any:
        if units and not table:
            raise UsageError("--units says of how many units a table is: name the table by --limits")
        return command(limits=_limits(table, units or 1) if table else None, **rest)

    return _as(with_limits, command)


def _limits(table: str, units: int) -> Limits:
    from clusterload.limits import Limits

    return Limits.named(table, units)


_YES = click.option(
    "--yes-cluster", default="", metavar="ID", help="Yes, touch the cluster of this id, which is no lab."
)


def consent_options(command: Command) -> Command:
    """Add the options that let load be made on somebody's cluster; the command gets them as `consented`."""

    @_YES
    @click.option("--cap", multiple=True, metavar="NAME=VALUE", help="Raise a cap on load outside labs, on purpose.")
    def with_consent(*, yes_cluster: str, cap: tuple[str, ...], **rest: Any) -> Any:
        return command(consented=_consent(yes_cluster, cap), **rest)

    return _as(with_consent, command)


def yes_option(command: Command) -> Command:
    """Add the option that lets somebody's cluster be changed; the command gets it as `consented`."""

    @_YES
    def with_yes(*, yes_cluster: str, **rest: Any) -> Any:
        return command(consented=_consent(yes_cluster, ()), **rest)

    return _as(with_yes, command)


def _as(wrapper: Command, command: Command) -> Command:
    # functools.wraps would drop the options that the wrapper itself just got.
    inner = getattr(command, "__click_params__", [])
    wrapper.__click_params__ = [*inner, *getattr(wrapper, "__click_params__", [])]  # type: ignore[attr-defined]
    wrapper.__name__, wrapper.__doc__ = command.__name__, command.__doc__
    return wrapper


def _consent(yes_cluster: str, caps: tuple[str, ...]) -> Consent:
    from clusterload.consent import CAPS, Consent
    from clusterload.errors import nearest

    raised: dict[str, float] = {}
    for pair in caps:
        name, _, value = pair.partition("=")
        if name not in CAPS:
            raise UsageError(f"no cap {name!r}{nearest(name, CAPS)}; known: {', '.join(CAPS)}")
        try:
            raised[name] = float(value)
        except ValueError:
            raise UsageError(f"--cap {name} takes a number, not {value!r}") from None
    return Consent(cluster_id=yes_cluster, caps=raised)


def confirmed(consented: Consent, cluster: Cluster, to: str = "load it") -> Consent:
    """A consent; where there is none yet and somebody sits at a terminal, they are asked for the cluster's id."""
    from clusterload.lab import find_lab

    somebody_there = sys.stdin.isatty() and sys.stderr.isatty()
    if consented.cluster_id or not cluster.id or not somebody_there or find_lab(cluster.id) is not None:
        return consented
    said = f"Cluster {cluster.id} at {cluster.servers} is no lab of ours. Type its id to {to}"
    typed: str = click.prompt(said, default="", show_default=False, err=True)
    return replace(consented, cluster_id=typed.strip())


@contextmanager
def opened(target: Target) -> Iterator[Cluster]:
    """The cluster that a command is for; a lab that is started for it ends with it.

    Raises:
        UsageError: no cluster was named, or two.
        ClusterError: it does not answer.
    """
    from clusterload.cli.console import warn
    from clusterload.kafka import Cluster, Properties

    if target.lab is not None:
        if target.cluster or target.bootstrap_server:
            raise UsageError("--lab and --cluster or --bootstrap-server name two clusters: give one of them")
        with _lab(target.lab) as servers:
            yield Cluster.connect(
                Properties(values={"bootstrap.servers": servers}, origin="the lab").with_given(target.command_property)
            )
        return
    if not target.cluster and not target.bootstrap_server:
        raise UsageError("no cluster was named: add --lab, --cluster FILE or --bootstrap-server HOST:PORT")
    properties = Properties.read(target.cluster) if target.cluster else Properties()
    given = (f"bootstrap.servers={target.bootstrap_server}",) if target.bootstrap_server else ()
    replaced = Properties(
        values={
            name: value for name, value in properties.values.items() if not (given and name == "bootstrap.servers")
        },
        warnings=properties.warnings,
        origin=properties.origin,
    )
    chosen = replaced.with_given((*given, *target.command_property))
    for line in chosen.warnings:
        warn(line)
    if chosen.unverified_tls:
        warn("TLS verification is off: anybody on the way could read and change what is sent")
    yield Cluster.connect(chosen)


@contextmanager
def _lab(brokers: int) -> Iterator[str]:
    from clusterload.cli.console import lab_progress
    from clusterload.lab import Lab, running_labs

    # A lab without a folder belongs to the command or program that started it, and goes when that ends.
    standing = [lab for lab in running_labs() if lab.directory is not None]
    if standing:
        yield standing[-1].bootstrap_servers
        return
    with lab_progress() as progress, Lab(brokers=brokers, progress=progress) as lab:
        progress.done()
        yield lab.bootstrap_servers


def sources_for(target: Target, cluster: Cluster, interval: float = 1.0) -> tuple[Source, ...]:
    """The metrics that a command reads: the source or the exporters that were named, or those that we know of.

    Raises:
        UsageError: two sources were named, which would count everything twice.
        ConfigurationError: an exporter is not given as ID=URL, or the properties name no Metrics API.
    """
    from clusterload.measurement import metrics_api_of, sources_of
    from clusterload.sources.exporter import ExporterSource

    if target.source:
        if target.exporter:
            raise UsageError("--source and --exporter name two sources of the same figures: give one of them")
        return (metrics_api_of(cluster),)
    endpoints = exporters(target)
    return (ExporterSource(endpoints, interval=interval),) if endpoints else sources_of(cluster, interval)


def exporters(target: Target) -> dict[str, str]:
    """The exporters that were named: URL by broker id.

    Raises:
        ConfigurationError: one is not given as ID=URL.
    """
    endpoints: dict[str, str] = {}
    for pair in target.exporter:
        broker, equals, url = pair.partition("=")
        if not equals or not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"--exporter takes ID=URL, as in 1=http://broker1:7071/metrics, not {pair!r}")
        endpoints[broker] = url
    return endpoints


def checked_id(cluster_id: str | None) -> str | None:
    """A cluster id that can stand in a file's name and in a label.

    Raises:
        UsageError: it cannot.
    """
    if cluster_id is not None and not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,254}", cluster_id, re.ASCII):
        raise UsageError(f"--cluster-id takes letters, digits, '.', '_' and '-', as in lkc-abc123, not {cluster_id!r}")
    return cluster_id


def minutes(lateness: str | None) -> int:
    """A lateness in whole minutes.

    Raises:
        UsageError: it is no duration, or no whole minutes.
    """
    from clusterload.units import parse_duration

    if lateness is None:
        return 0
    whole, rest = divmod(parse_duration(lateness), 60)
    if rest:
        raise UsageError(f"--lateness takes whole minutes, as in 3m, not {lateness!r}")
    return int(whole)
