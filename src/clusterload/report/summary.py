"""Summary: a run in Markdown, short enough for the page of a build."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from clusterload.analysis.diagnosis import Verdict
from clusterload.analysis.gates import Answer, Gate
from clusterload.analysis.usage import ResourceLine, Usage
from clusterload.model import units
from clusterload.model.run import Run, clock_time
from clusterload.model.workload import watched
from clusterload.report.plain import for_markdown
from clusterload.report.tables import amount, limit_text

_MARKS: Final = {Answer.CROSSED: "❌", Answer.UNKNOWN: "❓", Answer.PASSED: "✅"}


def summary(run: Run, usage: Usage, verdict: Verdict, gate: Gate) -> str:
    """A run's thresholds, verdict and figures as Markdown.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        gate: its thresholds.
    """
    parts = [_head(run, verdict, gate)]
    if gate.judged:
        rows = [(_MARKS[one.answer], one.threshold.text, str(one.answer), one.words) for one in gate.judged]
        parts.append(_table(("", "threshold", "", "measured"), rows))
    parts.append(_table(("resource", "typical", "peak", "limit", "share"), _resources(usage)))
    if run.ledgers:
        head = ("load", "scheduled", "acknowledged", "failed", "unknown", "dropped", "p50", "p99", "max")
        parts.append(_table(head, _loads(run)))
    parts.append(_foot(run, usage))
    return "\n\n".join(parts) + "\n"


def _head(run: Run, verdict: Verdict, gate: Gate) -> str:
    name = run.plan.name if run.plan else "no load of ours"
    result = f"{'✅' if gate.passed else '❌'} {gate.sentence}: " if gate.judged else ""
    return f"## {result}{for_markdown(name)}\n\n**Verdict**: {for_markdown(verdict.sentence)}"


def _foot(run: Run, usage: Usage) -> str:
    told = [
        f"{units.duration(run.seconds)} from {clock_time(run.start)}",
        f"limits: {usage.limits.title}",
        f"run {run.id}",
    ]
    if not run.complete:
        told.append("cut short")
    return for_markdown(", ".join(told))


def _resources(usage: Usage) -> Iterator[Sequence[str]]:
    for line in usage.lines:
        share = usage.share(line.resource.name)
        limit = share.limit if share else usage.limits.of(line.resource.name)
        yield (
            line.resource.title,
            amount(line, line.typical),
            amount(line, line.peak),
            limit_text(limit, line) if limit else "unknown",
            units.percent(share.typical) if share else "",
        )
    busiest: dict[str, ResourceLine] = {}
    for line in sorted(usage.saturation, key=lambda one: -1.0 if math.isnan(one.typical) else one.typical):
        busiest[line.resource.title] = line
    for title, line in busiest.items():
        whose = f" (broker {line.broker})" if line.broker else ""
        yield f"{title}{whose}", units.percent(line.typical), units.percent(line.peak), "", ""


def _loads(run: Run) -> Iterator[Sequence[str]]:
    ways = dict(watched(run.plan)) if run.plan else {}
    for one in run.ledgers:
        counts = (one.scheduled, one.acknowledged, one.failed, one.unknown, one.dropped)
        latency = run.latency(one.load, ways.get(one.load, "due"))
        times = [latency.histogram.quantile(q) if latency else math.nan for q in (0.5, 0.99, 1.0)]
        yield (f"{one.load} ({one.unit})", *(f"{count:,}" for count in counts), *map(_milliseconds, times))


def _milliseconds(us: float) -> str:
    return "" if math.isnan(us) else f"{units.number(us / 1e3)} ms"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *(tuple(map(for_markdown, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
