"""The requests that loads are made of, as frames, by `kio`.

Workers do not import this module: they get whole frames to send, and patch what changes, since reading the schemas
costs 20 MB a process.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Final

from kio.schema.api_versions.v0.request import ApiVersionsRequest as ApiVersionsRequestV0
from kio.schema.api_versions.v3.request import ApiVersionsRequest
from kio.schema.fetch.v10.request import FetchRequest, FetchTopic
from kio.schema.find_coordinator.v1.request import FindCoordinatorRequest
from kio.schema.init_producer_id.v1.request import InitProducerIdRequest
from kio.schema.list_offsets.v2.request import ListOffsetsRequest, ListOffsetsTopic
from kio.schema.metadata.v7.request import MetadataRequest, MetadataRequestTopic
from kio.schema.offset_commit.v5.request import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from kio.schema.produce.v7.request import PartitionProduceData, ProduceRequest, TopicProduceData
from kio.schema.request_header.v1.header import RequestHeader
from kio.schema.types import BrokerId, GroupId, TopicName
from kio.serial import entity_writer
from kio.static.primitive import Records, i8, i16, i32, i32Timedelta, i64

from clusterload._version import __version__
from clusterload.generator.wire.fetch_format import RESPONSE_BYTES
from clusterload.generator.wire.request_buffer import Template
from clusterload.kafka.protocol.framing import frame

NEEDED: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "produce": {"Produce": (0, 7)},
    "consume": {"Fetch": (1, 10), "ListOffsets": (2, 2)},
    "connect": {},
    "admin": {"OffsetCommit": (8, 5)},
}
"""For each kind of Load the key and version of the APIs that it uses, besides those that all brokers support."""

_NO_TIME: Final = timedelta(milliseconds=60_000)

# Neither is valid UTF-8, so no name can hold them; the records begin after a size that counts them.
_CORRELATION: Final = 0x7FFEFDFC
_PARTITION: Final = 0x7FFCFDFE
_RECORDS: Final = b"\xfe\xff\xfe\xff"


def api_versions(client_id: str, version: int = 3) -> bytes:
    """ApiVersions, which a client sends first; version 3 names the client's software, all brokers support 0."""
    request = (
        ApiVersionsRequest(client_software_name="clusterload", client_software_version=__version__)
        if version
        else ApiVersionsRequestV0()
    )
    return frame(request, client_id)


def metadata(client_id: str, topics: tuple[str, ...] | None = None) -> bytes:
    """Metadata of these topics, or of all; it creates none."""
    return frame(metadata_request(topics), client_id)


def metadata_request(topics: tuple[str, ...] | None) -> MetadataRequest:
    """The request that `metadata` frames."""
    named = None if topics is None else tuple(MetadataRequestTopic(name=TopicName(name)) for name in topics)
    return MetadataRequest(topics=named, allow_auto_topic_creation=False)


def producer_id(client_id: str) -> bytes:
    """InitProducerId of an idempotent producer without transactions."""
    return frame(
        InitProducerIdRequest(transactional_id=None, transaction_timeout=i32Timedelta.parse(_NO_TIME)), client_id
    )


def fetch(client_id: str, topic: str, *, min_bytes: int) -> bytes:
    """Fetch of a topic without its partitions, which `fetching.Frames` puts in; no session, committed or not."""
    request = FetchRequest(
        max_wait=i32Timedelta.parse(timedelta()),
        min_bytes=i32(min_bytes),
        max_bytes=i32(RESPONSE_BYTES),
        topics=(FetchTopic(topic=TopicName(topic), partitions=()),),
        forgotten_topics_data=(),
    )
    return frame(request, client_id)


def list_offsets(client_id: str, topic: str) -> bytes:
    """ListOffsets of a topic without its partitions, which `fetching.Frames` puts in."""
    request = ListOffsetsRequest(
        replica_id=BrokerId(-1),
        isolation_level=i8(0),
        topics=(ListOffsetsTopic(name=TopicName(topic), partitions=()),),
    )
    return frame(request, client_id)


def find_coordinator(client_id: str, group: str) -> bytes:
    """FindCoordinator of a consumer group."""
    return frame(FindCoordinatorRequest(key=group), client_id)


def offset_commit(client_id: str, group: str, topic: str, offset: int = 0) -> bytes:
    """OffsetCommit for partition 0 of a topic by a group without members; the offset is 10 bytes before the end."""
    partition = OffsetCommitRequestPartition(
        partition_index=i32(0), committed_offset=i64(offset), committed_metadata=""
    )
    request = OffsetCommitRequest(
        group_id=GroupId(group),
        generation_id_or_member_epoch=i32(-1),
        member_id="",
        topics=(OffsetCommitRequestTopic(name=TopicName(topic), partitions=(partition,)),),
    )
    return frame(request, client_id)


def produce_template(topic: str, *, client_id: str, acks: int, timeout_ms: int) -> Template:
    """The template of Produce requests (version 7) for one topic; `acks` is -1 for all, 1 or 0."""
    written = io.BytesIO()
    entity_writer(RequestHeader)(written, _header(client_id))
    entity_writer(ProduceRequest)(written, _request(topic, acks, timeout_ms))
    body = written.getvalue()
    framed = (len(body) - len(_RECORDS)).to_bytes(4, "big") + body
    head = framed.removesuffix(_RECORDS)
    assert len(head) == len(framed) - len(_RECORDS), "nothing may follow the record batch"
    return Template(
        head=head,
        correlation_at=_only(head, _CORRELATION.to_bytes(4, "big")),
        partition_at=_only(head, _PARTITION.to_bytes(4, "big")),
        records_at=len(head) - 4,
        answered=acks != 0,
    )


def _header(client_id: str) -> RequestHeader:
    """The request's header."""
    return RequestHeader(
        request_api_key=ProduceRequest.__api_key__,
        request_api_version=ProduceRequest.__version__,
        correlation_id=i32(_CORRELATION),
        client_id=client_id,
    )


def _request(topic: str, acks: int, timeout_ms: int) -> ProduceRequest:
    """The request's body with a stand-in for its record batch."""
    partition = PartitionProduceData(index=i32(_PARTITION), records=Records(_RECORDS))
    return ProduceRequest(
        acks=i16(acks),
        timeout=i32Timedelta.parse(timedelta(milliseconds=timeout_ms)),
        topic_data=(TopicProduceData(name=TopicName(topic), partition_data=(partition,)),),
    )


def _only(data: bytes, wanted: bytes) -> int:
    """Where `wanted` is; it occurs once."""
    assert data.count(wanted) == 1, "a stand-in must be found once"
    return data.index(wanted)
