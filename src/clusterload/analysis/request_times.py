"""Request times: where in a broker requests take longer than before, by the parts of their time.

A request waits in the queue for a handler, is worked on at its leader, waits for others (replicas, records to fetch),
and waits again until its response is sent. Which part rose points to what is short, whether or not a cause is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.finding import Evidence
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.window_stats import Pair, WindowStats

PARTS: Final = {
    "request_queue_time": "Request queue time",
    "request_local_time": "Local time",
    "request_remote_time": "Remote time",
}
"""The parts of a request's time that brokers publish, by Series; what is left of the whole is the response's."""

LEAST: Final = 1.0
"""Milliseconds by which a part must have risen to be shown: brokers note times in whole milliseconds."""

TWICE: Final = 1.5
"""Times what it was that a part must take to be shown."""

MOST: Final = 4
"""Parts that are shown, those that took the most time in all first."""

# A fetch waits on purpose until there are records: that it waits longer means that less is produced.
_WAITS: Final = frozenset({("request_remote_time", "FetchConsumer"), ("request_remote_time", "FetchFollower")})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of the time of a type of request: milliseconds of one, and how many there are a second."""

    name: str
    request: str
    time: Pair
    count: float

    @property
    def added(self) -> float:
        """Milliseconds a second that all of them take more."""
        return self.time.rise * self.count

    @property
    def rose(self) -> bool:
        return self.time.rise >= LEAST and self.time.now >= TWICE * self.time.before


def risen_times(stats: WindowStats) -> tuple[Evidence, ...]:
    """The parts of request times that rose against the baseline; none without one."""
    if stats.before is None:
        return ()
    risen = sorted((part for part in _parts(stats) if part.rose), key=lambda part: -part.added)
    return tuple(
        Evidence(
            name=f"{PARTS[part.name]} of a {part.request} request{_of(stats, part)}",
            now=part.time.now,
            before=part.time.before,
            unit=units.MILLISECONDS,
            source=stats.told_by(part.name) if _of(stats, part) else f"{part.name}, requests_by_type",
            window_s=stats.now.seconds,
        )
        for part in risen[:MOST]
    )


def _of(stats: WindowStats, part: _Part) -> str:
    return "" if stats.told_by(part.name) == part.name else ", 95th percentile"


def _parts(stats: WindowStats) -> Iterator[_Part]:
    for name in PARTS:
        for request in stats.by(stats.told_by(name), "request"):
            time, count = stats.request_time(name, request), stats.total("requests_by_type", request=request)
            if (name, request) not in _WAITS and not math.isnan(time.rise) and not math.isnan(time.before):
                yield _Part(name=name, request=request, time=time, count=count.now)
