"""Progress: how far long work is, as a display of a notebook that is redrawn while it goes.

What puts a display into a notebook is given: `publish`, of IPython. So nothing here needs one.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from clusterload.analysis.usage import assess
from clusterload.model import units
from clusterload.report.html.page import progress_bar
from clusterload.report.live import level_words
from clusterload.report.plain import one_line
from clusterload.workflow.live.figures import metrics_now
from clusterload.workflow.progress import ProgressDisplay

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress, Progress
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import OnWait

Publish = Callable[..., Any]
"""Takes a display by type of content, with `transient` and `update` as IPython's publisher has them."""


def notebook_progress(publish: Publish) -> ProgressDisplay:
    """What shows all long work in a notebook. The entry point `progress` is this."""
    return ProgressDisplay(
        load=lambda plan, place: load_progress(publish, plan, place),
        watch=lambda seconds: watch_progress(publish, seconds),
        wait=lambda: wait_progress(publish),
    )


class Display:
    """One display: shown when it is drawn first, and replaced from then on."""

    def __init__(self, publish: Publish, title: str, total: float | None = None) -> None:
        """A display under this title, of work that takes so many seconds; None if nobody knows."""
        self._publish, self._title, self._total = publish, title, total
        self._id, self._there = secrets.token_hex(8), False

    def draw(self, words: str, done: float = 0.0) -> None:
        """Show how far the work is, in seconds and in words."""
        of = f"{units.duration(done)} of {units.duration(self._total)}, " if self._total and done else ""
        progress = f"{of}{words}"
        shown = {
            "text/plain": one_line(f"{self._title}: {progress}"),
            "text/html": progress_bar(self._title, progress, done, self._total),
        }
        self._publish(shown, transient={"display_id": self._id}, update=self._there)
        self._there = True


def load_progress(publish: Publish, plan: Plan, place: str) -> OnProgress:
    """Show a load from before it begins.

    Args:
        publish: puts a display into the notebook.
        plan: what is made.
        place: which of several it is, as in `2 of 3`; nothing for one by itself.

    Returns:
        What takes the load's progress.
    """
    display = Display(publish, f"{place}, {plan.name}" if place else plan.name, plan.duration)
    display.draw(f"{units.duration(plan.duration)} of load is about to begin")
    return lambda state: display.draw(", ".join(_figures(state)), state.elapsed)


def _figures(state: Progress) -> Iterator[str]:
    ledger = state.ledger
    yield f"{units.number(state.rate)}/s"
    yield f"{ledger.acknowledged:,} acknowledged"
    yield f"{ledger.failed + ledger.unknown + ledger.dropped:,} lost"
    slowest = max((load.p99 for load in state.loads if not math.isnan(load.p99)), default=math.nan)
    if not math.isnan(slowest):
        yield f"p99 {units.number(slowest / 1e3)} ms"


def watch_progress(
    publish: Publish, seconds: float | None, clock: Callable[[], float] = time.monotonic
) -> Callable[[Run], None]:
    """Show a cluster that is watched.

    Args:
        publish: puts a display into the notebook.
        seconds: how long it is; None until it is interrupted.
        clock: seconds that go by.

    Returns:
        What takes the last of the run.
    """
    display, begun = Display(publish, "watching", seconds), clock()
    display.draw("nothing was seen yet")

    def look(run: Run) -> None:
        done = clock() - begun
        words = ", ".join(level_words(metrics_now(run, assess(run)))) or "nothing was seen yet"
        display.draw(words, done if seconds is None else min(done, seconds))

    return look


def wait_progress(publish: Publish) -> OnWait:
    """What shows, once it is told so, that metrics which come late are waited for."""
    display = Display(publish, "metrics")
    return lambda state: display.draw(f"waiting for {state.missing}, {units.duration(state.left)} more at most")
