"""`clusterload runs`: the run files of a folder, listed, labelled, and let go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from clusterload.cli.options import Command, decorated, limits_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusterload.model.limits import Limits
    from clusterload.workflow.run_catalog import Came, Listed, Wanted

_FOLDER: Final = Path("runs")
_LATEST: Final = 20

_EXAMPLES = """\b
clusterload runs                            # short for: runs list runs
clusterload runs nightly --label release --since 7d
clusterload runs label runs/a.run release=4.3 baseline=yes
clusterload runs prune --older-than 30d --keep 20 --yes"""


class _Commands(click.Group):
    """`runs FOLDER` is `runs list FOLDER`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if args and args[0] in known else ["list", *args])


@click.group(cls=_Commands, epilog=_EXAMPLES, short_help="List, label and prune run files.")
def runs() -> None:
    """List the run files of a folder, label them, and let go of old ones. Needs no cluster."""


def _wanted_options(command: Command) -> Command:
    """Add the options that narrow runs down; the command gets them as one `wanted`."""

    @click.option("--label", "labels", multiple=True, metavar="NAME[=VALUE]", help="Only runs with this label.")
    @click.option("--plan", default="", metavar="NAME", help="Only runs with this in their plan's name.")
    @click.option("--since", metavar="WHEN", help="Only runs that began then or later, as in 2d or 2026-01-01T00:00Z.")
    def with_wanted(*, labels: tuple[str, ...], plan: str, since: str | None, **rest: Any) -> Any:
        return command(wanted=_wanted(labels, plan, since), **rest)

    return decorated(with_wanted, command)


def _wanted(labels: tuple[str, ...], plan: str, since: str | None) -> Wanted:
    from clusterload.telemetry.runfile import parsed_label
    from clusterload.workflow.run_catalog import Wanted

    named = dict(parsed_label(text if "=" in text else f"{text}=") for text in labels)
    return Wanted(labels=named, plan=plan, since=_ago(since) if since else 0)


def _ago(text: str) -> int:
    """A time that has passed, in Unix nanoseconds: so long ago, or an instant."""
    import time

    from clusterload.model.errors import ConfigurationError, UsageError
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


@runs.command("list", short_help="List the run files of a folder.")
@click.argument("folder", metavar="[FOLDER]", default=_FOLDER, type=click.Path(path_type=Path))
@_wanted_options
@limits_options
@click.option("--latest", type=click.IntRange(1), default=_LATEST, show_default=True, metavar="N", help="How many.")
@click.option("--all", "every", is_flag=True, help="All of them, whatever --latest says.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def list_(folder: Path, wanted: Wanted, limits: Limits, *, latest: int, every: bool, as_json: bool) -> None:
    """List the run files of a FOLDER (runs), the latest first, with what each came to against limits.

    What is called like a run file and cannot be read stands last, with the reason.
    """
    from clusterload.report.runs import runs_document, runs_view
    from clusterload.workflow.run_catalog import listed

    files = listed(folder)
    found = [one for one in files if one.summary is not None and wanted.takes(one.summary)]
    shown = found if every else found[:latest]
    broken = [one for one in files if one.summary is None] if wanted.all else []
    came = _came(shown, limits)
    if as_json:
        click.echo(json.dumps(runs_document([*shown, *broken], came), indent=2))
        return
    from clusterload.cli.console import OUT

    for part in runs_view(shown, came, broken, older=len(found) - len(shown)):
        OUT.print(part)


def _came(files: Sequence[Listed], limits: Limits) -> dict[Path, Came]:
    from rich.progress import track

    from clusterload.cli.console import ERR
    from clusterload.workflow.run_catalog import came_to

    reading = track(files, "reading", console=ERR, transient=True, disable=not ERR.is_terminal)
    return {one.path: came_to(one, limits) for one in reading}


@runs.command(short_help="Write labels on a run file.")
@click.argument("file", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("labels", metavar="NAME=VALUE...", nargs=-1, required=True)
def label(file: Path, labels: tuple[str, ...]) -> None:
    """Write labels on a RUN file, as in release=4.3; with nothing behind the = a label is taken off.

    They stand in the file, so that a copy of it has them too.
    """
    from clusterload.telemetry.runfile import parsed_label, write_labels

    kept = write_labels(file, dict(map(parsed_label, labels)))
    from clusterload.cli.console import OUT
    from clusterload.report.runs import labels_text
    from clusterload.report.tables import plain

    OUT.print(plain(f"{file}: {labels_text(kept) or 'no labels'}"), soft_wrap=True)


@runs.command(short_help="Let go of old run files.")
@click.argument("folder", metavar="[FOLDER]", default=_FOLDER, type=click.Path(path_type=Path))
@_wanted_options
@click.option("--older-than", metavar="TIME", help="Let go of what ended longer ago than this, as in 30d.")
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Keep the latest N of them, whatever their age.")
@click.option("--yes", is_flag=True, help="Remove them. Without it, it is only said which.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def prune(folder: Path, wanted: Wanted, *, older_than: str | None, keep: int | None, yes: bool, as_json: bool) -> None:
    """Let go of run files in a FOLDER (runs): say which, and remove them with --yes.

    Only run files of ours that can be read are removed, and no run that still goes on.
    """
    from clusterload.model.units import parse_duration
    from clusterload.report.runs import pruned_document, pruned_view
    from clusterload.workflow.run_catalog import let_go, listed, remove

    own = [one for one in listed(folder) if one.summary is not None and wanted.takes(one.summary)]
    going = let_go(own, older_than=parse_duration(older_than) if older_than else None, keep=keep)
    if yes:
        for one in going:
            remove(one)
    if as_json:
        click.echo(json.dumps(pruned_document(going, removed=yes), indent=2))
        return
    from clusterload.cli.console import OUT

    for part in pruned_view(going, kept=len(own) - len(going), removed=yes):
        OUT.print(part, soft_wrap=True)
