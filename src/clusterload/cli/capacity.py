"""`clusterload capacity`: how far a load can grow until a stated bound breaks, predicted and measured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.grammar import OUTPUT, SEARCH, Command, as_usage, flag, option
from clusterload.cli.options import FILE
from clusterload.cli.plans import Asked, said_totals
from clusterload.cli.target import Target, check_yes, confirmed, opened, sources_for
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.analysis.ceiling import Capacity, Prediction
    from clusterload.analysis.ceiling.bound import Bound
    from clusterload.model.limits import Limits
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.step_search import SearchOptions
    from clusterload.workflow.step_search.capacity import CapacityRequest

_EXAMPLES = """\b
Examples:
  clusterload capacity --lab --dial record_rate=200/s --dial connections=20 \\
      --mix --until 'limit_load > 90 %' --limits mine.toml
  clusterload capacity peak.toml --lab --mix --until 'latency.p99 > 50 ms' \\
      --until 'saturation.cpu > 80 %'
  clusterload capacity --lab --dial connections=10 --raise connections \\
      --until 'limit_load > 90 %' --limits mine.toml"""


@click.command(cls=Command, epilog=_EXAMPLES)
@options.cluster_or_new_lab
@options.consent
@options.plan
@options.dial
@option(
    "--raise", "dial", metavar="DIAL", group=SEARCH, help="Raise only this dial, as in record_rate or LOAD.record_rate."
)
@flag("--mix", group=SEARCH, text="Raise all rates together, in proportion.")
@options.until(
    "What ends it, as in 'limit_load > 90 %', 'saturation.cpu > 80 %' or 'latency.p99 > 50 ms'.", required=True
)
@options.steps(precision="5 %", longest="10m")
@options.limits
@option("--plot", type=FILE, metavar="FILE", group=OUTPUT, help="Plot the steps, as PNG or SVG.")
@options.dry_run("Print the first step, and send nothing.")
@options.as_json
def capacity(
    file: Path | None,
    target: Target,
    consented: Consent,
    *,
    dials: tuple[str, ...],
    dial: str | None,
    mix: bool,
    until: tuple[Bound, ...],
    search: SearchOptions,
    limits: Limits | None,
    plot: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Raise the load of a PLAN, or of --dial options, until it crosses a bound.

    The cluster should be otherwise idle. First the load is sent as it is, to predict how far it can grow; then it is
    raised step by step, several times. The result shows the predicted and the measured capacity.
    """
    from clusterload.report.plots import require_plotting
    from clusterload.workflow.step_search.capacity import CapacityRequest

    if mix == bool(dial):
        raise UsageError("nothing says what to raise: add --mix for all rates together, or --raise DIAL for one dial")
    plan = Asked(file=file, dials=dials).plan()
    request = as_usage(CapacityRequest, plan=plan, dial=dial or "", bounds=until, limits=limits, options=search)
    if dry_run:
        check_yes(target, consented, request.at(request.first), limits=limits)
        for line in _said(request):
            click.echo(line)
        return
    if plot is not None:
        require_plotting()
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
    from clusterload.cli.console import note, search_progress, waiting
    from clusterload.workflow.step_search.capacity import find_capacity

    folder = Path("runs") / f"capacity-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with opened(target) as cluster:
        note(f"cluster {cluster.id}, {len(cluster.brokers)} brokers; run files go to {folder}")
        agreed = confirmed(consented, cluster, to="find its capacity")
        with search_progress() as (on_step, on_plan):
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
    from clusterload.cli.console import OUT, note, print_json
    from clusterload.report.capacity import capacity_document, capacity_view

    if plot is not None:
        from clusterload.report.capacity import capacity_plot

        note(f"picture: {capacity_plot(found).save(plot)}")
    if as_json:
        print_json(capacity_document(found))
        return
    for part in capacity_view(found):
        OUT.print(part)
