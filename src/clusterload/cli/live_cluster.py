"""What is seen of a cluster while it is watched: a page that is drawn anew, or a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.live import Live
from rich.text import Text

from clusterload import units
from clusterload.cli.console import ERR, note

if TYPE_CHECKING:
    from clusterload.limits import Limits
    from clusterload.run import Run

LINE_SECONDS: Final = 10.0
"""How often a line is said where there is no terminal to draw on."""


@contextmanager
def cluster_view(limits: Limits, seconds: float | None) -> Iterator[Callable[[Run], None]]:
    """What takes each look at a cluster, and shows it on stderr."""
    began = time.monotonic()
    if not ERR.is_terminal:
        yield _lines(limits, began)
        return
    with Live(console=ERR, refresh_per_second=2, transient=True) as live:

        def look(run: Run) -> None:
            from clusterload.diagnosis import diagnose
            from clusterload.reports.watch import watch_view
            from clusterload.usage import assess

            usage = assess(run, limits)
            head = f"{_of(run)}  {_progress(time.monotonic() - began, seconds)}"
            live.update(Group(Text(head, style="dim"), watch_view(run, usage, diagnose(run, usage))))

        yield look


def _of(run: Run) -> str:
    described = run.environment.get("cluster", {})
    name = "the lab" if described.get("lab") else f"cluster {described.get('id')}"
    return f"{name}, {len(described.get('brokers', []))} brokers, by {' and '.join(run.environment['sources'])}"


def _progress(passed: float, seconds: float | None) -> str:
    if seconds is None:
        return f"{units.duration(round(passed))}, until Ctrl-C"
    return f"{units.duration(round(min(passed, seconds)))} of {units.duration(seconds)}"


def _lines(limits: Limits, began: float) -> Callable[[Run], None]:
    """Plain lines, where there is no terminal."""
    said = LINE_SECONDS

    def look(run: Run) -> None:
        from clusterload.reports.watch import watch_line
        from clusterload.usage import assess

        nonlocal said
        passed = time.monotonic() - began
        if passed >= said:
            said = (passed // LINE_SECONDS + 1) * LINE_SECONDS
            note(f"{passed:.0f} s: {watch_line(assess(run, limits))}")

    return look
