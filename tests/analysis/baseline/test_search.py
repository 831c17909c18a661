"""A baseline is found by itself: before the change, else the same hour of other days, else none; and it says which."""

from __future__ import annotations

import numpy as np

from clusterload.analysis.baseline import alike_days, before_change, is_daily, same_hour
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from tests.analysis.baseline.histories import MINUTE, NOON, history, line, noisy

HOUR = 3600 * SECOND


def test_the_stretch_before_the_rise_is_taken_and_said() -> None:
    found = before_change(history(line("requests", noisy([(117, 80.0), (33, 1600.0)]))))
    assert found.found
    assert clock_time(found.onset) == "2026-01-05T13:57:00Z"
    assert (clock_time(found.start), clock_time(found.end)) == ("2026-01-05T13:25:00Z", "2026-01-05T13:55:00Z")
    assert found.sentence.startswith("baseline: 13:25 to 13:55 UTC, before requests rose from ")
    assert found.sentence.endswith(" at 13:57 UTC")


def test_a_single_broker_of_thirty_that_rises_is_a_change() -> None:
    calm = [line("ingress", noisy([(120, 1e6)], seed=broker), broker=str(broker)) for broker in range(2, 31)]
    found = before_change(history(line("ingress", noisy([(90, 1e6), (30, 3e6)])), *calm))
    assert found.change is not None
    assert found.change.broker == "1"
    assert "ingress of broker 1 rose from" in found.sentence


def test_a_rise_of_an_hour_ago_goes_before_a_smaller_one_just_now() -> None:
    found = before_change(history(line("egress", noisy([(90, 1e6), (60, 5e6), (20, 7e6)], noise=0.03))))
    assert clock_time(found.onset) == "2026-01-05T13:30:00Z"


def test_what_unfolds_in_minutes_began_with_its_first_change() -> None:
    left = line("ingress", noisy([(90, 1e6), (36, 0.0)], noise=0.03), broker="1")
    taken = line("ingress", noisy([(96, 1e6), (30, 2e6)], noise=0.03), broker="2")
    found = before_change(history(left, taken))
    assert clock_time(found.onset) == "2026-01-05T13:30:00Z"
    assert "ingress of broker 2 rose" in found.sentence


def test_what_came_and_went_again_and_what_only_came_back_are_no_onset() -> None:
    for levels in (
        [(60, 100.0), (20, 500.0), (60, 100.0)],
        [(100, 500.0), (8, 10.0), (40, 500.0)],
    ):
        found = before_change(history(line("requests", noisy(levels))))
        assert not found.found
        assert "nothing changed for good within the 2 h" in found.sentence


def test_where_nothing_rose_the_time_before_a_lasting_fall_is_taken() -> None:
    found = before_change(history(line("requests", noisy([(100, 500.0), (40, 100.0)]))))
    assert ", before requests fell from " in found.sentence


def test_a_gap_of_the_source_is_no_change() -> None:
    series = line("requests", noisy([(140, 100.0)]))
    kept = np.r_[0:60, 80:140]
    gappy = type(series)(
        name=series.name, unit=series.unit, kind=series.kind, labels=series.labels, granularity=series.granularity,
        times=series.times[kept], values=series.values[kept], spans=series.spans[kept],
    )  # fmt: skip
    assert not before_change(history(gappy)).found


def test_a_change_as_soon_as_the_history_begins_leaves_no_baseline_and_says_so() -> None:
    found = before_change(history(line("requests", noisy([(3, 80.0), (60, 1600.0)], noise=0.01))))
    assert not found.found or found.end <= found.onset


def test_without_a_change_the_most_usual_of_the_same_hours_of_other_weekdays_is_taken() -> None:
    stretches = alike_days(NOON, NOON + HOUR)
    # Before a Monday lie a weekend, and five weekdays of the week before.
    assert [clock_time(start)[8:13] for start, _ in stretches] == ["02T12", "01T12", "31T12", "30T12", "29T12"]
    levels = [100.0, 900.0, 110.0, 105.0, 2.0]
    days = [
        history(line("requests", noisy([(MINUTE, level)], noise=0.01), start=start))
        for (start, _), level in zip(stretches, levels, strict=True)
    ]
    found = same_hour(days)
    assert found.start == stretches[3][0]
    assert found.sentence.endswith("12:00 to 13:00 UTC, the most usual of the same hour of 5 other days")


def test_without_other_days_there_is_none() -> None:
    assert not same_hour([]).found
    assert same_hour([]).sentence == "baseline: none: no other day is known at this hour"


def test_a_rise_that_other_days_have_at_the_same_time_is_usual() -> None:
    change = before_change(history(line("requests", noisy([(120, 80.0), (30, 400.0)])))).change
    assert change is not None
    rising, calm = (
        history(line("requests", noisy([(20, 80.0), (20, level)], seed=int(level)))) for level in (350.0, 80.0)
    )
    assert is_daily(change, [rising, rising, calm])
    assert not is_daily(change, [rising, calm, calm])
    assert not is_daily(change, [rising])
    assert not is_daily(change, [])
