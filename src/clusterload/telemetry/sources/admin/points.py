"""From answers of the Admin API to gauges and deltas: pure, but for what is remembered of the round before."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np

from clusterload.kafka.cluster import Topic
from clusterload.kafka.groups import Group, Place
from clusterload.model.points import Head, Points
from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.keeping import Keeping
from clusterload.telemetry.sources.source import OTHERS

MOST_LABELS: Final = 1000
"""Series of one name that are kept apart while a source runs."""

Gauge: TypeAlias = tuple[str, Mapping[str, str], float]
"""A Series' name, its labels, and a value."""

PLACEMENT: Final = ("partitions", "leaders", "under_replicated", "offline_partitions")
"""What follows from the placement of partitions, and is right only where all topics are visible."""


def placed(topics: Iterable[Topic], brokers: Iterable[int]) -> Iterator[Gauge]:
    """Replicas, leaders and under-replicated partitions of each of these brokers, and partitions without a leader."""
    replicas, leaders, behind = Counter[int](), Counter[int](), Counter[int]()
    offline = 0
    for partition in (partition for topic in topics for partition in topic.partitions):
        replicas.update(partition.replicas)
        leaders[partition.leader] += 1
        behind[partition.leader] += bool(partition.out_of_sync)
        offline += partition.leader < 0
    for broker in brokers:
        labels = {"broker": str(broker)}
        yield "partitions", labels, replicas[broker]
        yield "leaders", labels, leaders[broker]
        yield "under_replicated", labels, behind[broker]
    yield "offline_partitions", {}, offline


Name = TypeVar("Name", bound=tuple[str, ...])


class Bounded(Generic[Name]):
    """Keeps the names apart that matter most lately, by what they take or by how it rises, and adds up the rest.

    Attributes:
        full: whether anything was ever added up.
    """

    def __init__(self, most: int = MOST_LABELS) -> None:
        self._keeping = Keeping(most)
        self._numbers: dict[Name, int] = {}
        self.full = False

    def split(
        self, values: Mapping[Name, float | None], *, wanted: Callable[[float | None], bool] = lambda _: True
    ) -> tuple[dict[Name, float], float | None]:
        """The known values of the names that are kept apart, and the sum of the rest.

        The sum is None without a rest, or where a value of it is unknown.

        Args:
            values: all of them, by name.
            wanted: where there are too many names, those with such a value alone become kept.
        """
        names = sorted(values, key=lambda name: (-(values[name] or 0), name))
        numbers = np.array([self._numbers.setdefault(name, len(self._numbers)) for name in names], dtype=np.int64)
        levels = np.array([math.nan if (value := values[name]) is None else value for name in names], dtype=np.float64)
        worthy = np.array([wanted(values[name]) for name in names], dtype=np.bool_)
        is_kept = self._keeping.keep(numbers, levels, worthy)
        self.full = self.full or not is_kept.all()
        apart = {name for name, kept in zip(names, is_kept.tolist(), strict=True) if kept}
        shown = {name: value for name, value in values.items() if name in apart and value is not None}
        rest = [value for name, value in values.items() if name not in apart]
        known = [value for value in rest if value is not None]
        return shown, sum(known) if rest and len(known) == len(rest) else None


def lagging(
    lags: Mapping[str, Mapping[str, int | None]], bounded: Bounded[tuple[str, str]], *, whole: bool
) -> Iterator[Gauge]:
    """The lag by group and topic, in offsets; of the rest only where `whole`: these are all groups."""
    flat: dict[tuple[str, str], float | None] = {
        (group, topic): lag for group, topics in lags.items() for topic, lag in topics.items()
    }
    kept, rest = bounded.split(flat)
    for (group, topic), lag in kept.items():
        yield "consumer_lag", {"group": group, "topic": topic}, lag
    if rest is not None and whole:
        yield "consumer_lag", {"group": OTHERS, "topic": OTHERS}, rest


def joined(members: Mapping[str, int], bounded: Bounded[tuple[str]], *, whole: bool) -> Iterator[Gauge]:
    """The members by group; of the rest only where `whole`: these are all groups."""
    kept, rest = bounded.split({(group,): count for group, count in members.items()})
    for (group,), count in kept.items():
        yield "group_members", {"group": group}, count
    if rest is not None and whole:
        yield "group_members", {"group": OTHERS}, rest


# Groups in these states are not in a rebalance.
_AT_REST: Final = {"stable", "empty", "dead"}


class Delta(NamedTuple):
    """By how much a counter grew in the `span` seconds before now."""

    name: str
    labels: Mapping[str, str]
    value: float
    span: float


@dataclass(slots=True)
class EndOffsets:
    """Records by partition, from end offsets."""

    _last: dict[Place, tuple[int, int]] = field(default_factory=dict)
    _topics: frozenset[str] = frozenset()
    _time: int | None = None
    _bounded: Bounded[tuple[str, str]] = field(default_factory=Bounded)

    @property
    def full(self) -> bool:
        """Whether some partitions are added up."""
        return self._bounded.full

    def deltas(self, ends: Mapping[Place, int], places: Collection[Place], now: int) -> Iterator[Delta]:
        """Records that came in since the last round.

        Args:
            ends: end offsets; those that are unknown are left out.
            places: all partitions.
            now: Unix nanoseconds of this round.
        """
        before, self._time = self._time, now
        known, self._topics = self._topics, frozenset(topic for topic, _ in places)
        began = {place: self._began(place, before, known) for place in places}
        amounts = {
            (topic, str(number)): _growth(ends.get((topic, number)), began[topic, number]) for topic, number in places
        }
        for place, end in ends.items():
            self._last[place] = now, end
        self._last = {place: last for place, last in self._last.items() if place[0] in self._topics}
        if before is None:
            return
        kept, rest = self._bounded.split(amounts, wanted=_only_growing)
        for (topic, number), amount in kept.items():
            start = began[topic, int(number)]
            span = (now - (start[0] if start else before)) / SECOND
            yield Delta("records_by_partition", {"topic": topic, "partition": number}, amount, span)
        if rest is not None:
            yield Delta("records_by_partition", {"topic": OTHERS, "partition": OTHERS}, rest, (now - before) / SECOND)

    def _began(self, place: Place, before: int | None, topics: frozenset[str]) -> tuple[int, int] | None:
        """Time and end offset of the last round; a topic created since then began at 0."""
        if place in self._last or before is None or place[0] in topics:
            return self._last.get(place)
        return before, 0


def _growth(end: int | None, began: tuple[int, int] | None) -> float | None:
    # A topic that was recreated, or lost records with its leader, has a lower end offset: that is not negative growth.
    return end - began[1] if end is not None and began is not None and end >= began[1] else None


def _only_growing(amount: float | None) -> bool:
    return bool(amount)


@dataclass(slots=True)
class Membership:
    """Members that joined or left groups."""

    _last: dict[str, frozenset[str]] = field(default_factory=dict)
    _time: int | None = None
    _bounded: Bounded[tuple[str]] = field(default_factory=Bounded)

    def deltas(self, groups: Mapping[str, Group], failed: Collection[str], now: int) -> Iterator[Delta]:
        """How many members joined or left since the last round, one more where a group is in a rebalance.

        Args:
            groups: as they are now.
            failed: groups that could not be described.
            now: Unix nanoseconds of this round.
        """
        before, self._time = self._time, now
        last, self._last = self._last, {name: self._last[name] for name in failed if name in self._last}
        changes: dict[tuple[str], float | None] = {(name,): None for name in failed}
        for name in groups.keys() | last.keys() - set(failed):
            group = groups.get(name)
            members = frozenset(member.id for member in group.members) if group else frozenset()
            is_rebalancing = group is not None and group.state not in _AT_REST
            changes[name,] = len(members ^ last.get(name, frozenset())) + is_rebalancing
            if group is not None:
                self._last[name] = members
        if before is None:
            return
        span = (now - before) / SECOND
        kept, rest = self._bounded.split(changes)
        for (name,), count in kept.items():
            yield Delta("members_changed", {"group": name}, count, span)
        if rest is not None:
            yield Delta("members_changed", {"group": OTHERS}, rest, span)


@dataclass(slots=True)
class Roster:
    """The Series of one name as they are told round after round.

    Attributes:
        name: of them all.
    """

    name: str
    _labels: list[Mapping[str, str]] = field(default_factory=list)
    _heads: tuple[Head, ...] = ()

    def points(self, told: Sequence[tuple[Mapping[str, str], float, float]], now: int, granularity: float) -> Points:
        """Labels, values and spans of a round as points; their heads stay the very same as long as the labels do."""
        labels = [own for own, _, _ in told]
        if labels != self._labels:
            resource = RESOURCES[self.name]
            self._labels = labels
            self._heads = tuple(Head(self.name, resource.unit, resource.kind, own) for own in labels)
        return Points(
            heads=self._heads,
            time=now,
            values=np.array([value for _, value, _ in told], dtype=np.float64),
            spans=np.array([span for _, _, span in told], dtype=np.float64),
            granularity=granularity,
        )
