"""What a consumer group is, and how far it is behind: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from clusterload.model.errors import ClusterloadError

Place: TypeAlias = tuple[str, int]
"""A topic and the number of one of its partitions."""

Offsets: TypeAlias = dict[Place, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a group, and how many partitions it was given."""

    id: str
    client_id: str
    host: str
    partitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A consumer group.

    Attributes:
        name: of the group.
        state: as Kafka calls it, in lower case: `stable`, `empty` …
        kind: `classic`, or `consumer` (KIP-848).
        coordinator: id of the broker that keeps it.
        members: who is in it.
        lag: by topic, in offsets from what was committed to the topic's end; None where that is not known.
    """

    name: str
    state: str
    kind: str
    coordinator: int
    members: tuple[Member, ...]
    lag: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The groups that brokers keep.

    Attributes:
        kinds: of the groups that we may see, by name and by the id of the broker that keeps them: it is the one that
            lists them.
        failures: brokers that listed none, and why.
    """

    kinds: Mapping[int, Mapping[str, str]]
    failures: Mapping[int, ClusterloadError]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in order."""
        return tuple(sorted({name for kept in self.kinds.values() for name in kept}))

    def only(self, names: frozenset[str]) -> Listing:
        """These of them."""
        kinds = {
            broker: {name: kind for name, kind in kept.items() if name in names} for broker, kept in self.kinds.items()
        }
        return Listing(kinds=kinds, failures=self.failures)


def lags(offsets: Mapping[Place, int], ended: Mapping[Place, int]) -> dict[str, int | None]:
    """How far a group is behind, by topic: None where the end of a partition is not known.

    A part of the sum would look like a fall. What is committed beyond the end, of a topic that was created again, is
    not lag.
    """
    behind: dict[str, int | None] = {}
    for place, offset in offsets.items():
        before, end = behind.get(place[0], 0), ended.get(place)
        behind[place[0]] = None if before is None or end is None else before + max(0, end - offset)
    return behind
