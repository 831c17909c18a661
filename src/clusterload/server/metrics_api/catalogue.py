"""The metrics that are offered, what each is made of, and what it says of itself.

Only what brokers tell truly is here. Left out are `sent_records`, `retained_bytes`, `consumer_lag_offsets` and the
partition of bytes and records (brokers do not export them), the principal (known only where quotas exist) and
`cluster_load_percent` (a provider's own formula).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clusterload.model.errors import nearest
from clusterload.server.metrics_api.filters import CLUSTER
from clusterload.server.metrics_api.history import Line
from clusterload.server.metrics_api.refusal import RequestRefusedError

PREFIX: Final = "io.confluent.kafka.server/"
OTHER: Final = "Other"
"""The type of requests that brokers send as well as clients, so that no count by type is the clients' own."""

# Requests that no broker and no controller sends to another: their count by type is that of the clients,
# although brokers count types over all listeners.
CLIENT_TYPES: Final = frozenset(
    {
        "AddOffsetsToTxn", "ConsumerGroupDescribe", "ConsumerGroupHeartbeat", "DeleteGroups", "DeleteRecords",
        "DescribeGroups", "DescribeLogDirs", "DescribeProducers", "DescribeTopicPartitions", "DescribeTransactions",
        "EndTxn", "FetchConsumer", "GetTelemetrySubscriptions", "Heartbeat", "InitProducerId", "JoinGroup",
        "LeaveGroup", "ListGroups", "ListTransactions", "Metadata", "OffsetCommit", "OffsetDelete", "OffsetFetch",
        "Produce", "PushTelemetry", "ShareAcknowledge", "ShareFetch", "ShareGroupDescribe", "ShareGroupHeartbeat",
        "StreamsGroupDescribe", "StreamsGroupHeartbeat", "SyncGroup", "TxnOffsetCommit",
    }
)  # fmt: skip
_CALLED: Final = {"FetchConsumer": "Fetch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What lines of a resource add to a metric.

    Attributes:
        resource: its name in the history.
        labels: the metric's labels by the line's.
        fixed: labels that all of it has.
        only: values of the line's label that count; empty for all.
        sign: 1, or -1 for what is taken away.
    """

    resource: str
    labels: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    sign: int = 1

    def labels_of(self, line: Line) -> dict[str, str] | None:
        """The metric's labels for a line; None if the line does not count."""
        if self.only and self.only.isdisjoint(line.labels.values()):
            return None
        own = {ours: _CALLED.get(line.labels[theirs], line.labels[theirs]) for theirs, ours in self.labels.items()}
        # Kafka's own topics are not the users' traffic.
        if own.get("metric.topic", "").startswith("__"):
            return None
        return {**own, **self.fixed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric that is offered.

    Attributes:
        short: its name without the prefix.
        text: what it is, for people.
        unit: in UCUM's words.
        gauge: whether it is a gauge; else a counter of what happened in each minute.
        parts: what it is made of.
        told_by: the resource whose presence says that the brokers tell it.
        labels: its own labels, with what each means.
    """

    short: str
    text: str
    unit: str
    gauge: bool = False
    parts: tuple[Part, ...]
    told_by: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The full name."""
        return f"{PREFIX}{self.short}"

    @property
    def known_labels(self) -> set[str]:
        """Labels to filter and group by, with their prefix."""
        return {CLUSTER, *(f"metric.{label}" for label in self.labels)}

    @property
    def resources(self) -> Iterator[str]:
        """What of the history it is made of."""
        return (part.resource for part in self.parts)

    def descriptor(self) -> dict[str, Any]:
        """How the metric is listed."""
        return {
            "name": self.name,
            "description": self.text,
            "unit": self.unit,
            "type": "GAUGE_INT64" if self.gauge else "COUNTER_INT64",
            "exportable": True,
            "lifecycle_stage": "GENERAL_AVAILABILITY",
            "resources": ["kafka"],
            "labels": [
                {"key": key, "description": text, "exportable": True} for key, text in sorted(self.labels.items())
            ],
        }


_COUNTED: Final = "The count is sampled every 60 seconds."
_TOPIC: Final = {"topic": "The name of the Kafka topic."}


def _by_topic(short: str, text: str, unit: str, resource: str, told_by: str) -> Metric:
    return Metric(
        short=short,
        text=f"{text} {_COUNTED} Kafka's own topics are left out.",
        unit=unit,
        parts=(Part(resource=resource, labels={"topic": "metric.topic"}),),
        told_by=told_by,
        labels=_TOPIC,
    )


def _whole(short: str, text: str, unit: str, resource: str, *, gauge: bool = False) -> Metric:
    said = text if gauge else f"{text} {_COUNTED}"
    return Metric(short=short, text=said, unit=unit, gauge=gauge, parts=(Part(resource=resource),), told_by=resource)


METRICS: Final = {
    metric.name: metric
    for metric in (
        _by_topic(
            "received_bytes",
            "The delta count of bytes of record batches that were produced, as they came, without framing.",
            "By",
            "ingress_by_topic",
            "ingress",
        ),
        _by_topic(
            "sent_bytes",
            "The delta count of bytes of record batches that consumers fetched, without replication and framing.",
            "By",
            "egress_by_topic",
            "egress",
        ),
        _by_topic(
            "received_records",
            "The delta count of records that were produced.",
            "{record}",
            "records_in_by_topic",
            "records_in",
        ),
        Metric(
            short="request_count",
            text=f"The delta count of requests received on the clients' listener. {_COUNTED}",
            unit="{request}",
            parts=(
                Part(resource="requests", fixed={"metric.type": OTHER}),
                Part(resource="requests_by_type", labels={"request": "metric.type"}, only=CLIENT_TYPES),
                Part(resource="requests_by_type", fixed={"metric.type": OTHER}, only=CLIENT_TYPES, sign=-1),
            ),
            told_by="requests",
            labels={
                "type": "The Kafka protocol request type, if only clients send it; Other is the rest of the total."
            },
        ),
        _whole(
            "request_bytes",
            "The delta count of bytes of requests received on the clients' listener, with their framing.",
            "By",
            "request_bytes",
        ),
        _whole(
            "response_bytes",
            "The delta count of bytes of responses sent on the clients' listener, with their framing.",
            "By",
            "response_bytes",
        ),
        _whole(
            "active_connection_count",
            "The count of open connections of the clients' listener.",
            "{connection}",
            "connections",
            gauge=True,
        ),
        _whole(
            "successful_authentication_count",
            "The delta count of successful authentications on the clients' listener; none where no login is asked.",
            "{authentication}",
            "authentications",
        ),
        _whole(
            "partition_count",
            "The number of partitions that have a leader, each counted once, Kafka's own topics included.",
            "{partition}",
            "leaders",
            gauge=True,
        ),
    )
}
"""All metrics by full name."""

RESOURCES: Final = frozenset(
    {
        *(name for metric in METRICS.values() for name in metric.resources),
        *(metric.told_by for metric in METRICS.values()),
    }
)
"""What a history must keep."""

RESOURCE_DESCRIPTORS: Final = [
    {
        "type": "kafka",
        "description": "A Kafka cluster.",
        "labels": [{"key": "kafka.id", "description": "ID of the Kafka cluster.", "exportable": True}],
    }
]


def metric(name: str) -> Metric:
    """The metric of this name.

    Raises:
        RequestRefusedError: there is none.
    """
    if name not in METRICS:
        raise RequestRefusedError(
            f"no metric {name!r}{nearest(name, METRICS)}; descriptors/metrics lists those that there are"
        )
    return METRICS[name]


def offered(known: set[str]) -> list[Metric]:
    """The metrics that can be told from these resources."""
    return [metric for metric in METRICS.values() if metric.told_by in known]
