"""`clusterload changed`: what moved between two stretches of a cluster's history."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.cli import options
from clusterload.cli.grammar import OUTPUT, TIMES, Command, option
from clusterload.cli.past import at_moment, check_alone
from clusterload.cli.stretch import RunPart, Stretch, stretch
from clusterload.cli.target import Target, read_stretch
from clusterload.model.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusterload.model.run import Run

_WINDOWS: Final = 10
"""How many stretches before A count as usual unless --usual is given."""


@click.command(cls=Command)
@options.cluster_and_metrics
@option(
    "--before", "first", metavar="A", group=TIMES,
    help="The earlier stretch: RUN, RUN@10s..40s, START/END or START/DURATION.",
)  # fmt: skip
@option("--after", "second", metavar="B", group=TIMES, help="The later one, in the same form.")
@options.at
@option(
    "--usual", multiple=True, metavar="C", group=TIMES,
    help="Normal operation, for the usual spread; may be repeated. Default: ten times the length of A, before A.",
)  # fmt: skip
@option(
    "--top", type=click.IntRange(1), default=15, show_default=True, metavar="N", group=OUTPUT, help="Number of rows."
)
@options.out("Keep what is read from the history as run files here.", "FOLDER")
@options.as_json
def changed(
    target: Target,
    *,
    first: str | None,
    second: str | None,
    at: str | None,
    usual: tuple[str, ...],
    top: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare stretch B with stretch A: what changed, and by how much, ranked. Sends no load.

    A stretch is a run file, a part of one as in peak.run@10s..40s, or a time of a cluster's history as in
    2026-01-01T10:00:00Z/10m or now-2h/now-1h. With --at, B is what went on at a moment of the past, and A what was
    before it.
    """
    from clusterload.analysis.changes import changes as find_changes
    from clusterload.cli.console import OUT, note, print_json
    from clusterload.report.changes import changes_document, changes_report

    now = time.time_ns()
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        history = _History(target=target, folder=folder)
        earlier, before, after = _compared(history, first, second, at, now)
        if usual:
            rest = [history.read(stretch(text, now), f"usual-{number}") for number, text in enumerate(usual, 1)]
        else:
            rest = list(_earlier(earlier, before, history))
    found = find_changes(before, after, rest)
    if rest and not usual and not found.looked:
        note("too little is known of the time before A: only the two stretches themselves are compared")
        found, rest = find_changes(before, after), []
    if as_json:
        print_json(changes_document(found, before, after, rest))
    else:
        OUT.print(changes_report(found, top=top))


def _compared(
    history: _History, first: str | None, second: str | None, at: str | None, now: int
) -> tuple[RunPart | Stretch, Run, Run]:
    """What A is, A and B.

    Raises:
        UsageError: the options do not say which stretches these are.
        SourceError: nothing was found before a moment to compare it with, or a stretch could not be read.
    """
    if at is None:
        if first is None or second is None:
            raise UsageError("name two stretches with --before and --after, or a moment of the past with --at")
        earlier = stretch(first, now)
        return earlier, history.read(earlier, "before"), history.read(stretch(second, now), "after")
    check_alone(**{"--before": first, "--after": second})
    after, before = at_moment(history.target, at, None, history.folder / "after.run")
    if before is None:
        raise SourceError(f"there is nothing to compare {at} with: name two stretches with --before and --after")
    return Stretch(start=before.start, end=before.end), before, after


def _earlier(given: RunPart | Stretch, before: Run, history: _History) -> Iterator[Run]:
    """The ten stretches before A, as far as there is a history."""
    from clusterload.analysis.changes.yardstick import LEAST_WINDOWS
    from clusterload.cli.console import warn
    from clusterload.telemetry.runfile import read_run

    length = before.end - before.start
    start = before.start - _WINDOWS * length
    if isinstance(given, Stretch):
        try:
            yield history.read(Stretch(start=start, end=before.start), "usual")
        except SourceError as error:
            warn(f"the time before A was not read: {error}")
        return
    whole = read_run(given.path)
    if before.start - max(start, whole.start) >= LEAST_WINDOWS * length:
        yield whole.between(max(start, whole.start), before.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """Where stretches are read from.

    Attributes:
        target: names the source of what is not a run file.
        folder: of the run files that are made of it.
    """

    target: Target
    folder: Path

    def read(self, given: RunPart | Stretch, name: str) -> Run:
        """A stretch as a run."""
        if isinstance(given, RunPart):
            return given.read()
        from clusterload.cli.console import warn

        run = read_stretch(self.target, given.start, given.end, path=self.folder / f"{name}.run")
        for event in run.events:
            warn(f"{name}: {event.kind}: {event.text}")
        return run
