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
from clusterload.report.outline import Section, text_table
from clusterload.report.sections.findings import findings_section
from clusterload.report.sections.load import (
    dials_section,
    environment_section,
    latency_section,
    ledger_section,
    plan_section,
)
from clusterload.report.sections.resources import usage_text_tables


def html(value: object) -> str | None:
    """A value as HTML without script and style; None if it has no display. The entry point of that name is this."""
    draw = DISPLAYS.get(type(value))
    return draw(value) if draw else None


def run_html(run: Run) -> str:
    """What was asked for, what became of it, and where it was run."""
    sections = (
        plan_section(run),
        dials_section(run),
        ledger_section(run),
        latency_section(run),
        environment_section(run),
    )
    whole = Section(
        id="run",
        title="Run",
        lines=tuple(line for section in sections for line in section.lines),
        facts=tuple(fact for section in sections for fact in section.facts),
        tables=tuple(table for section in sections for table in section.tables),
    )
    return fragment(str(run), whole)


def usage_html(usage: Usage) -> str:
    """Each resource against its limit."""
    return fragment(str(usage), Section(id="usage", title="", tables=tuple(usage_text_tables(usage))))


def verdict_html(verdict: Verdict) -> str:
    """The verdict, and each finding with its evidence, its cure and what would disprove it."""
    return fragment(str(verdict), findings_section(verdict))


def outcome_html(outcome: ExperimentResult) -> str:
    """What was found, and each effect with its interval."""
    shown = experiment_view(outcome)
    tables = tuple(text_table(part, "Effects") for part in shown if isinstance(part, Table))
    lines = tuple(str(part) for part in shown if not isinstance(part, Table))
    return fragment("Experiment", Section(id="experiment", title="", lines=lines, tables=tables))


def comparison_html(found: Comparison) -> str:
    """What the groups are and what differs in how they were made, then each figure under the word for it."""
    whole = Section(
        id="compared",
        title="",
        lines=(
            *(f"{capitalized(comparison.sentence(pair))}." for pair in found.comparisons),
            *group_lines(found),
            *(() if found.settings else (ALIKE,)),
        ),
        tables=(text_table(settings_table(found), "What differs in how they were made"),) if found.settings else (),
        sections=tuple(_comparison_section(comparison) for comparison in found.comparisons),
    )
    rest = Section(id="basis", title="", lines=(*(f"{capitalized(line)}." for line in found.notes), explained(found)))
    return fragment("Runs compared", whole, rest)


def _comparison_section(pair: GroupComparison) -> Section:
    figures = text_table(comparison_table(pair), "Each figure")
    return Section(
        id=f"contrast-{pair.after}",
        title=f"{pair.after} against {pair.before}",
        lines=tuple(unknown_lines(pair)),
        tables=(figures,) if figures.rows else (),
    )


DISPLAYS: Final[Mapping[type, Callable[[Any], str]]] = {
    Run: run_html,
    Usage: usage_html,
    Verdict: verdict_html,
    ExperimentResult: outcome_html,
    Comparison: comparison_html,
}
"""All types that have a display of their own; others are shown as text."""
