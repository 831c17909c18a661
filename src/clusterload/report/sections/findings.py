"""What to do, the causes that hold with their evidence, and what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from clusterload.analysis.achieved import achieved
from clusterload.analysis.diagnosis import State
from clusterload.model import units
from clusterload.model.wording import capitalized, few_alike
from clusterload.report.diagnosis import TIMES_TITLE, culprits_words, evidence_table, settings_words
from clusterload.report.load import notes
from clusterload.report.outline import Section, text_table

if TYPE_CHECKING:
    from clusterload.analysis.diagnosis import Verdict
    from clusterload.analysis.finding import Finding
    from clusterload.model.run import Run

_MOST_DOUBTS: Final = 3


def advice_section(verdict: Verdict) -> Section:
    """What to do: the cure of the likeliest cause with what it gives back, or what else follows from the verdict."""
    told = next((finding for finding in verdict.findings if finding.cure is not None), None)
    settings = settings_words(verdict)
    if told is None or told.cure is None:
        return Section(id="advice", title="What to do", lines=(*settings, *_without_finding(verdict)))
    facts = [("Expected", f"{capitalized(told.cure.effect)}.")] if told.cure.effect else []
    facts.append(("Because", f"{told.cause}: {told.sentence}"))
    facts += [("Who", " and ".join(culprit.words for culprit in told.culprits[:2]))] if told.culprits else []
    facts.append(("Confidence", units.percent(told.confidence)))
    return Section(id="advice", title="What to do", lines=(capitalized(told.cure.what), *settings), facts=tuple(facts))


def _without_finding(verdict: Verdict) -> Iterator[str]:
    if verdict.state is State.INCONCLUSIVE:
        yield "Measure again, so that nothing is missing:"
        yield from (f"{capitalized(line)}." for line in few_alike(verdict.missing)[:_MOST_DOUBTS])
        return
    if verdict.state is State.LIMITED:
        yield f"{verdict.nothing_found} Watch it with a baseline: what rose tells more than what is high."
    else:
        yield "Nothing has to change."
    known = next((headroom for headroom in verdict.headroom if headroom.known), None)
    if known is not None:
        yield f"Headroom: {known.sentence}."


def findings_section(verdict: Verdict) -> Section:
    """Each limit that is reached, and each cause that holds with its evidence and what would disprove it."""
    reached = ("; ".join((found.sentence, *found.evidence)) for found in verdict.reached)
    lines = [f"{line}." for line in few_alike(reached)]
    lines += [] if verdict.findings else [verdict.nothing_found]
    lines += [f"Headroom: {headroom.sentence}." for headroom in verdict.headroom if headroom.known][:1]
    lines += [f"{capitalized(note)}." for note in verdict.notes]
    sections = tuple(_finding(number, finding) for number, finding in enumerate(verdict.findings))
    tables = (text_table(evidence_table(verdict.times), TIMES_TITLE.removesuffix(":")),) if verdict.times else ()
    return Section(id="findings", title="Findings", lines=tuple(lines), tables=tables, sections=sections)


def _finding(number: int, finding: Finding) -> Section:
    facts = [("Who", culprits_words(finding))] if finding.culprits else []
    if finding.cure is not None:
        facts.append(("Cure", capitalized(finding.cure.what)))
        facts += [("Expected", f"{capitalized(finding.cure.effect)}.")] if finding.cure.effect else []
    facts.append(("Disproved if", finding.disproof))
    window = finding.evidence[0].window_s if finding.evidence else 0.0
    title = f"Evidence over {units.duration(window)}: now, and before where there is a baseline"
    return Section(
        id=f"finding-{number}",
        title=finding.cause,
        lines=(f"{capitalized(finding.sentence)}.",),
        facts=tuple(facts),
        tables=(text_table(evidence_table(finding.evidence), title),) if finding.evidence else (),
        confidence=finding.confidence,
    )


def doubts_section(run: Run, verdict: Verdict) -> Section:
    """What was not seen or not done as asked, and what somebody who reads the figures should know."""
    lines = [f"{capitalized(line)}." for line in few_alike(verdict.missing)]
    lines += [f"{capitalized(note)}." for note in notes(run, achieved(run))]
    lines += [] if run.complete else ["The run was cut short: its last seconds may be missing."]
    return Section(id="doubts", title="Doubts", lines=tuple(dict.fromkeys(lines)) or ("None: all was seen and done.",))
