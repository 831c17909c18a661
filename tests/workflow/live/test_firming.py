"""A cause firms up by holding look after look, and begins anew when it was gone."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.diagnosis import State, Verdict
from clusterload.analysis.finding import Culprit, Finding
from clusterload.workflow.live.feed import FIRM_LOOKS, firmed
from clusterload.workflow.live.snapshot import NOT_YET, Judgement


def verdict(*causes: str) -> Verdict:
    who = Culprit(kind="client", name="basket", share=0.6, source="thread_time_by_client")
    findings = tuple(
        Finding(cause=cause, sentence=f"{cause} holds", confidence=0.7, culprits=(who,)) for cause in causes
    )
    return Verdict(state=State.WITHIN, limit_load=math.nan, binding=None, saturation=None, findings=findings)


def after(*looks: tuple[str, ...]) -> Judgement:
    judgement = NOT_YET
    for number, causes in enumerate(looks):
        judgement = firmed(judgement, verdict(*causes), 5.0 * number)
    return judgement


def test_a_cause_is_firm_once_it_has_held_at_several_looks() -> None:
    (young,) = after(("fan-out",), ("fan-out",)).findings
    (firm,) = after(("fan-out",), ("fan-out",), ("fan-out",)).findings
    assert (young.firm, firm.firm) == (False, True)
    assert (firm.since, firm.looks, firm.confidence) == (0.0, 3, 0.7)
    assert firm.sentence == "fan-out holds (client basket)"


def test_a_cause_that_was_gone_begins_anew() -> None:
    (found,) = after(("fan-out",), ("fan-out",), ("fan-out",), (), ("fan-out",)).findings
    assert (found.since, found.looks, found.firm) == (20.0, 1, False)


@given(st.lists(st.sets(st.sampled_from(["a", "b", "c"])), min_size=1, max_size=12))
def test_looks_are_counted_back_to_the_last_one_without_the_cause(looks: list[set[str]]) -> None:
    found = {finding.cause: finding for finding in after(*(tuple(sorted(look)) for look in looks)).findings}
    assert set(found) == looks[-1]
    for cause, finding in found.items():
        row = next((back for back, causes in enumerate(reversed(looks)) if cause not in causes), len(looks))
        assert finding.looks == row
        assert finding.since == 5.0 * (len(looks) - row)
        assert finding.firm == (row >= FIRM_LOOKS)
