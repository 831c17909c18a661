"""Intervals and granularities: which minutes a question is about, and which buckets they fall into.

A minute is the smallest thing that is known. So an interval means every minute that it touches, and an edge
that lies within a minute means that whole minute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from clusterload.server.metrics_api.history import Minutes
from clusterload.server.metrics_api.refusal import RequestRefusedError

MOST_INTERVALS: Final = 10
"""How many intervals one question may have; the contract names no number."""

_HOUR: Final = 60
_DAY: Final = 24 * _HOUR
ALL: Final = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granularity:
    """A size of buckets.

    Attributes:
        name: as in a question.
        minutes: in a bucket; 0 for one bucket over all intervals.
        longest: minutes that the intervals of one question may have together; None for any.
    """

    name: str
    minutes: int
    longest: int | None = None


GRANULARITIES: Final = {
    granularity.name: granularity
    for granularity in (
        Granularity(name="PT1M", minutes=1, longest=6 * _HOUR),
        Granularity(name="PT5M", minutes=5, longest=_DAY),
        Granularity(name="PT15M", minutes=15, longest=4 * _DAY),
        Granularity(name="PT30M", minutes=30, longest=7 * _DAY),
        Granularity(name="PT1H", minutes=_HOUR),
        Granularity(name="PT4H", minutes=4 * _HOUR),
        Granularity(name="PT6H", minutes=6 * _HOUR),
        Granularity(name="PT12H", minutes=12 * _HOUR),
        Granularity(name="P1D", minutes=_DAY),
        Granularity(name=ALL, minutes=0),
    )
}

_MINUTE: Final = timedelta(minutes=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOW: Final = re.compile(r"now(?:([+-]\d{1,9})([mhd]))?(?:\|([mhd]))?", re.ASCII)
_DURATION: Final = re.compile(
    r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)
_UNITS: Final = {"m": _MINUTE, "h": timedelta(hours=1), "d": timedelta(days=1)}
_FORMS: Final = (
    "<start>/<end>, <start>/<duration> or <duration>/<end>, as in 2026-01-01T10:00:00Z/PT1H or now-1h|h/now|m"
)


def stretches(texts: Sequence[str], now: datetime, granularity: Granularity) -> list[Minutes]:
    """The minutes that some intervals touch, in order and without overlaps.

    Raises:
        RequestRefusedError: an interval is malformed or empty, they are too many, or too long for the granularity.
    """
    if len(texts) > MOST_INTERVALS:
        raise RequestRefusedError(
            f"too many intervals: a query may have {MOST_INTERVALS}, not {len(texts)}; join those that touch"
        )
    intervals = [_interval(text, now) for text in texts]
    length = sum((end - start for start, end in intervals), timedelta())
    if granularity.longest is not None and length > granularity.longest * _MINUTE:
        raise RequestRefusedError(
            f"the intervals are {length / _MINUTE:,.0f} minutes long; with granularity {granularity.name} at most "
            f"{granularity.longest:,} are allowed: ask for less, or for a coarser granularity"
        )
    return _joined(sorted(_touched(start, end) for start, end in intervals))


def _interval(text: str, now: datetime) -> tuple[datetime, datetime]:
    left, slash, right = text.partition("/")
    if not slash:
        raise RequestRefusedError(f"{text!r} is not an interval: write {_FORMS}")
    try:
        first, second = _duration(left), _duration(right)
        if first is not None and second is not None:
            raise RequestRefusedError(f"{text!r} is two durations and no interval: write {_FORMS}")
        start = _time(right, now) - first if first is not None else _time(left, now)
        end = start + second if second is not None else _time(right, now)
        _ = (end - _EPOCH, start - _EPOCH)
    except (ValueError, OverflowError):
        raise RequestRefusedError(f"{text!r} is not an interval: write {_FORMS}") from None
    if end <= start:
        raise RequestRefusedError(f"the interval {text!r} is empty: its end must come after its start")
    return start, end


def _duration(text: str) -> timedelta | None:
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _time(text: str, now: datetime) -> datetime:
    if match := _NOW.fullmatch(text):
        offset, unit, truncation = match.groups()
        moved = now + int(offset) * _UNITS[unit] if offset else now
        return _truncated(moved, _UNITS[truncation]) if truncation else moved
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _truncated(time: datetime, unit: timedelta) -> datetime:
    return time - (time - _EPOCH) % unit


def _touched(start: datetime, end: datetime) -> Minutes:
    return (start - _EPOCH) // _MINUTE, -((_EPOCH - end) // _MINUTE)


def _joined(sorted_stretches: Sequence[Minutes]) -> list[Minutes]:
    joined: list[Minutes] = []
    for start, end in sorted_stretches:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def cut(minutes: Sequence[Minutes], first: int, end: int) -> list[Minutes]:
    """What lies from the minute `first` up to, but without, `end`."""
    inside = [(max(start, first), min(stop, end)) for start, stop in minutes]
    return [(start, stop) for start, stop in inside if start < stop]


def timestamp(minute: int) -> str:
    """A minute since 1970 as the contract writes times."""
    return (_EPOCH + minute * _MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ")
