"""The broker that everything is measured against: one, with 1 GiB of heap, on the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Self

import psutil
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]

from clusterload.lab.lab import Lab

PARTITIONS = 6
_CONFIG = {
    # Connections that only stay, or all come at once, are what is asked for here.
    "connections.max.idle.ms": "3600000",
    "socket.listen.backlog.size": "16384",
    # What one contender stored must be gone before the next begins.
    "log.segment.delete.delay.ms": "0",
    "log.initial.task.delay.ms": "500",
}
_PATIENCE = 60.0


class Broker:
    """One broker of the lab; a context manager. `listeners` are further ways in, such as SASL_SSL."""

    def __init__(self, *listeners: str) -> None:
        self.lab = Lab(1, heap_mb=1024, full_speed=True, auto_create_topics=False, config=_CONFIG, listeners=listeners)

    def __enter__(self) -> Self:
        self.lab.start()
        self._admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})
        self._process = psutil.Process(self.lab.info.brokers[0].pid)
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.stop()

    @property
    def servers(self) -> str:
        """Where it listens for clients."""
        return self.lab.bootstrap_servers

    def cpu(self) -> float:
        """Seconds of CPU that it has used, user and system."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def pause(self, seconds: float) -> float:
        """Let it stand still with its connections open; the seconds that it really stood."""
        self._process.suspend()
        begin = time.perf_counter()
        try:
            time.sleep(seconds)
        finally:
            self._process.resume()
        return time.perf_counter() - begin

    def connections(self) -> int:
        """How many clients are connected, our own way of asking among them."""
        port = self.lab.info.brokers[0].client_port
        found = self._process.net_connections(kind="tcp")
        return sum(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in found)

    @contextmanager
    def topic(
        self, name: str, *, partitions: int = PARTITIONS, config: Mapping[str, str] | None = None
    ) -> Iterator[str]:
        """A topic for one contender, which is gone from the disk afterwards."""
        full = f"clusterload-bench-{name}-{time.time_ns() // 1_000_000:x}"
        made = NewTopic(full, num_partitions=partitions, replication_factor=1, config=dict(config or {}))
        self._admin.create_topics([made])[full].result(_PATIENCE)
        _until(lambda: self._ready(full, partitions))
        try:
            yield full
        finally:
            self._admin.delete_topics([full])[full].result(_PATIENCE)
            data = self.lab.folder / "data" / "1"
            _until(lambda: not any(data.glob(f"{full}-*")))

    def _ready(self, topic: str, partitions: int) -> bool:
        try:
            return len(self.ends(topic)) == partitions
        except KafkaException:  # its leaders are not yet all at work
            return False

    def ends(self, topic: str) -> list[int]:
        """The end offset of each partition: how many records are stored."""
        count = len(self._admin.list_topics(topic, timeout=5).topics[topic].partitions)
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = self._admin.list_offsets({TopicPartition(topic, number): latest for number in range(count)})
        return [int(each.result(_PATIENCE).offset) for each in asked.values()]


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the broker did not make or remove a topic in a minute; see its log")
        time.sleep(0.05)
