"""A run and its judgement, or a case, as an outline, which pages and Markdown show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from clusterload.analysis.diagnosis import State
from clusterload.analysis.usage import NOTICEABLE
from clusterload.model import units
from clusterload.model.run import clock_time
from clusterload.model.wording import capitalized
from clusterload.report.outline import Outline, Section, TextTable, text_table
from clusterload.report.run_charts import busy_chart, load_chart
from clusterload.report.sections.findings import advice_section, doubts_section, findings_section
from clusterload.report.sections.load import (
    dials_section,
    environment_section,
    events_section,
    latency_section,
    ledger_section,
    plan_section,
)
from clusterload.report.sections.resources import bill_section, limits_section, resources_section
from clusterload.report.terminal import case_table, prediction_lines

if TYPE_CHECKING:
    from clusterload.analysis.diagnosis import Verdict
    from clusterload.analysis.usage import Usage
    from clusterload.model.run import Run
    from clusterload.report.chart import Chart
    from clusterload.workflow.cases import Outcome


def run_outline(run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None) -> Outline:
    """All that is known of a run, the answer first. Pure.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        baseline: what it was judged against.
    """
    sections = (
        findings_section(verdict),
        resources_section(usage),
        bill_section(run, baseline),
        latency_section(run),
        ledger_section(run),
        dials_section(run),
        events_section(run),
        plan_section(run),
        limits_section(usage.limits),
        doubts_section(run, verdict),
        environment_section(run),
    )
    return Outline(
        title=run.plan.name if run.plan else "A cluster that was watched",
        about=tuple(_about(run, usage, baseline)),
        state=str(verdict.state),
        sentence=f"{capitalized(verdict.sentence)}.",
        keys=tuple(_keys(usage, verdict)),
        load=load_chart(run, usage) or _busy(usage),
        advice=advice_section(verdict),
        sections=tuple(section for section in sections if not section.empty),
    )


def case_outline(outcome: Outcome) -> Outline:
    """A case: its answer first, then its loads side by side, then all that is known of the first of them. Pure."""
    first = outcome.steps[0]
    outline = run_outline(first.run, first.usage, first.verdict)
    doubtful = any(step.verdict.state is State.INCONCLUSIVE for step in outcome.steps)
    return replace(
        outline,
        title=outcome.case.title,
        about=(f"{len(outcome.steps)} loads, of which {outline.title} is drawn and told in full", *outline.about),
        state=str(State.INCONCLUSIVE) if doubtful else outline.state,
        sentence=f"{capitalized(outcome.sentence)}.",
        sections=(case_section(outcome), *outline.sections),
    )


def _busy(usage: Usage) -> Chart | None:
    """What stands in the limit load's place where no limits are known: how busy the brokers are."""
    chart = busy_chart(usage)
    return replace(chart, id="load-busy") if chart is not None else None


def _about(run: Run, usage: Usage, baseline: Run | None) -> Iterator[str]:
    yield f"{units.duration(run.seconds)} from {clock_time(run.start)}"
    cluster = run.environment.get("cluster", {})
    if cluster.get("id"):
        yield f"{'lab' if cluster.get('lab') else 'cluster'} {cluster['id']}, {len(cluster.get('brokers', []))} brokers"
    yield usage.limits.against
    yield f"with a baseline of {units.duration(baseline.seconds)}" if baseline else "without a baseline"


def _keys(usage: Usage, verdict: Verdict) -> Iterator[tuple[str, str]]:
    if usage.limits.known:
        yield "Limit load", units.percent(verdict.limit_load)
    if verdict.binding is not None and verdict.limit_load >= NOTICEABLE:
        share = verdict.binding
        yield "Binding", share.title
        yield "At its peak", units.percent(share.peak)
        yield f"{'Guideline' if share.advised else 'Limit'}", share.limit.words
    if verdict.saturation is not None:
        busiest = verdict.saturation
        of = f", broker {busiest.broker}" if busiest.broker else ""
        yield f"Saturation: {busiest.resource.title}{of}", units.percent(busiest.sustained)
    for line in usage.provider:
        yield line.resource.title, units.percent(line.typical)


_RESOURCES = ("ingress", "egress", "requests", "connections")


def case_section(outcome: Outcome) -> Section:
    """The question, what each change did to each resource, and the limit load of each load but the first one."""
    return Section(
        id="case",
        title="The loads side by side",
        lines=(outcome.case.question, *(f"{line}." for line in prediction_lines(outcome)), *_case_doubts(outcome)),
        tables=(_case_table(outcome),),
        charts=tuple(_case_charts(outcome)),
    )


def _case_table(outcome: Outcome) -> TextTable:
    table = text_table(case_table(outcome, _RESOURCES), "Each load, against the first one")
    # A cell of the terminal has lines, of which a page makes one.
    rows = tuple(tuple(", ".join(filter(None, cell.split("\n"))) for cell in row) for row in table.rows)
    return replace(table, rows=rows)


def _case_doubts(outcome: Outcome) -> Iterator[str]:
    """What was not seen of a load that the rest of the page does not tell of."""
    for name, step in list(zip(outcome.usages, outcome.steps, strict=True))[1:]:
        yield from (f"{capitalized(name)}: {doubt}." for doubt in step.verdict.missing)


def _case_charts(outcome: Outcome) -> Iterator[Chart]:
    for number, (name, step) in enumerate(zip(outcome.usages, outcome.steps, strict=True)):
        chart = load_chart(step.run, step.usage)
        if number and chart is not None:
            yield replace(chart, id=f"{chart.id}-{number}", title=f"{chart.title}, {name}")
