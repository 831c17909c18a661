"""A histogram says what was recorded to three digits, whole or in parts, now or from a file."""

from __future__ import annotations

import math
import time

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import StoreError
from clusterload.model.histogram import LONGEST, Histogram

latencies = st.lists(st.integers(1, LONGEST) | st.integers(1, 5000), min_size=1, max_size=200)
shares = st.floats(0, 1) | st.sampled_from([0.0, 0.07, 0.5, 0.9, 0.99, 0.999, 1.0])


def _recorded(values: list[int]) -> Histogram:
    histogram = Histogram()
    histogram.record_all(values)
    return histogram


@given(latencies, st.integers(0, 1000))
def test_a_quantile_is_the_exact_one_to_three_digits(values: list[int], thousandths: int) -> None:
    exact = sorted(values)[max(1, -(-thousandths * len(values) // 1000)) - 1]
    assert exact <= _recorded(values).quantile(thousandths / 1000) <= exact * 1.001


@given(latencies)
def test_count_mean_and_maximum_are_the_exact_ones_to_three_digits(values: list[int]) -> None:
    histogram = _recorded(values)
    assert histogram.count == len(values)
    assert math.isclose(histogram.mean, sum(values) / len(values), rel_tol=0.001)
    assert max(values) <= histogram.maximum <= max(values) * 1.001


@given(latencies, shares, shares)
def test_a_higher_quantile_is_never_a_shorter_latency(values: list[int], share: float, other: float) -> None:
    histogram = _recorded(values)
    assert histogram.quantile(min(share, other)) <= histogram.quantile(max(share, other))


@given(st.lists(latencies | st.just([]), max_size=4))
def test_what_is_merged_is_as_if_recorded_together(parts: list[list[int]]) -> None:
    merged = Histogram.merged(_recorded(part) for part in parts)
    assert merged == _recorded([value for part in parts for value in part])
    assert merged.count == sum(map(len, parts))


@given(latencies)
def test_merging_leaves_the_parts_as_they_were(values: list[int]) -> None:
    first = _recorded(values)
    assert Histogram.merged([first, first]).count == 2 * len(values)
    assert first == _recorded(values)


@given(latencies, shares)
def test_a_stored_histogram_reads_back_equal_and_can_go_on(values: list[int], share: float) -> None:
    stored = Histogram.decode(_recorded(values).encode())
    assert stored == _recorded(values)
    assert stored.quantile(share) == _recorded(values).quantile(share)
    assert (stored.count, stored.mean, stored.maximum) == (len(values), _recorded(values).mean, stored.quantile(1))
    stored.record(LONGEST, 3)
    assert stored == _recorded([*values, LONGEST, LONGEST, LONGEST])
    assert Histogram.merged([stored, _recorded(values)]).count == 2 * len(values) + 3
    assert Histogram.decode(stored.encode()) == stored


@given(latencies)
def test_recording_one_by_one_or_together_is_the_same(values: list[int]) -> None:
    one_by_one = Histogram()
    for value in values:
        one_by_one.record(value)
    assert one_by_one == _recorded(values)


def test_what_is_out_of_range_is_clipped_and_counted() -> None:
    histogram = Histogram()
    histogram.record(LONGEST * 5, 2)
    histogram.record(0)
    histogram.record(-7)
    assert (histogram.count, histogram.clipped) == (4, 2)
    assert histogram.quantile(0.5) == 1
    assert LONGEST <= histogram.maximum <= LONGEST * 1.001
    assert Histogram.decode(histogram.encode()).clipped == 2
    assert Histogram.merged([histogram, histogram]).clipped == 4


def test_an_empty_histogram_knows_no_latency() -> None:
    empty = Histogram()
    assert (empty.count, empty.clipped) == (0, 0)
    assert all(math.isnan(value) for value in (empty.quantile(0.5), empty.mean, empty.maximum))
    assert Histogram.decode(empty.encode()) == empty == Histogram.merged([])
    assert repr(empty) == "Histogram(count=0, p50=nan us, maximum=nan us)"


def test_a_rounding_does_not_move_a_rank() -> None:
    histogram = _recorded(list(range(1, 101)))
    assert [histogram.quantile(percent / 100) for percent in range(1, 101)] == list(range(1, 101))


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, 99])
def test_a_quantile_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        Histogram().quantile(share)


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: raw.hex()))
def test_what_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="a latency histogram cannot be read"):
        Histogram.decode(text)


@given(st.integers(0, 60), st.integers(0, 255))
def test_a_damaged_histogram_is_refused_or_read(place: int, value: int) -> None:
    raw = bytearray(_recorded([5, 700, 80_000]).encode().encode())
    raw[place % len(raw)] = value
    try:
        histogram = Histogram.decode(raw.decode("latin-1"))
    except StoreError:
        return
    assert histogram.count >= 0


def test_a_histogram_of_another_range_is_refused() -> None:
    other = HdrHistogram(1, 60_000, 2)
    other.record_value(50)
    with pytest.raises(StoreError, match="only 1 us to 1 h with 3 digits"):
        Histogram.decode(other.encode().decode())


def test_a_million_latencies_are_recorded_in_a_moment() -> None:
    """A second of the fastest load must not take a second to count: most latencies are alike."""
    values = [300 + number * number % 2000 for number in range(1_000_000)]
    histogram = Histogram()
    began = time.process_time()
    histogram.record_all(values)
    assert time.process_time() - began < 1
    assert histogram.count == 1_000_000


@given(st.dictionaries(st.integers(-5, 2 * LONGEST) | st.integers(0, 5000), st.integers(1, 1000), max_size=100))
def test_counts_are_recorded_as_one_by_one(counts: dict[int, int]) -> None:
    quick, slow = Histogram(), Histogram()
    quick.record_counts(counts)
    for us, count in counts.items():
        slow.record(us, count)
    assert quick == slow
    assert quick.encode() == slow.encode()
    assert quick.count == slow.count
    if counts:
        assert quick.maximum == slow.maximum
        assert Histogram.decode(quick.encode()) == slow


@given(latencies, latencies)
def test_a_histogram_takes_in_another(first: list[int], other: list[int]) -> None:
    both = _recorded(first)
    both.add(_recorded(other))
    both.add(Histogram())
    assert both == _recorded(first + other)
