"""Answers: groups of lines, added up in buckets of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clusterload.model.series import Floats, Nanoseconds
from clusterload.server.metrics_api.catalogue import Metric
from clusterload.server.metrics_api.filters import CLUSTER, Filter
from clusterload.server.metrics_api.history import Cells, History, Line, Minutes
from clusterload.server.metrics_api.intervals import Granularity

Key = tuple[str, ...]
"""The values of a group's labels, in the order of `group_by`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """One group's buckets that have a value: first minutes since 1970, latest first, and values; shape `(n,)`."""

    key: Key
    minutes: Nanoseconds
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What of the history is asked for.

    Attributes:
        metric: which.
        cluster_id: that the answer names.
        filter: what its labels must pass.
        group_by: labels by which it is grouped; none for one group of all.
        stretches: of minutes, in order.
        origin: the minute that one bucket of all begins with.
        granularity: the size of buckets.
    """

    metric: Metric
    cluster_id: str
    filter: Filter
    group_by: Sequence[str]
    stretches: Sequence[Minutes]
    origin: int
    granularity: Granularity


def groups(question: Question, history: History, after: Key | None = None) -> Iterator[Group]:
    """The groups that have a value, by their labels' values; those up to and with `after` are left out."""
    if not question.stretches:
        return
    history.flush()
    for key, members in sorted(_members(question, history).items()):
        if after is None or key > after:
            cells = [(history.cells(line, question.stretches), factor) for line, factor in members]
            # Asked after the cells: a minute that begins in between must not have cells but no brokers.
            added = _whole(cells, history.brokers(question.stretches)) if question.metric.gauge else _sum(cells)
            group = _bucketed(key, added, question)
            if len(group.minutes):
                yield group


def _members(question: Question, history: History) -> dict[Key, list[tuple[Line, int]]]:
    """The lines of each group, each with how often it counts; what is added and taken away again is not read."""
    factors: dict[Key, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    lines: dict[int, Line] = {}
    for part in question.metric.parts:
        for line in history.lines(part.resource):
            own = part.labels_of(line)
            if own is None or not question.filter.matches(labels := {CLUSTER: question.cluster_id, **own}):
                continue
            lines[line.id] = line
            factors[tuple(labels[name] for name in question.group_by)][line.id] += part.sign
    return {
        key: [(lines[number], factor) for number, factor in counts.items() if factor] for key, counts in factors.items()
    }


def _sum(cells: Sequence[tuple[Cells, int]]) -> Cells:
    """A counter's lines added up minute by minute. What is only taken away makes no minute of its own."""
    if len(cells) == 1 and cells[0][1] == 1:
        return cells[0][0]
    minutes, place = _places([cell for cell, _ in cells])
    values = _added(place, _joined([cell.values * factor for cell, factor in cells]))
    told = _added(place, _joined([np.full(len(cell.minutes), factor > 0) for cell, factor in cells])) > 0
    # A request is counted when it comes, its type when it is answered: across a minute the rest can seem negative.
    return Cells(minutes=minutes[told], values=np.maximum(values[told], 0))


def _whole(cells: Sequence[tuple[Cells, int]], brokers: Cells) -> Cells:
    """A gauge's lines added up, where each broker that was watched has said its own: a partial sum would mislead."""
    minutes, place = _places([cell for cell, _ in cells])
    values = _added(place, _joined([cell.values for cell, _ in cells]))
    watched = brokers.values[np.searchsorted(brokers.minutes, minutes)]
    told = np.bincount(place) >= watched
    return Cells(minutes=minutes[told], values=values[told])


def _places(cells: Sequence[Cells]) -> tuple[Nanoseconds, Nanoseconds]:
    minutes, place = np.unique(_joined([cell.minutes for cell in cells]), return_inverse=True)
    return minutes.astype(np.int64), place


def _added(place: Nanoseconds, values: Floats) -> Floats:
    return np.bincount(place, weights=values).astype(np.float64)


def _joined(arrays: Sequence[Floats | Nanoseconds]) -> Floats:
    return np.concatenate(arrays) if arrays else np.empty(0)


def _bucketed(key: Key, cells: Cells, question: Question) -> Group:
    size = question.granularity.minutes
    starts = cells.minutes - cells.minutes % size if size else np.full_like(cells.minutes, question.origin)
    minutes, place = np.unique(starts, return_inverse=True)
    values = _added(place, cells.values)
    if question.metric.gauge:
        values = values / np.bincount(place)
    # "data points are always ordered by `timestamp` in descending order", says the contract of QueryRequest.order_by.
    return Group(key=key, minutes=minutes[::-1], values=values[::-1])


def label_values(question: Question, history: History) -> list[str]:
    """The values of the one label in `group_by` that have a value in the stretches, in order."""
    return [group.key[0] for group in groups(question, history)]
