"""Metrics from Confluent's Metrics API, version 2, or from what speaks its language."""

from clusterload.sources.confluent.access import Access, is_named
from clusterload.sources.confluent.api import MetricsApi
from clusterload.sources.confluent.descriptors import Descriptor
from clusterload.sources.confluent.filters import And, Comparison, Field, Filter, Not, Or, of_cluster
from clusterload.sources.confluent.interval import Granularity, Interval
from clusterload.sources.confluent.query import Format, Query, Table
from clusterload.sources.confluent.settling import Settling
from clusterload.sources.confluent.source import ConfluentSource
from clusterload.sources.confluent.transport import Patience, QueryRefused, Transport

__all__ = [
    "Access",
    "And",
    "Comparison",
    "ConfluentSource",
    "Descriptor",
    "Field",
    "Filter",
    "Format",
    "Granularity",
    "Interval",
    "MetricsApi",
    "Not",
    "Or",
    "Patience",
    "Query",
    "QueryRefused",
    "Settling",
    "Table",
    "Transport",
    "is_named",
    "of_cluster",
]
