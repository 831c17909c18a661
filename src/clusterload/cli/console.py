"""What the commands say while they work: progress and warnings on stderr, results on stdout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from clusterload.model import units
from clusterload.report.plain import AsText

if TYPE_CHECKING:
    from clusterload.telemetry.sources.source import Waiting

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


class _Plain(RenderHook):
    """Names of others, and what brokers say, are text on a terminal too."""

    def process_renderables(self, renderables: Sequence[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [AsText(one) for one in renderables]


for _console in (OUT, ERR):
    _console.push_render_hook(_Plain())


def warn(line: str) -> None:
    """Say a warning."""
    ERR.print(f"[yellow]warning:[/] {escape(line)}", soft_wrap=True)


def note(line: str) -> None:
    """Say what is going on."""
    ERR.print(escape(line), style="dim", soft_wrap=True)


def waiting(state: Waiting) -> None:
    """Say what metrics that come late are waited for."""
    note(f"waiting for {state.missing}: {units.duration(state.left)} more at most")


class LabProgress:
    """Shows what a starting lab does; plain lines where there is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: float, total: float) -> None:
        """Take one report of the lab: what it does, how much of how much."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(escape(what), total=total or None)
            if not ERR.is_terminal:
                note(what)
        self._progress.update(self._tasks[what], completed=done, total=total or None)

    def done(self) -> None:
        """The lab is up: take the bars away."""
        self._progress.stop()


@contextmanager
def lab_progress() -> Iterator[LabProgress]:
    """Progress of a starting lab."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
        yield LabProgress(progress)
