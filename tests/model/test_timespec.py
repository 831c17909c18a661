"""Times and stretches of time mean the same wherever they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.series import SECOND
from clusterload.model.timespec import instant, interval, length, moment, past, timestamp

NOW = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z."""


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-31T22:00:00Z/2025-12-31T23:00:00Z",
        "2025-12-31T22:00:00Z/PT1H",
        "2025-12-31T22:00:00Z/1h",
        "2025-12-31T23:00:00+01:00/60m",
        "now-2h/now-1h",
        "now-2h/3600",
        "PT60M/now-1h",
        "1h/now-1h",
    ],
)
def test_all_ways_of_writing_a_stretch_mean_the_same(text: str) -> None:
    assert interval(text, NOW) == (NOW - 7200 * SECOND, NOW - 3600 * SECOND)


@given(st.integers(0, 10**6))
def test_a_length_in_iso_8601_and_in_our_words_is_the_same(seconds: int) -> None:
    assert length(f"PT{seconds}S") == length(f"{seconds}s") == length(str(seconds)) == seconds * SECOND


@pytest.mark.parametrize("text", ["10s", "2026-01-01T00:00:10Z", "2026-01-01T01:00:10+01:00"])
def test_a_moment_of_a_run_is_an_instant_or_counted_from_its_start(text: str) -> None:
    assert moment(text, NOW, 0) == NOW + 10 * SECOND


@pytest.mark.parametrize("text", ["soon", "2026-01-01T00:00:00", "now-5x", "", "99999-01-01T00:00:00Z"])
def test_what_is_no_time_is_refused_with_how_to_write_one(text: str) -> None:
    for read in (lambda: instant(text, NOW), lambda: moment(text, NOW, NOW), lambda: interval(f"{text}/1h", NOW)):
        with pytest.raises(ConfigurationError, match="write it as in") as caught:
            read()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected", "assumed"),
    [
        ("2026-01-01T10:00", "2026-01-01T10:00:00Z", True),
        ("2026-01-01 10:00:30", "2026-01-01T10:00:30Z", True),
        ("2026-01-01T10:00+01:00", "2026-01-01T09:00:00Z", False),
        ("2026-01-01T10:00Z", "2026-01-01T10:00:00Z", False),
    ],
)
def test_a_moment_of_the_past_without_a_zone_is_utc_and_that_is_known(
    text: str, expected: str, *, assumed: bool
) -> None:
    now = timestamp("2026-06-01T00:00:00Z")
    assert past(text, now) == (timestamp(expected), assumed)
    with pytest.raises(ConfigurationError, match="has not come yet"):
        past(text, timestamp("2025-01-01T00:00:00Z"))
