"""What one broker says of the groups that it keeps, and of the ends of the partitions that it leads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from kio.schema.consumer_group_describe.v0 import ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse
from kio.schema.consumer_group_describe.v0.response import DescribedGroup as ConsumerGroup
from kio.schema.consumer_protocol_assignment.v0.data import ConsumerProtocolAssignment
from kio.schema.describe_groups.v2 import DescribeGroupsRequest, DescribeGroupsResponse
from kio.schema.describe_groups.v2.response import DescribedGroup as ClassicGroup
from kio.schema.describe_groups.v2.response import DescribedGroupMember as ClassicMember
from kio.schema.errors import ErrorCode
from kio.schema.list_groups.v2 import ListGroupsRequest as ListV2
from kio.schema.list_groups.v2 import ListGroupsResponse as ListedV2
from kio.schema.list_groups.v5 import ListGroupsRequest as ListV5
from kio.schema.list_groups.v5 import ListGroupsResponse as ListedV5
from kio.schema.list_offsets.v4 import ListOffsetsRequest, ListOffsetsResponse
from kio.schema.list_offsets.v4.request import ListOffsetsPartition, ListOffsetsTopic
from kio.schema.offset_fetch.v5 import OffsetFetchRequest as FetchV5
from kio.schema.offset_fetch.v5 import OffsetFetchResponse as FetchedV5
from kio.schema.offset_fetch.v5.response import OffsetFetchResponseTopic as TopicV5
from kio.schema.offset_fetch.v8 import OffsetFetchRequest as FetchV8
from kio.schema.offset_fetch.v8 import OffsetFetchResponse as FetchedV8
from kio.schema.offset_fetch.v8.request import OffsetFetchRequestGroup
from kio.schema.offset_fetch.v8.response import OffsetFetchResponseTopics as TopicV8
from kio.schema.types import BrokerId, GroupId, TopicName
from kio.serial import entity_reader
from kio.serial.errors import DecodeError
from kio.static.primitive import i8, i32, i64

from clusterload.kafka.groups.group import Group, Member, Offsets, Place
from clusterload.kafka.protocol.conversation import Conversation, refusal
from clusterload.model.errors import ClusterError

_AT_ONCE: Final = 200
"""Groups that a broker is asked about by one request: more would fill its queue for our sake."""

_CONSUMERS: Final = {"consumer", ""}
"""The protocols of groups that consume; those without one have offsets only."""

_CLASSIC: Final = "classic"
_LATEST: Final = i64(-1)

Failures: TypeAlias = dict[str, ClusterError]


@dataclass(slots=True)
class Described:
    """Groups with their members and without lag, and why others could not be described."""

    groups: dict[str, Group] = field(default_factory=dict)
    failures: Failures = field(default_factory=dict)


@dataclass(slots=True)
class Committed:
    """What groups committed by place, and why others could not be asked: AuthorizationError if a right is missing."""

    offsets: dict[str, Offsets] = field(default_factory=dict)
    failures: Failures = field(default_factory=dict)


def kinds_at(broker: Conversation) -> dict[str, str]:
    """The consumer groups that this broker keeps, of those that we may see, with their kinds.

    Raises:
        AuthorizationError: a right is missing.
        ClusterError: the broker does not answer, or is just taking groups over.
    """
    answer: ListedV5 | ListedV2
    if broker.spoken(ListV5, ListV2) is ListV5:
        answer = broker.ask(ListV5(), ListedV5)
    else:
        answer = broker.ask(ListV2(), ListedV2)
    if answer.error_code is not ErrorCode.none:
        raise refusal(answer.error_code, f"broker {broker.address} does not list its consumer groups")
    found = (group for group in answer.groups if group.protocol_type in _CONSUMERS)
    return {str(group.group_id): getattr(group, "group_type", _CLASSIC).lower() or _CLASSIC for group in found}


def described_at(broker: Conversation, id_: int, kinds: Mapping[str, str]) -> Described:
    """These groups (with their kinds) of this broker; one that is gone meanwhile is left out.

    Raises:
        ClusterError: the broker does not answer.
    """
    collected = Described()
    for some in _portions(name for name, kind in kinds.items() if kind == "consumer"):
        request = ConsumerGroupDescribeRequest(group_ids=some, include_authorized_operations=False)
        for group in broker.ask(request, ConsumerGroupDescribeResponse).groups:
            _take(collected, group, "consumer", id_)
    for some in _portions(name for name, kind in kinds.items() if kind != "consumer"):
        for each in broker.ask(DescribeGroupsRequest(groups=some), DescribeGroupsResponse).groups:
            _take(collected, each, _CLASSIC, id_)
    return collected


def committed_at(broker: Conversation, names: Iterable[str]) -> Committed:
    """What these groups of this broker committed.

    Raises:
        ClusterError: the broker does not answer.
    """
    collected = Committed()
    many = broker.spoken(FetchV8, FetchV5) is FetchV8
    for some in _portions(names):
        for name, code, topics in _fetched(broker, some) if many else _fetched_singly(broker, some):
            if code is ErrorCode.none:
                collected.offsets[name] = _offsets(topics)
            elif code is not ErrorCode.group_id_not_found:
                collected.failures[name] = refusal(code, f"the broker does not give the offsets of group {name!r}")
    return collected


def ends_at(broker: Conversation, places: Iterable[Place]) -> Offsets:
    """Where these partitions, which this broker leads, end; those that it does not know are left out.

    Raises:
        ClusterError: the broker does not answer.
    """
    by_topic: dict[str, list[int]] = {}
    for topic, number in places:
        by_topic.setdefault(topic, []).append(number)
    wanted = tuple(
        ListOffsetsTopic(
            name=TopicName(topic),
            partitions=tuple(
                ListOffsetsPartition(partition_index=i32(number), timestamp=_LATEST) for number in numbers
            ),
        )
        for topic, numbers in by_topic.items()
    )
    request = ListOffsetsRequest(replica_id=BrokerId(-1), isolation_level=i8(0), topics=wanted)
    return {
        (str(topic.name), int(partition.partition_index)): int(partition.offset)
        for topic in broker.ask(request, ListOffsetsResponse).topics
        for partition in topic.partitions
        if partition.error_code is ErrorCode.none
    }


Fetched: TypeAlias = Iterator[tuple[str, ErrorCode, Iterable[TopicV8 | TopicV5]]]


def _fetched(broker: Conversation, names: Iterable[GroupId]) -> Fetched:
    wanted = tuple(OffsetFetchRequestGroup(group_id=name, topics=None) for name in names)
    for group in broker.ask(FetchV8(groups=wanted), FetchedV8).groups:
        yield str(group.group_id), group.error_code, group.topics


def _fetched_singly(broker: Conversation, names: Iterable[GroupId]) -> Fetched:
    """From brokers before Kafka 3.0, which take one group a request."""
    for name in names:
        answer = broker.ask(FetchV5(group_id=name, topics=None), FetchedV5)
        yield str(name), answer.error_code, answer.topics


def _offsets(topics: Iterable[TopicV8 | TopicV5]) -> Offsets:
    # An offset below zero stands for "none was committed".
    return {
        (str(topic.name), int(partition.partition_index)): int(partition.committed_offset)
        for topic in topics
        for partition in topic.partitions
        if partition.error_code is ErrorCode.none and partition.committed_offset >= 0
    }


def _take(collected: Described, found: ConsumerGroup | ClassicGroup, kind: str, coordinator: int) -> None:
    name = str(found.group_id)
    if found.error_code is ErrorCode.none and found.group_state != "Dead":
        collected.groups[name] = Group(
            name=name,
            state=_words(found.group_state),
            kind=kind,
            coordinator=coordinator,
            members=tuple(_members(found)),
        )
    elif found.error_code not in {ErrorCode.none, ErrorCode.group_id_not_found}:
        collected.failures[name] = refusal(found.error_code, f"group {name!r} is not described")


def _members(found: ConsumerGroup | ClassicGroup) -> Iterator[Member]:
    for member in found.members:
        given = (
            assigned(member.member_assignment)
            if isinstance(member, ClassicMember)
            else sum(len(topic.partitions) for topic in member.assignment.topic_partitions)
        )
        yield Member(id=member.member_id, client_id=member.client_id, host=member.client_host, partitions=given)


def assigned(data: bytes) -> int:
    """How many partitions a classic group's leader gave a member: 0 where that is not written as Kafka's clients do."""
    if not data:
        return 0
    try:
        # Two bytes of version, and then what is the same in every version.
        given, _ = entity_reader(ConsumerProtocolAssignment)(data, 2)
    except (DecodeError, ValueError):
        return 0
    return sum(len(topic.partitions or ()) for topic in given.assigned_partitions or ())


def _words(state: str) -> str:
    """`PreparingRebalance` as `preparing rebalance`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", state).lower()


def _portions(names: Iterable[str]) -> Iterator[tuple[GroupId, ...]]:
    every = [GroupId(name) for name in names]
    return (tuple(every[at : at + _AT_ONCE]) for at in range(0, len(every), _AT_ONCE))
