"""What commands that search by steps show meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from clusterload.cli.console import ERR, note

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.model.workload import Plan
    from clusterload.workflow.step_search import StepProgress


@contextmanager
def step_progress() -> Iterator[tuple[Callable[[StepProgress], None], Callable[[Plan], OnProgress]]]:
    """What shows the steps: a line for each that is over, and a bar for the one under way where there is a terminal."""
    from clusterload.report.calibration import step_line

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24))
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bars:
        task = bars.add_task("waiting for the cluster to be at rest", total=None)

        def on_step(progress: StepProgress) -> None:
            if progress.step is None:
                bars.update(task, description=step_line(progress), completed=0)
            else:
                note(step_line(progress))

        yield on_step, lambda _: lambda state: bars.update(task, completed=state.elapsed, total=state.duration)
