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

from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.kafka.properties import Properties
    from clusterload.lab.description import LabInfo
    from clusterload.model.limits import Limits
    from clusterload.workflow.consent import Consent

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which cluster a command is for, as the command line says it."""

    cluster: Path | None
    bootstrap_server: str | None
    command_property: tuple[str, ...]
    lab: int | None
    exporter: tuple[str, ...] = ()
    jolokia: tuple[str, ...] = ()
    prometheus: str | None = None
    names: str | None = None
    source: str | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The properties that the command line sets, also by options of their own, as KEY=VALUE."""
        own = {
            "bootstrap.servers": self.bootstrap_server,
            "prometheus.url": self.prometheus,
            "prometheus.names": self.names,
        }
        return (*(f"{key}={value}" for key, value in own.items() if value), *self.command_property)


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

    return decorated(with_target, command)


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

    return decorated(with_limits, command)


def other_limits_options(command: Command) -> Command:
    """As `limits_options`, for a command that has limits already: it gets None where no others are chosen."""

    @click.option("--limits", "table", metavar="TABLE", help="Other limits: a table that 'limits list' shows, or TOML.")
    @click.option("--units", type=click.IntRange(1), metavar="N", help=_UNITS_HELP)
    def with_limits(*, table: str | None, units: int | None, **rest: Any) -> Any:
        if units and not table:
            raise UsageError("--units says of how many units a table is: name the table by --limits")
        return command(limits=_limits(table, units or 1) if table else None, **rest)

    return decorated(with_limits, command)


def _limits(table: str, units: int) -> Limits:
    from clusterload.model.limits import Limits

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

    return decorated(with_consent, command)


def yes_option(command: Command) -> Command:
    """Add the option that lets somebody's cluster be changed; the command gets it as `consented`."""

    @_YES
    def with_yes(*, yes_cluster: str, **rest: Any) -> Any:
        return command(consented=_consent(yes_cluster, ()), **rest)

    return decorated(with_yes, command)


def decorated(wrapper: Command, command: Command) -> Command:
    """A command with the options of its wrapper as well as its own."""
    # functools.wraps would drop the options that the wrapper itself just got.
    inner = getattr(command, "__click_params__", [])
    wrapper.__click_params__ = [*inner, *getattr(wrapper, "__click_params__", [])]  # type: ignore[attr-defined]
    wrapper.__name__, wrapper.__doc__ = command.__name__, command.__doc__
    return wrapper


def _consent(yes_cluster: str, caps: tuple[str, ...]) -> Consent:
    from clusterload.model.errors import nearest
    from clusterload.workflow.consent import CAPS, Consent

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
    from clusterload.lab.registry import find_lab

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
    from clusterload.kafka.cluster import Cluster

    if target.lab is None:
        yield Cluster.connect(properties_of(target))
        return
    _check_lab(target)
    with _lab(target.lab) as info:
        yield Cluster.connect(_of_lab(info).with_given(target.given))


def properties_of(target: Target) -> Properties:
    """The client configuration that the command line names, with what it sets by itself on top.

    Raises:
        UsageError: no cluster was named, or two.
        LabError: the lab was named and none runs.
    """
    from clusterload.cli.console import warn
    from clusterload.kafka.properties import Properties

    if target.lab is not None:
        _check_lab(target)
        return _of_lab(_standing_lab()).with_given(target.given)
    if not target.cluster and not target.given:
        raise UsageError("no cluster was named: add --lab, --cluster FILE or --bootstrap-server HOST:PORT")
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


def _standing_lab() -> LabInfo:
    from clusterload.lab.registry import running_labs
    from clusterload.model.errors import LabError

    # A lab without a folder belongs to the command or program that started it, and goes when that ends.
    standing = [lab for lab in running_labs() if lab.directory is not None]
    if not standing:
        raise LabError("no lab is running: start one with 'clusterload lab up'")
    return standing[-1]


@contextmanager
def _lab(brokers: int) -> Iterator[LabInfo]:
    from clusterload.cli.console import lab_progress
    from clusterload.lab.lab import Lab
    from clusterload.model.errors import LabError

    try:
        standing = _standing_lab()
    except LabError:
        with lab_progress() as progress, Lab(brokers=brokers, progress=progress) as lab:
            progress.done()
            yield lab.info
    else:
        yield standing


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
    from clusterload.model.units import parse_duration

    if lateness is None:
        return 0
    whole, rest = divmod(parse_duration(lateness), 60)
    if rest:
        raise UsageError(f"--lateness takes whole minutes, as in 3m, not {lateness!r}")
    return int(whole)
