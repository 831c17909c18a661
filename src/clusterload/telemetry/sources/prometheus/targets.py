"""Targets: which lines came from one scraped process, and which broker that is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

Identity = tuple[tuple[str, str], ...]
"""The labels that all lines of one target share."""

_NAMING: Final = ("broker", "broker_id", "brokerid", "node_id", "kafka_id")
_PODS: Final = ("pod", "kubernetes_pod_name", "pod_name", "statefulset_kubernetes_io_pod_name")
_ORDINAL: Final = re.compile(r"-(\d+)$")

REPLICAS: Final = frozenset({"prometheus_replica", "__replica__", "replica", "prometheus", "receive_replica"})
"""Labels by which two servers' series of one target differ."""

# What every Java program shows; none of them makes it a broker.
_GENERAL: Final = re.compile(r"(process|jvm|java|go)_")


def is_general(metric: str) -> bool:
    """Whether a metric of this name tells nothing of Kafka."""
    return _GENERAL.match(metric) is not None


def identity(labels: Mapping[str, str], of_targets: frozenset[str]) -> Identity:
    """Whose line this is, by the labels that targets have."""
    return tuple(sorted((name, value) for name, value in labels.items() if name in of_targets))


def broker_of(target: Identity, brokers: Mapping[str, str]) -> tuple[str, bool]:
    """The broker's id, and whether anything but the place of the scrape said so.

    Args:
        target: its labels.
        brokers: ids by instance, `host:port` or host; what is given there goes before every label.
    """
    labels = dict(target)
    instance = labels.get("instance", "")
    for place in (instance, _host(instance), *(labels.get(name, "") for name in _PODS)):
        if place and place in brokers:
            return brokers[place], True
    for name in _NAMING:
        if labels.get(name):
            return labels[name], True
    for name in _PODS:
        ordinal = _ORDINAL.search(labels.get(name, ""))
        if ordinal:
            return str(int(ordinal[1])), True
    return instance or labels.get("pod", "") or "unknown", False


def shown(target: Identity) -> str:
    """A target in words: where it was scraped, and by whom if several did."""
    labels = dict(target)
    by = [f"{name}={labels[name]}" for name in sorted(REPLICAS & labels.keys())]
    place = labels.get("instance") or labels.get("pod") or "a target without instance"
    job = f" (job {labels['job']})" if "job" in labels else ""
    return f"{place}{job}{' by ' if by else ''}{', '.join(by)}"


def are_replicas(targets: Iterable[Identity]) -> bool:
    """Whether targets are one, seen by several servers."""
    return len({tuple((name, value) for name, value in one if name not in REPLICAS) for one in targets}) == 1


def _host(instance: str) -> str:
    host, colon, port = instance.rpartition(":")
    return host.strip("[]") if colon and port.isdecimal() else instance
