"""Which Series sources give: they are read for a moment, as `watch` reads them, and nothing is kept but names."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Point
from clusterload.telemetry.sources.catalogue import metrics_by_source
from clusterload.telemetry.sources.source import HistorySource, LiveSource, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from clusterload.model.points import Points

# A counter's growth is known with the second scrape.
_SCRAPES: Final = 2
_LONGEST: Final = 6.0
_LOOK: Final = 0.05
_STRETCH: Final = 4.0
_SHORTEST: Final = 60.0
_PLACED: Final = frozenset({"partitions", "leaders", "under_replicated"})


class Given:
    """Takes points as a run file does, and keeps which Series had a value of which broker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._brokers: dict[str, set[str]] = defaultdict(set)
        self._scrapes: dict[str, set[int]] = defaultdict(set)
        self._grown: dict[str, float] = defaultdict(float)
        self._unknown: set[str] = set()

    def record(self, point: Point) -> None:
        """Keep the name of one point, if it has a value."""
        broker = point.labels.get("broker", "")
        with self._lock:
            self._scrapes[broker].add(point.time)
            if math.isnan(point.value):
                self._unknown.add(point.name)
            else:
                self._brokers[point.name].add(broker)
                self._grown[point.name] += point.value

    def record_all(self, points: Points) -> None:
        """Likewise of many."""
        for point in points:
            self.record(point)

    def event(self, time: int, kind: str, text: str) -> None:
        """What failed is seen by a check of its own."""

    def scrapes(self) -> int:
        """Scrapes of the broker that gave the most."""
        with self._lock:
            return max(map(len, self._scrapes.values()), default=0)

    @property
    def by_series(self) -> Mapping[str, frozenset[str]]:
        """The brokers of which each Series is known."""
        with self._lock:
            return {name: frozenset(brokers) for name, brokers in self._brokers.items()}

    @property
    def idle(self) -> frozenset[str]:
        """Those of `at_rest` that brokers show only once something happens to a topic."""
        return self.at_rest & _TOTALS.keys()

    @property
    def at_rest(self) -> frozenset[str]:
        """Series that nobody could give just now: they are there without a value, or nothing happened to any topic."""
        with self._lock:
            idle = {name for name, total in _TOTALS.items() if total in self._brokers and not self._grown[total]}
            return frozenset((idle | self._unknown) - self._brokers.keys())


# By what a Series is missing where its total does not grow.
_TOTALS: Final = {
    "ingress_by_topic": "ingress",
    "egress_by_topic": "egress",
    "records_in_by_topic": "records_in",
    "message_conversions_by_topic": "message_conversions",
    "fetch_conversions_by_topic": "fetch_conversions",
    "fetch_requests_by_topic": "egress",
}


def given_by(source: Source) -> Given:
    """The Series that a source gives just now, each with the brokers that it is known of.

    Raises:
        SourceError: a source of the past could not be read. One that is read live gives nothing then.
    """
    given = Given()
    if isinstance(source, LiveSource):
        _watched(source, given)
    else:
        _read(source, given)
    return given


def _watched(source: LiveSource, given: Given) -> None:
    give_up = time.monotonic() + _LONGEST
    source.start(given)
    try:
        while given.scrapes() < _SCRAPES and time.monotonic() < give_up:
            time.sleep(_LOOK)
        # The others' second scrape is under way, or they are slow: half an interval is theirs.
        time.sleep(min(0.5 * source.interval, max(0.0, give_up - time.monotonic())))
    finally:
        source.stop()


def _read(source: HistorySource, given: Given) -> None:
    end = time.time_ns() - round(source.lateness * SECOND)
    seconds = max(_STRETCH * source.interval, _SHORTEST)
    source.collect(given, end - round(seconds * SECOND), end, lambda _: None)


def given_by_admin(refused: Collection[str], *, alone: bool) -> frozenset[str]:
    """The Series that brokers themselves give when they are asked.

    Args:
        refused: names of Series for which a right is missing.
        alone: whether there is no other source, so that the placement of partitions is asked for, too.
    """
    given = {name for name in RESOURCES if "admin" in metrics_by_source(name)} - set(refused)
    return frozenset(given if alone else given - _PLACED)
