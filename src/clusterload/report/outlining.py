"""Outlining: a run and its judgement as an outline, which pages and Markdown show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from clusterload.analysis.diagnosis import State
from clusterload.analysis.usage import NOTICEABLE, provider_load
from clusterload.model import units
from clusterload.model.run import clock_time
from clusterload.model.wording import capitalized
from clusterload.report.courses import load_chart
from clusterload.report.outline import Outline
from clusterload.report.parts.bill import bill_part
from clusterload.report.parts.case import case_part
from clusterload.report.parts.findings import advice_part, doubts_part, findings_part
from clusterload.report.parts.load import dials_part, latency_part, ledger_part
from clusterload.report.parts.plan import environment_part, events_part, plan_part
from clusterload.report.parts.resources import limits_part, resources_part

if TYPE_CHECKING:
    from clusterload.analysis.diagnosis import Verdict
    from clusterload.analysis.usage import Usage
    from clusterload.model.run import Run
    from clusterload.workflow.cases import Outcome


def outlined(run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None) -> Outline:
    """All that is known of a run, the answer first. Pure.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        baseline: what it was judged against.
    """
    parts = (
        findings_part(verdict),
        resources_part(run, usage),
        bill_part(run, baseline),
        latency_part(run),
        ledger_part(run),
        dials_part(run),
        events_part(run),
        plan_part(run),
        limits_part(usage.limits),
        doubts_part(run, verdict),
        environment_part(run),
    )
    return Outline(
        title=run.plan.name if run.plan else "A cluster that was watched",
        about=tuple(_about(run, usage, baseline)),
        state=str(verdict.state),
        sentence=f"{capitalized(verdict.sentence)}.",
        keys=tuple(_keys(run, usage, verdict)),
        load=load_chart(run, usage),
        advice=advice_part(verdict),
        parts=tuple(one for one in parts if not one.empty),
    )


def case_outlined(outcome: Outcome) -> Outline:
    """A case: its answer first, then its loads side by side, then all that is known of the first of them. Pure."""
    first = outcome.steps[0]
    told = outlined(first.run, first.usage, first.verdict)
    doubtful = any(step.verdict.state is State.INCONCLUSIVE for step in outcome.steps)
    return replace(
        told,
        title=outcome.case.title,
        about=(f"{len(outcome.steps)} loads, of which {told.title} is drawn and told in full", *told.about),
        state=str(State.INCONCLUSIVE) if doubtful else told.state,
        sentence=f"{capitalized(outcome.sentence)}.",
        parts=(case_part(outcome), *told.parts),
    )


def _about(run: Run, usage: Usage, baseline: Run | None) -> Iterator[str]:
    yield f"{units.duration(run.seconds)} from {clock_time(run.start)}"
    cluster = run.environment.get("cluster", {})
    if cluster.get("id"):
        yield f"{'lab' if cluster.get('lab') else 'cluster'} {cluster['id']}, {len(cluster.get('brokers', []))} brokers"
    yield f"against {usage.limits.title}"
    yield f"held against {units.duration(baseline.seconds)} before" if baseline else "without a baseline"


def _keys(run: Run, usage: Usage, verdict: Verdict) -> Iterator[tuple[str, str]]:
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
    for line in provider_load(run, usage.grid):
        yield line.resource.title, units.percent(line.typical)
