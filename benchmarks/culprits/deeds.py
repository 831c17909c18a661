"""What is done to the lab itself: each deed is undone after the run, whatever happened meanwhile."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.kafka.quotas import drop_quota, set_quota
from clusterload.lab.breaking import BrokerFault
from clusterload.lab.lab import Lab
from clusterload.lab.partitions import all_partitions, move_leader, restore_leaders
from clusterload.model.errors import LabError

Undo = Callable[[], None]

_ANSWER_SECONDS: Final = 30.0
_DISK_MEGABYTE: Final = 1_000_000
_VALUE: Final = 50_000
_LEASE_SECONDS: Final = 120.0


def quota(lab: Lab, client: str, values: Mapping[str, float]) -> Undo:
    """Set a client quota; how it is taken away. ClusterError if the lab refuses."""
    cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}, origin="the lab"))
    set_quota(cluster, {"client-id": client}, values)
    return lambda: drop_quota(cluster, {"client-id": client}, values)


def make_topics(lab: Lab, topics: Iterable[NewTopic]) -> None:
    """Make topics, and wait until each partition has a leader."""
    wanted = list(topics)
    if not wanted:
        return
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers, "log_level": 0})
    for future in admin.create_topics(wanted).values():
        future.result(_ANSWER_SECONDS)
    names = {load.topic for load in wanted}
    deadline = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline:
        led = {topic for (topic, _), copies in all_partitions(lab.info).items() if copies.leader >= 0}
        if names <= led:
            return
        time.sleep(0.1)
    raise LabError(f"topics {', '.join(sorted(names))} have no leaders")


def drop_topics(lab: Lab, names: Iterable[str]) -> None:
    """Delete topics; one that does not exist is ignored."""
    wanted = list(names)
    if wanted:
        admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers, "log_level": 0})
        for future in admin.delete_topics(wanted).values():
            future.exception(_ANSWER_SECONDS)


def _make_topic(lab: Lab, name: str, partitions: int) -> Undo:
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers, "log_level": 0})
    # What it takes belongs to the load; the client has to live until it is sent.
    admin.create_topics([NewTopic(name, partitions)])[name].result(_ANSWER_SECONDS)
    return lambda: drop_topics(lab, [name])


def _fill(lab: Lab, topic: str, megabytes: int) -> Undo:
    """Write so much data, and have them on the disk, so that they can be forgotten."""
    producer = Producer(
        {"bootstrap.servers": lab.bootstrap_servers, "acks": "all", "batch.size": 500_000, "linger.ms": 50}
    )
    value = random.Random(0).randbytes(_VALUE)
    for number in range(megabytes * _DISK_MEGABYTE // _VALUE):
        while True:
            try:
                producer.produce(topic, value, partition=number % 6)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    if producer.flush(_ANSWER_SECONDS * 4):
        raise LabError(f"topic {topic} could not be filled")
    for segment in _segments(lab, topic):
        _each(segment, os.fsync)
    return _nothing


def _forget_pages(lab: Lab, topic: str) -> Undo:
    """Have the kernel forget what it holds of a topic in memory."""
    for segment in _segments(lab, topic):
        _each(segment, lambda descriptor: os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED))
    return _nothing


def _segments(lab: Lab, topic: str) -> Sequence[Path]:
    return sorted((lab.folder / "data").glob(f"*/{topic}-*/*.log"))


def _each(segment: Path, act: Callable[[int], object]) -> None:
    descriptor = os.open(segment, os.O_RDONLY)
    try:
        act(descriptor)
    finally:
        os.close(descriptor)


def _lead(lab: Lab, broker: int, topics: Sequence[str]) -> Undo:
    """Have one broker lead the partitions of topics; of all where none is named."""
    before = all_partitions(lab.info)
    for place, copies in before.items():
        if (not topics or place[0] in topics) and broker in copies.replicas and copies.leader != broker:
            move_leader(lab.info, place, broker, copies.replicas, deadline=time.monotonic() + _ANSWER_SECONDS)
    return lambda: restore_leaders(lab.info, before, deadline=time.monotonic() + 2 * _ANSWER_SECONDS)


def _break(lab: Lab, broker: int, how: str) -> Undo:
    before, broken = all_partitions(lab.info), BrokerFault(lab=lab.info, broker=broker, how=how)
    broken.do(_LEASE_SECONDS)

    def undo() -> None:
        broken.undo()
        restore_leaders(lab.info, before, deadline=time.monotonic() + 2 * _ANSWER_SECONDS)

    return undo


def _neighbour(lab: Lab, processes: int) -> Undo:
    lab.disturb(processes, seconds=_LEASE_SECONDS)
    return lab.quieten


def _impair(lab: Lab, **given: Any) -> Undo:
    lab.impair(**given, seconds=_LEASE_SECONDS)
    return lab.heal


def _nothing() -> None:
    """There is nothing to undo."""


DEEDS: Final[Mapping[str, Callable[..., Undo]]] = {
    "quota": quota,
    "make topic": _make_topic,
    "fill": _fill,
    "forget pages": _forget_pages,
    "lead": _lead,
    "break": _break,
    "neighbour": _neighbour,
    "impair": _impair,
}
"""By name: each gets the lab and what it is given, and gives back how it is undone."""

__all__ = ["DEEDS", "Undo", "drop_topics", "make_topics", "quota"]
