"""What each source offers: from which of its metrics a resource comes, how finely and how late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from clusterload.telemetry.sources.confluent.mapping import metric_of
from clusterload.telemetry.sources.jolokia.mbeans import giving
from clusterload.telemetry.sources.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """A kind of source.

    Attributes:
        title: what it is.
        granularity: how far apart its points are.
        lateness: how late they are there.
        past: whether it has history.
    """

    title: str
    granularity: str
    lateness: str
    past: bool = False


SOURCES: Final[Mapping[str, SourceInfo]] = {
    "exporter": SourceInfo(
        title="JMX exporters, scraped directly",
        granularity="as asked, from 1 s; up to 8 times that where scrapes are slow",
        lateness="at once",
    ),
    "prometheus": SourceInfo(
        title="Prometheus or a server with its HTTP API, under names that a map knows",
        granularity="its scrape interval, often 15 to 60 s",
        lateness="one and a half of its scrape intervals",
        past=True,
    ),
    "jolokia": SourceInfo(title="Jolokia agents", granularity="as the exporter", lateness="at once"),
    "confluent": SourceInfo(
        title="Confluent's Metrics API, or one that is served", granularity="1 min", lateness="3 to 5 min", past=True
    ),
    "admin": SourceInfo(
        title="Admin API of the brokers", granularity="5 s; sizes, placement and lag 10 s", lateness="at once"
    ),
}
"""The sources by the names that `--source` takes."""

_ADMIN: Final = {
    "partitions": "Metadata",
    "leaders": "Metadata",
    "under_replicated": "Metadata",
    "offline_partitions": "Metadata",
    "log_bytes": "DescribeLogDirs",
    "consumer_lag": "OffsetFetch and ListOffsets",
    "group_members": "DescribeGroups",
    "groups": "ListGroups",
    "members_changed": "DescribeGroups",
    "records_by_partition": "ListOffsets",
    "round_trip_time": "ApiVersions",
}
OF_OTHERS: Final = (
    "kminion",
    "kafka-exporter",
    "node-exporter",
    "kubernetes",
    "client-telemetry",
    "opentelemetry",
    "opentelemetry-receiver",
    "confluent-cloud",
)
"""Maps of what is not a broker's own exporter, or tells less of a broker."""

_MAPS: Final = {"exporter": "jmx-exporter", "strimzi": "strimzi", "redpanda": "redpanda"}


@cache
def _maps() -> Mapping[str, Names]:
    return {place: Names.named(table) for place, table in _MAPS.items()}


@cache
def _others() -> tuple[Names, ...]:
    return tuple(map(Names.named, OF_OTHERS))


def metrics_by_source(resource: str) -> dict[str, str]:
    """The metric that a resource comes from, by source: exporter, strimzi, redpanda, jolokia, confluent, admin, others.

    Others are exporters of hosts, containers, lags, clients and OpenTelemetry; the first that has it is named. An
    exporter's names are also those of a Prometheus that scrapes it. Sources without the resource are left out.
    """
    maps = _maps()
    found = {place: ", ".join(names.of(resource)[:1]) for place, names in maps.items()}
    if found["strimzi"] == found["exporter"]:
        found["strimzi"] = ""
    shown = frozenset(maps["exporter"].of(resource))
    found["jolokia"] = next((mbean.name for mbean in giving(shown)), "")
    found["confluent"] = metric_of(resource)
    found["admin"] = _ADMIN.get(resource, "")
    found["others"] = next((metric for names in _others() for metric in names.of(resource)), "")
    return {place: metric for place, metric in found.items() if metric}
