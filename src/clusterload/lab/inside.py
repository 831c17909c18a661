"""Ask a lab's brokers on the listener that they use among themselves.

What is asked here is never counted among clients, and needs no login however the clients' listener is secured.
"""

from __future__ import annotations

import io
import re
import socket
import struct
from typing import TYPE_CHECKING, TypeVar

from kio.schema.request_header.v2.header import RequestHeader
from kio.schema.response_header.v1.header import ResponseHeader
from kio.serial import entity_reader, entity_writer
from kio.static.primitive import i32

from clusterload.errors import LabError
from clusterload.lab import control, registry
from clusterload.lab.places import labs_dir

if TYPE_CHECKING:
    from kio.static.protocol import HeaderV1ResponsePayload, HeaderV2RequestPayload

    from clusterload.lab.registry import LabInfo

    Answer = TypeVar("Answer", bound=HeaderV1ResponsePayload)

ANSWER_SECONDS = 5.0
_ADVERTISED = re.compile(r"^advertised\.listeners=.*\bBROKER://([^:,\s]+):(\d+)", re.MULTILINE)


class LabGone(LabError):
    """The lab does not run any more, so that nothing about it will come to be."""


def record_of(lab: LabInfo) -> registry.Record:
    """What stands on disk about a lab now, with the present process ids.

    Raises:
        LabGone: it does not run any more.
    """
    record = registry.read(labs_dir() / lab.id)
    if record is None or not record.alive:
        raise LabGone(f"lab {lab.id} does not run any more; start one with 'clusterload lab up'")
    return record


def states(lab: LabInfo) -> dict[int, str]:
    """Whether each broker is `running`, `paused` or `exited`, as its supervisor sees it; LabError without one."""
    return {broker: str(state["state"]) for broker, state in control.ask(record_of(lab).socket, "status").items()}


def ask_any(lab: LabInfo, request: HeaderV2RequestPayload, answer: type[Answer]) -> Answer:
    """Ask the first running broker that answers, whoever leads or controls; brokers forward what is not theirs.

    Raises:
        LabError: none of them answers.
    """
    failed = "none runs"
    for broker in [broker for broker, state in states(lab).items() if state == "running"]:
        try:
            return ask_broker(lab, broker, request, answer)
        except LabError as error:
            failed = str(error)
    raise LabError(f"no broker of lab {lab.id} answers ({failed}); see 'clusterload lab status'")


def ask_broker(lab: LabInfo, broker: int, request: HeaderV2RequestPayload, answer: type[Answer]) -> Answer:
    """Ask this broker, within a bound.

    Raises:
        LabError: it does not answer.
    """
    try:
        with socket.create_connection(_address(lab, broker), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(_frame(request))
            with connection.makefile("rb") as stream:
                (size,) = struct.unpack(">i", stream.read(4))
                body = stream.read(size)
        if len(body) < size:
            raise ConnectionError("it ended in the middle of its answer")
    except (OSError, struct.error) as error:
        raise LabError(f"broker {broker} does not answer: {error}; see 'clusterload lab status'") from error
    _, header = entity_reader(ResponseHeader)(body, 0)
    return entity_reader(answer)(body, header)[0]


def _frame(request: HeaderV2RequestPayload) -> bytes:
    header = RequestHeader(
        request_api_key=request.__api_key__,
        request_api_version=request.__version__,
        correlation_id=i32(1),
        client_id="clusterload-lab",
    )
    buffer = io.BytesIO()
    entity_writer(RequestHeader)(buffer, header)
    entity_writer(type(request))(buffer, request)
    return struct.pack(">i", buffer.tell()) + buffer.getvalue()


def _address(lab: LabInfo, broker: int) -> tuple[str, int]:
    settings = labs_dir() / lab.id / "config" / f"broker-{broker}.properties"
    try:
        found = _ADVERTISED.search(settings.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError(f"the settings of broker {broker} are gone: {error}; start the lab again") from error
    if found is None:
        raise LabError(f"{settings} advertises no BROKER listener: start the lab without that setting")
    return found[1], int(found[2])
