"""From what a cluster tells of itself to points: pure, but for the names that are remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Generic, TypeAlias, TypeVar

from clusterload.kafka.cluster import Topic
from clusterload.telemetry.sources.source import OTHERS

MOST_LABELS: Final = 1000
"""Series of one name that are kept apart, in a source's life."""

Gauge: TypeAlias = tuple[str, Mapping[str, str], float]
"""A Series' name, its labels, and a value."""

PLACEMENT: Final = ("partitions", "leaders", "under_replicated", "offline_partitions")
"""What follows from who holds which partitions, and is right only where all topics are seen."""


def placed(topics: Iterable[Topic], brokers: Iterable[int]) -> Iterator[Gauge]:
    """Replicas, leaders and under-replicated partitions of each of these brokers, and partitions without a leader."""
    replicas, leaders, behind = Counter[int](), Counter[int](), Counter[int]()
    offline = 0
    for partition in (one for topic in topics for one in topic.partitions):
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
    """Keeps the first names apart, the largest of them first, and adds up the rest.

    A name that was once kept apart stays so: a Series that joined and left the rest would make both jump.

    Attributes:
        full: whether there ever was a rest.
    """

    def __init__(self, most: int = MOST_LABELS) -> None:
        self._most = most
        self._kept: set[Name] = set()
        self.full = False

    def split(
        self, values: Mapping[Name, float | None], *, wanted: Callable[[float | None], bool] = lambda _: True
    ) -> tuple[dict[Name, float], float | None]:
        """The known values of the names that are kept apart, and the sum of the rest.

        The sum is None where there is no rest, or where one of it is not known.

        Args:
            values: all of them, by name.
            wanted: where there are too many new names, those with such a value alone become kept.
        """
        new = [name for name in values if name not in self._kept]
        free = self._most - len(self._kept)
        if len(new) > free:
            self.full = True
            new = [name for name in new if wanted(values[name])]
        self._kept.update(sorted(new, key=lambda name: (-(values[name] or 0), name))[:free])
        kept = {name: value for name, value in values.items() if name in self._kept and value is not None}
        rest = [value for name, value in values.items() if name not in self._kept]
        known = [value for value in rest if value is not None]
        return kept, sum(known) if rest and len(known) == len(rest) else None


def lagging(
    lags: Mapping[str, Mapping[str, int | None]], bounded: Bounded[tuple[str, str]], *, whole: bool
) -> Iterator[Gauge]:
    """The lag by group and topic, in offsets; of the rest only where these are the whole of them."""
    flat: dict[tuple[str, str], float | None] = {
        (group, topic): lag for group, topics in lags.items() for topic, lag in topics.items()
    }
    kept, rest = bounded.split(flat)
    for (group, topic), lag in kept.items():
        yield "consumer_lag", {"group": group, "topic": topic}, lag
    if rest is not None and whole:
        yield "consumer_lag", {"group": OTHERS, "topic": OTHERS}, rest


def joined(members: Mapping[str, int], bounded: Bounded[tuple[str]], *, whole: bool) -> Iterator[Gauge]:
    """The members by group; of the rest only where these are the whole of them."""
    kept, rest = bounded.split({(group,): count for group, count in members.items()})
    for (group,), count in kept.items():
        yield "group_members", {"group": group}, count
    if rest is not None and whole:
        yield "group_members", {"group": OTHERS}, rest
