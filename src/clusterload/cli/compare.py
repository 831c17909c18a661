"""`clusterload compare`: groups of runs side by side, and what may be said of each difference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.options import limits_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clusterload.model.limits import Limits
    from clusterload.model.run import Run

_EXAMPLES = """\b
clusterload compare runs/before runs/after
clusterload compare 'runs/old-*.run' 'runs/new-*.run' --markdown compare.md
clusterload compare a1.run,a2.run,a3.run b1.run,b2.run,b3.run c1.run,c2.run,c3.run
clusterload compare a.run b.run --repeats runs/nightly"""


@click.command(epilog=_EXAMPLES, short_help="Hold groups of runs side by side.")
@click.argument("groups", metavar="A B [C]...", nargs=-1, required=True)
@limits_options
@click.option(
    "--repeats", multiple=True, metavar="RUNS",
    help="Further runs of the same plans, which tell how runs differ. Default: those beside a single run.",
)  # fmt: skip
@click.option("--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write it as Markdown, too.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def compare(
    groups: tuple[str, ...], *, limits: Limits, repeats: tuple[str, ...], markdown: Path | None, as_json: bool
) -> None:
    """Hold groups of runs side by side: B, and each further one, against A. Needs no cluster.

    Each group is a run file, a folder of them, a pattern, or several of these with commas between. The runs of a group
    are repeats of one plan, best three or more, and best made in turn with the other group's.
    """
    from clusterload.analysis.compare import compare
    from clusterload.model.errors import UsageError
    from clusterload.report.comparison_markdown import comparison_markdown

    if len(set(groups)) < len(groups):
        raise UsageError("a group is named twice: no run is compared with itself")
    runs = {text: _read(text) for text in groups}
    more = [run for text in repeats for run in _read(text)] if repeats else _beside(runs)
    found = compare(runs, limits, more)
    if markdown:
        _write(markdown, comparison_markdown(found))
    if as_json:
        import json

        from clusterload.report.comparison import comparison_document

        click.echo(json.dumps(comparison_document(found), indent=2))
        return
    from clusterload.cli.console import OUT
    from clusterload.report.comparison import comparison_report

    OUT.print(comparison_report(found))


def _write(file: Path, text: str) -> None:
    from clusterload.model.errors import ClusterloadError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ClusterloadError(f"{file} cannot be written: {error.strerror}: give another file") from None


def _read(text: str) -> list[Run]:
    from clusterload.telemetry.runfile import files_of, read_run

    return [read_run(path) for path in files_of(text)]


def _beside(groups: Mapping[str, Sequence[Run]]) -> Sequence[Run]:
    """Other runs of the plan of those that are alone in their group."""
    from clusterload.telemetry.runfile import repeats_beside

    known = {run.id for runs in groups.values() for run in runs}
    return repeats_beside([runs[0] for runs in groups.values() if len(runs) == 1], without=known)
