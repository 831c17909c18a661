"""The culprit benchmark's recordings, judged again: what RESULTS.md says of them still holds.

Judging all of them takes minutes. A run of the tests judges a quarter, another one each day, and says which;
`CULPRITS_QUARTER=2` chooses the quarter, `CULPRITS_QUARTER=all` judges everything, as `make culprits` does.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Final

import pytest

from benchmarks.culprits.judge import Judged, judge_all
from benchmarks.culprits.stored import KEPT, REPORTED, Truth, recorded
from benchmarks.culprits.table import TARGETS, scores, within

QUARTERS: Final = 4


def chosen_quarter(setting: str, day: int) -> slice:
    """Which of the recordings to judge: every fourth from one of the first four, or all."""
    if setting == "all":
        return slice(None)
    return slice(int(setting or day) % QUARTERS, None, QUARTERS)


@pytest.fixture(scope="module")
def judged(pytestconfig: pytest.Config) -> list[Judged]:
    """A quarter of the reported recordings, judged as they are now; which one, and how to repeat it, is printed."""
    part = chosen_quarter(os.environ.get("CULPRITS_QUARTER", ""), datetime.now(tz=UTC).timetuple().tm_yday)
    name = "all" if part.step is None else str(part.start)
    repeat = f"CULPRITS_QUARTER={name} python -m pytest tests/benchmarks/test_kept.py"
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        sys.stderr.write(f"\nculprit recordings judged: quarter {name} of {QUARTERS}; again: {repeat}\n")
    return judge_all(KEPT, range(REPORTED, 200), part=part)


def test_the_quarters_are_all_recordings_each_once() -> None:
    every = list(range(10))
    assert every[chosen_quarter("all", 3)] == every
    parts = [every[chosen_quarter("", day)] for day in range(5, 9)]
    assert sorted(number for part in parts for number in part) == every
    assert every[chosen_quarter("2", 1)] == [2, 6]


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


def test_without_a_baseline_the_largest_contributor_is_the_cause_in_nearly_nine_of_ten(judged: list[Judged]) -> None:
    found = scores(judged, lambda judgement: judgement.unbased)
    assert found["top-1"].share >= 140 / 158, found["top-1"].words
    assert found["culprit"].share >= 125 / 146, found["culprit"].words
    assert found["specificity"].share >= 57 / 58, found["specificity"].words


def test_names_of_what_is_kept_say_nothing_of_what_is_true_in_the_file() -> None:
    for path in recorded(KEPT):
        truth = Truth.read(path / "truth.json")
        assert not any(cause in culprit["name"] for cause in truth.causes for culprit in truth.culprits)
