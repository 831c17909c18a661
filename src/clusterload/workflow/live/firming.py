"""Firming: which causes go on holding, look after look. One look tells of a moment; several tell of the run. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from clusterload.workflow.live.snapshot import FindingNow, Judgement

if TYPE_CHECKING:
    from clusterload.analysis.diagnosis import Verdict
    from clusterload.analysis.finding import Finding

FIRM_LOOKS: Final = 3
"""Looks in a row at which a cause must hold before it is said to be firm."""


def firmed(before: Judgement, verdict: Verdict, at: float) -> Judgement:
    """The judgement of a look, with how long each of its causes has held.

    A cause that is not found at a look begins anew when it comes back.

    Args:
        before: that of the look before.
        verdict: of this look.
        at: seconds of the run.
    """
    known = {finding.cause: finding for finding in before.findings}
    return Judgement(
        sentence=verdict.sentence,
        state=str(verdict.state),
        findings=tuple(_firmed(known.get(finding.cause), finding, at) for finding in verdict.findings),
    )


def _firmed(before: FindingNow | None, found: Finding, at: float) -> FindingNow:
    looks = before.looks + 1 if before else 1
    return FindingNow(
        cause=found.cause,
        sentence=_with_culprits(found.sentence, (culprit.words for culprit in found.culprits[:1])),
        confidence=found.confidence,
        since=before.since if before else at,
        looks=looks,
        firm=looks >= FIRM_LOOKS,
    )


def _with_culprits(sentence: str, culprits: Iterable[str]) -> str:
    missing = [culprit for culprit in culprits if culprit not in sentence]
    return f"{sentence} ({', '.join(missing)})" if missing else sentence
