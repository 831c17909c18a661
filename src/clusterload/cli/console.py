"""What the commands print: results on stdout, progress and warnings on stderr; and the files that they write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console, ConsoleRenderable, RenderHook
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from clusterload.model import units
from clusterload.model.errors import StoreError
from clusterload.report.plain import AsText

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.generator.progress import OnProgress
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import Waiting
    from clusterload.workflow.step_search import StepProgress


class _Console(Console):
    """Leaves a closed pipe to the root command, which ends by it; rich alone would exit with 1."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


OUT = _Console(highlight=False)
ERR = _Console(stderr=True, highlight=False)


class _Plain(RenderHook):
    """Names from outside, and what brokers answer, are plain text on a terminal too."""

    def process_renderables(self, renderables: Sequence[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [AsText(part) for part in renderables]


for console in (OUT, ERR):
    console.push_render_hook(_Plain())


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


@contextmanager
def load_progress() -> Iterator[tuple[Callable[[str], None], Callable[[Plan], OnProgress]]]:
    """What shows loads that are made one after the other: takes what is under way, and how far each plan's load is."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24))
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bars:
        task = bars.add_task("waiting for the cluster to be idle", total=None)
        yield (
            lambda line: bars.update(task, description=line, completed=0),
            lambda _: lambda state: bars.update(task, completed=state.elapsed, total=state.duration),
        )


@contextmanager
def search_progress() -> Iterator[tuple[Callable[[StepProgress], None], Callable[[Plan], OnProgress]]]:
    """What shows the steps of a search: a bar for the one under way, and a line for each that is over."""
    from clusterload.report.calibration import step_line

    with load_progress() as (begin, on_plan):
        yield lambda step: (begin if step.step is None else note)(step_line(step)), on_plan


def write(file: Path, text: str) -> None:
    """Write a file; what stood there is replaced whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    half = file.with_name(f"{file.name}.half")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(text, encoding="utf-8")
        half.replace(file)
    except OSError as error:
        with suppress(OSError):  # there may be no folder to remove it from
            half.unlink()
        raise StoreError(f"{file} cannot be written: {error.strerror}; give another file") from None


def print_json(document: object) -> None:
    """Print a document for programs."""
    import json

    click.echo(json.dumps(document, indent=2))
