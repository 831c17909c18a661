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
from clusterload.analysis.finding import Culprit, Evidence, Finding, Reached
from clusterload.analysis.gates import Gate
from clusterload.analysis.headroom import Headroom
from clusterload.analysis.usage import Usage
from clusterload.model import units
from clusterload.model.run import Run, clock_time
from clusterload.model.wording import capitalized, few_alike
from clusterload.report.gates import gate_document
from clusterload.report.plain import finite
from clusterload.report.tables import table

_EVIDENCE: Final = 4
"""Figures of a finding that are shown; all are in the JSON."""

_CURES: Final = 2
"""Brokers whose settings are shown; all are in the JSON."""

TIMES_TITLE: Final = "Where requests take longer than before:"


def diagnosis_view(run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None) -> RenderableType:
    """The verdict, then each cause with who makes it, why it is believed, and what would change it.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        baseline: what it was judged against.
    """
    against = f"with a baseline of {units.duration(baseline.seconds)}" if baseline else "without a baseline"
    head = f"{units.duration(run.seconds)} from {clock_time(run.start)}, {against}, {usage.limits.against}"
    parts: list[RenderableType] = [Text(capitalized(verdict.sentence), style="bold"), Text(head, style="dim")]
    reached = ("; ".join((found.sentence, *found.evidence)) for found in verdict.reached)
    parts += [Text(line, style="yellow") for line in few_alike(reached)]
    parts += [Text(f"Cure: {words}") for words in settings_words(verdict)]
    for finding in verdict.findings:
        parts += [Text(""), finding_line(finding), Padding(_details(finding), (0, 0, 0, 2))]
    if not verdict.findings:
        parts.append(Text(verdict.nothing_found))
    if verdict.times:
        parts += [Text(""), Text(TIMES_TITLE), Padding(evidence_table(verdict.times), (0, 0, 0, 2))]
    # One sentence: it names what binds next, and all are in the JSON.
    parts += [Text(""), *(Text(f"Headroom: {headroom.sentence}.") for headroom in _known(verdict)[:1])]
    parts += [Text(f"Note: {note}.", style="dim") for note in verdict.notes]
    if verdict.missing:
        parts += [Text(""), Text("Missing: " + "; ".join(few_alike(verdict.missing)), style="yellow")]
    return Group(*parts)


def settings_words(verdict: Verdict) -> tuple[str, ...]:
    """Settings of brokers that would help where their own threads are what is full; of many alike the first few."""
    cures = [reached.cure for reached in verdict.reached if reached.cure is not None]
    return tuple(f"{cure.what} Expected: {cure.effect}." for cure in cures[:_CURES])


def confidence_words(confidence: float) -> str:
    """How sure a cause is, so that it cannot be taken for the share of anything: `confidence 96 %`."""
    return f"confidence {units.percent(confidence)}"


def finding_line(finding: Finding) -> Text:
    """A cause in a line: its id, how sure, and what holds."""
    who = " and ".join(culprit.words for culprit in finding.culprits[:2])
    line = Text.assemble((finding.cause, "bold"), f", {confidence_words(finding.confidence)}: {finding.sentence}")
    return line.append(f" ({who})" if who else "")


def _details(finding: Finding) -> RenderableType:
    parts: list[RenderableType] = [evidence_table(finding.evidence[:_EVIDENCE])] if finding.evidence else []
    if finding.culprits:
        parts.append(Text(f"Who: {culprits_words(finding)}"))
    if finding.cure is not None:
        effect = f" Expected: {finding.cure.effect}." if finding.cure.effect else ""
        parts.append(Text(f"Cure: {finding.cure.what}{effect}"))
    parts.append(Text(f"Disproved if: {finding.disproof}", style="dim"))
    return Group(*parts)


def evidence_table(evidence: Iterable[Evidence]) -> Table:
    """Figures now and before, and where each is from."""
    shown = table("figure", "now", "before", "from")
    shown.columns[-1].justify = "left"
    for figure in evidence:
        before = "" if math.isnan(figure.before) else units.level(figure.before, figure.unit)
        whose = f" of {figure.whose}" if figure.whose else ""
        shown.add_row(
            Text(f"{figure.name}{whose}"),
            units.level(figure.now, figure.unit),
            before,
            Text(figure.source, style="dim"),
        )
    return shown


def culprits_words(finding: Finding) -> str:
    """Who makes a cause, each with their share and the Series that names them."""
    return ", ".join(_culprit_words(culprit) for culprit in finding.culprits)


def _culprit_words(culprit: Culprit) -> str:
    share = "" if math.isnan(culprit.share) else f" {units.percent(culprit.share)}"
    return f"{culprit.words}{share} (by {culprit.source})"


def diagnosis_document(
    run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None, gate: Gate | None = None
) -> dict[str, Any]:
    """A diagnosis as plain values; what is unknown or infinite is null."""
    return {
        "state": str(verdict.state),
        "verdict": verdict.sentence,
        "start": clock_time(run.start),
        "seconds": run.seconds,
        "baseline_seconds": baseline.seconds if baseline else None,
        "limits": limits_named(usage),
        "limit_load": finite(verdict.limit_load),
        "saturation": finite(verdict.saturation.sustained) if verdict.saturation else None,
        "binding": _binding(verdict),
        "reached": [reached_document(reached) for reached in verdict.reached],
        "findings": [finding_document(finding) for finding in verdict.findings],
        "request_times": [_evidence(time) for time in verdict.times],
        "headroom": [_headroom(headroom) for headroom in verdict.headroom],
        "missing": list(verdict.missing),
        "notes": list(verdict.notes),
        "unseen_causes": list(verdict.unseen),
        "thresholds": gate_document(gate or Gate()),
        "run": str(run.path) if run.path else None,
    }


def reached_document(reached: Reached) -> dict[str, Any]:
    """What is reached as plain values."""
    cure = {"what": reached.cure.what, "effect": reached.cure.effect} if reached.cure else None
    return {
        "what": reached.what,
        "sentence": reached.sentence,
        "evidence": list(reached.evidence),
        "advised": reached.advised,
        "cure": cure,
    }


def limits_named(usage: Usage) -> dict[str, str] | None:
    """Which table of limits a usage is against, as plain values; None where no limits are known."""
    return {"name": usage.limits.name, "title": usage.limits.title} if usage.limits.known else None


def _binding(verdict: Verdict) -> dict[str, Any]:
    share = verdict.binding
    if share is None:
        return {}
    return {
        "resource": share.resource.name,
        "broker": share.broker or None,
        "share": finite(share.typical),
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
        "compared": finding.compared,
        "brokers": list(finding.brokers),
        "culprits": [
            {"kind": culprit.kind, "name": culprit.name, "share": finite(culprit.share), "source": culprit.source}
            for culprit in finding.culprits
        ],
        "evidence": [_evidence(figure) for figure in finding.evidence],
        "disproof": finding.disproof,
        "cure": {"what": cure.what, "effect": cure.effect, "gain": finite(cure.gain)} if cure else None,
        "advised": finding.advised,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "name": evidence.name,
        "whose": evidence.whose,
        "now": finite(evidence.now),
        "before": finite(evidence.before),
        "unit": str(evidence.unit),
        "source": evidence.source,
        "window_s": evidence.window_s,
    }


def _known(verdict: Verdict) -> tuple[Headroom, ...]:
    return tuple(headroom for headroom in verdict.headroom if headroom.known)


def _headroom(headroom: Headroom) -> dict[str, Any]:
    return {
        "resource": headroom.resource,
        "broker": headroom.whose or None,
        "factor": finite(headroom.factor),
        "at_least": headroom.at_least,
        "at_most": headroom.at_most,
        "then": headroom.then or None,
        "gain": finite(headroom.gain),
        "why": headroom.why,
    }
