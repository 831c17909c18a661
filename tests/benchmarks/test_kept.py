"""The culprit benchmark's recordings, judged anew: what RESULTS.md says of them is still so."""

from __future__ import annotations

import pytest

from benchmarks.culprits.judge import Judged, judge_all
from benchmarks.culprits.stored import KEPT, REPORTED, Truth, recorded
from benchmarks.culprits.table import TARGETS, scores, within


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    """All reported recordings, judged as they are now."""
    return judge_all(KEPT, range(REPORTED, 200))


@pytest.mark.parametrize("figure", TARGETS)
def test_recorded_culprits_are_named_as_often_as_they_should_be(judged: list[Judged], figure: str) -> None:
    found = scores(judged, lambda judgement: judgement.answers)[figure]
    assert found.of > 0
    assert found.share >= TARGETS[figure], found.words


def test_the_right_answer_comes_within_half_a_minute_of_the_onset(judged: list[Judged]) -> None:
    found = within(judged, lambda judgement: judgement.right_after)
    assert found.share >= 0.95, found.words


def test_it_is_right_more_often_than_the_rule_that_people_use(judged: list[Judged]) -> None:
    tool, rule = (
        scores(judged, by) for by in (lambda judgement: judgement.answers, lambda judgement: judgement.simple)
    )
    assert tool["top-1"].right > rule["top-1"].right
    assert tool["culprit"].right > rule["culprit"].right


def test_names_of_what_is_kept_say_nothing_of_what_is_true_in_the_file() -> None:
    for path in recorded(KEPT):
        truth = Truth.read(path / "truth.json")
        assert not any(cause in culprit["name"] for cause in truth.causes for culprit in truth.culprits)
