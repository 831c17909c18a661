"""Free loopback ports for the brokers."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Sequence

from clusterload.lab.impairment import LISTENERS
from clusterload.lab.listeners import HOST
from clusterload.lab.properties import Ports
from clusterload.model.errors import LabError

# Below what Linux and macOS give to outgoing connections, so that none of those takes a port first.
_RANGE = range(20_000, 32_000)


def choose(brokers: int, listeners: Sequence[str] = (), *, proxied: bool = False) -> list[Ports]:
    """Five ports for each broker, one for each further listener of it and each proxy, free at this moment.

    Raises:
        LabError: hardly any port is free.
    """
    shown = LISTENERS if proxied else ()
    each = 5 + len(shown) + len(listeners)
    return [
        Ports(
            client=a,
            broker=b,
            controller=c,
            exporter=d,
            jolokia=e,
            shown=dict(zip(shown, more[: len(shown)], strict=True)),
            more=dict(zip(listeners, more[len(shown) :], strict=True)),
        )
        for a, b, c, d, e, *more in zip(*[iter(_free(each * brokers))] * each, strict=True)
    ]


def choose_one() -> int:
    """A port that is free at this moment; LabError as of `choose`."""
    return _free(1)[0]


def _free(count: int) -> list[int]:
    free: list[int] = []
    for port in random.sample(_RANGE, len(_RANGE)):
        if len(free) == count:
            break
        if _is_free(port):
            free.append(port)
    if len(free) < count:
        raise LabError(f"found no {count} free ports on {HOST}; stop other labs with 'clusterload lab down'")
    return free


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        return True
    return False
