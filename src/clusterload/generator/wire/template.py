"""What a Produce request looks like around its record batch: built by kio, and measured, not assumed.

Only who makes a template needs kio; a worker gets it ready made, and does not pay for the import.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Final

from kio.schema.produce.v7.request import PartitionProduceData, ProduceRequest, TopicProduceData
from kio.schema.request_header.v1.header import RequestHeader
from kio.schema.types import TopicName
from kio.serial import entity_writer
from kio.static.primitive import Records, i16, i32, i32Timedelta

from clusterload.generator.wire.slots import Template

# Neither is valid UTF-8, so no name can hold them; the records begin after a size that counts them.
_CORRELATION: Final = 0x7FFEFDFC
_PARTITION: Final = 0x7FFCFDFE
_RECORDS: Final = b"\xfe\xff\xfe\xff"


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
    """Where `wanted` stands; it stands there once."""
    assert data.count(wanted) == 1, "a stand-in must be found once"
    return data.index(wanted)
