"""Which time is asked for: intervals, their pieces, and their text."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.confluent import Granularity, Interval

MICROSECOND = 1000
DAY = 86_400 * SECOND
NOW = int(datetime(2020, 1, 1, 2, 13, 27, tzinfo=UTC).timestamp()) * SECOND
instants = st.integers(min_value=0, max_value=4_000_000_000 * 10**6).map(lambda micros: micros * MICROSECOND)
lengths = st.integers(min_value=1, max_value=20 * 86_400 * 10**6).map(lambda micros: micros * MICROSECOND)
intervals = st.builds(lambda start, length: Interval(start=start, end=start + length), instants, lengths)
granularities = st.sampled_from(list(Granularity))


@given(intervals, granularities)
def test_pieces_cover_an_interval_exactly_in_order_and_without_overlap(whole: Interval, grain: Granularity) -> None:
    pieces = whole.split(grain)
    assert (pieces[0].start, pieces[-1].end) == (whole.start, whole.end)
    assert all(before.end == after.start for before, after in pairwise(pieces))


@given(intervals, granularities)
def test_each_piece_is_within_the_longest_that_its_granularity_allows(whole: Interval, grain: Granularity) -> None:
    longest = {"PT1M": 6, "PT5M": 24, "PT15M": 96, "PT30M": 168}.get(str(grain))
    pieces = whole.split(grain)
    assert longest is None or all(piece.length <= longest * 3600 * SECOND for piece in pieces)
    assert longest is not None or pieces == (whole,)


@given(intervals, granularities)
def test_no_bucket_is_cut_in_two_so_pieces_have_no_bucket_in_common(whole: Interval, grain: Granularity) -> None:
    buckets = [start for piece in whole.split(grain) for start in piece.buckets(grain)]
    assert buckets == list(whole.buckets(grain))


@given(intervals, granularities)
def test_an_aligned_interval_lies_on_borders_of_utc_and_loses_nothing(whole: Interval, grain: Granularity) -> None:
    aligned, step = whole.aligned(grain), grain.seconds * SECOND
    assert aligned.start % step == aligned.end % step == 0
    assert aligned.start <= whole.start < aligned.start + step
    assert aligned.end - step < whole.end <= aligned.end


@given(intervals, granularities, instants)
def test_what_is_not_over_yet_is_not_asked_for(whole: Interval, grain: Granularity, now: int) -> None:
    aligned, step = whole.aligned(grain), grain.seconds * SECOND
    over = [start for start in range(aligned.start, aligned.end, step) if start + step <= now]
    if not over:
        with pytest.raises(ConfigurationError, match="is over yet"):
            aligned.until(now, grain)
    else:
        assert aligned.until(now, grain) == Interval(start=over[0], end=over[-1] + step)


@given(intervals)
def test_an_interval_is_read_back_from_its_text(interval: Interval) -> None:
    assert Interval.parsed(str(interval), NOW) == interval


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01T00:00:00Z/2020-01-01T02:00:00Z",
        "2020-01-01T00:00:00.000Z/PT2H",
        "PT1H60M/2020-01-01T02:00:00Z",
        "2020-01-01T01:00:00+01:00/P0DT7200S",
        "now|d/now|h",
        "now-2h|h/PT2H",
    ],
)
def test_all_ways_of_writing_an_interval_mean_the_same(text: str) -> None:
    expected = Interval(start=NOW // DAY * DAY, end=NOW // DAY * DAY + 7200 * SECOND)
    assert Interval.parsed(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now-2m|m", "2020-01-01T02:11:00Z"),
        ("now|h", "2020-01-01T02:00:00Z"),
        ("now-1d|d", "2019-12-31T00:00:00Z"),
    ],
)
def test_now_means_what_the_contract_says_it_means(text: str, meant: str) -> None:
    assert str(Interval.parsed(f"{text}/PT1M", NOW)).split("/")[0] == meant


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00/PT1H",
        "2020-01-01T00:00:00Z/P",
        "2020-01-01T00:00:00Z/P1M",
        "2020-01-01T00:00:00Z/2020-01-01T00:00:00Z",
        "now-5x/now",
        "yesterday/now",
        "now/now-1h",
    ],
)
def test_what_is_no_interval_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Interval.parsed(text, NOW)
    assert "\n" not in str(caught.value)


def test_a_misspelt_granularity_is_refused_with_the_nearest_one() -> None:
    assert Granularity.named("pt1m") is Granularity.PT1M
    with pytest.raises(ConfigurationError, match="did you mean '"):
        Granularity.named("PT13H")
