"""Requests and responses as bytes, by `kio`: a frame is four bytes of length, a header and a body.

Workers do not import this module: reading the schemas costs 20 MB a process.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from kio.serial import entity_reader, entity_writer

if TYPE_CHECKING:
    from kio.static.protocol import RequestPayload, ResponsePayload

Answer = TypeVar("Answer", bound="ResponsePayload")

_SMALLEST: Final = 4
_LARGEST: Final = 100 * 1024 * 1024


class Stream(Protocol):
    """Where bytes come from: a socket."""

    def recv(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


def frame(request: RequestPayload, client_id: str, correlation: int = 0) -> bytes:
    """A whole request frame, ready to be sent."""
    header_type: Any = request.__header_schema__
    fields: dict[str, Any] = {
        "request_api_key": request.__api_key__,
        "request_api_version": request.__version__,
        "correlation_id": correlation,
    }
    if "client_id" in header_type.__dataclass_fields__:
        fields["client_id"] = client_id
    body = io.BytesIO()
    entity_writer(header_type)(body, header_type(**fields))
    entity_writer(type(request))(body, request)
    data = body.getvalue()
    return struct.pack(">i", len(data)) + data


def response(kind: type[Answer], data: bytes, correlation: int = 0) -> Answer:
    """The response in `data`, a frame after its length.

    Raises:
        ValueError: the bytes are not such a response, or answer another request than the one of this `correlation`.
    """
    header_type: Any = kind.__header_schema__
    try:
        header, size = entity_reader(header_type)(data, 0)
        entity, _ = entity_reader(kind)(data, size)
    except Exception as error:
        raise ValueError(f"not a {kind.__name__} v{kind.__version__}: {error}") from None
    if header.correlation_id != correlation:
        raise ValueError(f"correlation id {header.correlation_id}, expected {correlation}")
    return entity


def read_frame(stream: Stream) -> bytes:
    """The next frame, without its length.

    Raises:
        OSError: the stream failed or ended.
        ValueError: what comes is not a Kafka frame's.
    """
    (size,) = struct.unpack(">i", _exactly(stream, 4))
    if not _SMALLEST <= size <= _LARGEST:
        raise ValueError(f"a frame of {size} B: Kafka's have {_SMALLEST} B to {_LARGEST} B")
    return _exactly(stream, size)


def _exactly(stream: Stream, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = stream.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise ConnectionError("the connection was closed")
        parts += part
    return bytes(parts)
