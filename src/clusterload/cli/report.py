"""`clusterload report`: judge a run file, the whole of it or a part, as often as wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.gates import Gates
from clusterload.cli.grammar import OUTPUT, Command, option
from clusterload.cli.options import FILE

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.report.report import Report


@click.command(cls=Command)
@click.argument("file", metavar="RUN", type=FILE)
@options.time_range(
    "Start of the part to evaluate: ISO 8601 with zone, or a time into the run, as in 10s.",
    "End of that part, in the same form.",
)
@options.baseline
@options.limits
@options.gates
@option("--html", type=FILE, metavar="FILE", group=OUTPUT, help="Write a self-contained HTML page.")
@option(
    "--markdown", type=FILE, metavar="FILE", group=OUTPUT, help="Write the report as Markdown, as for a pull request."
)
@option("--plots", type=FILE, metavar="FOLDER", group=OUTPUT, help="Write plots as PNG and SVG into this folder.")
@option(
    "--graph",
    "graphs",
    multiple=True,
    metavar="NAME",
    group=OUTPUT,
    help="Graph to plot; may be repeated, and sets the order.",
)
@options.as_json
def report(
    file: Path,
    *,
    limits: Limits | None,
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
    """Evaluate a RUN file: usage against limits, ledger, thresholds, verdict. Needs no cluster."""
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


def show(run: Run, limits: Limits | None, gates: Gates, baseline: Run | None = None, *, as_json: bool) -> Shown:
    """Print a run's judgement: JSON for programs, or the report for people."""
    from clusterload.analysis.diagnosis import diagnose
    from clusterload.analysis.usage import assess
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.gates import gate_view
    from clusterload.report.json import run_document
    from clusterload.report.report import render

    usage = assess(run, limits)
    report = render(run, usage, diagnose(run, usage, baseline), baseline)
    gate = gates.held(run, usage)
    if as_json:
        print_json(run_document(run, usage, report.verdict, gate))
    else:
        OUT.print(report, *gate_view(gate), sep="\n")
        OUT.print(f"Run file: {run.path}", soft_wrap=True)
    return Shown(report=report, settle=lambda: gates.settle(run, usage, report.verdict, gate))


def _write(file: Path, text: str) -> None:
    from clusterload.cli.console import note, write

    write(file, text)
    note(f"report: {file}")


def _draw(run: Run, limits: Limits | None, folder: Path, graphs: tuple[str, ...]) -> None:
    from clusterload.analysis.usage import assess
    from clusterload.cli.console import OUT
    from clusterload.report.plots import GRAPHS, plot

    picture = plot(assess(run, limits), graphs or tuple(GRAPHS))
    for suffix in ("png", "svg"):
        OUT.print(f"Plots: {picture.save(folder / f'usage.{suffix}')}", soft_wrap=True)
