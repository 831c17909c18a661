"""Metrics from Prometheus, or from what speaks its language: Thanos, Mimir, VictoriaMetrics."""

from clusterload.sources.prometheus.access import Access, is_named
from clusterload.sources.prometheus.source import PrometheusSource
from clusterload.sources.prometheus.transport import Patience, TooMuch, Transport

__all__ = ["Access", "Patience", "PrometheusSource", "TooMuch", "Transport", "is_named"]
