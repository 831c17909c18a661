"""`clusterload watch`: what a cluster does, live or in the past, without any load of ours."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.cli import options
from clusterload.cli.gates import Gates
from clusterload.cli.grammar import METRICS, TIME, TIMES, Command, as_usage, flag, option
from clusterload.cli.options import Views
from clusterload.cli.target import Target, Unlock, observed, read_stretch, sources_with_admin, unlocked
from clusterload.model.errors import SourceError, UsageError

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.workflow.consent import Consent


_FAILURES: Final = frozenset({"scrape-failed", "scrape-missing", "metrics-unread"})
_SILENCE: Final = 3.0
"""Seconds without figures that say nothing yet."""


@click.command(cls=Command)
@options.cluster_or_new_lab
@options.duration("How long to watch, as in 5m; by default until Ctrl-C.", TIMES)
@options.time_range(
    "Read the past from here: ISO 8601 with zone, or as in 'now-2h'.", "As --from; by default as far as there is data."
)
@flag("--with-admin", group=METRICS, text="Also query the Admin API: groups, lag, log sizes, leaders.")
@options.interval
@option("--granularity", metavar="STEP", group=METRICS, help="Query resolution with --from: PT1M … P1D, or 15s.")
@option(
    "--wait", type=TIME, metavar="TIME", default="10m", show_default=True, group=METRICS,
    help="Longest wait for late metrics.",
)  # fmt: skip
@options.limits
@options.gates
@options.unlock
@options.yes
@options.views
@options.out("Where to write the run file; in runs/ by default.")
@options.as_json
def watch(
    target: Target,
    *,
    duration: float | None,
    start: str | None,
    end: str | None,
    with_admin: bool,
    interval: float,
    granularity: str | None,
    wait: float,
    limits: Limits | None,
    gates: Gates,
    unlock: Unlock,
    consented: Consent,
    views: Views,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show the usage of each resource against its limit, and how busy the brokers are. Sends no load.

    The result is a run like any other: 'clusterload report FILE --from … --to …' evaluates any part of it.
    Without --limits it is compared with the limits that the brokers declare, which are kept in the run file.
    """
    from clusterload.cli.report import show

    gates.check(None)
    if start is not None:
        if duration is not None:
            raise UsageError("--for watches from now on, --from reads the past: give one of them")
        if unlock.unlock:
            raise UsageError("--unlock-client-metrics changes what brokers tell from now on: leave out --from, or it")
        if views != Views():
            raise UsageError("--web and --expose show what goes on now: leave out --from, or them")
        seen = _past(target, start, end, granularity or "", wait, out)
    else:
        if granularity:
            raise UsageError("--granularity is for the past, with --from; from now on it is --interval")
        live = _Live(duration=duration, interval=interval, limits=limits, out=out, views=views, with_admin=with_admin)
        seen = _live(target, live, consented, unlock)
    show(seen, limits, gates, as_json=as_json).settle()
    if start is None:
        _check_alive(seen, interval)


def _check_alive(seen: Run, interval: float) -> None:
    """See that metrics came until the end of a watch; SourceError if they did not, or none ever came."""
    from clusterload.model import units
    from clusterload.model.run import clock_time
    from clusterload.model.series import SECOND

    since = silent_since(seen, interval)
    if since is not None and not any(len(series.times) for series in seen.series):
        # What failed are the addresses of metrics, of a cluster that may be well: nothing ever came that could stop.
        raise SourceError(
            f"no metrics were read in {units.duration((seen.end - seen.start) / SECOND)}: what failed is shown above. "
            "See what answers, and what to do, with 'clusterload doctor' and the same options"
        )
    if since is not None:
        raise SourceError(
            f"the cluster stopped answering: no metrics since {clock_time(since)}, for the last "
            f"{units.duration((seen.end - since) / SECOND)}; what is shown is of the time before. See whether it is up "
            "with 'clusterload describe brokers'"
        )


def silent_since(run: Run, interval: float) -> int | None:
    """When a watch saw its last figures, in Unix nanoseconds, if scrapes failed from then to its end; else None."""
    from clusterload.model.series import SECOND

    last = max((int(series.times[-1]) for series in run.series if len(series.times)), default=run.start)
    failed = any(event.kind in _FAILURES and event.time >= last - interval * SECOND for event in run.events)
    return last if failed and run.end - last > max(_SILENCE, 2 * interval) * SECOND else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """How a cluster is watched from now on, as the options say it."""

    duration: float | None
    interval: float
    limits: Limits | None
    out: Path | None
    views: Views
    with_admin: bool


def _live(target: Target, asked: _Live, consented: Consent, unlock: Unlock) -> Run:
    from clusterload.cli.live import live, said
    from clusterload.workflow.watch import watch as watch_cluster

    with (
        observed(target) as cluster,
        unlocked(target, cluster, consented, unlock, asked.duration) as events,
        live(asked.limits, asked.views, title=cluster.title, seconds=asked.duration) as feed,
    ):
        return watch_cluster(
            cluster,
            seconds=asked.duration,
            sources=sources_with_admin(target, cluster, asked.interval, always=asked.with_admin),
            path=asked.out,
            on_look=feed.look,
            on_judge=feed.judge,
            on_wait=said(feed),
            events=events,
        )


def _past(target: Target, start: str, end: str | None, granularity: str, wait: float, out: Path | None) -> Run:
    from clusterload.model.timespec import instant

    now = time.time_ns()
    begin, until = as_usage(instant, start, now), as_usage(instant, end, now) if end else None
    return read_stretch(target, begin, until, granularity=granularity, wait=wait, path=out)
