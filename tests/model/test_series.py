"""Series meet on one grid of time: amounts are conserved, gaps stay gaps, and only time joins."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model import units
from clusterload.model.errors import ClusterloadError
from clusterload.model.series import SECOND, Floats, Grid, Kind, Series, joined, select

START = 1_767_225_600 * SECOND
amounts = st.floats(min_value=0, max_value=1e9)
# Scrapes are due on whole seconds and come a little beside them.
jitters = st.floats(min_value=-0.2, max_value=0.2)


def at(second: float) -> int:
    return START + round(second * SECOND)


def delta(ends: list[float], values: list[float], *, begin: float = 0.0, broker: str = "1") -> Series:
    """Amounts of stretches that follow one another without a gap."""
    times = np.array([at(end) for end in ends], dtype=np.int64)
    spans = np.diff(times, prepend=at(begin)) / SECOND
    return pieces(list(times), values, list(spans), broker=broker)


def pieces(times: list[int], values: list[float], spans: list[float], *, broker: str = "1") -> Series:
    return Series(
        name="ingress",
        unit=units.BYTES,
        kind=Kind.DELTA,
        labels={"broker": broker},
        times=np.array(times, dtype=np.int64),
        values=np.array(values, dtype=np.float64),
        spans=np.array(spans, dtype=np.float64),
    )


def gauge(seconds: list[float], values: list[float], *, broker: str = "1") -> Series:
    return Series(
        name="connections",
        unit=units.CONNECTIONS,
        kind=Kind.GAUGE,
        labels={"broker": broker},
        times=np.array([at(second) for second in seconds], dtype=np.int64),
        values=np.array(values, dtype=np.float64),
    )


def grid(seconds: int, step: float = 1.0) -> Grid:
    return Grid.covering(at(0), at(seconds), step)


@st.composite
def jittered(draw: st.DrawFn, begin: int = -1, end: int = 12) -> Series:
    """A counter's growth from before a grid of ten seconds until after it, scraped with jitter."""
    edges = [second + draw(jitters) for second in range(begin, end + 1)]
    values = draw(st.lists(amounts, min_size=len(edges) - 1, max_size=len(edges) - 1))
    return delta(edges[1:], values, begin=edges[0])


def before(series: Series, second: float) -> float:
    """What had grown until a moment, with an even growth within each stretch."""
    ends = (series.times - START) / SECOND
    parts = np.clip((second - (ends - series.spans)) / series.spans, 0, 1)
    return float(np.sum(parts * series.values))


@given(jittered())
def test_what_a_counter_grew_is_conserved_whatever_the_jitter(series: Series) -> None:
    on_grid = series.on(grid(10))
    assert not np.isnan(on_grid).any()
    assert np.sum(on_grid) == pytest.approx(before(series, 10) - before(series, 0), rel=1e-6, abs=1e-3)


@given(jittered(), st.sampled_from([1.0, 2.0, 5.0, 10.0]))
def test_coarser_buckets_hold_the_same_amount(series: Series, step: float) -> None:
    fine, coarse = series.on(grid(10)), series.on(grid(10, step))
    assert coarse == pytest.approx(fine.reshape(len(coarse), -1).sum(axis=1), rel=1e-6, abs=1e-3)


@given(jittered(), st.sets(st.integers(0, 12), max_size=5))
def test_no_bucket_gains_from_a_gap_beside_it(series: Series, lost: set[int]) -> None:
    whole = series.on(grid(10))
    left = [number for number in range(len(series)) if number not in lost]
    with_gaps = pieces(
        [int(series.times[number]) for number in left],
        [float(series.values[number]) for number in left],
        [float(series.spans[number]) for number in left],
    ).on(grid(10))
    # Up to 2 % of a bucket may be missing, and is then taken to be like the rest of it.
    known = ~np.isnan(with_gaps)
    assert with_gaps[known] == pytest.approx(whole[known], rel=0.03, abs=0.03 * float(np.max(series.values, initial=1)))
    for number in lost:
        middle = (int(series.times[number]) - START) / SECOND - series.spans[number] / 2
        if 0 <= middle < 10:
            assert np.isnan(with_gaps[int(middle)])


def test_a_gap_stays_nan_and_never_becomes_zero() -> None:
    seconds = [1, 2, 3, 7, 8]
    series = pieces([at(second) for second in seconds], [10.0] * 5, [1.0] * 5)
    assert series.on(grid(8)) == pytest.approx([10, 10, 10, *[np.nan] * 3, 10, 10], nan_ok=True)


def test_growth_over_a_missed_scrape_is_not_spread_over_the_seconds_in_it() -> None:
    series = delta([1, 2, 5, 6], [10, 10, 90, 10])
    assert series.on(grid(6)) == pytest.approx([10, 10, np.nan, np.nan, np.nan, 10], nan_ok=True)


def test_growth_over_a_missed_scrape_counts_in_the_minute_that_holds_it() -> None:
    series = delta([*range(1, 31), *range(35, 61)], [10.0] * 30 + [50.0] + [10.0] * 25)
    assert series.on(grid(60, 60.0)) == pytest.approx([600])


def test_a_figure_that_a_broker_does_not_have_is_a_gap_and_spoils_no_later_one() -> None:
    series = delta([1, 2, 3, 4], [10, np.nan, 10, 10])
    assert series.on(grid(4)) == pytest.approx([10, np.nan, 10, 10], nan_ok=True)


def test_a_bucket_at_the_edge_that_is_half_seen_has_no_figure() -> None:
    series = delta([1, 2, 2.5], [10, 10, 5], begin=0.5)
    assert series.on(grid(3)) == pytest.approx([np.nan, 10, np.nan], nan_ok=True)


def test_a_bucket_that_lacks_a_sliver_is_scaled_to_its_whole_length() -> None:
    series = delta([0.99, 2], [9.8, 10.1], begin=0.01)
    assert series.on(grid(2)) == pytest.approx([10, 10], rel=0.001)


def test_stretches_that_overlap_by_a_clock_s_trim_count_once() -> None:
    series = pieces([at(1), at(1.999), at(3)], [10.0] * 3, [1.0, 1.001, 1.001])
    assert series.on(grid(3)).sum() == pytest.approx(30, rel=0.01)


@given(st.lists(st.floats(0, 1e6), min_size=12, max_size=12), st.lists(jitters, min_size=12, max_size=12))
def test_a_level_on_a_grid_is_one_that_was_seen(values: list[float], beside: list[float]) -> None:
    series = gauge([second + 0.5 + jitter for second, jitter in enumerate(beside, start=-1)], values)
    on_grid = series.on(grid(10))
    assert on_grid == pytest.approx(values[1:11])


@given(st.lists(st.floats(0, 1e6), min_size=13, max_size=13), st.lists(jitters, min_size=13, max_size=13))
def test_jitter_over_a_border_leaves_no_hole_in_a_level(values: list[float], beside: list[float]) -> None:
    series = gauge([second + jitter for second, jitter in enumerate(beside, start=-1)], values)
    on_grid = series.on(grid(10))
    assert not np.isnan(on_grid).any()
    assert on_grid.min() >= min(values)
    assert on_grid.max() <= max(values)


def test_a_level_is_the_mean_of_what_was_seen_in_a_bucket() -> None:
    assert gauge([0.1, 0.5, 1.5], [40, 50, 60]).on(grid(2)) == pytest.approx([45, 60])


def test_a_level_holds_over_one_missed_scrape_and_then_is_a_gap() -> None:
    series = gauge([0.5, 4.5], [40, 60])
    assert series.on(grid(5)) == pytest.approx([40, 40, np.nan, np.nan, 60], nan_ok=True)


def test_a_level_is_unknown_before_it_was_first_seen() -> None:
    assert gauge([2.5], [40]).on(grid(3)) == pytest.approx([np.nan, np.nan, 40], nan_ok=True)


def test_a_level_that_the_broker_does_not_have_is_no_level_and_ends_the_one_before() -> None:
    series = gauge([0.5, 1.5, 2.5, 3.5], [40, np.nan, np.nan, 41])
    assert series.on(grid(4)) == pytest.approx([40, np.nan, np.nan, 41], nan_ok=True)


def test_a_series_without_points_says_nothing() -> None:
    assert np.isnan(gauge([], []).on(grid(3))).all()
    assert np.isnan(delta([], []).on(grid(3))).all()
    assert np.isnan(joined([], grid(3))).all()


@given(st.lists(jittered(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_series_are_joined_by_time_never_by_index(members: list[Series], chance: random.Random) -> None:
    cut = [member.between(at(0) - chance.randint(0, SECOND), at(12)) for member in members]
    together = joined(cut, grid(10))
    chance.shuffle(cut)
    assert joined(cut, grid(10)) == pytest.approx(together, nan_ok=True)
    alone = [part.on(grid(10)) for part in cut]
    for bucket in range(1, 10):
        assert together[bucket] == pytest.approx(sum(float(line[bucket]) for line in alone))


def test_a_series_that_began_later_is_not_moved_to_the_front() -> None:
    early, late = gauge([0.5, 1.5, 2.5, 3.5], [10, 20, 30, 40]), gauge([2.5, 3.5], [1, 2], broker="2")
    assert joined([early, late], grid(4)) == pytest.approx([np.nan, np.nan, 31, 42], nan_ok=True)


def test_brokers_and_topics_add_up() -> None:
    brokers = [gauge([0.5, 1.5], [10.0 * number, 20.0 * number], broker=str(number)) for number in (1, 2, 3)]
    assert joined(brokers, grid(2)) == pytest.approx([60, 120])


def test_a_missing_member_makes_the_sum_unknown_not_smaller() -> None:
    whole, gappy = delta([1, 2, 3], [10, 10, 10]), pieces([at(1), at(3)], [5, 5], [1, 1], broker="2")
    assert joined([whole, gappy], grid(3)) == pytest.approx([15, np.nan, 15], nan_ok=True)


def test_several_series_can_be_joined_in_another_way() -> None:
    def highest(rows: Floats) -> Floats:
        most: Floats = rows.max(axis=0)
        return most

    assert joined([gauge([0.5], [10]), gauge([0.5], [30])], grid(1), highest) == pytest.approx([30])


def test_a_grid_holds_whole_buckets_and_at_least_one() -> None:
    assert (grid(25).count, grid(180, 60).count, grid(179, 60).count, grid(5, 60).count) == (25, 3, 2, 1)
    assert grid(3).elapsed == pytest.approx([0.5, 1.5, 2.5])
    assert list(grid(2).edges) == [at(0), at(1), at(2)]
    assert grid(2).end == at(2)


@given(jittered(), st.integers(-1, 12), st.integers(0, 12))
def test_a_stretch_of_a_series_has_the_points_after_its_start_up_to_its_end(
    series: Series, start: int, length: int
) -> None:
    part = series.between(at(start), at(start + length))
    inside = [time for time in series.times if at(start) < time <= at(start + length)]
    assert list(part.times) == inside
    assert len(part.spans) == len(part.values) == len(part) == len(inside)
    assert part.total() == pytest.approx(sum(part.values))


def test_series_are_selected_by_name_and_labels() -> None:
    first, two = gauge([0.5], [1]), gauge([0.5], [1], broker="2")
    assert select([first, two], "connections", broker="2") == [two]
    assert select([first, two], "connections") == [first, two]
    assert select([first, two], "ingress") == []
    assert (str(two), two.key) == ("connections{broker=2}", ("connections", (("broker", "2"),)))


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ClusterloadError, match=r"ingress\{broker=1\}: times, values and spans differ in length"):
        pieces([at(1), at(2)], [1.0], [1.0, 1.0])
