"""What moved between two stretches: for the terminal at 80 columns, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterload.analysis.changes import BY_CHANCE, ChangeSet, Shift, ShiftState
from clusterload.model import units
from clusterload.model.run import Run, clock_time
from clusterload.model.wording import capitalized
from clusterload.report.plain import TextReport, finite
from clusterload.report.tables import table

TOP = 15
"""Rows of the table by default."""


def changes_report(changed: ChangeSet, *, top: int = TOP) -> TextReport:
    """A sentence, what moved with who makes it up, and how much it would have taken.

    Args:
        changed: the judgement.
        top: how many changes the table has, without the parts of each.
    """
    parts: list[RenderableType] = [Text(capitalized(f"{changed.sentence}."), style="bold")]
    if changed.leading:
        parts.append(change_table(changed, changed.leading[:top]))
    left = len(changed.leading) - top
    if left > 0:
        parts.append(Text(f"{left} more moved: add --top {len(changed.leading)}", style="dim"))
    parts += [Text(line, style="dim") for line in _notes(changed)]
    return TextReport(view=Group(*parts))


def change_table(changed: ChangeSet, shifts: Sequence[Shift]) -> Table:
    """Before, after and difference of each change, and below it who makes it up."""
    shown = table("what moved", "before", "after", "change", "", "spreads")
    for shift in shifts:
        shown.add_row(Text(shift.title, style="bold"), *_cells(shift))
        for part in changed.parts(shift):
            shown.add_row(Text(f"  {part.figure.who}"), *_cells(part))
    return shown


def _cells(shift: Shift) -> tuple[Text, ...]:
    unit = shift.measure.unit
    became = {ShiftState.APPEARED: "new", ShiftState.GONE: "gone"}.get(shift.state, units.times(shift.ratio))
    cells = (
        units.level(shift.before, unit),
        units.level(shift.after, unit),
        units.signed(shift.difference, unit),
        became,
        units.number(abs(shift.spreads), 2),
    )
    # Non-breaking: where room is short, names are folded and not figures.
    return tuple(Text(cell.replace(" ", "\u00a0")) for cell in cells)


def _notes(changed: ChangeSet) -> list[str]:
    needed = [shift.needed for shift in changed.shifts if shift.shows]
    lines = []
    if needed:
        lines.append(
            f"Spreads are from {changed.basis}. With {changed.looked} figures, one that differs by less than about "
            f"{units.number(float(np.median(needed)), 2)} of them may be chance, which names any at all in 1 of "
            f"{round(1 / BY_CHANCE)} comparisons."
        )
    lines += [f"{count} cannot be told: {doubt}." for doubt, count in changed.doubts.items()]
    return lines


def changes_document(changed: ChangeSet, before: Run, after: Run, usual: Sequence[Run] = ()) -> dict[str, Any]:
    """The judgement as plain values, each in the unit given with it; what is unknown or infinite is null."""
    return {
        "sentence": changed.sentence,
        "before": _stretch(before),
        "after": _stretch(after),
        "usual": [_stretch(run) for run in usual],
        "looked": changed.looked,
        "basis": changed.basis,
        "by_chance": BY_CHANCE,
        "moved": [
            {**_shift(shift), "parts": [dict(part.figure.labels) for part in changed.parts(shift)]}
            for shift in changed.named
        ],
        "leading": [shift.title for shift in changed.leading],
        "usual_figures": [_shift(shift) for shift in changed.shifts if shift.state is ShiftState.USUAL and shift.shows],
        "unknown": [
            {"name": shift.figure.name, "labels": dict(shift.figure.labels), "why": shift.doubt}
            for shift in changed.shifts
            if shift.state is ShiftState.UNKNOWN
        ],
    }


def _stretch(run: Run) -> dict[str, Any]:
    return {"start": clock_time(run.start), "end": clock_time(run.end), "run": str(run.path) if run.path else None}


def _shift(shift: Shift) -> dict[str, Any]:
    found = shift.yardstick
    return {
        "name": shift.figure.name,
        "labels": dict(shift.figure.labels),
        "level": shift.figure.level.name.lower(),
        "state": str(shift.state),
        "unit": str(shift.measure.unit),
        "before": finite(shift.before),
        "after": finite(shift.after),
        "difference": finite(shift.difference),
        "ratio": finite(shift.ratio),
        "spread": finite(found.spread) if found else None,
        "windows": found.windows if found else 0,
        "spreads": finite(shift.spreads),
        "needed": finite(shift.needed),
        "share": finite(shift.share),
    }
