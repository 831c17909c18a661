"""Minutes: how a stretch of time falls into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clusterload.model.series import SECOND

MINUTE: Final = 60 * SECOND
"""Nanoseconds in a minute."""

Minutes = tuple[int, int]
"""A stretch of whole minutes since 1970, from the first up to, but without, the second."""


def split(end: int, span: float, value: float) -> Iterator[tuple[int, float]]:
    """Split what grew in the `span` seconds before `end` by minutes; whole numbers stay whole, and the sum stays."""
    start = end - round(span * SECOND)
    given, whole = 0.0, float(value).is_integer()
    for minute in range(start // MINUTE, max(start, end - 1) // MINUTE + 1):
        passed = min(end, (minute + 1) * MINUTE) - start
        until = value * passed / (end - start) if end > start else value
        until = round(until) if whole else until
        yield minute, until - given
        given = until
