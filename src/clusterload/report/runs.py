"""Run files of a folder: for the terminal at 80 columns, and as plain values for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from clusterload.model import units
from clusterload.model.limits import NO_LIMITS
from clusterload.model.run import clock_minute, clock_time
from clusterload.model.units import BYTES, Quantity
from clusterload.model.wording import capitalized
from clusterload.report.tables import plain, table

if TYPE_CHECKING:
    from clusterload.telemetry.runfile import Summary
    from clusterload.workflow.run_catalog import RunFile, RunOutcome


def runs_view(
    files: Sequence[RunFile], came: Mapping[Path, RunOutcome], broken: Sequence[RunFile], *, older: int = 0
) -> Iterator[RenderableType]:
    """A table of runs, the latest first, then what cannot be read.

    Args:
        files: those that can be read.
        came: what each of them came to, by its path.
        broken: those that cannot.
        older: how many more there are that are not shown.
    """
    if files:
        shown = table("begun, UTC", "run file", "plan", "length", "limit load")
        for number, column in enumerate(shown.columns):
            names = number in {1, 2}
            # Where room is short, names are folded and not figures.
            column.justify, column.no_wrap = "left" if names or not number else "right", not names
        for file in files:
            if file.summary is not None:
                shown.add_row(*_cells(file.summary, came[file.path]))
        yield shown
        yield Text(_held_against(came.values()), style="dim")
    else:
        yield Text("No such runs.")
    if older:
        yield Text(f"{older} older ones: add --all, or --latest {len(files) + older}.", style="dim")
    yield from (plain(f"Cannot be read: {file.error}", "yellow") for file in broken)


def _cells(summary: Summary, came: RunOutcome) -> Iterator[Text]:
    yield Text(clock_minute(summary.start))
    yield _two(summary.path.name, labels_text(summary.labels))
    yield _two(summary.plan.name, loads_text(summary)) if summary.plan else plain("no load of ours", "dim")
    yield _two(units.duration(summary.seconds), "" if summary.complete else "cut short")
    if came.error:
        yield plain("damaged", "yellow")
    else:
        yield _two(units.percent(came.limit_load) if came.limits else "unknown", came.state)


def _held_against(came: Iterable[RunOutcome]) -> str:
    """Which tables the limit loads are of."""
    known = sorted({outcome.limits for outcome in came if outcome.limits})
    return f"Limits: {', '.join(known)}." if known else f"{capitalized(NO_LIMITS.words)}."


def _two(first: str, second: str) -> Text:
    """A line, and a faint one below it if there is one."""
    return Text.assemble(plain(first), "\n", plain(second, "dim")) if second else plain(first)


def loads_text(summary: Summary) -> str:
    """The names of a run's Loads; nothing where that says no more than the plan's name."""
    names = [load.name for load in summary.plan.loads] if summary.plan else []
    return "" if summary.plan and names == [summary.plan.name] else ", ".join(names)


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels in a line: `baseline=yes release=4.3`."""
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def runs_document(files: Sequence[RunFile], came: Mapping[Path, RunOutcome]) -> list[dict[str, Any]]:
    """Run files as plain values; one that cannot be read has an error, and of it nothing else is known."""
    return [_document(file, came.get(file.path)) for file in files]


def _document(run_file: RunFile, came: RunOutcome | None) -> dict[str, Any]:
    file: dict[str, Any] = {"run": str(run_file.path), "bytes": run_file.size}
    summary = run_file.summary
    if summary is None:
        return {**file, "error": run_file.error}
    return {
        **file,
        "id": summary.id,
        "start": clock_time(summary.start),
        "end": clock_time(summary.end),
        "seconds": summary.seconds,
        "plan": summary.plan.name if summary.plan else None,
        "loads": [load.name for load in summary.plan.loads] if summary.plan else [],
        "complete": summary.complete,
        "labels": dict(summary.labels),
        **({} if came is None else _came(came)),
    }


def _came(came: RunOutcome) -> dict[str, Any]:
    if came.error:
        return {"error": came.error}
    load = came.limit_load if math.isfinite(came.limit_load) else None
    return {"state": came.state, "limit_load": load, "limits": came.limits or None}


def pruned_view(files: Sequence[RunFile], *, kept: int, removed: bool) -> Iterator[RenderableType]:
    """Which runs are deleted, or were."""
    yield from (plain(str(file.path)) for file in files)
    size = units.text(Quantity(float(sum(file.size for file in files)), BYTES))
    count = f"{len(files)} {'run file' if len(files) == 1 else 'run files'}"
    if removed:
        yield Text(f"Removed {count}, {size}; {kept} stay.")
    elif files:
        yield Text(f"Would remove {count}, {size}, and keep {kept}: add --yes to do it.")
    else:
        yield Text(f"Nothing to remove; {kept} stay.")


def pruned_document(files: Sequence[RunFile], *, removed: bool) -> dict[str, Any]:
    """Which runs are deleted, or were, as plain values."""
    return {
        "removed": removed,
        "bytes": sum(file.size for file in files),
        "runs": [str(file.path) for file in files],
    }
