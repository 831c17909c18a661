"""Histogram: how often each latency was seen, to three significant digits."""

from __future__ import annotations

import binascii
import math
import struct
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import accumulate
from operator import mul
from typing import Final

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from clusterload.model.errors import StoreError

LONGEST: Final = 3_600_000_000
"""Microseconds in an hour; what takes longer is counted as this."""

_SHORTEST: Final = 1
_DIGITS: Final = 3
_SUB_BITS: Final = 11  # of a value so many leading bits count: three digits of a half-open power of two
_ROUNDING: Final = 1e-9
_UNREADABLE: Final = (
    binascii.Error,
    struct.error,
    zlib.error,
    HdrCookieException,
    HdrLengthException,
    ValueError,
    TypeError,
    IndexError,
    AssertionError,
)


class Histogram:
    """Counts of latencies in whole microseconds, from 1 microsecond to an hour.

    What is longer is counted as an hour (`clipped` says how often), what is shorter as a microsecond. Any value
    read from it is at most 0.1 % above the one that was recorded. Two histograms merge without a loss. Not for
    several threads.
    """

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = HdrHistogram(_SHORTEST, LONGEST, _DIGITS)

    def record(self, us: int, count: int = 1) -> None:
        """Count a latency in microseconds, `count` times."""
        self._counts.record_value(min(max(us, _SHORTEST), LONGEST), count)

    def record_all(self, latencies: Iterable[int]) -> None:
        """Count many latencies in microseconds; much quicker than one by one."""
        self.record_counts(Counter(latencies))

    def record_counts(self, counts: Mapping[int, int]) -> None:
        """Count latencies in microseconds, each as often as it says; ten times as quick as one by one."""
        if not counts:
            return
        # What the package's own `record_value` does, without its ten calls for each value.
        kept, inner = self._counts.counts, self._counts
        for us, count in counts.items():
            value = min(max(us, _SHORTEST), LONGEST)
            shift = max(0, value.bit_length() - _SUB_BITS)
            kept[(shift << _SUB_BITS - 1) + (value >> shift)] += count
        inner.total_count += sum(counts.values())
        shortest, longest = min(counts), max(counts)
        inner.min_value = min(inner.min_value, max(shortest, _SHORTEST), LONGEST)
        inner.max_value = max(inner.max_value, min(longest, LONGEST), _SHORTEST)

    def add(self, other: Histogram) -> None:
        """Count all that another histogram has counted."""
        if other.count:
            self._counts.add(other._counts)

    @classmethod
    def merged(cls, histograms: Iterable[Histogram]) -> Histogram:
        """All that several histograms have counted."""
        whole = cls()
        for histogram in histograms:
            whole.add(histogram)
        return whole

    @property
    def count(self) -> int:
        """How many latencies were counted."""
        return int(self._counts.total_count)

    @property
    def clipped(self) -> int:
        """How many were an hour (to three digits) or longer."""
        return int(self._counts.get_count_at_value(LONGEST))

    @property
    def maximum(self) -> float:
        """The longest in microseconds; NaN if there is none."""
        return self.quantile(1.0)

    @property
    def mean(self) -> float:
        """The mean in microseconds; NaN if there is none."""
        if not self.count:
            return math.nan
        return math.fsum(map(mul, self._relevant(), _middles())) / self.count

    def quantile(self, q: float) -> float:
        """The latency in microseconds that a share `q` of all did not exceed; NaN if there is none.

        It is the latency at rank `q` times the count, rounded up; so 0 is the shortest and 1 the longest.

        Raises:
            ValueError: `q` is not between 0 and 1.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"quantile {q:g} is not between 0 and 1")
        if not self.count:
            return math.nan
        # 0.07 * 100 is a rounding above 7, which must not make it rank 8.
        rank = max(1, math.ceil(q * self.count * (1 - _ROUNDING)))
        lowest = self._counts.get_value_from_index(bisect_left(list(accumulate(self._relevant())), rank))
        return float(self._counts.get_highest_equivalent_value(lowest))

    def encode(self) -> str:
        """The counts as text, which other HdrHistogram tools read too (V2, compressed, base64)."""
        text: bytes = self._counts.encode()
        return text.decode("ascii")

    @classmethod
    def decode(cls, text: str) -> Histogram:
        """A histogram from what `encode` gave.

        Raises:
            StoreError: the text is not a histogram, or one of another range.
        """
        try:
            counts = HdrHistogram.decode(text)
        except _UNREADABLE as error:
            raise StoreError(f"a latency histogram cannot be read: {error or type(error).__name__}") from None
        payload = counts.encoder.payload.payload
        found = (payload.lowest_trackable_value, payload.highest_trackable_value, payload.significant_figures)
        if found != (_SHORTEST, LONGEST, _DIGITS):
            raise StoreError(f"a latency histogram has the range {found}: only 1 us to 1 h with 3 digits can be read")
        histogram = cls()
        histogram._counts = counts
        return histogram

    def __eq__(self, other: object) -> bool:
        """Whether both have counted the same, to three digits."""
        return isinstance(other, Histogram) and self._relevant() == other._relevant()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Histogram(count={self.count}, p50={self.quantile(0.5):g} us, maximum={self.maximum:g} us)"

    def _relevant(self) -> list[int]:
        """The counts up to the longest latency's."""
        if not self.count:
            return []
        longest = self._counts.get_counts_array_index(self._counts.max_value)
        counts: list[int] = self._counts.counts[: longest + 1]
        return counts


@cache
def _middles() -> tuple[float, ...]:
    """The latency in the middle of what is counted at each place."""
    counts = HdrHistogram(_SHORTEST, LONGEST, _DIGITS)
    lowest = [counts.get_value_from_index(index) for index in range(counts.counts_len)]
    return tuple((lowest_here + counts.get_highest_equivalent_value(lowest_here)) / 2 for lowest_here in lowest)
