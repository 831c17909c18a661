"""What the exporter's names mean: which samples make which resource.

The names are those of the JMX exporter project's own Kafka rules, as far as those go. The table says from
which metric a resource comes and which of its lines count.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]
"""A Series' name and its labels without the broker's."""

_TOPICS: Final = "kafka_server_brokertopicmetrics_"
_SOCKETS: Final = "kafka_server_socket_server_metrics_"
_REQUESTS: Final = "kafka_network_requestmetrics_"
_REPLICAS: Final = "kafka_server_replicamanager_"


class Sample(Protocol):
    """One line of a scrape."""

    @property
    def name(self) -> str:
        """The metric's name."""

    @property
    def labels(self) -> dict[str, str]:
        """What tells it from others of the name."""

    @property
    def value(self) -> float:
        """Its value, NaN when the broker has none."""


Counts = Callable[[Mapping[str, str]], bool]


def _without(label: str) -> Counts:
    return lambda labels: label not in labels


def _with(label: str) -> Counts:
    return lambda labels: label in labels


def _always(_: Mapping[str, str]) -> bool:
    return True


def _no_double_fetch(labels: Mapping[str, str]) -> bool:
    # Fetch is FetchConsumer plus FetchFollower, which are there as well.
    return labels.get("request") != "Fetch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """From one metric to one Series: lines that count are added up over all labels but `keep`.

    `otherwise` is the metric that stands in where an exporter's rules leave the first one out.
    """

    metric: str
    series: str
    otherwise: str = ""
    counts: Counts = _always
    clients_only: bool = False
    keep: tuple[str, ...] = ()


COUNTERS: Final = (
    Rule(metric=f"{_TOPICS}bytesin_total", series="ingress", counts=_without("topic")),
    Rule(metric=f"{_TOPICS}bytesout_total", series="egress", counts=_without("topic")),
    Rule(metric=f"{_TOPICS}messagesin_total", series="records_in", counts=_without("topic")),
    Rule(metric=f"{_TOPICS}bytesin_total", series="ingress_by_topic", counts=_with("topic"), keep=("topic",)),
    Rule(metric=f"{_TOPICS}bytesout_total", series="egress_by_topic", counts=_with("topic"), keep=("topic",)),
    Rule(
        metric=f"{_TOPICS}messagesin_total",
        series="records_in_by_topic",
        counts=_with("topic"),
        keep=("topic",),
    ),
    Rule(metric=f"{_TOPICS}replicationbytesin_total", series="replication_in", counts=_without("topic")),
    Rule(metric=f"{_TOPICS}replicationbytesout_total", series="replication_out", counts=_without("topic")),
    Rule(
        metric=f"{_TOPICS}producemessageconversions_total",
        series="message_conversions",
        counts=_without("topic"),
    ),
    # A selector counts what it receives as "response" and what it sends as "request": it was made for clients.
    # What a broker sends are the answers: one fewer for each request with acks=0.
    Rule(
        metric=f"{_SOCKETS}response_total",
        series="requests",
        otherwise=f"{_SOCKETS}request_total",
        clients_only=True,
    ),
    Rule(metric=f"{_SOCKETS}connection_creation_total", series="connection_attempts", clients_only=True),
    Rule(metric=f"{_SOCKETS}successful_authentication_total", series="authentications", clients_only=True),
    Rule(metric=f"{_SOCKETS}failed_authentication_total", series="failed_authentications", clients_only=True),
    Rule(metric=f"{_SOCKETS}incoming_byte_total", series="request_bytes", clients_only=True),
    Rule(metric=f"{_SOCKETS}outgoing_byte_total", series="response_bytes", clients_only=True),
    Rule(
        metric=f"{_REQUESTS}requests_total",
        series="requests_by_type",
        counts=_no_double_fetch,
        keep=("request",),
    ),
    Rule(metric=f"{_REPLICAS}isrshrinks_total", series="isr_shrinks"),
    Rule(metric="process_cpu_seconds_total", series="cpu_broker"),
    Rule(metric="jvm_gc_collection_seconds_sum", series="gc_time"),
)
GAUGES: Final = (
    Rule(metric=f"{_SOCKETS}connection_count", series="connections", clients_only=True),
    Rule(metric=f"{_REPLICAS}partitioncount", series="partitions"),
    Rule(metric=f"{_REPLICAS}leadercount", series="leaders"),
    Rule(metric=f"{_REPLICAS}underreplicatedpartitions", series="under_replicated"),
    Rule(metric="java_lang_operatingsystem_cpuload", series="cpu_host"),
    Rule(metric="java_lang_operatingsystem_availableprocessors", series="cores"),
)
# Shares of time come from the growth of counters of nanoseconds: exact, where the gauges lag a minute behind.
HANDLER_IDLE: Final = "kafka_server_kafkarequesthandlerpool_brokerrequesthandleravgidle_total"
HANDLER_IDLE_BEFORE_4: Final = "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_total"
NETWORK_TIME: Final = f"{_SOCKETS}io_time_ns_total"
STARTED: Final = "process_start_time_seconds"
_TIMES: Final = (f"{_REQUESTS}totaltimems_count", f"{_REQUESTS}totaltimems_mean")

METRICS: Final = frozenset(
    {
        *(rule.metric for rule in (*COUNTERS, *GAUGES)),
        *(rule.otherwise for rule in (*COUNTERS, *GAUGES)),
        HANDLER_IDLE,
        HANDLER_IDLE_BEFORE_4,
        NETWORK_TIME,
        STARTED,
        *_TIMES,
    }
)
"""The metrics that are read; all others of a scrape may be passed over."""

# Listeners that by their usual names carry no clients; used only where nobody said which one does.
_NO_CLIENTS: Final = {"BROKER", "CONTROLLER", "REPLICATION", "INTERBROKER", "INTERNAL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One scrape of one broker, in our words.

    Attributes:
        counters: values since the broker's start.
        gauges: values now.
        handler_idle: nanoseconds that the mean request handler has idled since the start; None if unknown.
        network: for each listener of clients what each of its network threads has worked since the start, in ns.
        started: Unix seconds of the broker's start; None if unknown.
    """

    counters: Mapping[Key, float]
    gauges: Mapping[Key, float]
    handler_idle: float | None
    network: Mapping[str, tuple[float, ...]]
    started: float | None


def read(samples: Iterable[Sample], client_listeners: frozenset[str]) -> Reading:
    """Translate one scrape; no listener named means all but those that usually carry no clients."""
    by_name: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample.name].append(sample)

    def is_client(labels: Mapping[str, str]) -> bool:
        listener = labels.get("listener", "")
        return listener in client_listeners if client_listeners else listener.upper() not in _NO_CLIENTS

    network: dict[str, tuple[float, ...]] = defaultdict(tuple)
    for one in by_name[NETWORK_TIME]:
        if is_client(one.labels):
            network[one.labels.get("listener", "")] += (one.value,)
    counters = _added(COUNTERS, by_name, is_client)
    counters.update(_request_time(by_name))
    return Reading(
        counters=counters,
        gauges=_added(GAUGES, by_name, is_client),
        handler_idle=_single(by_name[HANDLER_IDLE] or by_name[HANDLER_IDLE_BEFORE_4]),
        network=dict(network),
        started=_single(by_name[STARTED]),
    )


def _single(samples: list[Sample]) -> float | None:
    return samples[0].value if samples else None


def _added(rules: Iterable[Rule], by_name: Mapping[str, list[Sample]], is_client: Counts) -> dict[Key, float]:
    totals: dict[Key, float] = defaultdict(float)
    for rule in rules:
        for sample in by_name[rule.metric] or by_name[rule.otherwise]:
            labels = sample.labels
            if rule.counts(labels) and (not rule.clients_only or is_client(labels)):
                key = (rule.series, tuple((name, labels.get(name, "")) for name in rule.keep))
                totals[key] += sample.value
    return totals


def _request_time(by_name: Mapping[str, list[Sample]]) -> dict[Key, float]:
    """Milliseconds spent by type: the histogram's count times its mean, which is over all that it ever saw."""
    means = {one.labels.get("request", ""): one.value for one in by_name[_TIMES[1]]}
    return {
        # A type that never was has no mean: it has taken no time.
        ("request_time", (("request", request),)): one.value * means.get(request, math.nan) if one.value else 0.0
        for one in by_name[_TIMES[0]]
        if (request := one.labels.get("request", "")) != "Fetch"
    }
