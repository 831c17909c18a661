"""`clusterload diagnose`: what loads a cluster, who, and what would change it; live or from a run file."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.cli.gates import Gates, gate_options
from clusterload.cli.options import Target, opened, target_options, units_option, yes_option
from clusterload.cli.sources import source_options, sources_for
from clusterload.cli.stretch import run_part, seconds_of, split, with_baseline
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from clusterload.kafka.cluster import Cluster
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import Source
    from clusterload.workflow.consent import Consent

_FOR: Final = "40s"
_TABLE: Final = "course-basic"


@click.command(short_help="Name what loads a cluster, who does, and what would change it.")
@click.argument("file", metavar="[RUN]", required=False)
@target_options
@source_options
@click.option("--for", "duration", metavar="TIME", help=f"How long to watch; {_FOR} by default.")
@click.option(
    "--baseline", metavar="TIME|RUN",
    help="What was usual: the first so long, as in 20s, before the window; or another run file, or a part of one.",
)  # fmt: skip
@click.option("--limits", "table", metavar="TABLE", help="A table, a TOML file, or 'declared' by the brokers.")
@units_option
@gate_options
@click.option("--unlock-client-metrics", "unlock", is_flag=True, help="Have brokers tell clients apart meanwhile.")
@yes_option
@click.option(
    "--interval", metavar="TIME", default="1s", show_default=True, help="Time between points, if ours to choose."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The run file of what is watched.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def diagnose(
    file: str | None,
    target: Target,
    *,
    duration: str | None,
    baseline: str | None,
    table: str | None,
    units: int,
    gates: Gates,
    unlock: bool,
    consented: Consent,
    interval: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Name the causes that load a cluster, with evidence, culprit, cure, and what would disprove them.

    Of RUN (a run file, or a part as in night.run@10m..20m) or of a cluster, which is watched without any load of ours:
    the baseline first, then the window. Without a baseline heights are judged, with less confidence.

    A lab is held against course-basic unless --limits says otherwise, other clusters against what brokers declare.
    """
    if file is not None:
        if duration or unlock or out:
            raise UsageError(
                "--for, --unlock-client-metrics and --out are for a cluster that is watched, not for a RUN"
            )
        window, before = with_baseline(run_part(file), baseline)
        gates.check(window.plan)
        limits = _named(table or _TABLE, units)
    else:
        gates.check(None)
        window, before, limits = _watched(
            target, _Watch(duration or _FOR, baseline, interval, out), table, units, consented if unlock else None
        )
    _show(window, before, limits, gates, as_json=as_json)


def _show(window: Run, before: Run | None, limits: Limits, gates: Gates, *, as_json: bool) -> None:
    from clusterload.analysis.diagnosis import diagnose as judged
    from clusterload.analysis.usage import assess

    usage = assess(window, limits)
    verdict = judged(window, usage, before)
    gate = gates.held(window, usage)
    if as_json:
        import json

        from clusterload.report.diagnosis import diagnosis_document

        click.echo(json.dumps(diagnosis_document(window, verdict, before, gate), indent=2))
    else:
        from clusterload.cli.console import OUT
        from clusterload.report.diagnosis import diagnosis_view
        from clusterload.report.gates import gate_view

        OUT.print(diagnosis_view(window, usage, verdict, before), *gate_view(gate), sep="\n")
        OUT.print(f"Run file: {window.path}", soft_wrap=True)
    gates.settle(window, usage, verdict, gate)


class _Watch:
    """How a cluster is watched, as the command line says it."""

    def __init__(self, duration: str, baseline: str | None, interval: str, out: Path | None) -> None:
        from clusterload.model.units import parse_duration

        self.seconds, self.interval, self.out = parse_duration(duration), parse_duration(interval), out
        self.before = seconds_of(baseline) if baseline else 0.0
        self.other = run_part(baseline) if baseline and not self.before else None
        if not self.seconds > 0:
            raise UsageError("--for takes more than 0 s")


def _watched(
    target: Target, watch: _Watch, table: str | None, units: int, consented: Consent | None
) -> tuple[Run, Run | None, Limits]:
    """A cluster as it was watched: the window, what was before it, and its limits."""
    from clusterload.cli.console import note
    from clusterload.cli.live import live, said
    from clusterload.workflow.watch import watch as watch_cluster

    whole = watch.before + watch.seconds
    with opened(target) as cluster:
        limits = _limits(target, table, units, cluster)
        title = f"cluster {cluster.id}"
        with _unlocked(cluster, consented), live(limits, title=title, seconds=whole) as feed:
            note(_announced(watch))
            seen = watch_cluster(
                cluster,
                seconds=whole,
                sources=_sources(target, cluster, watch.interval),
                path=watch.out,
                on_look=feed.look,
                on_judge=feed.judge,
                on_wait=said(feed),
            )
    if not watch.before:
        return seen, watch.other, limits
    window, before = split(seen, watch.before)
    return window, before, limits


def _announced(watch: _Watch) -> str:
    from clusterload.model.units import duration

    first = f"{duration(watch.before)} of baseline, then " if watch.before else ""
    return f"watching, without any load of ours: {first}{duration(watch.seconds)} that are judged"


def _unlocked(cluster: Cluster, consented: Consent | None) -> AbstractContextManager[None]:
    if consented is None:
        return nullcontext()
    from clusterload.cli.options import confirmed
    from clusterload.workflow.temporary_quota import unlocked

    return unlocked(cluster, consented=confirmed(consented, cluster, "set a quota on a made-up client for a while"))


def _sources(target: Target, cluster: Cluster, interval: float) -> tuple[Source, ...]:
    """What is read: metrics, and the brokers themselves for groups, partitions and round trips."""
    from clusterload.cli.console import warn
    from clusterload.telemetry.discovery import admin_beside

    found = sources_for(target, cluster, interval)
    if target.source == "admin":
        return found
    if not found:
        warn("no source of traffic is known (--exporter, --jolokia, --prometheus): only the brokers are asked")
    return (*found, admin_beside(cluster, found))


def _limits(target: Target, table: str | None, units: int, cluster: Cluster) -> Limits:
    from clusterload.cli.watch import declared_limits

    name = table or (_TABLE if target.lab is not None else "declared")
    return declared_limits(cluster) if name == "declared" else _named(name, units)


def _named(table: str, units: int) -> Limits:
    from clusterload.model.limits import Limits

    if table == "declared":
        raise UsageError("--limits declared asks the brokers of now: for a RUN name a table")
    return Limits.named(table, units)
