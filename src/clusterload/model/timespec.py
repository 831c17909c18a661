"""Moments and stretches of time as people write them: ISO-8601 with its zone, or counted from now.

Times are Unix nanoseconds. What `now` stands for is an argument, so that reading a text is a pure function.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.series import SECOND
from clusterload.model.units import parse_duration

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_NOW: Final = re.compile(r"now(?:([+-])(\d+)([mhd]))?(?:\|([mhd]))?")
_NOT_ISO: Final = "Invalid isoformat string"
_STEP: Final = {"m": _MINUTE * SECOND, "h": _HOUR * SECOND, "d": _DAY * SECOND}


def instant(text: str, now: int) -> int:
    """Read an ISO-8601 instant with zone, or `now` with an offset and a truncation, as Unix nanoseconds.

    Raises:
        ConfigurationError: it is neither, or has no zone.
    """
    relative = _NOW.fullmatch(text)
    if relative is not None:
        sign, amount, unit, truncated = relative.groups()
        moved = now + (int(f"{sign}{amount}") * _STEP[unit] if amount else 0)
        return moved // _STEP[truncated] * _STEP[truncated] if truncated else moved
    try:
        return timestamp(text)
    except (ValueError, OverflowError) as error:
        # That it is not ISO 8601 at all is said already; which part is out of range, or missing, is worth a word.
        why = "" if str(error).startswith(_NOT_ISO) else f" ({error})"
        raise ConfigurationError(
            f"{text!r} is not a point in time{why}: write it as in 2026-01-01T10:00:00Z, or as in now-10m"
        ) from None


def timestamp(text: str) -> int:
    """An ISO-8601 instant as Unix nanoseconds; ValueError if it is none or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("it has no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def past(text: str, now: int) -> tuple[int, bool]:
    """Read a moment that has passed, as `instant` does, and whether it has no zone, so that UTC was taken.

    Raises:
        ConfigurationError: it is none, or has not come yet.
    """
    try:
        zoned = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        zoned = True  # relative to now, or nothing that can be read
    at = instant(text if zoned else f"{datetime.fromisoformat(text).isoformat()}+00:00", now)
    if at > now:
        taken = "" if zoned else " (without a zone it is UTC)"
        raise ConfigurationError(f"{text!r} has not come yet{taken}: give a time that has passed")
    return at, not zoned


def moment(text: str, start: int, now: int) -> int:
    """Read a time into something that began at `start`, as in `10s`, or an instant as `instant` does.

    Raises:
        ConfigurationError: it is neither.
    """
    try:
        return start + round(parse_duration(text) * SECOND)
    except ConfigurationError:
        pass
    try:
        return instant(text, now)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}, or a time into the run as in 10s") from None


def interval(text: str, now: int) -> tuple[int, int]:
    """Read `start/end`, `start/duration` or `duration/end`; an instant may be `now-2m|m`.

    Args:
        text: two parts with a slash between them. A duration is written as in `PT2H` or `2h`.
        now: Unix nanoseconds that `now` stands for.

    Raises:
        ConfigurationError: the text is not an interval, or a point in time lacks its time zone.
    """
    first, slash, second = text.partition("/")
    if not slash:
        raise ConfigurationError(f"{text!r} is not an interval: write start/end, start/duration or duration/end")
    before, after = length(first), length(second)
    if before is not None:
        end = instant(second, now)
        return end - before, end
    start = instant(first, now)
    return start, start + after if after is not None else instant(second, now)


_DURATION: Final = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,9}))?S)?)?")


def length(text: str) -> int | None:
    """Read `PT2H`, `P1DT30M` or `1h30m` as nanoseconds; None if the text is not a duration but may be a point in time.

    Raises:
        ConfigurationError: it begins as an ISO-8601 duration and is not one.
    """
    if not text.startswith("P"):
        try:
            return round(parse_duration(text) * SECOND)
        except ConfigurationError:
            return None
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ConfigurationError(f"{text!r} is not a duration: write it as in PT2H or P1DT30M")
    *whole, fraction = found.groups()
    lengths = (7 * _DAY, _DAY, _HOUR, _MINUTE, 1)
    seconds = sum(int(amount or 0) * each for amount, each in zip(whole, lengths, strict=True))
    return seconds * SECOND + int((fraction or "0").ljust(9, "0"))
