"""`clusterload report`: judge a run file, the whole of it or a stretch, as often as wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.gates import Gates, gate_options
from clusterload.cli.options import limits_options

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.report.report import Report


@click.command()
@click.argument("file", metavar="RUN", type=click.Path(path_type=Path))
@limits_options
@gate_options
@click.option("--from", "start", metavar="WHEN", help="ISO-8601 with zone, or a time into the run, as in 10s.")
@click.option("--to", "end", metavar="WHEN", help="As --from.")
@click.option(
    "--baseline", metavar="TIME|RUN", help="What was usual: the first so long, as in 20s, or another run file."
)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write one page that needs nothing else.")
@click.option(
    "--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write it as text for a pull request."
)
@click.option(
    "--plots", type=click.Path(path_type=Path), metavar="FOLDER", help="Draw plots as PNG and SVG into this folder."
)
@click.option("--graph", "graphs", multiple=True, metavar="NAME", help="Which graphs, in which order.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def report(
    file: Path,
    *,
    limits: Limits,
    gates: Gates,
    start: str | None,
    end: str | None,
    baseline: str | None,
    html: Path | None,
    markdown: Path | None,
    plots: Path | None,
    graphs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge a RUN file: usage against limits, the ledger, thresholds, the verdict. Needs no cluster."""
    from clusterload.cli.stretch import part_of, with_baseline
    from clusterload.telemetry.runfile import read_run

    part, before = with_baseline(part_of(read_run(file), start, end), baseline)
    gates.check(part.plan)
    shown = show(part, limits, gates, before, as_json=as_json)
    if html:
        _write(html, shown.report.html)
    if markdown:
        _write(markdown, shown.report.markdown)
    if plots:
        _draw(part, limits, plots, graphs)
    shown.settle()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was printed of a run.

    Attributes:
        report: all that is said of it.
        settle: to be called last: it names the thresholds that were not passed, and ends the command if there are any.
    """

    report: Report
    settle: Callable[[], None]


def show(run: Run, limits: Limits, gates: Gates, baseline: Run | None = None, *, as_json: bool) -> Shown:
    """Print a run's judgement: JSON for programs, or the report for people."""
    from clusterload.analysis.diagnosis import diagnose
    from clusterload.analysis.usage import assess
    from clusterload.report.report import render

    usage = assess(run, limits)
    told = render(run, usage, diagnose(run, usage, baseline), baseline)
    gate = gates.held(run, usage)
    if as_json:
        import json

        from clusterload.report.json import run_document

        click.echo(json.dumps(run_document(run, usage, told.verdict, gate), indent=2))
    else:
        from clusterload.cli.console import OUT
        from clusterload.report.gates import gate_view

        OUT.print(told, *gate_view(gate), sep="\n")
        OUT.print(f"Run file: {run.path}", soft_wrap=True)
    return Shown(report=told, settle=lambda: gates.settle(run, usage, told.verdict, gate))


def _write(file: Path, text: str) -> None:
    from clusterload.cli.console import note
    from clusterload.cli.writing import write

    write(file, text)
    note(f"report: {file}")


def _draw(run: Run, limits: Limits, folder: Path, graphs: tuple[str, ...]) -> None:
    from clusterload.analysis.usage import assess
    from clusterload.cli.console import OUT
    from clusterload.report.plots import GRAPHS, plot

    picture = plot(assess(run, limits), graphs or tuple(GRAPHS))
    for suffix in ("png", "svg"):
        OUT.print(f"Plots: {picture.save(folder / f'usage.{suffix}')}", soft_wrap=True)
