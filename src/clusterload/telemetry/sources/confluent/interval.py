"""Intervals and granularities: which stretch of time is asked for, and in buckets of which length."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.series import SECOND
from clusterload.model.timespec import interval

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Granularity(StrEnum):
    """Length of a bucket. Buckets lie on whole multiples of it in UTC; `ALL` is one bucket for all."""

    PT1M = "PT1M"
    PT5M = "PT5M"
    PT15M = "PT15M"
    PT30M = "PT30M"
    PT1H = "PT1H"
    PT4H = "PT4H"
    PT6H = "PT6H"
    PT12H = "PT12H"
    P1D = "P1D"
    ALL = "ALL"

    @classmethod
    def named(cls, name: str) -> Granularity:
        """The granularity of this name; ConfigurationError names the nearest one if there is none."""
        try:
            return cls(name.upper())
        except ValueError:
            known = [str(granularity) for granularity in cls]
            raise ConfigurationError(f"no granularity {name!r}{nearest(name, known)}; use {', '.join(known)}") from None

    @property
    def seconds(self) -> int:
        """Length of a bucket; of `ALL` the finest step that its borders are laid on."""
        return _SECONDS.get(self, _MINUTE)

    @property
    def longest(self) -> int | None:
        """Seconds of the longest interval that one query may span; None if any will do."""
        return _LONGEST.get(self)


_SECONDS: Final = {
    Granularity.PT1M: _MINUTE,
    Granularity.PT5M: 5 * _MINUTE,
    Granularity.PT15M: 15 * _MINUTE,
    Granularity.PT30M: 30 * _MINUTE,
    Granularity.PT1H: _HOUR,
    Granularity.PT4H: 4 * _HOUR,
    Granularity.PT6H: 6 * _HOUR,
    Granularity.PT12H: 12 * _HOUR,
    Granularity.P1D: _DAY,
}
_LONGEST: Final = {
    Granularity.PT1M: 6 * _HOUR,
    Granularity.PT5M: _DAY,
    Granularity.PT15M: 4 * _DAY,
    Granularity.PT30M: 7 * _DAY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch of time in Unix nanoseconds; the end is not part of it."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ConfigurationError(f"the interval {self} is empty: its end must come after its start")

    def __str__(self) -> str:
        """As the API takes it: two instants in UTC with a slash between them."""
        return f"{_text(self.start)}/{_text(self.end)}"

    @property
    def length(self) -> int:
        """Nanoseconds from start to end."""
        return self.end - self.start

    @classmethod
    def parsed(cls, text: str, now: int) -> Interval:
        """Read `start/end`, `start/duration` or `duration/end`; an instant may be `now-2m|m`.

        Args:
            text: an ISO-8601 interval with the API's own word `now`.
            now: Unix nanoseconds that `now` stands for.

        Raises:
            ConfigurationError: the text is malformed, or an instant lacks its time zone.
        """
        start, end = interval(text, now)
        return cls(start=start, end=end)

    def aligned(self, granularity: Granularity) -> Interval:
        """The whole buckets that this interval touches."""
        step = granularity.seconds * SECOND
        return Interval(start=self.start // step * step, end=-(-self.end // step) * step)

    def until(self, now: int, granularity: Granularity) -> Interval:
        """Without the buckets that are not over yet at `now`, in Unix nanoseconds.

        Raises:
            ConfigurationError: there are no others.
        """
        step = granularity.seconds * SECOND
        end = min(self.end, now // step * step)
        if end <= self.start:
            raise ConfigurationError(
                f"of {self} no bucket of {granularity} is over yet: ask for an earlier time or a finer granularity"
            )
        return Interval(start=self.start, end=end)

    def split(self, granularity: Granularity) -> tuple[Interval, ...]:
        """Pieces that one query may span each, in order, without overlap; cut on borders of buckets."""
        if granularity.longest is None:
            return (self,)
        longest, first = granularity.longest * SECOND, self.aligned(granularity).start
        cuts = [self.start, *range(first + longest, self.end, longest), self.end]
        return tuple(Interval(start=start, end=end) for start, end in pairwise(cuts))

    def buckets(self, granularity: Granularity) -> range:
        """The starts of the buckets that it touches, in Unix nanoseconds."""
        if granularity is Granularity.ALL:
            return range(self.start, self.end, self.length)
        whole = self.aligned(granularity)
        return range(whole.start, whole.end, granularity.seconds * SECOND)


def _text(time: int) -> str:
    moment = _EPOCH + timedelta(microseconds=time // 1000)
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{moment:%f}" if moment.microsecond else "") + "Z"
