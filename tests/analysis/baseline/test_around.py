"""The minutes that belong to a moment which somebody names, and what was before it: people are off by minutes."""

from __future__ import annotations

import pytest

from clusterload.analysis.baseline import Around, around
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from tests.analysis.baseline.histories import NOON, history, line, noisy

MINUTE = 60 * SECOND

# From noon on: two hours calm, twelve minutes of six times as much, an hour calm, eight minutes of twice as much, calm.
LEVELS = [(120, 100.0), (12, 600.0), (60, 100.0), (8, 250.0), (40, 100.0)]


def found(minute: float, levels: list[tuple[int, float]] | None = None) -> Around:
    past = history(line("requests", noisy(levels or LEVELS)))
    moment = NOON + round(minute * MINUTE)
    # As much as is read after a moment.
    return around(past.between(past.start, min(past.end, moment + 20 * MINUTE)), moment)


def minutes(window: Around) -> tuple[float, float]:
    return (window.start - NOON) / MINUTE, (window.end - NOON) / MINUTE


@pytest.mark.parametrize("named", [117, 121, 125, 129, 135])
def test_an_incident_is_judged_from_its_beginning_to_its_end_by_any_time_near_it(named: int) -> None:
    window = found(named)
    assert window.baseline.found
    assert "requests rose from 100.3/s to 5" in window.baseline.sentence
    start, end = minutes(window)
    assert start == pytest.approx(120, abs=1)
    assert 125 <= end <= 132 + 1


def test_a_smaller_incident_after_a_larger_one_is_judged_by_itself() -> None:
    window = found(196)
    assert "requests rose from 9" in window.baseline.sentence
    start, end = minutes(window)
    assert start == pytest.approx(192, abs=1)
    assert end == pytest.approx(200, abs=1)
    assert (window.baseline.start - NOON) / MINUTE > 132, "the larger one is no part of what was usual"


@pytest.mark.parametrize("named", [60, 105, 165, 215])
def test_nothing_is_found_of_a_calm_time_between_incidents(named: int) -> None:
    window = found(named)
    assert not window.baseline.found
    assert minutes(window)[0] == named - 5


def test_of_an_incident_of_hours_the_minutes_around_the_moment_are_judged_against_what_was_before_it() -> None:
    window = found(200, [(100, 100.0), (140, 600.0)])
    assert minutes(window) == (185, 210)
    assert clock_time(window.baseline.onset) == clock_time(NOON + 100 * MINUTE)
