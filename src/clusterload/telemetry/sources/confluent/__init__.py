"""Metrics from Confluent's Metrics API, version 2, or from what has the same HTTP API."""

from clusterload.telemetry.sources.confluent.access import Access, is_named
from clusterload.telemetry.sources.confluent.api import MetricsClient, QueryRefusedError
from clusterload.telemetry.sources.confluent.interval import Granularity, Interval
from clusterload.telemetry.sources.confluent.late_data import WaitPolicy
from clusterload.telemetry.sources.confluent.mapping import Descriptor
from clusterload.telemetry.sources.confluent.query import (
    And,
    Field,
    Filter,
    Format,
    Not,
    Operator,
    Or,
    Query,
    Table,
    of_cluster,
)
from clusterload.telemetry.sources.confluent.source import ConfluentSource

__all__ = [
    "Access",
    "And",
    "ConfluentSource",
    "Descriptor",
    "Field",
    "Filter",
    "Format",
    "Granularity",
    "Interval",
    "MetricsClient",
    "Not",
    "Operator",
    "Or",
    "Query",
    "QueryRefusedError",
    "Table",
    "WaitPolicy",
    "is_named",
    "of_cluster",
]
