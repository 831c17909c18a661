"""What the loads of a case came to, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from clusterload.model.wording import capitalized
from clusterload.report.courses import load_chart
from clusterload.report.outline import Part, TextTable, text_table
from clusterload.report.terminal import case_table, prediction_lines

if TYPE_CHECKING:
    from clusterload.report.chart import Chart
    from clusterload.workflow.cases import Outcome

_RESOURCES = ("ingress", "egress", "requests", "connections")


def case_part(outcome: Outcome) -> Part:
    """The question, what each change did to each resource, and the limit load of each load but the first one."""
    return Part(
        id="case",
        title="The loads side by side",
        lines=(outcome.case.question, *(f"{line}." for line in prediction_lines(outcome)), *_doubts(outcome)),
        tables=(_table(outcome),),
        charts=tuple(_charts(outcome)),
    )


def _table(outcome: Outcome) -> TextTable:
    told = text_table(case_table(outcome, _RESOURCES), "Each load, against the first one")
    # A cell of the terminal has lines, of which a page makes one.
    rows = tuple(tuple(", ".join(filter(None, cell.split("\n"))) for cell in row) for row in told.rows)
    return replace(told, rows=rows)


def _doubts(outcome: Outcome) -> Iterator[str]:
    """What was not seen of a load that the rest of the page does not tell of."""
    for name, step in list(zip(outcome.usages, outcome.steps, strict=True))[1:]:
        yield from (f"{capitalized(name)}: {doubt}." for doubt in step.verdict.missing)


def _charts(outcome: Outcome) -> Iterator[Chart]:
    for number, (name, step) in enumerate(zip(outcome.usages, outcome.steps, strict=True)):
        chart = load_chart(step.run, step.usage)
        if number and chart is not None:
            yield replace(chart, id=f"{chart.id}-{number}", title=f"{chart.title}, {name}")
