"""`clusterload report`: judge a run file, the whole of it or a stretch, as often as wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.gates import Gates, gate_options
from clusterload.cli.options import limits_options

if TYPE_CHECKING:
    from clusterload.limits import Limits
    from clusterload.run import Run


@click.command()
@click.argument("file", metavar="RUN", type=click.Path(path_type=Path))
@limits_options
@gate_options
@click.option("--from", "start", metavar="WHEN", help="ISO-8601 with zone, or a time into the run, as in 10s.")
@click.option("--to", "end", metavar="WHEN", help="As --from.")
@click.option("--plots", type=click.Path(path_type=Path), metavar="FOLDER", help="Draw plots into this folder.")
@click.option("--graph", "graphs", multiple=True, metavar="NAME", help="Which graphs, in which order.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def report(
    file: Path,
    *,
    limits: Limits,
    gates: Gates,
    start: str | None,
    end: str | None,
    plots: Path | None,
    graphs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge a RUN file: usage against limits, the ledger, thresholds, the verdict. Needs no cluster."""
    from clusterload.cli.stretch import part_of
    from clusterload.store import read_run

    part = part_of(read_run(file), start, end)
    gates.check(part.plan)
    settle = show(part, limits, gates, as_json=as_json)
    if plots:
        _draw(part, limits, plots, graphs)
    settle()


def show(run: Run, limits: Limits, gates: Gates, *, as_json: bool) -> Callable[[], None]:
    """Print a run's judgement: JSON for programs, or the report for people.

    Returns:
        What is to be called last: it names the thresholds that were not passed, and ends the command if there are any.
    """
    from clusterload.diagnosis import diagnose
    from clusterload.usage import assess

    usage = assess(run, limits)
    verdict = diagnose(run, usage)
    gate = gates.held(run, usage)
    if as_json:
        import json

        from clusterload.reports.json import run_document

        click.echo(json.dumps(run_document(run, usage, verdict, gate), indent=2))
    else:
        from clusterload.cli.console import OUT
        from clusterload.reports.gates import gate_view
        from clusterload.reports.report import render

        OUT.print(render(run, usage, verdict), *gate_view(gate), sep="\n")
        OUT.print(f"Run file: {run.path}", soft_wrap=True)
    return lambda: gates.settle(run, usage, verdict, gate)


def _draw(run: Run, limits: Limits, folder: Path, graphs: tuple[str, ...]) -> None:
    from clusterload.cli.console import OUT
    from clusterload.reports.plots import GRAPHS, plot
    from clusterload.usage import assess

    picture = plot(assess(run, limits), graphs or tuple(GRAPHS))
    for suffix in ("png", "svg"):
        OUT.print(f"Plots: {picture.save(folder / f'usage.{suffix}')}", soft_wrap=True)
