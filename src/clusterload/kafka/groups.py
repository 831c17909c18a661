"""Consumer groups: who is in them, what they committed, and how far behind that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import ConsumerGroupDescription, OffsetSpec  # type: ignore[attr-defined]

from clusterload.errors import ClusterError
from clusterload.kafka.cluster import Cluster, Topic, topics_of
from clusterload.kafka.questions import Questions

Place: TypeAlias = tuple[str, int]
"""A topic and the number of one of its partitions."""

_AT_ONCE: Final = 200
"""Groups that are asked about at once: more would fill the brokers' queues for our sake."""


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
    lag: Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What groups committed.

    Attributes:
        offsets: by group and place.
        failures: groups of which nothing came, and why: NotAllowed for those that we may not describe.
    """

    offsets: Mapping[str, Mapping[Place, int]]
    failures: Mapping[str, ClusterError]


def group_names(questions: Questions) -> tuple[tuple[str, ...], str]:
    """The groups that the cluster lists for us, and why some of them may be missing (or nothing).

    Raises:
        ClusterError: it lists none at all.
    """
    found = questions.answer(questions.admin.list_consumer_groups(request_timeout=questions.patience))
    missing = found.errors[0].args[0].str() if found.errors else ""
    return tuple(sorted(one.group_id for one in found.valid)), missing


def described(questions: Questions, names: Iterable[str]) -> tuple[dict[str, Group], dict[str, ClusterError]]:
    """These groups with their members, without lag; and why others could not be described."""
    groups: dict[str, Group] = {}
    failures: dict[str, ClusterError] = {}
    for some in _portions(names):
        asked = questions.admin.describe_consumer_groups(some, request_timeout=questions.patience)
        found, failed = questions.answers(asked)
        groups |= {name: _group(name, one) for name, one in found.items()}
        failures |= failed
    return groups, failures


def committed(questions: Questions, names: Iterable[str]) -> Committed:
    """What these groups committed."""
    offsets: dict[str, dict[Place, int]] = {}
    failures: dict[str, ClusterError] = {}
    for some in _portions(names):
        asked = {
            name: questions.admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(name)], request_timeout=questions.patience
            )[name]
            for name in some
        }
        found, failed = questions.answers(asked)
        for name, one in found.items():
            # An offset below zero stands for "none was committed".
            offsets[name] = {(at.topic, at.partition): at.offset for at in one.topic_partitions if at.offset >= 0}
        failures |= failed
    return Committed(offsets=offsets, failures=failures)


def ends(questions: Questions, places: Iterable[Place], topics: Mapping[str, Topic]) -> dict[Place, int]:
    """Where these partitions end; those without a leader, or of which nothing came, are left out."""
    led = {(topic.name, one.id) for topic in topics.values() for one in topic.partitions if one.leader >= 0}
    wanted = sorted(led & set(places))
    if not wanted:
        return {}
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = questions.admin.list_offsets(
        {TopicPartition(topic, number): latest for topic, number in wanted}, request_timeout=questions.patience
    )
    found, _ = questions.answers({(place.topic, place.partition): future for place, future in asked.items()})
    return {place: one.offset for place, one in found.items()}


def lags(offsets: Mapping[Place, int], ended: Mapping[Place, int]) -> dict[str, int | None]:
    """How far a group is behind, by topic: None where the end of a partition is not known.

    A part of the sum would look like a fall. What is committed beyond the end, of a topic that was made anew, is no
    lag.
    """
    behind: dict[str, int | None] = {}
    for place, offset in offsets.items():
        before, end = behind.get(place[0], 0), ended.get(place)
        behind[place[0]] = None if before is None or end is None else before + max(0, end - offset)
    return behind


def groups_of(cluster: Cluster, names: Iterable[str] = ()) -> tuple[Group, ...]:
    """Groups with members and lag, all that we may see or those named.

    Raises:
        ClusterError: a named group does not exist, or the cluster does not answer.
    """
    questions = Questions(cluster.properties)
    known, missing = group_names(questions)
    wanted = tuple(names) or known
    if missing and not names:
        raise ClusterError(f"cluster {cluster.id} does not list all of its consumer groups: {missing}; try again")
    for name in wanted:
        if name not in known:
            raise ClusterError(f"cluster {cluster.id} shows no group {name!r}: check its name, and that you may see it")
    groups, failures = described(questions, wanted)
    done = committed(questions, wanted)
    for error in [*failures.values(), *done.failures.values()]:
        raise error
    places = [place for offsets in done.offsets.values() for place in offsets]
    ended = ends(questions, places, topics_of(questions.metadata()))
    return tuple(replace(groups[name], lag=lags(done.offsets[name], ended)) for name in wanted)


def _group(name: str, found: ConsumerGroupDescription) -> Group:
    return Group(
        name=name,
        state=found.state.name.lower().replace("_", " "),
        kind=found.type.name.lower(),
        coordinator=found.coordinator.id if found.coordinator else -1,
        members=tuple(
            Member(
                id=one.member_id,
                client_id=one.client_id,
                host=one.host,
                partitions=len(one.assignment.topic_partitions) if one.assignment else 0,
            )
            for one in found.members
        ),
        lag={},
    )


def _portions(names: Iterable[str]) -> Iterable[list[str]]:
    every = list(names)
    return (every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE))
