"""When a lab is ready: each broker, asked alone on its plain client listener, names all brokers of the cluster.

A KRaft broker names those only that are registered and unfenced. Its other listeners for clients must be open too,
and its Jolokia must answer, if it was asked for.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from clusterload.lab import own_processes
from clusterload.model.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clusterload.lab.description import LabBroker

_PAUSE = 0.05


def wait_until_ready(nodes: Iterable[LabBroker], known: set[int], check: Callable[[], None], deadline: float) -> None:
    """Wait until each of the brokers names all that should be known; `check` may raise to end the wait.

    Args:
        nodes: the brokers to ask.
        known: the ids that each must name, its own among them.
        check: called between two looks; raises when a broker has died.
        deadline: on the clock of `time.monotonic`.

    Raises:
        LabError: the deadline passed.
    """
    for node in nodes:
        while not (_listens(node) and _names(node) >= known):
            check()
            if time.monotonic() > deadline:
                raise LabError(
                    f"broker {node.id} of the lab was not ready in time; see its log {node.log}, "
                    "and whether the machine has a free core and memory"
                )
            time.sleep(_PAUSE)


def _listens(node: LabBroker) -> bool:
    ports = (node.client_port, *node.ports.values())
    return all(_open(node.host, port) for port in ports) and (not node.jolokia_url or _answers(node.jolokia_url))


def _open(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _answers(jolokia: str) -> bool:
    """Whether Jolokia is up; it starts in a thread of its own, which the broker does not wait for."""
    try:
        return bool(own_processes.get(f"{jolokia}/version", timeout=1))
    except OSError:
        return False


def _names(node: LabBroker) -> set[int]:
    """The brokers that this one names: a fresh client knows no other broker to ask."""
    address = f"{node.host}:{node.client_port}"
    client = AdminClient({"bootstrap.servers": address, "client.id": "clusterload-lab", "log_level": 0})
    try:
        return set(client.list_topics(timeout=2).brokers)
    except KafkaException:
        return set()
