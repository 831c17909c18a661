"""What holds of a cluster and why: findings for the terminal, and as plain values for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clusterload.analysis.diagnosis import Verdict
from clusterload.analysis.finding import Culprit, Evidence, Finding
from clusterload.analysis.gates import Gate
from clusterload.analysis.headroom import Headroom
from clusterload.analysis.usage import Usage
from clusterload.model import units
from clusterload.model.run import Run, clock_time
from clusterload.model.wording import capitalized
from clusterload.report.gates import gate_document
from clusterload.report.tables import table

_EVIDENCE: Final = 4
"""Figures of a finding that are shown; all are in the JSON."""

_HEADROOMS: Final = 2
"""Resources whose headroom is shown; all are in the JSON."""


def diagnosis_view(run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None) -> RenderableType:
    """The verdict, then each cause with who makes it, why it is believed, and what would change it.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        baseline: what it was judged against.
    """
    against = f"against {units.duration(baseline.seconds)} before" if baseline else "without a baseline"
    head = f"{units.duration(run.seconds)} from {clock_time(run.start)}, {against}, {usage.limits.title}"
    parts: list[RenderableType] = [Text(capitalized(verdict.sentence), style="bold"), Text(head, style="dim")]
    parts += [Text("; ".join((one.sentence, *one.evidence)), style="yellow") for one in verdict.reached]
    for one in verdict.findings:
        parts += [Text(""), finding_line(one), Padding(_details(one), (0, 0, 0, 2))]
    if not verdict.findings:
        parts.append(Text("No cause of the catalogue holds."))
    parts += [Text(""), *(Text(f"Headroom: {one.sentence}.") for one in _known(verdict))]
    if verdict.missing:
        parts += [Text(""), Text("Missing: " + "; ".join(verdict.missing), style="yellow")]
    return Group(*parts)


def confidence_words(confidence: float) -> str:
    """How sure a cause is, so that it cannot be taken for the share of anything: `confidence 96 %`."""
    return f"confidence {units.percent(confidence)}"


def finding_line(finding: Finding) -> Text:
    """A cause in a line: its id, how sure, and what holds."""
    who = " and ".join(one.words for one in finding.culprits[:2])
    line = Text.assemble((finding.cause, "bold"), f", {confidence_words(finding.confidence)}: {finding.sentence}")
    return line.append(f" ({who})" if who else "")


def _details(finding: Finding) -> RenderableType:
    parts: list[RenderableType] = [evidence_table(finding.evidence[:_EVIDENCE])] if finding.evidence else []
    if finding.culprits:
        parts.append(Text(f"Who: {culprits_words(finding)}"))
    if finding.cure is not None:
        effect = f" Expected: {finding.cure.effect}." if finding.cure.effect else ""
        parts.append(Text(f"Cure: {finding.cure.what}{effect}"))
    parts.append(Text(f"Not so, if: {finding.disproof}", style="dim"))
    return Group(*parts)


def evidence_table(evidence: Iterable[Evidence]) -> Table:
    """Figures now and before, and where each is from."""
    shown = table("figure", "now", "before", "from")
    shown.columns[-1].justify = "left"
    for one in evidence:
        before = "" if math.isnan(one.before) else units.level(one.before, one.unit)
        whose = f" of {one.whose}" if one.whose else ""
        shown.add_row(Text(f"{one.name}{whose}"), units.level(one.now, one.unit), before, Text(one.source, style="dim"))
    return shown


def culprits_words(finding: Finding) -> str:
    """Who makes a cause, each with their share and the Series that names them."""
    return ", ".join(_culprit_words(one) for one in finding.culprits)


def _culprit_words(culprit: Culprit) -> str:
    share = "" if math.isnan(culprit.share) else f" {units.percent(culprit.share)}"
    return f"{culprit.words}{share} (by {culprit.source})"


def diagnosis_document(
    run: Run, verdict: Verdict, baseline: Run | None = None, gate: Gate | None = None
) -> dict[str, Any]:
    """A diagnosis as plain values; what is unknown or infinite is null."""
    return {
        "state": str(verdict.state),
        "verdict": verdict.sentence,
        "start": clock_time(run.start),
        "seconds": run.seconds,
        "baseline_seconds": baseline.seconds if baseline else None,
        "limit_load": _number(verdict.limit_load),
        "saturation": _number(verdict.saturation.sustained) if verdict.saturation else None,
        "binding": _binding(verdict),
        "reached": [{"what": one.what, "sentence": one.sentence, "advised": one.advised} for one in verdict.reached],
        "findings": [finding_document(one) for one in verdict.findings],
        "headroom": [_headroom(one) for one in verdict.headroom],
        "missing": list(verdict.missing),
        "thresholds": gate_document(gate or Gate()),
        "run": str(run.path) if run.path else None,
    }


def _binding(verdict: Verdict) -> dict[str, Any]:
    share = verdict.binding
    if share is None:
        return {}
    return {
        "resource": share.resource.name,
        "broker": share.broker or None,
        "share": _number(share.typical),
        "limit": str(share.limit.value),
        "force": str(share.limit.force),
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as plain values."""
    cure = finding.cure
    return {
        "cause": finding.cause,
        "sentence": finding.sentence,
        "confidence": round(finding.confidence, 4),
        "culprits": [
            {"kind": one.kind, "name": one.name, "share": _number(one.share), "source": one.source}
            for one in finding.culprits
        ],
        "evidence": [_evidence(one) for one in finding.evidence],
        "disproof": finding.disproof,
        "cure": {"what": cure.what, "effect": cure.effect, "gain": _number(cure.gain)} if cure else None,
        "advised": finding.advised,
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    return {
        "name": one.name,
        "whose": one.whose,
        "now": _number(one.now),
        "before": _number(one.before),
        "unit": str(one.unit),
        "source": one.source,
        "window_s": one.window_s,
    }


def _known(verdict: Verdict) -> tuple[Headroom, ...]:
    return tuple(one for one in verdict.headroom if one.known)[:_HEADROOMS]


def _headroom(one: Headroom) -> dict[str, Any]:
    return {
        "resource": one.resource,
        "broker": one.whose or None,
        "factor": _number(one.factor),
        "at_least": one.at_least,
        "then": one.then or None,
        "gain": _number(one.gain),
        "why": one.why,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
