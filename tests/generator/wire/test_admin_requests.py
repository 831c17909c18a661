"""Admin requests: what is sent is what kio reads, and errors are found where kio puts them."""

from __future__ import annotations

import io
import struct
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.schema.errors import ErrorCode
from kio.schema.find_coordinator.v1.request import FindCoordinatorRequest
from kio.schema.find_coordinator.v1.response import FindCoordinatorResponse
from kio.schema.init_producer_id.v1.response import InitProducerIdResponse
from kio.schema.offset_commit.v5 import response as commit_response
from kio.schema.offset_commit.v5.request import OffsetCommitRequest
from kio.schema.request_header.v1.header import RequestHeader
from kio.schema.types import BrokerId, TopicName
from kio.serial import entity_reader, entity_writer
from kio.static.primitive import i16, i32, i32Timedelta

from clusterload.generator.wire import frames
from clusterload.generator.wire.admin import RequestKind
from clusterload.generator.wire.broker_connections import RoundRobin
from clusterload.generator.wire.coordinator import coordinator_in
from clusterload.generator.wire.counts import Counts
from clusterload.kafka.protocol.address import Address
from clusterload.model.errors import ClusterError

NAMES = st.text(max_size=40)
TOPICS = st.text(min_size=1, max_size=40)
ERRORS = st.sampled_from([0, 3, 14, 15, 16, 22, 30])
NO_TIME = i32Timedelta.parse(timedelta())


def request_in(frame: bytes, kind: Any) -> tuple[Any, Any]:
    """Header and body of a whole frame, read by kio to its last byte."""
    assert struct.unpack(">i", frame[:4])[0] == len(frame) - 4
    header, used = entity_reader(RequestHeader)(frame, 4)
    body, more = entity_reader(kind)(frame, 4 + used)
    assert 4 + used + more == len(frame)
    return header, body


def response_of(entity: Any) -> bytes:
    """Something else, then a correlation id, then what kio writes."""
    written = io.BytesIO()
    write: Any = entity_writer(type(entity))
    write(written, entity)
    return b"else" + struct.pack(">i", 7) + written.getvalue()


def kind(api: str, frame: bytes, error_at: int | None) -> RequestKind:
    schedule: Any = None
    assert Counts().ledger("load", "requests").balanced
    return RequestKind(api=api, rate=1.0, frame=frame, error_at=error_at, round_robin=RoundRobin(1), schedule=schedule)


@given(NAMES, NAMES, TOPICS, st.integers(0, 2**63 - 1))
def test_a_commit_commits_its_number(client: str, group: str, topic: str, index: int) -> None:
    template = frames.offset_commit(client, group, topic)
    header, body = request_in(kind("OffsetCommit", template, -2).framed(index), OffsetCommitRequest)
    assert header.client_id == client
    assert (body.group_id, body.generation_id_or_member_epoch, body.member_id) == (group, -1, "")
    (asked,) = body.topics
    (partition,) = asked.partitions
    assert (asked.name, partition.partition_index, partition.committed_offset) == (topic, 0, index)


@given(TOPICS, ERRORS)
def test_the_error_of_a_commit_is_found(topic: str, error: int) -> None:
    partition = commit_response.OffsetCommitResponsePartition(partition_index=i32(0), error_code=ErrorCode(error))
    topics = (commit_response.OffsetCommitResponseTopic(name=TopicName(topic), partitions=(partition,)),)
    data = response_of(commit_response.OffsetCommitResponse(throttle_time=NO_TIME, topics=topics))
    assert kind("OffsetCommit", b"", -2).error(data, 4, len(data)) == error


@given(ERRORS)
def test_the_error_of_a_producer_id_is_found(error: int) -> None:
    data = response_of(
        InitProducerIdResponse(throttle_time=NO_TIME, error_code=ErrorCode(error), producer_epoch=i16(0))
    )
    assert kind("InitProducerId", b"", 0).error(data, 4, len(data)) == error


@given(NAMES, NAMES)
def test_the_coordinator_of_a_group_is_asked_for(client: str, group: str) -> None:
    _, body = request_in(frames.find_coordinator(client, group), FindCoordinatorRequest)
    assert (body.key, body.key_type) == (group, 0)


@given(st.none() | st.text(max_size=30), st.text(max_size=30), st.integers(0, 65535))
def test_the_coordinator_is_read_from_the_answer(message: str | None, host: str, port: int) -> None:
    data = response_of(_found(0, message, host, port))
    assert coordinator_in(data, 12) == Address(host, port)


def test_no_coordinator_is_an_error_with_its_name() -> None:
    with pytest.raises(ClusterError, match="COORDINATOR_NOT_AVAILABLE"):
        coordinator_in(response_of(_found(15, "wait", "", -1)), 12)


@given(st.binary(max_size=30))
def test_a_malformed_response_gives_no_coordinator(malformed: bytes) -> None:
    try:
        coordinator_in(malformed, 0)
    except ClusterError as error:
        assert str(error)  # noqa: PT017


def _found(error: int, message: str | None, host: str, port: int) -> FindCoordinatorResponse:
    return FindCoordinatorResponse(
        throttle_time=NO_TIME,
        error_code=ErrorCode(error),
        error_message=message,
        node_id=BrokerId(1),
        host=host,
        port=i32(port),
    )
