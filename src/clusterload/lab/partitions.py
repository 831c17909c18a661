"""The partitions of a lab: who leads them and which replicas are in sync, and moving a leader to another broker."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kio.schema.alter_partition_reassignments.v0.request import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)
from kio.schema.alter_partition_reassignments.v0.response import AlterPartitionReassignmentsResponse
from kio.schema.elect_leaders.v2.request import ElectLeadersRequest, TopicPartitions
from kio.schema.elect_leaders.v2.response import ElectLeadersResponse
from kio.schema.errors import ErrorCode
from kio.schema.metadata.v12.request import MetadataRequest, MetadataRequestTopic
from kio.schema.metadata.v12.response import MetadataResponse
from kio.schema.types import BrokerId, TopicName
from kio.static.primitive import i8, i32, i32Timedelta

from clusterload.lab.inter_broker import LabGoneError, ask_any, ask_broker
from clusterload.model.errors import LabError

if TYPE_CHECKING:
    from clusterload.lab.description import LabInfo

TopicPartition = tuple[str, int]
"""A topic and the number of one of its partitions."""

_PREFERRED = i8(0)
_PAUSE = 0.1
_STEADY_SECONDS = 1.0
_TIMEOUT = i32Timedelta.parse(timedelta(seconds=4))  # below the time that an answer may take
_ACCEPTED = {ErrorCode.none, ErrorCode.election_not_needed}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionState:
    """Who leads a partition, and where its replicas are.

    Attributes:
        leader: the broker that leads; -1 is none.
        replicas: all brokers that hold one, the preferred leader first.
        in_sync: those of them that are in sync.
    """

    leader: int
    replicas: tuple[int, ...]
    isr: frozenset[int]


def all_partitions(lab: LabInfo) -> dict[TopicPartition, PartitionState]:
    """Every partition of the lab; LabError if no broker answers."""
    return {
        (str(topic.name), int(partition.partition_index)): PartitionState(
            leader=int(partition.leader_id),
            replicas=tuple(map(int, partition.replica_nodes)),
            isr=frozenset(map(int, partition.isr_nodes)),
        )
        for topic in ask_any(lab, _metadata(None), MetadataResponse).topics
        if topic.error_code is ErrorCode.none
        for partition in topic.partitions
    }


def partition_state(lab: LabInfo, place: TopicPartition) -> PartitionState:
    """One partition.

    Raises:
        LabError: it does not exist, or no broker answers.
    """
    try:
        return all_partitions(lab)[place]
    except KeyError:
        raise LabError(f"topic {place[0]!r} has no partition {place[1]}: see 'clusterload describe topics'") from None


def brokers_known_to(lab: LabInfo, broker: int) -> set[int]:
    """The brokers that this one takes for alive; LabError if it does not answer."""
    return {int(known.node_id) for known in ask_broker(lab, broker, _metadata(()), MetadataResponse).brokers}


def _metadata(topics: tuple[MetadataRequestTopic, ...] | None) -> MetadataRequest:
    return MetadataRequest(topics=topics, allow_auto_topic_creation=False, include_topic_authorized_operations=False)


def move_leader(
    lab: LabInfo, place: TopicPartition, broker: int, replicas: tuple[int, ...], *, deadline: float
) -> None:
    """Have `broker` lead a partition, and leave its replicas in this order, by which it is preferred or not.

    Raises:
        LabError: the cluster refuses, or the deadline (on the clock of `time.monotonic`) passed.
    """
    _reorder(lab, place, _first(broker, replicas))
    wait_until(lambda: _elected(lab, place, broker), deadline, f"broker {broker} does not come to lead {named(place)}")
    if replicas[0] != broker:
        _reorder(lab, place, replicas)


def restore_leaders(lab: LabInfo, before: Mapping[TopicPartition, PartitionState], *, deadline: float) -> None:
    """Wait until each partition has its replicas in sync and its leader again, electing it where it is preferred.

    All must be well for a second: a broker that was paused may be given up just after it has woken.

    Raises:
        LabError: the deadline (on the clock of `time.monotonic`) passed.
    """
    well_since = math.inf

    def steady() -> bool:
        nonlocal well_since
        since, well_since = well_since, math.inf  # also when the look fails
        if not _not_restored(lab, before):
            well_since = min(since, time.monotonic())
        return time.monotonic() - well_since > _STEADY_SECONDS

    wait_until(steady, deadline, "not every partition has its leader and its in-sync replicas again")


def _not_restored(lab: LabInfo, before: Mapping[TopicPartition, PartitionState]) -> set[TopicPartition]:
    """The partitions that are not as they were; their leaders are asked back for the next look."""
    now = all_partitions(lab)
    known = {place: state for place, state in before.items() if place in now}
    # One whose leader was not the preferred one cannot be elected back: it counts as well when it has one.
    preferred = {place for place, state in known.items() if state.leader == state.replicas[0]}
    led_by_others = {place for place in preferred if now[place].leader != before[place].leader}
    behind = {place for place, state in known.items() if now[place].leader < 0 or state.isr - now[place].isr}
    if electable := {place for place in led_by_others if before[place].leader in now[place].isr}:
        _elect(lab, electable)
    return led_by_others | behind


def _elected(lab: LabInfo, place: TopicPartition, broker: int) -> bool:
    state = partition_state(lab, place)
    if state.leader == broker:
        return True
    if state.replicas[0] == broker and broker in state.isr:
        _elect(lab, {place})
    return False


def _elect(lab: LabInfo, places: set[TopicPartition]) -> None:
    """Ask for the preferred leaders; a partition that does not get its own now is asked for again by who waits."""
    topics = {topic for topic, _ in places}
    request = ElectLeadersRequest(
        election_type=_PREFERRED,
        topic_partitions=tuple(
            TopicPartitions(
                topic=TopicName(topic),
                partitions=tuple(i32(partition) for name, partition in sorted(places) if name == topic),
            )
            for topic in sorted(topics)
        ),
        timeout=_TIMEOUT,
    )
    answer = ask_any(lab, request, ElectLeadersResponse)
    _refused(answer.error_code, "an election of leaders")


def _reorder(lab: LabInfo, place: TopicPartition, replicas: tuple[int, ...]) -> None:
    """Put the replicas of a partition into this order; no data moves, since they are the same."""
    topic, number = place
    partition = ReassignablePartition(partition_index=i32(number), replicas=tuple(map(BrokerId, replicas)))
    request = AlterPartitionReassignmentsRequest(
        timeout=_TIMEOUT, topics=(ReassignableTopic(name=TopicName(topic), partitions=(partition,)),)
    )
    answer = ask_any(lab, request, AlterPartitionReassignmentsResponse)
    _refused(answer.error_code, f"a new replica order of {named(place)}")
    for topic_answer in answer.responses:
        for answered in topic_answer.partitions:
            _refused(answered.error_code, f"a new replica order of {named(place)}")


def _first(broker: int, replicas: tuple[int, ...]) -> tuple[int, ...]:
    return broker, *(other for other in replicas if other != broker)


def _refused(code: ErrorCode, what: str) -> None:
    if code not in _ACCEPTED:
        raise LabError(f"the cluster refused {what}: {code.name.upper()}; see the brokers' logs")


def named(place: TopicPartition) -> str:
    """A partition in a sentence."""
    return f"partition {place[1]} of {place[0]}"


def wait_until(holds: Callable[[], bool], deadline: float, otherwise: str) -> None:
    """Wait until a condition holds; one that cannot be seen now, as no broker answers, is looked at again.

    Raises:
        LabGoneError: the lab was stopped meanwhile.
        LabError: the deadline (on the clock of `time.monotonic`) passed: `otherwise`, and what was in the way.
    """
    seen = ""
    while True:
        try:
            if holds():
                return
            seen = ""
        except LabGoneError:
            raise
        except LabError as error:
            seen = f" ({error})"
        if time.monotonic() > deadline:
            raise LabError(f"{otherwise}{seen}; see 'clusterload lab status' and the brokers' logs")
        time.sleep(_PAUSE)
