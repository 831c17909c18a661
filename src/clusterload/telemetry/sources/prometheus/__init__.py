"""Metrics from Prometheus, or from what has the same HTTP API: Thanos, Mimir, VictoriaMetrics."""

from clusterload.telemetry.sources.prometheus.access import Access, is_named
from clusterload.telemetry.sources.prometheus.api import PrometheusClient
from clusterload.telemetry.sources.prometheus.clusters import KnownBroker, known_brokers
from clusterload.telemetry.sources.prometheus.source import PrometheusSource

__all__ = ["Access", "KnownBroker", "PrometheusClient", "PrometheusSource", "is_named", "known_brokers"]
