"""What answers are held against: rankings and rules, on figures that can be worked out by hand and on a recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.culprits.answers import is_right
from benchmarks.culprits.columns import Seen, columns, rivals_table, see
from benchmarks.culprits.dialects import dialects
from benchmarks.culprits.rivals import RULES, UNBASED, answers, robust, sigmas
from benchmarks.culprits.stored import KEPT, load
from clusterload.analysis.window_stats import WindowStats

NAME = "metadata-storm-1-100"


@pytest.fixture(scope="module")
def seen() -> Seen:
    return see(KEPT / NAME, columns("bitnami"), beside=True)


def test_n_sigma_counts_standard_deviations_above_the_mean_and_baro_quartile_ranges_above_the_median() -> None:
    before = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    assert sigmas(np.array([0.0, 14.0]), before) == pytest.approx((14 - 4) / np.std(before))
    assert robust(np.array([0.0, 14.0]), before) == pytest.approx((14 - 3) / 2)


@pytest.mark.parametrize("score", [sigmas, robust])
@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_never_moved_before_is_not_scaled(score: object, before: float, now: float) -> None:
    assert callable(score)
    assert score(np.array([now]), np.full(4, before)) == pytest.approx(now - before)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_sees_a_storm_of_metadata_requests(seen: Seen, rule: str) -> None:
    assert is_right(answers(seen.ranked[rule, 0.0]), seen.truth)


def test_a_rule_knows_only_what_the_dialect_gives(seen: Seen) -> None:
    untold = (dialects()["confluent-stacks"].series or frozenset()) - {"requests_by_type"}
    for ranked in seen.ranked.values():
        said = answers(ranked, untold)
        assert said
        assert not any(answer.cause == "metadata-storm" for answer in said)
        assert answers(ranked, ()) == ()


def test_largest_share_is_the_same_without_a_baseline(seen: Seen) -> None:
    now, _, _ = load(KEPT / NAME)
    assert answers(RULES[UNBASED](WindowStats(now), 1.0)) == answers(seen.ranked[UNBASED, 0.0])


def test_rivals_stand_in_a_table_of_their_own(seen: Seen) -> None:
    head, _, row = rivals_table([seen], columns("bitnami")).splitlines()
    assert [cell.strip() for cell in head.split("|")[3:-1]] == [*list(RULES)[:-1], f"{UNBASED} (no baseline)"]
    assert row.split("|")[1].strip() == "Bitnami chart"
