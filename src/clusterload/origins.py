"""Origins: the sources of a cluster's metrics that we know of by ourselves, from its lab or its properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clusterload.errors import ConfigurationError
from clusterload.kafka import Cluster, Properties
from clusterload.lab import find_lab
from clusterload.lab.registry import LabInfo
from clusterload.sources import confluent
from clusterload.sources.exporter import ExporterSource
from clusterload.sources.source import LateSource, Source


def sources_of(cluster: Cluster, interval: float = 1.0) -> tuple[Source, ...]:
    """A lab's exporters, else the Prometheus server or the Metrics API that the properties name, else none.

    Args:
        cluster: whose.
        interval: seconds between points, where that is ours to choose.
    """
    if find_lab(cluster.id) is not None:
        return (source_of(cluster, "exporter", interval),)
    for kind in ("confluent",):
        if _NAMED[kind](cluster.properties):
            return (source_of(cluster, kind, interval),)
    return ()


def source_of(cluster: Cluster, kind: str, interval: float = 1.0) -> Source:
    """One source of a cluster, by its kind: exporter, jolokia, prometheus, confluent or admin.

    Raises:
        ConfigurationError: nothing tells where that answers.
    """
    return _SOURCES[kind](cluster, interval)


def past_of(properties: Properties, kind: str = "") -> LateSource:
    """The source of the past that a client configuration names.

    Raises:
        ConfigurationError: it names none, or not that one, or what is needed is missing.
    """
    raise NotImplementedError
