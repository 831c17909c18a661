"""What became of thresholds, for the terminal and for programs."""

from __future__ import annotations

import math
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from clusterload.analysis.gates import Answer, Gate, Judged
from clusterload.report.plain import one_line
from clusterload.report.tables import table

_STYLES: Final = {Answer.CROSSED: "bold red", Answer.UNKNOWN: "yellow", Answer.PASSED: "green"}


def gate_view(gate: Gate) -> list[RenderableType]:
    """A table of all thresholds; nothing where there are none."""
    if not gate.judged:
        return []
    shown = table("threshold", "", "measured")
    for column in shown.columns:
        column.justify = "left"
    for one in gate.judged:
        shown.add_row(Text(one.threshold.text), Text(one.answer, style=_STYLES[one.answer]), Text(one_line(one.words)))
    return [shown]


def gate_document(gate: Gate) -> list[dict[str, Any]]:
    """All thresholds as plain values; what is unknown is null."""
    return [_document(one) for one in gate.judged]


def _document(one: Judged) -> dict[str, Any]:
    return {
        "threshold": one.threshold.text,
        "answer": str(one.answer),
        "passed": one.passed,
        "value": _number(one.value),
        "limit": one.threshold.value,
        "unit": str(one.threshold.measure.unit),
        "of": one.of or None,
        "since_s": _number(one.since),
        "lasted_s": _number(one.lasted),
        "measured": one.words,
        "ends_load": one.aborts,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
