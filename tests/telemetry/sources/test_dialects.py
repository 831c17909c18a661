"""Other people's rules, on real brokers: what is read is what a lab's own names say of the same broker at that time."""

from __future__ import annotations

import re
from typing import Final

import pytest

from clusterload.model.resources import RESOURCES
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Labels, Names
from clusterload.telemetry.sources.names.recognition import recognised
from tests.telemetry.sources.dialects import MAPS, Figures, figures, texts
from tests.telemetry.sources.kept import Kept

# What the broker does of itself goes on between the two readings, and so do its own means.
_UNQUIET: Final = {
    "cpu_broker", "cpu_host", "disk_reads", "disk_writes", "gc_time", "request_handler_busy", "network_thread_busy",
    "coordinator_busy", "coordinator_queue_time", "exempt_thread_time", "accept_throttle_time", "acceptor_blocked",
}  # fmt: skip
_OF_BROKERS: Final = {"BrokerHeartbeat", "FetchConsumer", "Fetch", "Metadata", "Heartbeat"}
_BY_CLIENT: Final = ("ingress_by_client", "egress_by_client", "thread_time_by_client")
_TIMES: Final = {"request_time", "request_queue_time", "request_local_time", "request_remote_time"}
_WITH_SUMS: Final = ("default", "default-exporter-0.20", "strimzi-reporter")
_MANY: Final = {"requests": 0.05, "request_bytes": 0.05, "response_bytes": 0.05, "fetch_requests_by_topic": 0.05}


def alike(labels: Labels) -> Labels:
    """Labels as the exporter writes what it puts into a metric's name."""
    return tuple((name, re.sub(r"[^a-z0-9]", "_", value.lower())) for name, value in labels)


def same_names(found: dict[Labels, float]) -> dict[Labels, float]:
    return {alike(labels): value for labels, value in found.items() if dict(labels).get("request") not in _OF_BROKERS}


def flat(found: Figures) -> dict[tuple[str, Labels], float]:
    return {(name, labels): value for name, values in found.items() for labels, value in values.items()}


@pytest.mark.parametrize("dialect", MAPS)
def test_amounts_and_levels_are_those_that_the_lab_s_names_tell(dialect: str) -> None:
    found, lab = figures(dialect), figures(dialect, lab=True)
    quiet = [name for name in found.keys() & lab.keys() if name not in {*_UNQUIET, *_BY_CLIENT, *_TIMES}]
    assert {"ingress", "egress", "records_in_by_topic", "requests_by_type", "partitions", "leaders"} <= set(quiet)
    for name in quiet:
        ours = same_names(lab[name])
        theirs = {labels: value for labels, value in same_names(found[name]).items() if labels in ours}
        assert theirs == pytest.approx(ours, rel=_MANY.get(name, 1e-9), abs=1, nan_ok=True), name


@pytest.mark.parametrize("dialect", MAPS)
def test_threads_are_as_busy_as_they_were(dialect: str) -> None:
    found, lab = figures(dialect), figures(dialect, lab=True)
    busy = ("request_handler_busy", "network_thread_busy")
    assert all(found[name][()] == pytest.approx(lab[name][()], abs=0.04) for name in busy)
    assert found["cpu_broker"][()] == pytest.approx(lab["cpu_broker"][()], rel=0.15, abs=0.3)


@pytest.mark.parametrize("dialect", ["jmx-exporter-kraft", "jmx-exporter-2_0_0", "confluent-stacks", *_WITH_SUMS])
def test_clients_take_what_the_lab_s_names_say_that_they_take(dialect: str) -> None:
    """They had stopped by then, so that the brokers' means over some seconds fall between the two readings."""
    found, lab = figures(dialect), figures(dialect, lab=True)
    for name in _BY_CLIENT:
        ours = {labels: value for labels, value in same_names(lab[name]).items() if value > 0.005}
        assert {label for label, _ in next(iter(ours))} <= {"client", "principal"}
        theirs = same_names(found[name])
        assert {labels: theirs[labels] for labels in ours} == pytest.approx(ours, rel=0.3), name
    billing = (("client", "billing"), ("principal", "lab"))
    assert found["ingress_by_client"][billing] > 1000


@pytest.mark.parametrize("dialect", MAPS)
def test_the_ends_of_logs_tell_the_records_of_partitions(dialect: str) -> None:
    found = figures(dialect)
    by_topic = {dict(alike(labels))["topic"]: value for labels, value in found["records_in_by_topic"].items()}
    for topic in ("orders_eu", "billing"):
        each = found["records_by_partition"].items()
        partitions = [value for labels, value in each if ("topic", topic) in alike(labels)]
        assert len(partitions) == 2
        assert sum(partitions) == pytest.approx(by_topic[topic], abs=2)
    topics = {dict(labels)["topic"] for labels in found["records_by_partition"]}
    assert "__consumer_offsets" in topics
    assert "__cluster_metadata" not in topics


@pytest.mark.parametrize("dialect", _WITH_SUMS)
def test_how_long_requests_took_is_read_where_a_sum_can_be_made(dialect: str) -> None:
    found, lab = figures(dialect), figures(dialect, lab=True)
    produce = (("request", "Produce"),)
    for name in ("request_time", "request_queue_time", "request_local_time"):
        assert found[name][produce] == pytest.approx(lab[name][produce], rel=0.05, abs=2), name


@pytest.mark.parametrize("dialect", [name for name in MAPS if name not in _WITH_SUMS])
def test_of_counts_and_percentiles_of_times_no_amount_is_made(dialect: str) -> None:
    assert not {"request_time", "request_queue_time", "request_local_time"} & figures(dialect).keys()


@pytest.mark.parametrize("dialect", MAPS)
def test_a_scrape_is_recognised_and_read_as_by_its_own_names(dialect: str) -> None:
    """Where rules are nearly the same, the other map does as well: what is read is what counts."""
    shown = {re.split(r"[{ ]", line, maxsplit=1)[0] for line in texts(dialect)[0].split("\n") if line[:1] != "#"}
    fits = recognised(shown).fits
    assert [name for name, values in figures(dialect).items() if name not in fits[0].series and values] == []
    assert flat(figures(dialect, names=fits[0].names.name)) == pytest.approx(flat(figures(dialect)), nan_ok=True)


def told(names: str, *seconds: str) -> Kept:
    """What a map tells of texts, a second apart, where nobody said which listeners are the clients'."""
    mapped, kept = Names.named(names), Kept()
    deltas, parser = Deltas(broker="1", names=mapped), ScrapeParser(SharedLines(mapped))
    for second, text in enumerate(seconds):
        deltas.take(Scrape(time=(second + 1) * 10**9, reading=parser.read(text)), kept)
    return kept


POOL: Final = "kafka_server_kafkarequesthandlerpool"


@pytest.mark.parametrize("names", ["confluent-stacks", "strimzi", "jmx-exporter", "grafana", "bitnami", "default"])
@pytest.mark.parametrize(
    "metric",
    [
        f"{POOL}_requesthandleravgidlepercent",
        f"{POOL}_requesthandleravgidlepercent_total",
        f"{POOL}_brokerrequesthandleravgidlepercent_total",
        f"{POOL}_requesthandleravgidlepercent_count",
    ],
)
def test_an_idle_share_is_never_taken_for_a_counter_by_any_map(names: str, metric: str) -> None:
    """Handlers that idle for 42 % of the time are busy for 58 %, or it is not known; they are not busy for 100 %."""
    busy = told(names, *[f"{metric} 0.42\n"] * 3).values("request_handler_busy")
    assert all(share == pytest.approx(0.58) for share in busy)


@pytest.mark.parametrize("names", ["confluent-stacks", "grafana"])
@pytest.mark.parametrize("ending", ["", "_oneminuterate", "_total"])
def test_handlers_that_idle_for_42_percent_by_confluent_s_rules_are_busy_for_58(names: str, ending: str) -> None:
    kept = told(names, *[f"{POOL}_requesthandleravgidlepercent{ending} 0.42\n"] * 3)
    assert kept.values("request_handler_busy") == pytest.approx([0.58] * 3)


MSK: Final = """\
kafka_server_socket_server_metrics_connection_count{listener="CLIENT_SECURE",networkProcessor="0",} 40.0
kafka_server_socket_server_metrics_connection_count{listener="CLIENT_IAM",networkProcessor="1",} 41.0
kafka_server_socket_server_metrics_connection_count{listener="REPLICATION",networkProcessor="6",} 0.0
kafka_server_socket_server_metrics_connection_count{listener="REPLICATION_SECURE",networkProcessor="7",} 12.0
kafka_server_BrokerTopicMetrics_Count{name="BytesInPerSec",} 1.05E9
kafka_server_BrokerTopicMetrics_Count{name="BytesInPerSec",topic="orders",} 1.0E9
kafka_server_KafkaRequestHandlerPool_Count{name="RequestHandlerAvgIdlePercent",} 9.0E12
kafka_server_KafkaRequestHandlerPool_FiveMinuteRate{name="RequestHandlerAvgIdlePercent",} 0.42
"""


def test_msk_s_listeners_between_brokers_carry_no_clients() -> None:
    later = MSK.replace("1.05E9", "1.052E9").replace("9.0E12", "9.00042E12")
    kept = told("default", MSK, later)
    assert kept.values("connections") == [81, 81]
    assert kept.values("ingress") == [2e6]
    assert kept.values("request_handler_busy") == pytest.approx([0.58])


def test_what_a_sidecar_shows_of_itself_is_not_the_broker_s() -> None:
    text = "process_cpu_seconds_total {}\njava_lang_operatingsystem_processcputime {}\n"
    assert told("bitnami", text.format(5, 1e9), text.format(9, 1.5e9)).values("cpu_broker") == [0.5]


def test_every_series_that_is_read_is_by_its_resource_s_labels() -> None:
    for dialect in MAPS:
        for name, values in figures(dialect).items():
            resource = RESOURCES[name]
            assert {label for labels in values for label, _ in labels} <= set(resource.per), (dialect, name)
