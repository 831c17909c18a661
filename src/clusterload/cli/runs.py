"""`clusterload runs`: the run files of a folder, listed, labelled, and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.cli import options
from clusterload.cli.grammar import FILTER, OUTPUT, TIME, Group, as_usage, flag, gathered, option
from clusterload.cli.options import FILE
from clusterload.model.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusterload.model.limits import Limits
    from clusterload.workflow.run_catalog import RunFile, RunFilter, RunOutcome

_FOLDER: Final = Path("runs")
_LATEST: Final = 20

_EXAMPLES = """\b
Examples:
  clusterload runs                            # short for: runs list runs
  clusterload runs nightly --label release --since 7d
  clusterload runs label runs/a.run release=4.3 baseline=yes
  clusterload runs prune --older-than 30d --keep 20 --yes"""


class _Commands(Group):
    """`runs FOLDER` is `runs list FOLDER`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if args and args[0] in known else ["list", *args])


@click.group(cls=_Commands, epilog=_EXAMPLES)
def runs() -> None:
    """List the run files of a folder, label them, and delete old ones. Needs no cluster."""


def _wanted(labels: tuple[str, ...], plan: str, since: str | None) -> RunFilter:
    from clusterload.telemetry.runfile import parsed_label
    from clusterload.workflow.run_catalog import RunFilter

    named = dict(as_usage(parsed_label, text if "=" in text else f"{text}=") for text in labels)
    return RunFilter(labels=named, plan=plan, since=_ago(since) if since else 0)


_folder_argument = click.argument("folder", metavar="[FOLDER]", default=_FOLDER, type=FILE)
_wanted_options = gathered(
    "wanted", _wanted,
    option("--label", "labels", multiple=True, metavar="NAME[=VALUE]", group=FILTER, help="Only runs with this label."),
    option("--plan", default="", metavar="NAME", group=FILTER, help="Only runs whose plan name contains this."),
    option(
        "--since", metavar="WHEN", group=FILTER,
        help="Only runs that began since then, as in 2d (ago) or 2026-01-01T00:00Z.",
    ),
)  # fmt: skip
"""Which runs; the command gets them as one `wanted`."""


def _ago(text: str) -> int:
    """A time that has passed, in Unix nanoseconds: so long ago, or an instant."""
    import time

    from clusterload.model.series import SECOND
    from clusterload.model.timespec import instant
    from clusterload.model.units import parse_duration

    now = time.time_ns()
    try:
        return now - round(parse_duration(text) * SECOND)
    except ConfigurationError:
        pass
    try:
        return instant(text, now)
    except ConfigurationError as error:
        raise UsageError(f"{error}, or so long ago as in 2d") from None


@runs.command("list")
@_folder_argument
@_wanted_options
@option(
    "--latest",
    type=click.IntRange(1),
    default=_LATEST,
    show_default=True,
    metavar="N",
    group=FILTER,
    help="Show at most N.",
)
@flag("--all", "every", group=FILTER, text="Show all runs; ignores --latest.")
@options.limits
@options.as_json
def list_(folder: Path, wanted: RunFilter, limits: Limits | None, *, latest: int, every: bool, as_json: bool) -> None:
    """List the run files of a FOLDER (default: runs), latest first, each with its usage against limits.

    Unreadable files come last, with the reason.
    """
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.runs import runs_document, runs_view
    from clusterload.workflow.run_catalog import list_runs

    files = list_runs(folder)
    found = [file for file in files if file.summary is not None and wanted.takes(file.summary)]
    shown = found if every else found[:latest]
    broken = [file for file in files if file.summary is None] if wanted.all else []
    came = _came(shown, limits)
    if as_json:
        print_json(runs_document([*shown, *broken], came))
        return
    for part in runs_view(shown, came, broken, older=len(found) - len(shown)):
        OUT.print(part)


def _came(files: Sequence[RunFile], limits: Limits | None) -> dict[Path, RunOutcome]:
    from rich.progress import track

    from clusterload.cli.console import ERR
    from clusterload.workflow.run_catalog import outcome_of

    reading = track(files, "reading", console=ERR, transient=True, disable=not ERR.is_terminal)
    return {file.path: outcome_of(file, limits) for file in reading}


@runs.command()
@click.argument("file", metavar="RUN", type=FILE)
@click.argument("labels", metavar="NAME=VALUE...", nargs=-1, required=True)
def label(file: Path, labels: tuple[str, ...]) -> None:
    """Set labels on a RUN file, as in release=4.3; an empty value, as in release=, removes the label.

    Labels are kept in the file, so that a copy of it has them too.
    """
    from clusterload.cli.console import OUT
    from clusterload.report.runs import labels_text
    from clusterload.report.tables import plain
    from clusterload.telemetry.runfile import parsed_label, write_labels

    kept = write_labels(file, dict(as_usage(parsed_label, text) for text in labels))
    OUT.print(plain(f"{file}: {labels_text(kept) or 'no labels'}"), soft_wrap=True)


@runs.command()
@_folder_argument
@_wanted_options
@option(
    "--older-than", type=TIME, metavar="TIME", group=FILTER,
    help="Only runs that ended longer ago than this, as in 30d.",
)  # fmt: skip
@option(
    "--keep", type=click.IntRange(0), metavar="N", group=FILTER, help="Always keep the latest N, whatever their age."
)
@flag("--yes", group=OUTPUT, text="Delete them; without this they are only listed.")
@options.as_json
def prune(
    folder: Path, wanted: RunFilter, *, older_than: float | None, keep: int | None, yes: bool, as_json: bool
) -> None:
    """List the old run files of a FOLDER (default: runs), and delete them with --yes.

    Only run files that can be read are deleted, and never a run that is in progress.
    """
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.runs import pruned_document, pruned_view
    from clusterload.workflow.run_catalog import list_runs, remove, to_delete

    own = [file for file in list_runs(folder) if file.summary is not None and wanted.takes(file.summary)]
    going = to_delete(own, older_than=older_than, keep=keep)
    if yes:
        for file in going:
            remove(file)
    if as_json:
        print_json(pruned_document(going, removed=yes))
        return
    for part in pruned_view(going, kept=len(own) - len(going), removed=yes):
        OUT.print(part, soft_wrap=True)
