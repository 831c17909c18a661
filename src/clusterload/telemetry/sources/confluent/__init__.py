"""Metrics from Confluent's Metrics API, version 2, or from what speaks its language."""

from clusterload.telemetry.sources.confluent.access import Access, is_named
from clusterload.telemetry.sources.confluent.api import MetricsApi
from clusterload.telemetry.sources.confluent.descriptors import Descriptor
from clusterload.telemetry.sources.confluent.filters import And, Field, Filter, Not, Operator, Or, of_cluster
from clusterload.telemetry.sources.confluent.interval import Granularity, Interval
from clusterload.telemetry.sources.confluent.query import Format, Query, Table
from clusterload.telemetry.sources.confluent.settling import Settling
from clusterload.telemetry.sources.confluent.source import ConfluentSource
from clusterload.telemetry.sources.confluent.transport import Patience, QueryRefusedError, Transport

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
    "MetricsApi",
    "Not",
    "Operator",
    "Or",
    "Patience",
    "Query",
    "QueryRefusedError",
    "Settling",
    "Table",
    "Transport",
    "is_named",
    "of_cluster",
]
