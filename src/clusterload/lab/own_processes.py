"""Talk to the lab's own processes: orders by a Unix socket, and HTTP past any proxy that the environment names."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Final
from urllib.request import ProxyHandler, build_opener

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECONDS: Final = 30.0  # for an answer; on a full machine a process waits for its turn


def exchanged(address: Path, order: Mapping[str, object]) -> dict[str, Any]:
    """What the process that listens at an address answers to an order: a line of JSON each way.

    Raises:
        OSError: nobody listens there, or no answer comes in time.
        ValueError: the answer is malformed.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(address))
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps(order) + "\n")
            stream.flush()
            answer: dict[str, Any] = json.loads(stream.readline())
    return answer


def get(url: str, timeout: float) -> bytes:
    """What an HTTP server on this machine answers within `timeout` seconds.

    Raises:
        OSError: it does not answer, or with an error.
    """
    with build_opener(ProxyHandler({})).open(url, timeout=timeout) as answer:
        content: bytes = answer.read()
        return content
