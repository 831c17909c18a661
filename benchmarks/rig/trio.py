"""Three brokers that metrics are read of, and what the machine itself says of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from confluent_kafka.admin import AdminClient

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.lab import Lab
from clusterload.server.metrics_api import serve_for_lab


class Trio:
    """A lab of three brokers, with all that a way of reading its metrics needs."""

    def __init__(self, lab: Lab, properties: Path) -> None:
        """`properties` is the path of its client file."""
        self.lab, self.properties = lab, properties
        self.cluster = Cluster.connect(Properties.read(properties))
        self._brokers = {broker.id: psutil.Process(broker.pid) for broker in lab.info.brokers}
        self._ports = {broker.id: broker.client_port for broker in lab.info.brokers}

    def cpu(self) -> float:
        """Seconds of CPU that the brokers have used, user and system."""
        times = (process.cpu_times() for process in self._brokers.values())
        return float(sum(used.user + used.system for used in times))

    def connections(self) -> int:
        """How many connections of clients the kernel knows, of the brokers' side."""
        return sum(
            each.laddr.port == self._ports[broker] and each.status == psutil.CONN_ESTABLISHED
            for broker, process in self._brokers.items()
            for each in process.net_connections(kind="tcp")
        )

    def partitions(self) -> int:
        """How many partitions there are; by the cluster's own metadata."""
        return len(self._copies())

    def copies(self) -> int:
        """How many copies of partitions the brokers hold."""
        return sum(self._copies())

    def _copies(self) -> list[int]:
        admin = AdminClient({"bootstrap.servers": self.lab.bootstrap_servers, "log_level": 0})
        topics = admin.list_topics(timeout=10).topics.values()
        return [len(partition.replicas) for topic in topics for partition in topic.partitions.values()]


@contextmanager
def trio(way: str, **more: Any) -> Iterator[Trio]:
    """Three brokers, and what this way of reading needs: nothing else reads their metrics."""
    with (
        TemporaryDirectory(prefix="clusterload-bench-") as name,
        Lab(
            3,
            directory=Path(name),
            jolokia="jolokia" in way,
            prometheus="prometheus" in way,
            **more,
        ) as lab,
    ):
        if way == "metrics API":
            serve_for_lab(lab)
        yield Trio(lab, Path(name) / "client.properties")
