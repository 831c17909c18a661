"""`clusterload bill`: who pays for the brokers' time."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.analysis.bill.charge import KINDS
from clusterload.cli.options import Target, confirmed, opened, target_options, yes_option
from clusterload.cli.sources import source_options, sources_for
from clusterload.model.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.workflow.consent import Consent

_WINDOW: Final = "40s"
_BASELINE: Final = "20s"


@click.command(short_help="Tell who pays for the brokers' time.")
@click.argument("stored", metavar="[RUN]", required=False)
@target_options
@source_options
@yes_option
@click.option("--for", "duration", metavar="TIME", help=f"How long a live cluster is watched; {_WINDOW} by default.")
@click.option(
    "--baseline", metavar="TIME|RUN", help="What was usual before: the first TIME that is watched, or of RUN; or a run."
)
@click.option(
    "--unlock-client-metrics", "unlock", is_flag=True,
    help="Have brokers tell what each client costs, by a quota on a made-up client id while this lasts.",
)  # fmt: skip
@click.option("--most-clients", type=click.IntRange(1), default=1000, show_default=True, metavar="N",
              help="The most connections for which that is done: each may be a client.")  # fmt: skip
@click.option("--by", type=click.Choice(KINDS), help="Only by this, and more of them.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The run file of what is watched.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def bill(
    target: Target,
    consented: Consent,
    *,
    stored: str | None,
    duration: str | None,
    baseline: str | None,
    unlock: bool,
    most_clients: int,
    by: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say who used how much of the brokers: by client id, principal, topic, broker and type of request.

    A live cluster is watched without any load of ours; of a RUN (or a part of it, as in peak.run@10s..40s) what it
    recorded is billed. Who rose most over the baseline comes first, and what nobody is told to have used has a row.
    """
    if stored:
        if unlock or duration:
            raise UsageError("--unlock-client-metrics and --for are of a live cluster, and RUN is over: leave them out")
        whole = _read(stored)
    else:
        wanted = _Wanted(
            baseline=_seconds(baseline or _BASELINE),
            window=_duration(duration or _WINDOW),
            unlock=unlock,
            most_clients=most_clients,
            out=out,
        )
        whole = _watched(target, consented, wanted)
    now, before = _parts(whole, baseline, live=not stored)
    _show(now, before, by or "", as_json=as_json)
    if not stored and not as_json:
        from clusterload.cli.console import OUT

        OUT.print(f"Run file: {whole.path}", soft_wrap=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """How a live cluster is to be watched; baseline and window in seconds."""

    baseline: float
    window: float
    unlock: bool
    most_clients: int
    out: Path | None


def _watched(target: Target, consented: Consent, wanted: _Wanted) -> Run:
    """What a live cluster did, baseline and window in one."""
    from clusterload.cli.console import note, waiting
    from clusterload.workflow.watch import watch

    with opened(target) as cluster, _unlocked(target, cluster, consented, wanted):
        seconds = wanted.baseline + wanted.window
        note(f"watching for {seconds:g} s")
        return watch(
            cluster, seconds=seconds, sources=sources_for(target, cluster) or None, path=wanted.out, on_wait=waiting
        )


def _unlocked(target: Target, cluster: Cluster, consented: Consent, wanted: _Wanted) -> AbstractContextManager[None]:
    if not wanted.unlock:
        return nullcontext()
    from clusterload.cli.console import note
    from clusterload.telemetry.sources.confluent import ConfluentSource
    from clusterload.telemetry.sources.source import LiveSource
    from clusterload.workflow.temporary_quota import unlocked
    from clusterload.workflow.temporary_quota.unlocking import TO

    found = sources_for(target, cluster)
    if target.source == "admin" or not [one for one in found if not isinstance(one, ConfluentSource)]:
        raise ConfigurationError(
            f"nothing would read what the brokers of cluster {cluster.id} then tell of clients: name --exporter, "
            "--jolokia or --prometheus, or leave out --unlock-client-metrics"
        )
    return unlocked(
        cluster,
        consented=confirmed(consented, cluster, TO),
        most_clients=wanted.most_clients,
        seconds=2 * (wanted.baseline + wanted.window) + 120,
        sources=tuple(one for one in found if isinstance(one, LiveSource)),
        say=note,
    )


def _read(text: str) -> Run:
    from clusterload.cli.stretch import RunPart, stretch
    from clusterload.telemetry.runfile import read_run

    found = stretch(text, time.time_ns()) if "@" in text else RunPart(path=Path(text))
    return found.read() if isinstance(found, RunPart) else read_run(Path(text))


def _parts(whole: Run, baseline: str | None, *, live: bool) -> tuple[Run, Run | None]:
    """The window, and what it is held against."""
    from clusterload.model.series import SECOND

    if baseline is None and not live:
        return whole, None
    seconds = _seconds(baseline or _BASELINE)
    if not seconds:
        return whole, _read(baseline) if baseline else None
    border = whole.start + round(seconds * SECOND)
    return whole.between(border, whole.end), whole.between(whole.start, border)


def _seconds(baseline: str) -> float:
    """Seconds that a baseline takes of what is watched; 0 if it is a run by itself."""
    return 0.0 if ".run" in baseline else _duration(baseline)


def _duration(text: str) -> float:
    from clusterload.model.units import parse_duration

    return parse_duration(text)


def _show(now: Run, before: Run | None, by: str, *, as_json: bool) -> None:
    from clusterload.analysis.bill import bill as billed
    from clusterload.analysis.bill import fit_prices
    from clusterload.analysis.window_stats import WindowStats
    from clusterload.report.bill import Billed, bill_document, bill_report

    priced = fit_prices([before, now] if before else [now])
    found = Billed(bill=billed(now, before), prices=priced, facts=WindowStats(now, before))
    if as_json:
        import json

        click.echo(json.dumps(bill_document(found), indent=2))
        return
    from clusterload.cli.console import OUT

    OUT.print(bill_report(found, by=by))
