"""`clusterload compare`: groups of runs side by side, and what may be said of each difference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.grammar import FILTER, OUTPUT, Command, option
from clusterload.cli.options import FILE
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clusterload.model.limits import Limits
    from clusterload.model.run import Run

_EXAMPLES = """\b
Examples:
  clusterload compare runs/before runs/after
  clusterload compare 'runs/old-*.run' 'runs/new-*.run' --markdown compare.md
  clusterload compare a1.run,a2.run,a3.run b1.run,b2.run,b3.run c1.run,c2.run
  clusterload compare a.run b.run --repeats runs/nightly"""


@click.command(cls=Command, epilog=_EXAMPLES)
@click.argument("groups", metavar="A B [C]...", nargs=-1, required=True)
@option(
    "--repeats", multiple=True, metavar="RUNS", group=FILTER,
    help="More runs of the same plans, for run-to-run variation. Default for a single run: those in its folder.",
)  # fmt: skip
@options.limits
@option("--markdown", type=FILE, metavar="FILE", group=OUTPUT, help="Also write the comparison as Markdown.")
@options.as_json
def compare(
    groups: tuple[str, ...], *, repeats: tuple[str, ...], limits: Limits | None, markdown: Path | None, as_json: bool
) -> None:
    """Compare groups of runs: B, and each further group, with A. Needs no cluster.

    Each group is a run file, a folder of them, a pattern, or several of these with commas between. The runs of a group
    are repeats of one plan, best three or more, and best made in turn with the other group's.
    """
    from clusterload.analysis.compare import compare
    from clusterload.cli.console import OUT, print_json, write
    from clusterload.report.comparison import comparison_document, comparison_report
    from clusterload.report.comparison_markdown import comparison_markdown

    if len(set(groups)) < len(groups):
        raise UsageError("a group is named twice: no run is compared with itself")
    runs = {text: _read(text) for text in groups}
    more = [run for text in repeats for run in _read(text)] if repeats else _next_to(runs)
    found = compare(runs, limits, more)
    if markdown:
        write(markdown, comparison_markdown(found))
    if as_json:
        print_json(comparison_document(found))
    else:
        OUT.print(comparison_report(found))


def _read(text: str) -> list[Run]:
    from clusterload.telemetry.runfile import files_of, read_run

    return [read_run(path) for path in files_of(text)]


def _next_to(groups: Mapping[str, Sequence[Run]]) -> Sequence[Run]:
    """Other runs of the plan of those that are alone in their group."""
    from clusterload.telemetry.runfile import repeats_in_folder

    known = {run.id for runs in groups.values() for run in runs}
    return repeats_in_folder([runs[0] for runs in groups.values() if len(runs) == 1], without=known)
