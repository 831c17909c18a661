"""Ask a lab's brokers on the listener that they use among themselves.

What is asked here is never counted among clients, and needs no login however the clients' listener is secured.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation
from clusterload.kafka.protocol.security import Security
from clusterload.lab import control, registry
from clusterload.model.errors import ClusterError, LabError
from clusterload.model.paths import labs_dir

if TYPE_CHECKING:
    from kio.static.protocol import RequestPayload

    from clusterload.kafka.protocol.framing import Answer
    from clusterload.lab.description import LabInfo

ANSWER_SECONDS = 5.0
_CLIENT_ID: Final = "clusterload-lab"
_OWN = re.compile(r"^listeners=.*\bBROKER://([^:,\s]+):(\d+)", re.MULTILINE)


class LabGoneError(LabError):
    """The lab does not run any more, so that nothing about it will come to be."""


def record_of(lab: LabInfo) -> registry.Record:
    """What stands on disk about a lab now, with the present process ids.

    Raises:
        LabGoneError: it does not run any more.
    """
    record = registry.read(labs_dir() / lab.id)
    if record is None or not record.alive:
        raise LabGoneError(f"lab {lab.id} does not run any more; start one with 'clusterload lab up'")
    return record


def states(lab: LabInfo) -> dict[int, str]:
    """Whether each broker is `running`, `paused` or `exited`, as its supervisor sees it; LabError without one."""
    return {broker: str(state["state"]) for broker, state in control.ask(record_of(lab).socket, "status").items()}


def ask_any(lab: LabInfo, request: RequestPayload, answer: type[Answer]) -> Answer:
    """Ask the first running broker that answers, leader, controller or neither; brokers forward what is not theirs.

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


def ask_broker(lab: LabInfo, broker: int, request: RequestPayload, answer: type[Answer]) -> Answer:
    """Ask this broker, within a bound.

    Raises:
        LabError: it does not answer.
    """
    try:
        with Conversation(
            _address(lab, broker), Security(), client_id=_CLIENT_ID, patience=ANSWER_SECONDS
        ) as conversation:
            return conversation.ask(request, answer)
    except ClusterError as error:
        raise LabError(f"broker {broker} does not answer: {error}; see 'clusterload lab status'") from error


def _address(lab: LabInfo, broker: int) -> Address:
    settings = labs_dir() / lab.id / "config" / f"broker-{broker}.properties"
    try:
        found = _OWN.search(settings.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError(f"the settings of broker {broker} are gone: {error}; start the lab again") from error
    if found is None:
        raise LabError(f"{settings} has no BROKER listener: start the lab without that setting")
    return Address(found[1], int(found[2]))
