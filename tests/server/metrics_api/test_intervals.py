"""Intervals: every form that the contract names, the minutes they touch, and how long they may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.server.metrics_api.intervals import GRANULARITIES, MOST_INTERVALS, cut, stretches, timestamp
from clusterload.server.metrics_api.refusal import RequestRefusedError

NOW = datetime(2020, 1, 1, 2, 13, 27, tzinfo=UTC)
ANY = GRANULARITIES["PT1H"]


def touched(*intervals: str, granularity: str = "PT1H") -> list[tuple[str, str]]:
    """The stretches of intervals, as times."""
    found = stretches(intervals, NOW, GRANULARITIES[granularity])
    return [(timestamp(start), timestamp(end)) for start, end in found]


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        ("2026-01-01T10:00:23+00:00/2026-01-01T10:03:26+00:00", "2026-01-01T10:00:00Z", "2026-01-01T10:04:00Z"),
        ("2026-01-01T10:00:00Z/2026-01-01T10:03:00Z", "2026-01-01T10:00:00Z", "2026-01-01T10:03:00Z"),
        ("2026-01-01T10:00:59.999Z/2026-01-01T10:01:00.001Z", "2026-01-01T10:00:00Z", "2026-01-01T10:02:00Z"),
        ("2026-01-01T12:00:00+02:00/PT2H", "2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z"),
        ("2019-10-17T20:17:00.000Z/PT2H", "2019-10-17T20:17:00Z", "2019-10-17T22:17:00Z"),
        ("P1DT30M/2026-01-02T10:30:00Z", "2026-01-01T10:00:00Z", "2026-01-02T10:30:00Z"),
        ("P1W/2026-01-08T00:00:00", "2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z"),
        ("2026-01-01/PT90S", "2026-01-01T00:00:00Z", "2026-01-01T00:02:00Z"),
        ("now-2m|m/now", "2020-01-01T02:11:00Z", "2020-01-01T02:14:00Z"),
        ("now|h/now|m", "2020-01-01T02:00:00Z", "2020-01-01T02:13:00Z"),
        ("now-1d|d/now|d", "2019-12-31T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("PT1H/now-2m|m", "2020-01-01T01:11:00Z", "2020-01-01T02:11:00Z"),
        ("now/now+1h", "2020-01-01T02:13:00Z", "2020-01-01T03:14:00Z"),
    ],
)
def test_an_interval_means_every_minute_that_it_touches(interval: str, start: str, end: str) -> None:
    assert touched(interval) == [(start, end)]


@pytest.mark.parametrize(
    "interval",
    [
        "", "/", "now", "PT1H", "PT1H/PT1H", "PT/now", "P/now", "now/P", "now/PT", "now/PT1M2H", "yesterday/now",
        "2026-01-01T10:00:00Z/2026-01-01T10:00:00Z", "now/now-1m", "now/PT0S", "now- 2m/now", "now-2y/now",
        "2026-13-01T00:00:00Z/PT1H", "now-999999999d/now", "now/P999999999D", "0001-01-01T00:00:00+12:00/PT1H",
        "2026-01-01T10:00:00Z/2026-01-01T11:00:00Z/PT1H", "now-\u0662m/now", "9999-12-31T23:59:59-01:00/PT1S",
    ],
)  # fmt: skip
def test_what_is_no_interval_is_refused_with_the_forms_that_are(interval: str) -> None:
    with pytest.raises(RequestRefusedError, match="interval") as refused:
        touched(interval)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("granularity", "longest"),
    [("PT1M", timedelta(hours=6)), ("PT5M", timedelta(days=1)), ("PT15M", timedelta(days=4)), ("PT30M", timedelta(7))],
)
def test_an_interval_may_be_as_long_as_its_granularity_allows_and_no_longer(
    granularity: str, longest: timedelta
) -> None:
    start = NOW - longest
    assert touched(f"{start.isoformat()}/{NOW.isoformat()}", granularity=granularity)
    with pytest.raises(RequestRefusedError, match=f"with granularity {granularity} at most"):
        touched(f"{(start - timedelta(seconds=1)).isoformat()}/{NOW.isoformat()}", granularity=granularity)


@pytest.mark.parametrize("granularity", ["PT1H", "PT4H", "PT6H", "PT12H", "P1D", "ALL"])
def test_coarse_granularities_allow_intervals_of_any_length(granularity: str) -> None:
    assert touched("2000-01-01/2026-01-01", granularity=granularity)


def test_several_intervals_may_not_be_longer_together_than_one() -> None:
    with pytest.raises(RequestRefusedError, match="at most"):
        touched("now-10h/PT4H", "now-4h/PT4H", granularity="PT1M")


def test_more_intervals_than_are_allowed_are_refused() -> None:
    assert touched(*["now-1h/now"] * MOST_INTERVALS)
    with pytest.raises(RequestRefusedError, match="too many intervals"):
        touched(*["now-1h/now"] * (MOST_INTERVALS + 1))


def test_intervals_that_overlap_or_touch_are_one_stretch_so_that_no_minute_counts_twice() -> None:
    assert touched("2026-01-01T10:00:00Z/PT2M", "2026-01-01T10:01:00Z/PT2M", "2026-01-01T10:05:00Z/PT1M") == [
        ("2026-01-01T10:00:00Z", "2026-01-01T10:03:00Z"),
        ("2026-01-01T10:05:00Z", "2026-01-01T10:06:00Z"),
    ]


@given(start=st.integers(0, 10**9), length=st.integers(1, 20_000))
def test_of_two_times_exactly_the_minutes_are_taken_that_share_a_moment_with_the_interval(
    start: int, length: int
) -> None:
    first, last = (datetime.fromtimestamp(second, tz=UTC).isoformat() for second in (start, start + length))
    ((begin, end),) = stretches([f"{first}/{last}"], NOW, ANY)
    assert list(range(begin, end)) == [
        minute for minute in range(start // 60 - 1, (start + length) // 60 + 2)
        if 60 * minute < start + length and 60 * (minute + 1) > start
    ]  # fmt: skip


def test_stretches_are_cut_to_what_is_known() -> None:
    assert cut([(0, 10), (20, 30), (40, 50)], 5, 45) == [(5, 10), (20, 30), (40, 45)]
    assert cut([(0, 10)], 10, 20) == []
