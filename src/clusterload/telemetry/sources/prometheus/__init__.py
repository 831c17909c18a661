"""Metrics from Prometheus, or from what speaks its language: Thanos, Mimir, VictoriaMetrics."""

from clusterload.telemetry.sources.prometheus.access import Access, is_named
from clusterload.telemetry.sources.prometheus.source import PrometheusSource
from clusterload.telemetry.sources.prometheus.transport import OversizedAnswerError, Patience, Transport

__all__ = ["Access", "OversizedAnswerError", "Patience", "PrometheusSource", "Transport", "is_named"]
