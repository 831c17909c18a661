"""Which MBeans are read, and what each of their attributes is called.

Names and labels are those that the rules of a lab's JMX exporter (`lab/exporter.yml`) give to the same MBeans, so
that one map of names serves both.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute, the metric that it is, and what it is multiplied by to be in the metric's unit."""

    attribute: str
    metric: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MBean:
    """One MBean, or all that match a pattern.

    Attributes:
        name: as Java's ObjectName writes it; a `*` in it makes it a pattern.
        values: the attributes that are read of each.
        labels: label to the key property it is taken from; a property that an MBean lacks gives it no such label.
        always: whether every broker has it; where not, its absence is not reported.
    """

    name: str
    values: tuple[Value, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    always: bool = True

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for any number of MBeans."""
        return "*" in self.name


# The costly ones are read for those requests alone of which a cluster can have very many.
_REQUESTS: Final = (
    "Produce",
    "FetchConsumer",
    "FetchFollower",
    "Metadata",
    "OffsetCommit",
    "InitProducerId",
    "JoinGroup",
    "ApiVersions",
)
_WAITING: Final = ("Produce", "FetchConsumer", "FetchFollower")
"""Requests that wait for other brokers or for records."""
_TOPIC_METERS: Final = (
    "BytesIn",
    "BytesOut",
    "MessagesIn",
    "BytesRejected",
    "TotalProduceRequests",
    "TotalFetchRequests",
    "FailedProduceRequests",
    "FailedFetchRequests",
)
_BROKER_METERS: Final = (
    "ReplicationBytesIn",
    "ReplicationBytesOut",
    "ProduceMessageConversions",
    "FetchMessageConversions",
    "ReassignmentBytesIn",
    "ReassignmentBytesOut",
    "NoKeyCompactedTopicRecords",
    "InvalidMagicNumberRecords",
    "InvalidMessageCrcRecords",
    "InvalidOffsetOrSequenceRecords",
    "RemoteFetchBytes",
    "RemoteCopyBytes",
    "TotalShareFetchRequests",
    "FailedShareFetchRequests",
    "TotalShareAcknowledgementRequests",
    "FailedShareAcknowledgementRequests",
)
_SOCKET_TOTALS: Final = (
    "connection-creation",
    "connection-close",
    "incoming-byte",
    "outgoing-byte",
    "response",
    "io-time-ns",
    "io-wait-time-ns",
    "failed-authentication",
    "successful-authentication",
)
_COORDINATED: Final = (
    "group-completed-rebalance",
    "consumer-group-rebalance",
    "share-group-rebalance",
    "streams-group-rebalance",
    "offset-commit",
)
_COORDINATOR_GAUGES: Final = ("thread-idle-ratio-avg", "event-queue-time-ms-p99")
_ACCEPT_THROTTLE: Final = "connection-accept-throttle-time"
_REPLICA_GAUGES: Final = ("PartitionCount", "LeaderCount", "UnderReplicatedPartitions")
_REPLICA_METERS: Final = ("IsrExpands", "IsrShrinks")
_SYSTEM_GAUGES: Final = (
    "ProcessCpuLoad",
    "CpuLoad",
    "AvailableProcessors",
    "SystemLoadAverage",
    "OpenFileDescriptorCount",
)
_HANDLERS: Final = ("RequestHandlerAvgIdle", "BrokerRequestHandlerAvgIdle", "ControllerRequestHandlerAvgIdle")
_CLIENT_VALUES: Final = ("byte-rate", "request-time", "throttle-time")


def _name(*parts: str) -> str:
    return "_".join(part.lower().replace("-", "_") for part in parts)


def _meter(group: str, meter: str, suffix: str = "", *, always: bool = True) -> MBean:
    """Of a meter only the count is read: its growth is exact, its one-minute rate lags."""
    return MBean(
        name=f"kafka.server:type={group},name={meter}PerSec{suffix}",
        values=(Value("Count", _name("kafka_server", group, meter, "total")),),
        labels={"topic": "topic"} if suffix else {},
        always=always,
    )


def _gauge(domain: str, group: str, name: str, metric: str) -> MBean:
    return MBean(
        name=f"{domain}:type={group},name={name}",
        values=(Value("Value", _name(domain.replace(".", "_"), group, metric)),),
    )


def _times(name: str, requests: Iterable[str] = _REQUESTS) -> Iterator[MBean]:
    # Count times Mean is the time that all requests took since the start, in ms.
    values = tuple(Value(what, _name("kafka_network_requestmetrics", name, what)) for what in ("Count", "Mean"))
    for request in requests:
        yield MBean(
            name=f"kafka.network:type=RequestMetrics,name={name},request={request}",
            values=values,
            labels={"request": "request"},
        )


def _handlers(name: str) -> MBean:
    # Idle time of all handlers, in ns divided by their number; since Kafka 4 also apart by role.
    metric = _name("kafka_server_kafkarequesthandlerpool", name)
    return MBean(
        name=f"kafka.server:type=KafkaRequestHandlerPool,name={name}Percent",
        values=(Value("Count", f"{metric}_total"), Value("OneMinuteRate", f"{metric}_percent")),
        always=name == _HANDLERS[0],
    )


def _connections(kind: str, labels: Mapping[str, str]) -> MBean:
    # Of those that share something; there once a client was connected that says so.
    properties = ",".join(f"{key}=*" for key in labels.values())
    return MBean(
        name=f"kafka.server:type=socket-server-metrics,{properties},listener=*,networkProcessor=*",
        values=(Value("connections", f"kafka_server_socket_server_metrics_connections_{kind}"),),
        labels={**labels, "listener": "listener", "network_processor": "networkProcessor"},
        always=False,
    )


def _clients(group: str) -> MBean:
    # Of single clients: there as soon as any client quota is, even one that binds nobody.
    return MBean(
        name=f"kafka.server:type={group},*",
        values=tuple(Value(what, _name("kafka_server", group, what)) for what in _CLIENT_VALUES),
        labels={"user": "user", "client_id": "client-id"},
        always=False,
    )


MBEANS: Final = (
    MBean(
        name="java.lang:type=Runtime",
        values=(Value("StartTime", "process_start_time_seconds", 1e-3),),
    ),
    MBean(
        name="java.lang:type=OperatingSystem",
        values=(
            Value("ProcessCpuTime", "process_cpu_seconds_total", 1e-9),
            Value("ProcessCpuTime", "java_lang_operatingsystem_processcputime_total"),
            *(Value(name, _name("java_lang_operatingsystem", name)) for name in _SYSTEM_GAUGES),
        ),
    ),
    MBean(
        name="java.lang:type=GarbageCollector,name=*",
        values=(Value("CollectionTime", "jvm_gc_collection_seconds_sum", 1e-3),),
        labels={"gc": "name"},
    ),
    MBean(
        name="kafka.network:type=RequestMetrics,name=RequestsPerSec,*",
        values=(Value("Count", "kafka_network_requestmetrics_requests_total"),),
        labels={"request": "request", "version": "version"},
    ),
    MBean(
        name="kafka.network:type=RequestMetrics,name=ErrorsPerSec,*",
        values=(Value("Count", "kafka_network_requestmetrics_errors_total"),),
        labels={"request": "request", "error": "error"},
        always=False,
    ),
    MBean(
        name="kafka.network:type=RequestMetrics,name=DeprecatedRequestsPerSec,*",
        values=(Value("Count", "kafka_network_requestmetrics_deprecatedrequests_total"),),
        labels={
            "request": "request",
            "version": "version",
            "client_software_name": "clientSoftwareName",
            "client_software_version": "clientSoftwareVersion",
        },
        always=False,
    ),
    MBean(
        name="kafka.network:type=Acceptor,name=AcceptorBlockedPercent,*",
        values=(Value("Count", "kafka_network_acceptor_acceptorblocked_total"),),
        labels={"listener": "listener"},
        always=False,
    ),
    *(mbean for name in ("LocalTimeMs", "TotalTimeMs", "RequestQueueTimeMs") for mbean in _times(name)),
    *_times("RemoteTimeMs", _WAITING),
    _gauge("kafka.network", "SocketServer", "NetworkProcessorAvgIdlePercent", "NetworkProcessorAvgIdle_percent"),
    _gauge("kafka.network", "RequestChannel", "RequestQueueSize", "RequestQueueSize"),
    *(_meter("BrokerTopicMetrics", name, ",*") for name in _TOPIC_METERS),
    *(_meter("BrokerTopicMetrics", name, ",*", always=False) for name in _BROKER_METERS),
    MBean(
        name="kafka.server:type=socket-server-metrics,listener=*,networkProcessor=*",
        values=(
            *(
                Value(f"{name}-total", _name("kafka_server_socket_server_metrics", name, "total"))
                for name in _SOCKET_TOTALS
            ),
            Value("connection-count", "kafka_server_socket_server_metrics_connection_count"),
        ),
        labels={"listener": "listener", "network_processor": "networkProcessor"},
    ),
    _connections(
        "software", {"client_software_name": "clientSoftwareName", "client_software_version": "clientSoftwareVersion"}
    ),
    _connections("tls", {"cipher": "cipher", "protocol": "protocol"}),
    MBean(
        name="kafka.server:type=group-coordinator-metrics",
        values=(
            *(
                Value(f"{name}-count", _name("kafka_server_group_coordinator_metrics", name, "count"))
                for name in _COORDINATED
            ),
            *(Value(name, _name("kafka_server_group_coordinator_metrics", name)) for name in _COORDINATOR_GAUGES),
        ),
    ),
    MBean(
        name="kafka.server:type=socket-server-metrics,listener=*",
        values=(Value(_ACCEPT_THROTTLE, _name("kafka_server_socket_server_metrics", _ACCEPT_THROTTLE)),),
        labels={"listener": "listener"},
        always=False,
    ),
    MBean(
        name="kafka.server:type=Request",
        values=(Value("exempt-request-time", "kafka_server_request_exempt_request_time"),),
        always=False,
    ),
    MBean(
        name="kafka.server:type=ShareGroupMetrics,name=RecordAcknowledgementsPerSec,*",
        values=(Value("Count", "kafka_server_sharegroupmetrics_recordacknowledgements_total"),),
        labels={"acktype": "ackType"},
        always=False,
    ),
    _gauge("kafka.log", "LogCleaner", "DeadThreadCount", "DeadThreadCount"),
    _gauge("kafka.log", "LogCleanerManager", "max-dirty-percent", "max-dirty-percent"),
    *(
        MBean(
            name=f"kafka.server:type=KafkaServer,name=linux-disk-{way}-bytes",
            values=(Value("Value", f"kafka_server_kafkaserver_linux_disk_{way}_bytes"),),
            always=False,
        )
        for way in ("read", "write")
    ),
    *map(_handlers, _HANDLERS),
    *map(_clients, ("Produce", "Fetch", "Request")),
    *(_gauge("kafka.server", "ReplicaManager", name, name) for name in _REPLICA_GAUGES),
    *(_meter("ReplicaManager", name) for name in _REPLICA_METERS),
    _gauge("kafka.controller", "KafkaController", "ActiveControllerCount", "ActiveControllerCount"),
)
"""All that can be read."""


def giving(metrics: Container[str]) -> tuple[MBean, ...]:
    """Those that give any of these metrics, with no attribute more than that needs."""
    chosen = (
        replace(mbean, values=tuple(value for value in mbean.values if value.metric in metrics)) for mbean in MBEANS
    )
    return tuple(mbean for mbean in chosen if mbean.values)
