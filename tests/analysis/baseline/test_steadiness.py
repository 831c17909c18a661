"""A baseline in which a load begins is not steady, and that is said with what rose and when."""

from __future__ import annotations

import pytest

from benchmarks.culprits.stored import KEPT, load
from clusterload.analysis.baseline import before_change, steadiness
from clusterload.model.series import SECOND
from tests.analysis.baseline.histories import history, line, noisy


def test_a_level_that_breaks_is_said_with_its_time() -> None:
    found = steadiness(history(line("requests", noisy([(15, 84.0), (5, 1580.0)], noise=0.05), step=1)))
    assert not found.steady
    assert found.sentence.startswith("the baseline was not steady: requests rose from 8")
    assert found.sentence.endswith("at 12:00:15 UTC")


def test_a_calm_stretch_is_steady_and_one_of_few_points_is_not_judged() -> None:
    calm = steadiness(history(line("requests", noisy([(20, 84.0)]), step=1)))
    short = steadiness(history(line("requests", noisy([(4, 84.0)]), step=1)))
    assert (calm.steady, calm.judged, calm.sentence) == (True, True, "")
    assert (short.steady, short.judged) == (True, False)


@pytest.mark.parametrize("name", ["small-batches-1-101", "connections-2-101", "offset-commits-2-101"])
def test_five_seconds_of_load_within_a_recorded_baseline_are_seen(name: str) -> None:
    now, before, truth = load(KEPT / name)
    assert steadiness(before).steady
    assert not steadiness(before.between(before.start, truth.began + 5 * SECOND)).steady
    found = before_change(before.between(before.start, now.end))
    assert found.found
    assert abs(found.onset - truth.began) <= 2 * SECOND


@pytest.mark.parametrize("name", ["clean-1-001-1", "clean-2-102"])
def test_a_recorded_cluster_in_which_nothing_happens_has_no_change(name: str) -> None:
    now, before, _ = load(KEPT / name)
    assert not before_change(before.between(before.start, now.end)).found
