"""Origins: which sources of metrics a cluster has, by its lab's record or by its properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ConfigurationError
from clusterload.model.units import parse_duration
from clusterload.telemetry.sources import confluent, prometheus
from clusterload.telemetry.sources.admin import AdminSource
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.jolokia import JolokiaSource
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.source import LateSource, Source

# How often the Admin API is asked: most of its answers change slowly, and some cost the brokers a search.
_ADMIN_SECONDS = 5.0


def sources_of(cluster: Cluster, interval: float = 1.0) -> tuple[Source, ...]:
    """A lab's exporters, else the Prometheus server or the Metrics API that the properties name, else none.

    Args:
        cluster: whose.
        interval: seconds between points, where that is ours to choose.
    """
    if find_lab(cluster.id) is not None:
        return (source_of(cluster, "exporter", interval),)
    if prometheus.is_named(cluster.properties):
        return (source_of(cluster, "prometheus", interval),)
    return (source_of(cluster, "confluent", interval),) if confluent.is_named(cluster.properties) else ()


def source_of(cluster: Cluster, kind: str, interval: float = 1.0) -> Source:
    """One source of a cluster, by its kind: exporter, jolokia, prometheus, confluent or admin.

    Raises:
        ConfigurationError: nothing tells where that answers.
    """
    lab = find_lab(cluster.id)
    if kind == "admin":
        return admin_beside(cluster, ())
    if kind == "confluent":
        return metrics_api_of(cluster)
    if kind == "prometheus":
        return _prometheus(cluster.properties, client_listeners=client_listeners(cluster))
    at = (
        {str(one.id): one.exporter_url if kind == "exporter" else one.jolokia_url for one in lab.brokers} if lab else {}
    )
    if not all(at.values()) or not at:
        raise ConfigurationError(
            f"nothing tells where the {kind} of cluster {cluster.id} answers: give --{kind} ID=URL"
        )
    return (exporters_at if kind == "exporter" else jolokia_at)(cluster, at, interval)


def admin_beside(cluster: Cluster, others: Sequence[Source]) -> AdminSource:
    """The Admin API for what other sources do not tell; where there are any, they tell who holds which partitions."""
    placed = frozenset({"partitions", "leaders", "under_replicated"})
    return AdminSource(cluster.properties, interval=_ADMIN_SECONDS, without=placed if others else frozenset())


def exporters_at(cluster: Cluster, endpoints: Mapping[str, str], interval: float, names: str = "") -> ExporterSource:
    """The JMX exporters at these URLs (by broker id), with a map of names other than the usual one if it is given."""
    return ExporterSource(
        endpoints,
        interval=interval,
        client_listeners=client_listeners(cluster),
        names=Names.named(names) if names else None,
    )


def jolokia_at(cluster: Cluster, endpoints: Mapping[str, str], interval: float) -> JolokiaSource:
    """The Jolokia agents at these URLs (by broker id), with the login that the properties name."""
    given = cluster.properties.values
    return JolokiaSource(
        endpoints,
        interval=interval,
        client_listeners=client_listeners(cluster),
        username=given.get("jolokia.username", ""),
        password=given.get("jolokia.password", ""),
        ca_location=given.get("jolokia.ssl.ca.location", ""),
    )


def metrics_api_of(cluster: Cluster) -> confluent.ConfluentSource:
    """The Metrics API that a cluster's properties name; ConfigurationError if they name none."""
    return confluent.ConfluentSource(access=confluent.Access.of(cluster.properties), cluster_id=cluster.id)


def client_listeners(cluster: Cluster) -> frozenset[str]:
    """The listeners that clients use, where that is known: of a lab."""
    lab = find_lab(cluster.id)
    return lab.client_listeners if lab else frozenset()


def past_of(properties: Properties, kind: str = "", granularity: str = "", wait: float = 0.0) -> LateSource:
    """The source of the past that a client configuration names: Prometheus or the Metrics API.

    Args:
        properties: name it.
        kind: `prometheus` or `confluent`; by default what is named.
        granularity: of the points, as the source names it; by default its own.
        wait: seconds that figures are waited for; 0 for as long as is usual.

    Raises:
        ConfigurationError: none is named, or not that one, or what is needed is missing.
    """
    if kind not in {"", "prometheus", "confluent"}:
        raise ConfigurationError(f"{kind} tells only of now: the past is read from Prometheus or a Metrics API")
    if kind == "prometheus" or (not kind and prometheus.is_named(properties)):
        return _prometheus(properties, step=parse_duration(granularity) if granularity else None)
    if kind == "confluent" or confluent.is_named(properties):
        access, settling = confluent.Access.of(properties), confluent.Settling()
        return confluent.ConfluentSource(
            access=access,
            granularity=confluent.Granularity.named(granularity or "PT1M"),
            settling=confluent.Settling(longest=wait) if wait else settling,
        )
    raise ConfigurationError(
        f"{properties.origin} names no source of the past: give --prometheus URL, or a file with prometheus.url or "
        "confluent.metrics.endpoint"
    )


def _prometheus(
    properties: Properties, *, step: float | None = None, client_listeners: frozenset[str] = frozenset()
) -> prometheus.PrometheusSource:
    access = prometheus.Access.of(properties)
    return prometheus.PrometheusSource(
        access,
        names=Names.named(access.names or "jmx-exporter"),
        step=step,
        client_listeners=client_listeners,
    )


def cluster_id_of(properties: Properties) -> str:
    """What the source of the past calls the cluster; empty if that is not said."""
    return properties.values.get("confluent.clusterid", "")
