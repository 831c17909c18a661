"""`clusterload capacity`: how far a load can grow until a stated bound breaks, predicted and measured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.options import Target, confirmed, consent_options, limits_options, opened, target_options
from clusterload.cli.plans import Asked, said_totals
from clusterload.cli.sources import source_options, sources_for
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.analysis.ceiling import Capacity, Prediction
    from clusterload.model.limits import Limits
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.step_search.capacity import CapacityRequest

_EXAMPLES = """\b
clusterload capacity --lab --dial record_rate=200/s --dial connections=20 \\
    --mix --until 'limit_load > 90 %'
clusterload capacity peak.toml --lab --mix --until 'latency.p99 > 50 ms' \\
    --until 'saturation.cpu > 80 %'
clusterload capacity --lab --dial connections=10 --raise connections \\
    --until 'limit_load > 90 %' --limits mine.toml"""


@click.command(epilog=_EXAMPLES, short_help="Find how far a load can grow until a stated bound breaks.")
@click.argument("plan_file", metavar="[PLAN.toml]", required=False, type=click.Path(path_type=Path))
@target_options
@source_options
@consent_options
@click.option("--dial", "dials", multiple=True, metavar="NAME=VALUE", help="Set one dial of the load to begin with.")
@click.option("--raise", "dial", metavar="DIAL", help="Raise this dial, as record_rate or LOAD.record_rate.")
@click.option("--mix", is_flag=True, help="Raise all rates together.")
@click.option(
    "--until", "until", multiple=True, metavar="BOUND", required=True,
    help="What ends it, as in 'limit_load > 90 %', 'saturation.cpu > 80 %' or 'latency.p99 > 50 ms'.",
)  # fmt: skip
@limits_options
@click.option("--repeats", type=click.IntRange(1, 99), default=3, show_default=True, help="How many searches.")
@click.option("--step-time", metavar="TIME", default="5s", show_default=True, help="How long each step lasts.")
@click.option("--precision", metavar="SHARE", default="5 %", show_default=True, help="How close a search gets.")
@click.option(
    "--tries", type=click.IntRange(1, 99), default=3, show_default=True,
    help="How often to make a step that tells nothing.",
)  # fmt: skip
@click.option("--rest", metavar="TIME", default="15s", show_default=True, help="Longest wait for rest before a step.")
@click.option("--longest", metavar="TIME", default="10m", show_default=True, help="No step begins after this time.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Draw the steps, as PNG or SVG.")
@click.option("--dry-run", is_flag=True, help="Say what the first step would be, and touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome, with each step, for programs.")
def capacity(
    plan_file: Path | None,
    target: Target,
    consented: Consent,
    *,
    dials: tuple[str, ...],
    dial: str | None,
    mix: bool,
    until: tuple[str, ...],
    limits: Limits,
    repeats: int,
    step_time: str,
    precision: str,
    tries: int,
    rest: str,
    longest: str,
    plot: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Raise the load of a PLAN, or of --dial options, until a bound breaks.

    The cluster should have nothing else to do meanwhile. The load as it is given predicts how far it can grow; then it
    is raised step by step, several times, and both answers stand side by side.
    """
    from clusterload.analysis.ceiling.bound import Bound
    from clusterload.model.units import RATIO, parse, parse_duration
    from clusterload.workflow.step_search import SearchOptions
    from clusterload.workflow.step_search.capacity import CapacityRequest

    if mix == bool(dial):
        raise UsageError("say what is raised: --mix for all rates together, or --raise DIAL for one")
    asked = Asked(file=plan_file, dials=dials, duration=None, topic=None, warm_up=None, arrivals=None, faults=()).plan()
    request = CapacityRequest(
        plan=asked,
        dial=dial or "",
        bounds=tuple(Bound.parsed(text) for text in until),
        limits=limits,
        options=SearchOptions(
            repeats=repeats,
            step_time=parse_duration(step_time),
            precision=parse(precision, RATIO).value,
            tries=tries,
            rest=parse_duration(rest),
            longest=parse_duration(longest),
        ),
    )
    if dry_run:
        for line in _said(request):
            click.echo(line)
        return
    _show(_found(target, consented, request), plot, as_json=as_json)


def _said(request: CapacityRequest) -> Iterator[str]:
    from clusterload.model import units

    yield from said_totals(request.at(request.first))
    bounds = " or ".join(bound.as_text for bound in request.bounds)
    yield (
        f"{request.name} is raised from there until {bounds}, {request.options.repeats} times, for "
        f"{units.duration(request.options.longest)} at the longest."
    )


def _found(target: Target, consented: Consent, request: CapacityRequest) -> Capacity:
    from clusterload.cli.console import note, waiting
    from clusterload.cli.steps import step_progress
    from clusterload.workflow.step_search.capacity import find_capacity

    folder = Path("runs") / f"capacity-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with opened(target) as cluster:
        note(f"cluster {cluster.id}, {len(cluster.brokers)} brokers; run files go to {folder}")
        agreed = confirmed(consented, cluster, to="find its capacity")
        with step_progress() as (on_step, on_plan):
            return find_capacity(
                cluster,
                request.plan,
                request.bounds,
                request.limits,
                dial=request.dial,
                options=request.options,
                folder=folder,
                sources=sources_for(target, cluster),
                consented=agreed,
                on_step=on_step,
                on_plan=on_plan,
                on_prediction=_say,
                on_wait=waiting,
            )


def _say(prediction: Prediction) -> None:
    from clusterload.cli.console import note

    note(f"predicted: {prediction.first.sentence if prediction.first else 'nothing, by these bounds'}")


def _show(found: Capacity, plot: Path | None, *, as_json: bool) -> None:
    import json

    from clusterload.cli.console import OUT, note
    from clusterload.report.capacity import capacity_document, capacity_view

    if plot is not None:
        from clusterload.report.steps_plot import capacity_plot

        note(f"picture: {capacity_plot(found).save(plot)}")
    if as_json:
        click.echo(json.dumps(capacity_document(found), indent=2))
        return
    for part in capacity_view(found):
        OUT.print(part)
