"""What a running load looks like: a bar, and for each Load its dials, latency and ledger, as of the last second."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from clusterload import units
from clusterload.asking import Asked, asked
from clusterload.cli.console import ERR, note

if TYPE_CHECKING:
    from clusterload.engines.progress import OnProgress, Standing
    from clusterload.engines.progress import Progress as LoadProgress
    from clusterload.plan import Load, Plan

LINE_SECONDS: Final = 5.0
"""How often a line is said where there is no terminal to draw on."""


@contextmanager
def load_progress() -> Iterator[Callable[[Plan], OnProgress]]:
    """What shows loads: give it a plan as its load begins, and get what takes the load's progress."""
    if not ERR.is_terminal:
        yield _lines
        return
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=16), TextColumn("{task.fields[figures]}"), console=ERR
    )
    with Live(bars, console=ERR, refresh_per_second=4) as live:

        def begin(plan: Plan) -> OnProgress:
            task = bars.add_task(escape(plan.name), total=plan.duration, figures="")

            def update(state: LoadProgress) -> None:
                bars.update(task, completed=state.elapsed, figures=_figures(state))
                over = state.elapsed >= state.duration
                live.update(bars if over else Group(bars, loads_view(plan, state)))

            return update

        yield begin
        live.update(bars)


def loads_view(plan: Plan, state: LoadProgress) -> RenderableType:
    """Each Load with its latency of the last second and its ledger, and below it its dials; within 80 columns."""
    loads = {load.name: load for load in plan.loads}
    lines = []
    for standing in state.loads:
        load = loads[standing.ledger.load]
        lines.append(Text(f"{load.name}: {', '.join(_account(standing))}", no_wrap=True, overflow="ellipsis"))
        for dial, wanted, value in _dials(load, standing, state.elapsed):
            lines.append(Text(f"  {dial:20} {value:>14} of {wanted}", style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def _dials(load: Load, standing: Standing, elapsed: float) -> Iterator[tuple[str, str, str]]:
    for one in _asked(load, elapsed):
        if one.dial in standing.figures:
            yield (
                one.dial,
                units.short(one.value, one.unit),
                units.short(standing.figures[one.dial], one.unit),
            )


def _asked(load: Load, elapsed: float) -> tuple[Asked, ...]:
    return asked(load, max(0.0, elapsed - 1.0), max(elapsed, 0.1))


def _account(standing: Standing) -> Iterator[str]:
    ledger = standing.ledger
    yield f"{ledger.acknowledged:,} {ledger.unit}"
    yield f"{ledger.failed + ledger.unknown + ledger.dropped:,} lost"
    if not math.isnan(standing.p99):
        p50, p99 = (units.number(latency / 1e3) for latency in (standing.p50, standing.p99))
        yield f"p50 {p50} ms, p99 {p99} ms"


def _lines(plan: Plan) -> OnProgress:
    """Plain lines, where there is no terminal."""
    note(f"{plan.name}: {units.duration(plan.duration)} of load")
    said = LINE_SECONDS
    loads = {load.name: load for load in plan.loads}

    def update(state: LoadProgress) -> None:
        nonlocal said
        if state.elapsed < said or state.elapsed >= state.duration:
            return
        said = (state.elapsed // LINE_SECONDS + 1) * LINE_SECONDS
        for standing in state.loads:
            note(f"{state.elapsed:.0f} s: {line(loads[standing.ledger.load], standing, state.elapsed)}")

    return update


def line(load: Load, standing: Standing, elapsed: float) -> str:
    """A Load in one line: `produce: request_rate 500/s of 500/s, p99 2.1 ms, 2,500 records, 0 lost`."""
    parts = [f"{dial} {value} of {wanted}" for dial, wanted, value in _dials(load, standing, elapsed)]
    return f"{load.name}: {', '.join([*parts, *_account(standing)])}"


def _figures(state: LoadProgress) -> str:
    lost = state.ledger.failed + state.ledger.unknown + state.ledger.dropped
    return f"{units.number(state.rate)}/s  {state.ledger.acknowledged:,} ok  {lost:,} failed  {state.left:.0f} s left"
