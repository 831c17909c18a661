"""Discovery: which sources of metrics a cluster has, by its lab's record or by its properties."""

from __future__ import annotations

from collections.abc import Sequence

from clusterload.kafka.cluster import Broker, Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ConfigurationError
from clusterload.model.units import parse_duration
from clusterload.telemetry.listeners import client_listeners
from clusterload.telemetry.sources import confluent, prometheus
from clusterload.telemetry.sources.addresses import Endpoints, host_of, joined, single
from clusterload.telemetry.sources.admin import AdminSource
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.exporter_access import ExporterAccess
from clusterload.telemetry.sources.jolokia import JolokiaSource
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import asked_for
from clusterload.telemetry.sources.source import HistorySource, PastSource, Source

# Seconds between Admin API rounds: most answers change slowly, and some cost the brokers a search.
_ADMIN_SECONDS = 5.0


def sources_of(cluster: Cluster, interval: float = 1.0) -> tuple[Source, ...]:
    """A lab's exporters, else the exporters, agents, Prometheus or Metrics API that the properties name, else none.

    Args:
        cluster: to be observed.
        interval: seconds between points, where the source lets us choose.
    """
    if find_lab(cluster.id) is not None:
        return (source_of(cluster, "exporter", interval),)
    for kind in ("exporter", "jolokia"):
        if endpoints_in(cluster.properties, kind):
            return (source_of(cluster, kind, interval),)
    if prometheus.is_named(cluster.properties):
        return (source_of(cluster, "prometheus", interval),)
    return (source_of(cluster, "confluent", interval),) if confluent.is_named(cluster.properties) else ()


def source_of(cluster: Cluster, kind: str, interval: float = 1.0) -> Source:
    """One source of a cluster, by its kind: exporter, jolokia, prometheus, confluent or admin.

    Raises:
        ConfigurationError: its address is unknown.
    """
    lab = find_lab(cluster.id)
    if kind == "admin":
        return admin_source(cluster, ())
    if kind == "confluent":
        return confluent_source(cluster)
    if kind == "prometheus":
        return _prometheus(cluster.properties, client_listeners=client_listeners(cluster))
    url = "exporter_url" if kind == "exporter" else "jolokia_url"
    of_lab = {str(broker.id): (getattr(broker, url),) for broker in lab.brokers} if lab else {}
    at = of_lab or endpoints_in(cluster.properties, kind)
    if not all(all(urls) for urls in at.values()) or not at:
        raise ConfigurationError(f"the address of the {kind} of cluster {cluster.id} is unknown: give --{kind} ID=URL")
    return (exporter_source if kind == "exporter" else jolokia_source)(cluster, at, interval)


def endpoints_in(properties: Properties, kind: str) -> dict[str, tuple[str, ...]]:
    """The URLs of exporters or Jolokia agents that a client configuration names, by broker.

    They are given as `exporter.1=URL`; several of one broker have commas between them.

    Raises:
        ConfigurationError: two brokers have the same URL.
    """
    prefix = f"{kind}."
    return joined(
        (
            (name.removeprefix(prefix), url.strip())
            for name, urls in properties.values.items()
            if name.startswith(prefix) and name.removeprefix(prefix).isdecimal()
            for url in urls.split(",")
        ),
        kind,
    )


def names_metrics(properties: Properties) -> bool:
    """Whether a client configuration names any source of metrics."""
    own = any(endpoints_in(properties, kind) for kind in ("exporter", "jolokia"))
    return own or prometheus.is_named(properties) or confluent.is_named(properties)


def cluster_of_metrics(properties: Properties, endpoints: Endpoints | None = None, at: int | None = None) -> Cluster:
    """A cluster that is known by its metrics alone: its brokers are those that the sources name.

    Args:
        properties: the client configuration.
        endpoints: URLs of exporters or agents by broker id, if they are not in the configuration.
        at: of which time, in Unix nanoseconds, where a Prometheus tells; by default now.

    Raises:
        ConfigurationError: no source is named, or the Prometheus has several clusters.
        SourceError: the Prometheus could not be asked.
    """
    places = endpoints or endpoints_in(properties, "exporter") or endpoints_in(properties, "jolokia")
    hosts = {broker: host_of(urls if isinstance(urls, str) else urls[0]) for broker, urls in places.items()}
    if not hosts and prometheus.is_named(properties):
        access = prometheus.Access.of(properties)
        hosts = dict(prometheus.known_brokers(access, _names_of(access), at))
    brokers = tuple(
        Broker(id=int(broker), id_string=broker, host=host, port=-1, rack="", controller=False)
        for broker, host in hosts.items()
        if broker.isdecimal()  # what no label names is called by its instance, and that is not an id
    )
    return Cluster(id=cluster_id_of(properties), brokers=brokers, properties=properties, answers=False)


def check_single_cluster(source: HistorySource, properties: Properties, at: int) -> None:
    """See that a source has the brokers of a single cluster at a time (Unix nanoseconds), where it could have others.

    Raises:
        ConfigurationError: it has those of several.
        SourceError: it could not be asked.
    """
    if isinstance(source, prometheus.PrometheusSource):
        access = prometheus.Access.of(properties)
        prometheus.known_brokers(access, _names_of(access), at)


def admin_source(cluster: Cluster, others: Sequence[Source]) -> AdminSource:
    """The Admin API, for what other sources lack; where there are any, those give the placement of partitions."""
    placed = frozenset({"partitions", "leaders", "under_replicated"})
    return AdminSource(cluster.properties, interval=_ADMIN_SECONDS, without=placed if others else frozenset())


def exporter_source(cluster: Cluster, endpoints: Endpoints, interval: float, names: str = "") -> ExporterSource:
    """The exporters at these URLs (by broker id), with the login that the properties name.

    Args:
        cluster: that they are of.
        endpoints: the URLs of each broker.
        interval: seconds between scrapes.
        names: maps of metric names, with commas between them; empty to have them recognised.

    Raises:
        ConfigurationError: a URL, the login or a map cannot be used.
    """
    return ExporterSource(
        endpoints,
        interval=interval,
        client_listeners=client_listeners(cluster),
        names=asked_for(names),
        access=ExporterAccess.of(cluster.properties),
    )


def jolokia_source(cluster: Cluster, endpoints: Endpoints, interval: float) -> JolokiaSource:
    """The Jolokia agents at these URLs (by broker id), with the login that the properties name.

    Raises:
        ConfigurationError: a broker has several, or one cannot be used.
    """
    given = cluster.properties.values
    return JolokiaSource(
        {broker: single(broker, urls, "Jolokia agent") for broker, urls in endpoints.items()},
        interval=interval,
        client_listeners=client_listeners(cluster),
        username=given.get("jolokia.username", ""),
        password=given.get("jolokia.password", ""),
        ca_location=given.get("jolokia.ssl.ca.location", ""),
    )


def confluent_source(cluster: Cluster) -> confluent.ConfluentSource:
    """The Metrics API that a cluster's properties name; ConfigurationError if they name none."""
    return confluent.ConfluentSource(access=confluent.Access.of(cluster.properties), cluster_id=cluster.id)


def history_source(properties: Properties, kind: str = "", granularity: str = "", wait: float = 0.0) -> PastSource:
    """The source of history that a client configuration names: Prometheus or the Metrics API.

    Args:
        properties: the client configuration.
        kind: `prometheus` or `confluent`; by default what is named.
        granularity: query resolution, as the source names it; by default its own.
        wait: seconds that figures are waited for; 0 for the default.

    Raises:
        ConfigurationError: none is named, or not that one, or a setting is missing.
    """
    if kind not in {"", "prometheus", "confluent"}:
        raise ConfigurationError(f"{kind} has no history: read it from Prometheus or a Metrics API")
    if kind == "prometheus" or (not kind and prometheus.is_named(properties)):
        return _prometheus(properties, step=parse_duration(granularity) if granularity else None)
    if kind == "confluent" or confluent.is_named(properties):
        access, default = confluent.Access.of(properties), confluent.WaitPolicy()
        return confluent.ConfluentSource(
            access=access,
            granularity=confluent.Granularity.named(granularity or "PT1M"),
            wait=confluent.WaitPolicy(longest=wait) if wait else default,
        )
    raise ConfigurationError(
        f"{properties.origin} names no source with history: give --prometheus URL, or a file with prometheus.url or "
        "confluent.metrics.endpoint"
    )


def _prometheus(
    properties: Properties, *, step: float | None = None, client_listeners: frozenset[str] = frozenset()
) -> prometheus.PrometheusSource:
    access = prometheus.Access.of(properties)
    return prometheus.PrometheusSource(
        access,
        names=_names_of(access),
        step=step,
        client_listeners=client_listeners,
    )


def _names_of(access: prometheus.Access) -> tuple[Names, ...]:
    return asked_for(access.names)


def cluster_id_of(properties: Properties) -> str:
    """The cluster's id at the source of history; empty if unknown."""
    return properties.values.get("confluent.clusterid", "")
