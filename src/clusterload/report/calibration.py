"""What a calibration found, for the terminal at 80 columns and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from clusterload.analysis.ceiling import Calibration, Ceiling, Search, Step, StepOutcome, drive_of
from clusterload.model import units
from clusterload.model.resources import RESOURCES
from clusterload.report.plain import finite
from clusterload.report.tables import table
from clusterload.workflow.step_search import StepProgress

_MARKS: Final = {StepOutcome.HELD: "held", StepOutcome.BROKE: "broke", StepOutcome.UNSURE: "inconclusive"}


def calibration_view(calibration: Calibration) -> list[RenderableType]:
    """The ceilings with their intervals, what ended the searches, and what a reader should know."""
    shown = table("resource", "ceiling", "from", "to", "searches")
    for ceiling in calibration.ceilings:
        shown.add_row(
            Text(RESOURCES[ceiling.resource].title), *_cells(ceiling), f"{len(ceiling.telling)} of {ceiling.wanted}"
        )
    parts: list[RenderableType] = [shown]
    parts += [Text(line) for ceiling in calibration.ceilings for line in _lines(ceiling)]
    parts += [Text(line, style="yellow") for line in calibration.doubts]
    kept = ", ".join(bound.kept_text for bound in calibration.bounds)
    return [*parts, Text(f"Within {kept}. {calibration.note}", style="dim")]


def _cells(ceiling: Ceiling) -> tuple[str, str, str]:
    if not ceiling.known:
        return (f"at least {units.short(ceiling.at_least, ceiling.unit)}", "", "unknown")
    low, high = (units.short(value, ceiling.unit) for value in (ceiling.low, ceiling.high))
    return units.short(ceiling.value, ceiling.unit), low, high


def _lines(ceiling: Ceiling) -> Iterator[str]:
    title = RESOURCES[ceiling.resource].title
    for reason in ceiling.reasons:
        yield f"{title}: {reason}"


def step_line(progress: StepProgress) -> str:
    """A step in one line, before it is made or after."""
    factor = progress.load.unit.thing == "factor"
    value = f"{units.number(progress.value)} x" if factor else units.short(progress.value, progress.load.unit)
    place = f"{progress.load.name} {progress.repeat}.{progress.number}: {value}"
    if progress.step is None:
        return place
    return f"{place} {_MARKS[progress.step.outcome]}: {progress.step.why}"


def calibration_document(calibration: Calibration) -> dict[str, Any]:
    """A calibration as plain values, each step included; values are in the unit given with them."""
    return {
        "cluster": calibration.cluster_id,
        "lab": calibration.lab,
        "brokers": calibration.brokers,
        "as_of": calibration.day,
        "seed": calibration.seed,
        "bounds": [bound.as_text for bound in calibration.bounds],
        "note": calibration.note,
        "doubts": list(calibration.doubts),
        "resources": {ceiling.resource: _ceiling(ceiling) for ceiling in calibration.ceilings},
    }


def _ceiling(ceiling: Ceiling) -> dict[str, Any]:
    return {
        "unit": ceiling.unit.symbol,
        "load": drive_of(ceiling.resource).how,
        "known": ceiling.known,
        "value": finite(ceiling.value),
        "low": finite(ceiling.low),
        "high": finite(ceiling.high),
        "at_least": finite(ceiling.at_least),
        "chance": finite(ceiling.chance),
        "why": list(ceiling.reasons),
        "searches": [search_document(search) for search in ceiling.searches],
    }


def search_document(search: Search) -> dict[str, Any]:
    """A search as plain values, each step included."""
    return {
        "held": finite(search.held),
        "broke": finite(search.broke),
        "end": search.cut or search.found.end.value,
        "steps": [_step(step) for step in search.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "value": step.value,
        "used": finite(step.used),
        "outcome": step.outcome.value,
        "why": step.why,
        "figures": {name: finite(value) for name, value in step.figures.items()},
    }
