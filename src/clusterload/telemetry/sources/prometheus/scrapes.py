"""From lines by series back to scrapes: all that one target showed at one time."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.telemetry.sources.prometheus.answer import Line
from clusterload.telemetry.sources.prometheus.fetching import Chunk
from clusterload.telemetry.sources.prometheus.targets import Identity, identity

_NAME: Final = "__name__"


@dataclass(frozen=True, slots=True)
class Scraped:
    """One value of one target at one time."""

    name: str
    labels: dict[str, str]
    value: float


Scrapes = Mapping[Identity, Mapping[int, list[Scraped]]]
"""By target and time (Unix nanoseconds, rising)."""


def scrapes(chunk: Chunk) -> Scrapes:
    """A chunk's values, put together as they were scraped.

    What is read by a step is put at the time of the scrape that it shows; a step that shows the scrape before it
    once more tells nothing, since Prometheus repeats a value for minutes when nothing follows.
    """
    of_targets = _labels_of_targets(chunk)
    true = _true_times(chunk.scraped, of_targets)
    found: dict[Identity, dict[int, list[Scraped]]] = defaultdict(lambda: defaultdict(list))
    for line in chunk.lines:
        target, name, labels = _taken_apart(line, of_targets)
        times = true.get(target, {}) if chunk.scraped else None
        by_time = found[target]
        for at, value in zip(line.times, line.values, strict=True):
            time = at if times is None else times.get(at)
            if time is not None:
                by_time[time].append(Scraped(name, labels, value))
    _add_rests(found, chunk.rests, of_targets)
    return {target: dict(sorted(by_time.items())) for target, by_time in found.items() if by_time}


def _labels_of_targets(chunk: Chunk) -> frozenset[str]:
    beats = [line for line in chunk.lines if line.labels.get(_NAME) == chunk.heartbeat]
    if beats:
        return frozenset(name for line in beats for name in line.labels) - {_NAME}
    each = [frozenset(line.labels) for line in chunk.lines]
    return frozenset.intersection(*each) - {_NAME} if each else frozenset()


def _true_times(scraped: Iterable[Line], of_targets: frozenset[str]) -> dict[Identity, dict[int, int]]:
    found: dict[Identity, dict[int, int]] = {}
    for line in scraped:
        times, last = found.setdefault(identity(line.labels, of_targets), {}), 0
        for at, seconds in zip(line.times, line.values, strict=True):
            time = round(seconds * 1000) * 1_000_000
            if time > last:
                times[at] = last = time
    return found


def _taken_apart(line: Line, of_targets: frozenset[str]) -> tuple[Identity, str, dict[str, str]]:
    own = {name: value for name, value in line.labels.items() if name not in of_targets and name != _NAME}
    return identity(line.labels, of_targets), line.labels.get(_NAME, ""), own


def _add_rests(
    found: Mapping[Identity, Mapping[int, list[Scraped]]], rests: Iterable[Line], of_targets: frozenset[str]
) -> None:
    """Put each sum to the scrapes that follow it."""
    for line in rests:
        target, name, labels = _taken_apart(line, of_targets)
        for time, samples in found.get(target, {}).items():
            at = bisect_right(line.times, time)
            if at:
                samples.append(Scraped(name, labels, line.values[at - 1]))
