"""Exposition: what each broker's JMX exporter would show, as text, while time passes.

Names and labels are those that a lab's exporter rules give (`clusterload/lab/exporter.yml`); of each topic and client
there is what a real broker has, also what the tool does not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.big_cluster.cluster import Cluster, Numbers
from benchmarks.big_cluster.figures import COUNTED, STEADY
from benchmarks.big_cluster.rates import Rates
from clusterload.model.resources import RESOURCES
from clusterload.model.series import Floats, Kind

_AGE: Final = 86_400.0
"""Seconds that brokers have been up when all begins."""

_THREADS: Final = 3

_PLAIN: Final = {
    "kafka_server_brokertopicmetrics_bytesin_total": "ingress",
    "kafka_server_brokertopicmetrics_bytesout_total": "egress",
    "kafka_server_brokertopicmetrics_messagesin_total": "records_in",
    "kafka_server_brokertopicmetrics_replicationbytesin_total": "replication_in",
    "kafka_server_brokertopicmetrics_replicationbytesout_total": "replication_out",
    "kafka_server_brokertopicmetrics_producemessageconversions_total": "message_conversions",
    "kafka_server_group_coordinator_metrics_group_completed_rebalance_count": "group_rebalances",
    "kafka_server_group_coordinator_metrics_offset_commit_count": "offset_commits",
    "kafka_server_kafkaserver_linux_disk_read_bytes": "disk_reads",
    "kafka_server_kafkaserver_linux_disk_write_bytes": "disk_writes",
    "kafka_server_replicamanager_isrshrinks_total": "isr_shrinks",
    "kafka_server_replicamanager_isrexpands_total": "isr_expands",
    "kafka_server_replicamanager_partitioncount": "partitions",
    "kafka_server_replicamanager_leadercount": "leaders",
    "kafka_server_replicamanager_underreplicatedpartitions": "under_replicated",
    "process_cpu_seconds_total": "cpu_broker",
    "jvm_gc_collection_seconds_sum": "gc_time",
    "java_lang_operatingsystem_cpuload": "cpu_host",
    "java_lang_operatingsystem_availableprocessors": "cores",
}

_OF_THREADS: Final = {
    "kafka_server_socket_server_metrics_response_total": "requests",
    "kafka_server_socket_server_metrics_connection_creation_total": "connection_attempts",
    "kafka_server_socket_server_metrics_successful_authentication_total": "authentications",
    "kafka_server_socket_server_metrics_failed_authentication_total": "failed_authentications",
    "kafka_server_socket_server_metrics_incoming_byte_total": "request_bytes",
    "kafka_server_socket_server_metrics_outgoing_byte_total": "response_bytes",
    "kafka_server_socket_server_metrics_connection_count": "connections",
}

_OF_TOPICS: Final = {
    "kafka_server_brokertopicmetrics_bytesin_total": ("ingress_by_topic", 1.0),
    "kafka_server_brokertopicmetrics_bytesout_total": ("egress_by_topic", 1.0),
    "kafka_server_brokertopicmetrics_messagesin_total": ("records_in_by_topic", 1.0),
    # Not read by the tool; as many as batches of 30 records.
    "kafka_server_brokertopicmetrics_totalproducerequests_total": ("records_in_by_topic", 1 / 30),
    "kafka_server_brokertopicmetrics_totalfetchrequests_total": ("records_in_by_topic", 1 / 10),
}

_OF_CLIENTS: Final = {
    "kafka_server_request_request_time": ("thread_time_by_client", 100.0),
    "kafka_server_produce_byte_rate": ("ingress_by_client", 1.0),
    "kafka_server_fetch_byte_rate": ("egress_by_client", 1.0),
}

_TIMES: Final = {
    "totaltimems": "request_time", "requestqueuetimems": "request_queue_time",
    "localtimems": "request_local_time", "remotetimems": "request_remote_time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the text: its head, and what it shows before the onset and from it on, a second or a level."""

    head: str
    before: float
    now: float
    counted: bool
    noise: float
    seldom: bool = False


class Exposition:
    """A broker's text. Counters grow by what passed since the last scrape, whoever scraped."""

    def __init__(self, cluster: Cluster, before: Rates, now: Rates, broker: int, *, onset: float, noise: float) -> None:
        """What broker `broker` (from 0) shows; `onset` seconds after the beginning the rates are those of `now`."""
        self._chance = np.random.default_rng(broker)
        self._onset, self._at = onset, 0.0
        lines = list(_lines(cluster, before, now, broker, noise))
        self._heads = [line.head for line in lines]
        self._before, self._now = np.array([line.before for line in lines]), np.array([line.now for line in lines])
        self._counted = np.array([line.counted for line in lines])
        self._seldom = np.array([line.seldom for line in lines])
        self._noise = np.array([line.noise for line in lines])
        self._values: Floats = np.where(self._counted, self._before * _AGE, self._before)
        self._means = _means(self._heads)

    def __len__(self) -> int:
        return len(self._heads)

    def text(self, elapsed: float) -> bytes:
        """What is shown so many seconds after the beginning."""
        self._advance(elapsed)
        shown = self._values.copy()
        for mean, count in self._means:
            shown[mean] = self._values[mean] / self._values[count] if self._values[count] else np.nan
        lines = [f"{head} {value!r}" for head, value in zip(self._heads, shown.tolist(), strict=True)]
        return ("\n".join(lines) + "\nprocess_start_time_seconds 1.7E9\n").encode()

    def _advance(self, elapsed: float) -> None:
        seconds = max(0.0, elapsed - self._at)
        later = min(seconds, max(0.0, elapsed - self._onset))
        self._at = max(self._at, elapsed)
        noise = self._chance.lognormal(0.0, 1.0, len(self._noise)) ** self._noise
        amounts = (self._before * (seconds - later) + self._now * later) * noise
        amounts[self._seldom] = self._chance.poisson(amounts[self._seldom])
        levels = (self._now if elapsed >= self._onset else self._before) * noise
        self._values = np.where(self._counted, self._values + amounts, levels)


def _means(heads: list[str]) -> list[tuple[int, int]]:
    """Where each mean time stands, and the count that it is of."""
    place = {head: at for at, head in enumerate(heads)}
    return [(at, place[head.replace("ms_mean{", "ms_count{")]) for head, at in place.items() if "ms_mean{" in head]


def _lines(cluster: Cluster, before: Rates, now: Rates, broker: int, noise: float) -> Iterator[_Line]:
    def line(head: str, name: str, was: float, has: float, share: float = 1.0) -> _Line:
        steady = name in STEADY or name.startswith("connections")
        seldom = name in COUNTED
        counted = RESOURCES[name].kind is Kind.DELTA
        return _Line(head, was * share, has * share, counted, 0.0 if steady or seldom else noise, seldom)

    for metric, name in _PLAIN.items():
        yield line(metric, name, before.broker[name][broker], now.broker[name][broker])
    for metric, name in _OF_THREADS.items():
        for thread in range(_THREADS):
            head = f'{metric}{{listener="CLIENT",network_processor="{thread}"}}'
            yield line(head, name, before.broker[name][broker], now.broker[name][broker], 1 / _THREADS)
    yield from _threads(before, now, broker, noise)
    for software, values in now.software.items():
        name, _, version = software.partition("/")
        head = (
            f'kafka_server_socket_server_metrics_connections_software{{client_software_name="{name}",'
            f'client_software_version="{version}",listener="CLIENT",network_processor="0"}}'
        )
        yield line(head, "connections_by_software", before.software[software][broker], values[broker])
    yield from _requests(before, now, broker, noise)
    for metric, (name, share) in _OF_TOPICS.items():
        for topic, was, has in _of(before.topic[name], now.topic[name], broker):
            yield line(f'{metric}{{topic="{cluster.topics[topic]}"}}', name, was, has, share)
    for metric, (name, share) in _OF_CLIENTS.items():
        throttle = metric.replace("byte_rate", "throttle_time").replace("request_time", "throttle_time")
        for client, was, has in _of(before.client[name], now.client[name], broker):
            yield line(f'{metric}{{client_id="{cluster.clients[client]}"}}', name, was, has, share)
            yield _Line(f'{throttle}{{client_id="{cluster.clients[client]}"}}', np.nan, np.nan, False, 0.0)


def _threads(before: Rates, now: Rates, broker: int, noise: float) -> Iterator[_Line]:
    """Idle time of request handlers and busy time of network threads, in ns."""
    idle = "kafka_server_kafkarequesthandlerpool_brokerrequesthandleravgidle_total"
    busy = [rates.broker["request_handler_busy"][broker] for rates in (before, now)]
    yield _Line(idle, 1e9 * (1 - busy[0]), 1e9 * (1 - busy[1]), True, 0.02 * noise)
    was, has = (1e9 * rates.broker["network_thread_busy"][broker] for rates in (before, now))
    for thread in range(_THREADS):
        labels = f'{{listener="CLIENT",network_processor="{thread}"}}'
        yield _Line(f"kafka_server_socket_server_metrics_io_time_ns_total{labels}", was, has, True, noise)


def _requests(before: Rates, now: Rates, broker: int, noise: float) -> Iterator[_Line]:
    """Requests by type, and their times as count and mean; what stands as mean here is the time itself."""
    by_type = {request for name, request in now.request if name == "requests_by_type"}
    for request in sorted(by_type):
        key = ("requests_by_type", request)
        was, has = before.request[key][broker], now.request[key][broker]
        head = f'kafka_network_requestmetrics_requests_total{{request="{request}",version="12"}}'
        yield _Line(head, was, has, True, noise)
        for metric, name in _TIMES.items():
            if (name, request) in now.request:
                labels = f'{{request="{request}"}}'
                took, takes = before.request[name, request][broker], now.request[name, request][broker]
                yield _Line(f"kafka_network_requestmetrics_{metric}_count{labels}", was, has, True, noise)
                yield _Line(f"kafka_network_requestmetrics_{metric}_mean{labels}", took, takes, True, noise)


def _of(before: Floats, now: Floats, broker: int) -> Iterator[tuple[int, float, float]]:
    """Which topics or clients a broker shows, with what was and what is."""
    usual = np.full(now.shape[0], np.nan)
    usual[: before.shape[0]] = before[:, broker]
    shown: Numbers = np.flatnonzero(~np.isnan(now[:, broker]) | ~np.isnan(usual))
    for at in shown:
        yield int(at), float(np.nan_to_num(usual[at])), float(np.nan_to_num(now[at, broker]))


def expositions(cluster: Cluster, before: Rates, now: Rates, *, onset: float, noise: float) -> Mapping[str, Exposition]:
    """Each broker's, by its id."""
    return {
        str(broker + 1): Exposition(cluster, before, now, broker, onset=onset, noise=noise)
        for broker in range(cluster.size.brokers)
    }
