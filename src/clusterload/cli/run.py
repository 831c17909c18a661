"""`clusterload run`: make a load, from a plan or from dials, and judge what it did."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.gates import Gates, gate_options, thresholds
from clusterload.cli.options import (
    Target,
    confirmed,
    consent_options,
    limits_options,
    opened,
    target_options,
)
from clusterload.cli.outwards import Outwards, outwards_options
from clusterload.cli.plans import Asked, dials_help, said_totals
from clusterload.cli.sources import source_options, sources_for
from clusterload.model.errors import UsageError
from clusterload.model.workload import ARRIVALS

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan
    from clusterload.workflow.consent import Consent

_EXAMPLES = """\b
clusterload run --lab --dial producers=20 --dial record_rate=500/s \\
    --dial payload_size=4KiB --for 25s
clusterload run --lab --dial record_rate=ramp:0/s:50000/s:20s --for 30s"""


@click.command(
    epilog=f"{dials_help()}\n\n{_EXAMPLES}", short_help="Make a load from a plan or from dials, and judge it."
)
@click.argument("plan_file", metavar="[PLAN.toml]", required=False, type=click.Path(path_type=Path))
@target_options
@source_options
@consent_options
@click.option("--dial", "dials", multiple=True, metavar="NAME=VALUE", help="Set one dial, as in record_rate=500/s.")
@click.option("--for", "duration", metavar="TIME", help="How long, as in 25s; wins over the plan's.")
@click.option("--warm-up", metavar="TIME", help="How long at the start is not judged; wins over the plan's.")
@click.option("--topic", metavar="NAME", help="Where records go, for a load made of dials.")
@click.option("--arrivals", type=click.Choice(ARRIVALS), help="How events lie in time; wins over the plan's.")
@click.option(
    "--fault", "faults", multiple=True, metavar="FAULT", help="Break a lab, as in 'kill broker=1 at=5s for=3s'."
)
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="Processes of engine wire; as many as needed.")
@limits_options
@gate_options
@click.option(
    "--abort-if", "abort_if", multiple=True, metavar="THRESHOLD",
    help="End the load at once if so, as in 'latency.p99 > 1 s for 5 s', and exit with 99.",
)  # fmt: skip
@outwards_options
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The run file.")
@click.option("--noop", is_flag=True, help="Load no cluster but a target that answers at once: the generator alone.")
@click.option("--no-metrics", is_flag=True, help="Only make the load: print when it began and ended.")
@click.option("--stats", is_flag=True, help="Print each client's own statistics as they come, a JSON a line.")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
def run(
    plan_file: Path | None,
    target: Target,
    consented: Consent,
    *,
    dials: tuple[str, ...],
    duration: str | None,
    warm_up: str | None,
    topic: str | None,
    arrivals: str | None,
    faults: tuple[str, ...],
    workers: int | None,
    limits: Limits,
    gates: Gates,
    abort_if: tuple[str, ...],
    outwards: Outwards,
    out: Path | None,
    noop: bool,
    no_metrics: bool,
    stats: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the load of a PLAN, or of --dial options, and hold what it did against limits."""
    plan = Asked(
        file=plan_file,
        dials=dials,
        duration=duration,
        topic=topic,
        warm_up=warm_up,
        arrivals=arrivals,
        faults=faults,
        fail_if=gates.fail_if,
        abort_if=thresholds(abort_if),
    ).plan()
    gates.check(plan)
    if dry_run:
        for line in said_totals(plan):
            click.echo(line)
        return
    if noop:
        measured = _rehearsed(plan, target, out, workers, limits, outwards)
    else:
        measured = _measured(
            plan, target, consented, out, workers, limits, outwards, metrics=not no_metrics, stats=stats
        )
    if no_metrics or noop:
        settle = _show_window(measured, limits, gates, as_json=as_json)
    else:
        from clusterload.cli.report import show

        settle = show(measured, limits, gates, as_json=as_json).settle
    # Where nobody is asked for an answer, none is missing.
    unasked = {load.name for load in plan.loads if load.dials.acks == "0"}
    lost = [
        ledger
        for ledger in measured.ledgers
        if ledger.failed or ledger.dropped or (ledger.unknown and ledger.load not in unasked)
    ]
    if lost:
        from clusterload.cli.console import warn

        of = " and ".join(dict.fromkeys(ledger.unit for ledger in lost))
        warn(f"not all {of} were acknowledged; the ledger says why")
    settle()


def _measured(
    plan: Plan,
    target: Target,
    consented: Consent,
    out: Path | None,
    workers: int | None,
    limits: Limits,
    outwards: Outwards,
    *,
    metrics: bool,
    stats: bool,
) -> Run:
    from clusterload.cli.live import live, said
    from clusterload.workflow.measure import measure

    with opened(target) as cluster:
        agreed = confirmed(consented, cluster)
        with live(limits, outwards) as feed:
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


def _rehearsed(
    plan: Plan, target: Target, out: Path | None, workers: int | None, limits: Limits, outwards: Outwards
) -> Run:
    from clusterload.cli.live import live
    from clusterload.workflow.noop import rehearse

    if target.lab is not None or target.cluster or target.bootstrap_server:
        raise UsageError("--noop loads no cluster: leave out --lab, --cluster and --bootstrap-server, or --noop")
    with live(limits, outwards) as feed:
        return rehearse(plan, path=out, workers=workers, on_progress=feed.begin(plan))


def _print_statistics(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _show_window(measured: Run, limits: Limits, gates: Gates, *, as_json: bool) -> Callable[[], None]:
    """Print what came of a load whose cluster was not looked at; gives what is to be called last, as `show` does."""
    import json

    from clusterload.analysis.diagnosis import diagnose
    from clusterload.analysis.usage import assess
    from clusterload.model.run import clock_time
    from clusterload.report.gates import gate_document, gate_view

    usage = assess(measured, limits)
    gate = gates.held(measured, usage)

    def settle() -> None:
        gates.settle(measured, usage, diagnose(measured, usage), gate)

    if as_json:
        from clusterload.report.json import load_document

        document = {
            "run": str(measured.path),
            "start": clock_time(measured.start),
            "end": clock_time(measured.end),
            **load_document(measured),
            "thresholds": gate_document(gate),
        }
        click.echo(json.dumps(document, indent=2))
        return settle
    from clusterload.cli.console import OUT
    from clusterload.report.load import load_view

    for part in (*load_view(measured), *gate_view(gate)):
        OUT.print(part)
    for event in measured.events:
        OUT.print(f"{event.kind}: {event.text}", style="yellow", markup=False)
    OUT.print(
        f"From {clock_time(measured.start)} to {clock_time(measured.end)}; run file {measured.path}", soft_wrap=True
    )
    return settle
