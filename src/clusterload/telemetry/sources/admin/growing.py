"""What has happened in a cluster from one look at it to the next: pure, but for what is remembered of the last one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from clusterload.kafka.groups import Group, Place
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.admin.mapping import Bounded
from clusterload.telemetry.sources.source import OTHERS

# Of groups in these states nobody waits for a rebalance.
_AT_REST: Final = {"stable", "empty", "dead"}


class Amount(NamedTuple):
    """How much of a Series happened in the `span` seconds before now."""

    name: str
    labels: Mapping[str, str]
    value: float
    span: float


@dataclass(slots=True)
class Ends:
    """Records by partition, from where partitions end."""

    _last: dict[Place, tuple[int, int]] = field(default_factory=dict)
    _topics: frozenset[str] = frozenset()
    _time: int | None = None
    _bounded: Bounded[tuple[str, str]] = field(default_factory=Bounded)

    @property
    def full(self) -> bool:
        """Whether some partitions were told in one sum."""
        return self._bounded.full

    def grown(self, ends: Mapping[Place, int], places: Collection[Place], now: int) -> Iterator[Amount]:
        """What came in since the last look.

        Args:
            ends: where partitions end; those that nobody told of are left out.
            places: all partitions that there are.
            now: Unix nanoseconds of this look.
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
            yield Amount("records_by_partition", {"topic": topic, "partition": number}, amount, span)
        if rest is not None:
            yield Amount("records_by_partition", {"topic": OTHERS, "partition": OTHERS}, rest, (now - before) / SECOND)

    def _began(self, place: Place, before: int | None, topics: frozenset[str]) -> tuple[int, int] | None:
        """When and where it was known to end; a topic that has come up since began at nothing."""
        if place in self._last or before is None or place[0] in topics:
            return self._last.get(place)
        return before, 0


def _growth(end: int | None, began: tuple[int, int] | None) -> float | None:
    # A topic that was made anew, or lost records with its leader, ends before where it ended: that is no growth.
    return end - began[1] if end is not None and began is not None and end >= began[1] else None


def _only_growing(amount: float | None) -> bool:
    return bool(amount)


@dataclass(slots=True)
class Members:
    """Who joined or left groups."""

    _last: dict[str, frozenset[str]] = field(default_factory=dict)
    _time: int | None = None
    _bounded: Bounded[tuple[str]] = field(default_factory=Bounded)

    def changed(self, groups: Mapping[str, Group], failed: Collection[str], now: int) -> Iterator[Amount]:
        """How many members joined or left since the last look, one more where a group is just being rebalanced.

        Args:
            groups: as they are now.
            failed: groups that could not be described.
            now: Unix nanoseconds of this look.
        """
        before, self._time = self._time, now
        last, self._last = self._last, {name: self._last[name] for name in failed if name in self._last}
        changes: dict[tuple[str], float | None] = {(name,): None for name in failed}
        for name in groups.keys() | last.keys() - set(failed):
            group = groups.get(name)
            members = frozenset(one.id for one in group.members) if group else frozenset()
            in_motion = group is not None and group.state not in _AT_REST
            changes[name,] = len(members ^ last.get(name, frozenset())) + in_motion
            if group is not None:
                self._last[name] = members
        if before is None:
            return
        span = (now - before) / SECOND
        kept, rest = self._bounded.split(changes)
        for (name,), count in kept.items():
            yield Amount("members_changed", {"group": name}, count, span)
        if rest is not None:
            yield Amount("members_changed", {"group": OTHERS}, rest, span)
