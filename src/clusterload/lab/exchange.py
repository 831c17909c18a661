"""An order to a process of a lab and its answer: a line of JSON each way, over a socket beside the lab."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECONDS: Final = 30.0  # for an answer; on a full machine a process waits for its turn


def exchanged(address: Path, order: Mapping[str, object]) -> dict[str, Any]:
    """What the process that listens at an address answers to an order.

    Raises:
        OSError: nobody listens there, or no answer comes in time.
        ValueError: the answer is none.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(address))
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps(order) + "\n")
            stream.flush()
            answer: dict[str, Any] = json.loads(stream.readline())
    return answer
