"""The Metrics API v2 of Confluent Cloud, answered for any Kafka from what its brokers' exporters say."""

from clusterload.server.metrics_api.credentials import Credential
from clusterload.server.metrics_api.lab_service import serve_for_lab
from clusterload.server.metrics_api.service import MetricsApi, Settings

__all__ = ["Credential", "MetricsApi", "Settings", "serve_for_lab"]
