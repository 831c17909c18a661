"""Free loopback ports for the brokers."""

from __future__ import annotations

import contextlib
import random
import socket

from clusterload.errors import LabError
from clusterload.lab.properties import HOST, Ports

# Below what Linux and macOS give to outgoing connections, so that none of those takes a port first.
_RANGE = range(20_000, 32_000)


def choose(brokers: int) -> list[Ports]:
    """Four ports for each broker, free at this moment.

    Raises:
        LabError: hardly any port is free.
    """
    wanted, free = 4 * brokers, list[int]()
    for port in random.sample(_RANGE, len(_RANGE)):
        if len(free) == wanted:
            break
        if _is_free(port):
            free.append(port)
    if len(free) < wanted:
        raise LabError(f"found no {wanted} free ports on {HOST}; stop other labs with 'clusterload lab down'")
    quads = zip(*[iter(free)] * 4, strict=True)
    return [Ports(client=a, broker=b, controller=c, exporter=d) for a, b, c, d in quads]


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        return True
    return False
