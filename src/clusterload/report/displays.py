"""Displays: what a Run, a Usage, a Verdict, an experiment's Outcome and runs compared look like in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.table import Table

from clusterload.analysis import compare as comparison
from clusterload.analysis.compare import Comparison, GroupComparison
from clusterload.analysis.diagnosis import Verdict
from clusterload.analysis.effects import ExperimentResult
from clusterload.analysis.usage import Usage
from clusterload.model.run import Run
from clusterload.model.wording import capitalized
from clusterload.report.comparison import ALIKE, comparison_table, explained, group_lines, settings_table, unknown_lines
from clusterload.report.experiment import experiment_view
from clusterload.report.html.page import fragment
from clusterload.report.outline import Part, text_table
from clusterload.report.parts.findings import findings_part
from clusterload.report.parts.load import dials_part, latency_part, ledger_part
from clusterload.report.parts.plan import environment_part, plan_part
from clusterload.report.parts.resources import usage_text_tables


def html(value: object) -> str | None:
    """A value as HTML without script and style; None if it has no display. The entry point of that name is this."""
    draw = DISPLAYS.get(type(value))
    return draw(value) if draw else None


def run_html(run: Run) -> str:
    """What was asked for, what became of it, and where it was run."""
    parts = (plan_part(run), dials_part(run), ledger_part(run), latency_part(run), environment_part(run))
    whole = Part(
        id="run",
        title="Run",
        lines=tuple(line for part in parts for line in part.lines),
        facts=tuple(fact for part in parts for fact in part.facts),
        tables=tuple(table for part in parts for table in part.tables),
    )
    return fragment(str(run), whole)


def usage_html(usage: Usage) -> str:
    """Each resource against its limit."""
    return fragment(str(usage), Part(id="usage", title="", tables=tuple(usage_text_tables(usage))))


def verdict_html(verdict: Verdict) -> str:
    """The verdict, and each finding with its evidence, its cure and what would disprove it."""
    return fragment(str(verdict), findings_part(verdict))


def outcome_html(outcome: ExperimentResult) -> str:
    """What was found, and each effect with its interval."""
    shown = experiment_view(outcome)
    tables = tuple(text_table(one, "Effects") for one in shown if isinstance(one, Table))
    lines = tuple(str(one) for one in shown if not isinstance(one, Table))
    return fragment("Experiment", Part(id="experiment", title="", lines=lines, tables=tables))


def comparison_html(found: Comparison) -> str:
    """What the groups are and what differs in how they were made, then each figure under the word for it."""
    whole = Part(
        id="compared",
        title="",
        lines=(
            *(f"{capitalized(comparison.sentence(one))}." for one in found.comparisons),
            *group_lines(found),
            *(() if found.settings else (ALIKE,)),
        ),
        tables=(text_table(settings_table(found), "What differs in how they were made"),) if found.settings else (),
        parts=tuple(_comparison_part(one) for one in found.comparisons),
    )
    rest = Part(id="basis", title="", lines=(*(f"{capitalized(line)}." for line in found.notes), explained(found)))
    return fragment("Runs compared", whole, rest)


def _comparison_part(one: GroupComparison) -> Part:
    told = text_table(comparison_table(one), "Each figure")
    return Part(
        id=f"contrast-{one.after}",
        title=f"{one.after} against {one.before}",
        lines=tuple(unknown_lines(one)),
        tables=(told,) if told.rows else (),
    )


DISPLAYS: Final[Mapping[type, Callable[[Any], str]]] = {
    Run: run_html,
    Usage: usage_html,
    Verdict: verdict_html,
    ExperimentResult: outcome_html,
    Comparison: comparison_html,
}
"""All types that have a display of their own; others are shown as text."""
