"""`clusterload watch`: what a cluster does, live or in the past, without any load of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.cli.gates import Gates, gate_options
from clusterload.cli.options import Target, opened, target_options, units_option
from clusterload.cli.outwards import Outwards, outwards_options
from clusterload.cli.sources import read_stretch, source_options, sources_for
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import Source

_DECLARED: Final = "declared"


@click.command(short_help="Watch a cluster, live or in the past, without any load.")
@target_options
@source_options
@click.option("--for", "duration", metavar="TIME", help="How long, as in 5m; by default until Ctrl-C.")
@click.option("--with-admin", is_flag=True, help="Ask the brokers too: groups, lag, sizes of logs, lost leaders.")
@click.option(
    "--interval", metavar="TIME", default="1s", show_default=True, help="Time between points, if ours to choose."
)
@click.option("--from", "start", metavar="WHEN", help="Look back: ISO-8601 with zone, or as in 'now-2h'.")
@click.option("--to", "end", metavar="WHEN", help="As --from; by default as far as the source has got.")
@click.option("--granularity", metavar="STEP", help="Of the past, as its source says it: PT1M … P1D, or 15s.")
@click.option("--wait", metavar="TIME", default="10m", show_default=True, help="How long late figures are waited for.")
@click.option("--limits", "table", metavar="TABLE", help="A table, a TOML file, or 'declared' by the brokers.")
@units_option
@gate_options
@outwards_options
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The run file.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
def watch(
    target: Target,
    *,
    duration: str | None,
    with_admin: bool,
    interval: str,
    start: str | None,
    end: str | None,
    granularity: str | None,
    wait: str,
    table: str | None,
    units: int,
    gates: Gates,
    outwards: Outwards,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show what each resource is used, against its limit, and how busy the brokers are. Sends no load.

    The result is a run like any other: `clusterload report FILE --from … --to …` judges any stretch of it.
    Without --limits a lab is held against course-basic, and other clusters against what their brokers declare.
    """
    from clusterload.cli.report import show

    gates.check(None)
    if start is not None:
        if duration:
            raise UsageError("--for watches from now on, --from looks back: give one of them")
        if outwards != Outwards():
            raise UsageError("--web and --expose show what goes on now: leave out --from, or them")
        limits = _limits(target, table, units)
        seen = _past(target, start, end, granularity or "", wait, out)
    else:
        if granularity:
            raise UsageError("--granularity is of the past, with --from; from now on it is --interval")
        seen, limits = _live(target, duration, interval, table, units, out, outwards, with_admin=with_admin)
    show(seen, limits, gates, as_json=as_json).settle()


def _live(
    target: Target,
    duration: str | None,
    interval: str,
    table: str | None,
    units: int,
    out: Path | None,
    outwards: Outwards,
    *,
    with_admin: bool,
) -> tuple[Run, Limits]:
    from clusterload.cli.live import live, said
    from clusterload.model.units import parse_duration
    from clusterload.workflow.watch import watch as watch_cluster

    seconds = parse_duration(duration) if duration else None
    with opened(target) as cluster:
        limits = _limits(target, table, units, cluster)
        with live(limits, outwards, title=f"cluster {cluster.id}", seconds=seconds) as feed:
            seen = watch_cluster(
                cluster,
                seconds=seconds,
                sources=_sources(target, cluster, parse_duration(interval), with_admin=with_admin),
                path=out,
                on_look=feed.look,
                on_judge=feed.judge,
                on_wait=said(feed),
            )
    return seen, limits


def _sources(target: Target, cluster: Cluster, interval: float, *, with_admin: bool) -> tuple[Source, ...]:
    """What is read: what was named or is known, and the Admin API if that is wanted or there is nothing else."""
    from clusterload.cli.console import warn
    from clusterload.telemetry.discovery import admin_beside

    found = sources_for(target, cluster, interval)
    if not found:
        warn("no source of traffic is known (--exporter, --jolokia, --prometheus): only the brokers are asked")
    beside = with_admin and target.source != "admin"
    return (*found, admin_beside(cluster, found)) if beside or not found else found


def _past(target: Target, start: str, end: str | None, granularity: str, wait: str, out: Path | None) -> Run:
    import time

    from clusterload.model.timespec import instant
    from clusterload.model.units import parse_duration

    now = time.time_ns()
    begin, until = instant(start, now), instant(end, now) if end else None
    return read_stretch(target, begin, until, granularity=granularity, wait=parse_duration(wait), path=out)


def _limits(target: Target, table: str | None, units: int, cluster: Cluster | None = None) -> Limits:
    """The limits that were asked for; else the course's for a lab, and for others what their brokers declare."""
    from clusterload.model.limits import Limits

    name = table or ("course-basic" if target.lab is not None or cluster is None else _DECLARED)
    if name != _DECLARED:
        return Limits.named(name, units)
    if cluster is None:
        raise UsageError("--limits declared asks the brokers of now: for the past name a table")
    return declared_limits(cluster)


def declared_limits(cluster: Cluster) -> Limits:
    """What a cluster's brokers declare, as limits."""
    from datetime import UTC, datetime

    from clusterload.cli.console import warn
    from clusterload.kafka.configuration import read_declared
    from clusterload.model.limits import Limits

    found = read_declared(cluster)
    for line in found.missing:
        warn(f"what the brokers declare is not known: {line}")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return Limits.declared(f"Declared by the brokers of {cluster.id}", found.brokers, found.quotas, as_of=today)
