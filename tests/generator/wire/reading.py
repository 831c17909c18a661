"""A reader of Produce requests that shares no code with what writes them, and a wire to a real broker."""

from __future__ import annotations

import gzip
import io
import socket
import struct
from dataclasses import dataclass
from random import Random
from typing import Any

import cramjam
from crc32c import crc32c
from kio.schema.produce.v7.response import PartitionProduceResponse, ProduceResponse
from kio.schema.request_header.v1.header import RequestHeader
from kio.schema.response_header.v0.header import ResponseHeader
from kio.serial import entity_reader, entity_writer
from kio.static.primitive import i32

from clusterload.generator.wire.compressed_pool import CompressedPool
from clusterload.generator.wire.frames import produce_template
from clusterload.generator.wire.request_pool import RequestBuffer, RequestPool
from clusterload.model.workload.distributions import parse_keys, parse_sizes

CLIENT = "the client"
TOPIC = "a-topic"


def pool_of(
    *, records: int, sizes: str = "100", keys: str = "unique", partitions: int = 3, topic: str = TOPIC, **more: Any
) -> RequestPool:
    """A pool as a plan's texts make it; compressed when `compression` is given."""
    kind = CompressedPool if "compression" in more else RequestPool
    return kind(
        produce_template(topic, client_id=CLIENT, acks=-1, timeout_ms=30_000),
        records=records,
        sizes=parse_sizes(sizes),
        keys=parse_keys(keys),
        partitions=partitions,
        **{"rng": Random(7), **more},
    )


def taken(pool: RequestPool, partition: int = 0) -> RequestBuffer:
    """A slot that must be there."""
    buffer = pool.take(partition)
    assert buffer is not None
    return buffer


@dataclass(frozen=True)
class Record:
    """A record as it was read."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Request:
    """A Produce request as it was read."""

    correlation: int
    client_id: str
    acks: int
    timeout_ms: int
    topic: str
    partition: int
    attributes: int
    base_timestamp: int
    max_timestamp: int
    producer: tuple[int, int, int]
    records: tuple[Record, ...]


class Bytes:
    """Reads bytes from the left; what is not there, is an error."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        found = self.data[self.at : self.at + count]
        assert len(found) == count, "the bytes end too early"
        self.at += count
        return found

    def unpack(self, form: str) -> Any:
        values = struct.unpack(form, self.take(struct.calcsize(form)))
        return values[0] if len(values) == 1 else values

    def string(self) -> str:
        return self.take(self.unpack(">h")).decode()

    def varint(self) -> int:
        found, shift = 0, 0
        while True:
            byte = self.unpack("B")
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                assert byte or not shift, "a varint takes more bytes than it must"
                return int((found >> 1) ^ -(found & 1))
            shift += 7

    def sized(self) -> bytes | None:
        size = self.varint()
        return None if size == -1 else self.take(size)

    def end(self) -> None:
        assert self.at == len(self.data), "bytes are left"


def read(frame: bytes) -> Request:
    """Read a whole Produce request (version 7) with its size, and check everything that can be wrong in it."""
    data = Bytes(frame)
    assert data.unpack(">i") == len(frame) - 4
    assert data.unpack(">hh") == (0, 7)
    correlation, client_id = data.unpack(">i"), data.string()
    assert data.unpack(">h") == -1, "not transactional"
    acks, timeout_ms = data.unpack(">hi")
    assert data.unpack(">i") == 1
    topic = data.string()
    assert data.unpack(">i") == 1
    partition, size = data.unpack(">ii")
    batch = Bytes(data.take(size))
    data.end()
    base_offset, length, _, magic, checksum = batch.unpack(">qiibI")
    assert (base_offset, length, magic) == (0, size - 12, 2)
    assert checksum == crc32c(batch.data[batch.at :])
    attributes, last, base, largest, *producer, count = batch.unpack(">hiqqqhii")
    assert last == count - 1
    plain = Bytes(decompressed(batch.take(size - batch.at), attributes & 7))
    records = tuple(_record(plain, delta) for delta in range(count))
    plain.end()
    return Request(
        correlation, client_id, acks, timeout_ms, topic, partition, attributes, base, largest, tuple(producer), records
    )


def _record(data: Bytes, delta: int) -> Record:
    inside = Bytes(data.take(data.varint()))
    assert inside.unpack("b") == 0
    assert inside.varint() == 0, "a record has the batch's timestamp"
    assert inside.varint() == delta
    key, value = inside.sized(), inside.sized()
    assert value is not None
    headers = []
    for _ in range(inside.varint()):
        name, content = inside.sized(), inside.sized()
        assert name is not None
        assert content is not None
        headers.append((name.decode(), content))
    inside.end()
    return Record(key, value, tuple(headers))


def decompressed(data: bytes, codec: int) -> bytes:
    """What a batch's records were, by the number of their compression."""
    match codec:
        case 0:
            return data
        case 1:
            return gzip.decompress(data)
        case 2:
            return _snappy(Bytes(data))
        case 3:
            return bytes(cramjam.lz4.decompress(data))
        case _:
            return bytes(cramjam.zstd.decompress(data))


def _snappy(data: Bytes) -> bytes:
    assert data.take(16) == b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
    plain = b""
    while data.at < len(data.data):
        plain += bytes(cramjam.snappy.decompress_raw(data.take(data.unpack(">i"))))
    return plain


class Wire:
    """A connection to one broker: whole frames out and in, one after the other."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, frame: bytes | memoryview) -> bytes:
        """Send a frame, and read the next one without its size."""
        self._socket.sendall(frame)
        return self._exactly(int.from_bytes(self._exactly(4), "big"))

    def produce(self, buffer: RequestBuffer) -> PartitionProduceResponse:
        """Send a slot, and read what became of it."""
        answer = self.answer(buffer.view)
        header, size = entity_reader(ResponseHeader)(answer, 0)
        assert header.correlation_id == int.from_bytes(buffer.view[8:12], "big")
        response, _ = entity_reader(ProduceResponse)(answer, size)
        ((partition,),) = (topic.partition_responses for topic in response.responses)
        return partition

    def ask(self, request: Any, response: Any) -> Any:
        """Send a request made by kio, and read its response."""
        written = io.BytesIO()
        header = RequestHeader(
            request_api_key=request.__api_key__,
            request_api_version=request.__version__,
            correlation_id=i32(1),
            client_id=CLIENT,
        )
        entity_writer(RequestHeader)(written, header)
        entity_writer(type(request))(written, request)
        body = written.getvalue()
        found, _ = entity_reader(response)(self.answer(len(body).to_bytes(4, "big") + body), 4)
        return found

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            assert part, "the broker closed the connection"
            found += part
        return found
