"""What became of thresholds: for the terminal, for programs, as JUnit and as Markdown for the page of a build."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

from rich.console import RenderableType
from rich.text import Text

from clusterload.analysis.diagnosis import Verdict
from clusterload.analysis.gates import Gate, ThresholdResult, ThresholdState
from clusterload.analysis.usage import ResourceLine, Usage
from clusterload.model import units
from clusterload.model.run import Run, clock_time
from clusterload.model.series import SECOND
from clusterload.model.workload import watched
from clusterload.report.plain import finite, for_markdown, for_xml, one_line
from clusterload.report.tables import amount, limit_text, table

_STYLES: Final = {ThresholdState.CROSSED: "bold red", ThresholdState.UNKNOWN: "yellow", ThresholdState.PASSED: "green"}


def gate_view(gate: Gate) -> list[RenderableType]:
    """A table of all thresholds; nothing where there are none."""
    if not gate.judged:
        return []
    shown = table("threshold", "", "measured")
    for column in shown.columns:
        column.justify = "left"
    for judged in gate.judged:
        shown.add_row(
            Text(judged.threshold.text), Text(judged.answer, style=_STYLES[judged.answer]), Text(one_line(judged.words))
        )
    return [shown]


def gate_document(gate: Gate) -> list[dict[str, Any]]:
    """All thresholds as plain values; what is unknown is null."""
    return [_document(judged) for judged in gate.judged]


def _document(judged: ThresholdResult) -> dict[str, Any]:
    return {
        "threshold": judged.threshold.text,
        "answer": str(judged.answer),
        "passed": judged.passed,
        "value": finite(judged.value),
        "limit": judged.threshold.value,
        "unit": str(judged.threshold.measure.unit),
        "of": judged.of or None,
        "since_s": finite(judged.since),
        "lasted_s": finite(judged.lasted),
        "measured": judged.words,
        "ends_load": judged.aborts,
    }


def junit(run: Run, usage: Usage, verdict: Verdict, gate: Gate) -> str:
    """A run's thresholds as a JUnit document.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        gate: its thresholds.
    """
    answers = [judged.answer for judged in gate.judged]
    counts = {
        "tests": str(len(answers)),
        "failures": str(answers.count(ThresholdState.CROSSED)),
        "errors": str(answers.count(ThresholdState.UNKNOWN)),
        "time": f"{run.seconds:.3f}",
    }
    name = f"clusterload: {run.plan.name if run.plan else 'no load of ours'}"
    root = _element("testsuites", {"name": "clusterload", **counts})
    suite = _element("testsuite", {"name": name, **counts, "skipped": "0", "timestamp": _timestamp(run)}, root)
    properties = _element("properties", {}, suite)
    for key, value in _suite_properties(run, usage).items():
        _element("property", {"name": key, "value": value}, properties)
    for judged in gate.judged:
        _test_case(suite, judged)
    _element("system-out", {}, suite).text = for_xml(f"Verdict: {verdict.sentence}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _test_case(suite: ET.Element, judged: ThresholdResult) -> None:
    case = _element("testcase", {"classname": "thresholds", "name": judged.threshold.text, "time": "0"}, suite)
    if not judged.passed:
        kind = "failure" if judged.answer is ThresholdState.CROSSED else "error"
        _element(kind, {"type": str(judged.answer), "message": judged.words}, case).text = for_xml(judged.sentence)


def _suite_properties(run: Run, usage: Usage) -> dict[str, str]:
    return {
        "run": run.id,
        "file": str(run.path) if run.path else "",
        "limits": usage.limits.words,
        "complete": str(run.complete).lower(),
    }


def _timestamp(run: Run) -> str:
    """The start as the schema wants it: without a zone, in UTC."""
    return datetime.fromtimestamp(run.start / SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _element(tag: str, attributes: dict[str, str], parent: ET.Element | None = None) -> ET.Element:
    made = ET.Element(tag, {key: for_xml(value) for key, value in attributes.items()})
    if parent is not None:
        parent.append(made)
    return made


_MARKS: Final = {ThresholdState.CROSSED: "❌", ThresholdState.UNKNOWN: "❓", ThresholdState.PASSED: "✅"}


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
        rows = [
            (_MARKS[judged.answer], judged.threshold.text, str(judged.answer), judged.words) for judged in gate.judged
        ]
        parts.append(_markdown_table(("", "threshold", "", "measured"), rows))
    parts.append(_markdown_table(("resource", "typical", "peak", "limit", "share"), _resource_rows(usage)))
    if run.ledgers:
        head = ("load", "scheduled", "acknowledged", "failed", "unknown", "dropped", "p50", "p99", "max")
        parts.append(_markdown_table(head, _load_rows(run)))
    parts.append(_foot(run, usage))
    return "\n\n".join(parts) + "\n"


def _head(run: Run, verdict: Verdict, gate: Gate) -> str:
    name = run.plan.name if run.plan else "no load of ours"
    result = f"{'✅' if gate.passed else '❌'} {gate.sentence}: " if gate.judged else ""
    return f"## {result}{for_markdown(name)}\n\n**Verdict**: {for_markdown(verdict.sentence)}"


def _foot(run: Run, usage: Usage) -> str:
    parts = [
        f"{units.duration(run.seconds)} from {clock_time(run.start)}",
        f"limits: {usage.limits.words}",
        f"run {run.id}",
    ]
    if not run.complete:
        parts.append("cut short")
    return for_markdown(", ".join(parts))


def _resource_rows(usage: Usage) -> Iterator[Sequence[str]]:
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
    for line in sorted(usage.saturation, key=lambda busy: -1.0 if math.isnan(busy.typical) else busy.typical):
        busiest[line.resource.title] = line
    for title, line in busiest.items():
        whose = f" (broker {line.broker})" if line.broker else ""
        yield f"{title}{whose}", units.percent(line.typical), units.percent(line.peak), "", ""


def _load_rows(run: Run) -> Iterator[Sequence[str]]:
    ways = dict(watched(run.plan)) if run.plan else {}
    for ledger in run.ledgers:
        counts = (ledger.scheduled, ledger.acknowledged, ledger.failed, ledger.unknown, ledger.dropped)
        latency = run.latency(ledger.load, ways.get(ledger.load, "due"))
        times = [latency.histogram.quantile(q) if latency else math.nan for q in (0.5, 0.99, 1.0)]
        yield (f"{ledger.load} ({ledger.unit})", *(f"{count:,}" for count in counts), *map(_milliseconds, times))


def _milliseconds(us: float) -> str:
    return "" if math.isnan(us) else f"{units.number(us / 1e3)} ms"


def _markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *(tuple(map(for_markdown, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
