"""`clusterload run`: make a load, from a plan or from dials, and judge what it did."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.gates import Gates
from clusterload.cli.grammar import LOAD, METRICS, OUTPUT, Command, flag, option
from clusterload.cli.options import Views
from clusterload.cli.plans import Asked, asked_options, dials_help, said_totals
from clusterload.cli.target import Target, check_yes, confirmed, opened, sources_for
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.thresholds import Threshold
    from clusterload.model.workload import Plan
    from clusterload.workflow.consent import Consent

_EXAMPLES = """\b
Examples:
  clusterload run --lab --dial producers=20 --dial record_rate=500/s \\
      --dial payload_size=4KiB --for 25s
  clusterload run --lab --dial record_rate=ramp:0/s:50000/s:20s --for 30s"""


@click.command(cls=Command, epilog=f"{dials_help()}\n\n{_EXAMPLES}")
@options.cluster_or_new_lab
@options.consent
@asked_options
@option(
    "--workers", type=click.IntRange(1, 64), metavar="N", group=LOAD,
    help="Number of processes of engine wire; by default as many as the dials need.",
)  # fmt: skip
@flag("--noop", group=LOAD, text="Send to a stub broker instead of a cluster, to measure the generator's own overhead.")
@flag("--no-metrics", group=METRICS, text="Read no metrics, only send the load.")
@options.limits
@options.gates
@options.abort_if
@options.views
@options.out("Where to write the run file; in runs/ by default.")
@flag("--stats", group=OUTPUT, text="Print each client's librdkafka statistics as JSON lines.")
@options.dry_run("Print what would be sent, and send nothing.")
@options.as_json
def run(
    target: Target,
    consented: Consent,
    asked: Asked,
    *,
    workers: int | None,
    noop: bool,
    no_metrics: bool,
    limits: Limits | None,
    gates: Gates,
    abort_if: tuple[Threshold, ...],
    views: Views,
    out: Path | None,
    stats: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send the load of a PLAN, or of --dial options, and compare its usage with limits."""
    plan = asked.plan(gates.fail_if, abort_if)
    gates.check(plan)
    if dry_run:
        check_yes(target, consented, plan, limits=limits, workers=workers, metrics=not no_metrics)
        for line in said_totals(plan):
            click.echo(line)
        return
    if noop:
        measured = _without_cluster(plan, target, out, workers, limits, views)
    else:
        measured = _measured(plan, target, consented, out, workers, limits, views, metrics=not no_metrics, stats=stats)
    if no_metrics or noop:
        settle = _show_window(measured, limits, gates, as_json=as_json)
    else:
        from clusterload.cli.report import show

        settle = show(measured, limits, gates, as_json=as_json).settle
    _warn_of_lost(measured, plan)
    settle()


def _warn_of_lost(measured: Run, plan: Plan) -> None:
    # With acks=0 no answer is expected, so that none is missing.
    unanswered = {load.name for load in plan.loads if load.dials.acks == "0"}
    lost = dict.fromkeys(
        ledger.unit
        for ledger in measured.ledgers
        if ledger.failed or ledger.dropped or (ledger.unknown and ledger.load not in unanswered)
    )
    if lost:
        from clusterload.cli.console import warn

        warn(f"not all {' and '.join(lost)} were acknowledged; the ledger says why")


def _measured(
    plan: Plan,
    target: Target,
    consented: Consent,
    out: Path | None,
    workers: int | None,
    limits: Limits | None,
    views: Views,
    *,
    metrics: bool,
    stats: bool,
) -> Run:
    from clusterload.cli.live import live, said
    from clusterload.workflow.measure import measure

    with opened(target) as cluster:
        agreed = confirmed(consented, cluster)
        with live(limits, views) as feed:
            return measure(
                plan,
                cluster,
                sources=sources_for(target, cluster) if metrics else (),
                path=out,
                consented=agreed,
                workers=workers,
                limits=limits,
                on_progress=feed.begin(plan),
                on_look=feed.look,
                on_judge=feed.judge,
                on_wait=said(feed),
                on_statistics=_print_statistics if stats else None,
            )


def _without_cluster(
    plan: Plan, target: Target, out: Path | None, workers: int | None, limits: Limits | None, views: Views
) -> Run:
    from clusterload.cli.live import live
    from clusterload.workflow.noop import measure_noop

    if target.named:
        raise UsageError("--noop loads no cluster: leave out --lab, --cluster and --bootstrap-server, or --noop")
    with live(limits, views) as feed:
        return measure_noop(plan, path=out, workers=workers, on_progress=feed.begin(plan))


def _print_statistics(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _show_window(measured: Run, limits: Limits | None, gates: Gates, *, as_json: bool) -> Callable[[], None]:
    """Print what came of a load whose cluster was not looked at; gives what is to be called last, as `show` does."""
    from clusterload.analysis.diagnosis import diagnose
    from clusterload.analysis.usage import assess
    from clusterload.cli.console import OUT, print_json
    from clusterload.model.run import clock_time
    from clusterload.report.gates import gate_document, gate_view
    from clusterload.report.json import load_document
    from clusterload.report.load import load_view

    usage = assess(measured, limits)
    gate = gates.held(measured, usage)
    start, end = clock_time(measured.start), clock_time(measured.end)
    if as_json:
        document = {"run": str(measured.path), "start": start, "end": end, **load_document(measured)}
        print_json({**document, "thresholds": gate_document(gate)})
    else:
        for part in (*load_view(measured), *gate_view(gate)):
            OUT.print(part)
        for event in measured.events:
            OUT.print(f"{event.kind}: {event.text}", style="yellow", markup=False)
        OUT.print(f"From {start} to {end}; run file {measured.path}", soft_wrap=True)
    return lambda: gates.settle(measured, usage, diagnose(measured, usage), gate)
