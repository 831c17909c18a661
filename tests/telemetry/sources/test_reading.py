"""From an exporter's text to resources: what counts is counted once, and only for the clients."""

from __future__ import annotations

import math
from dataclasses import replace

from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.reading import Reading
from tests.telemetry.sources.kept import grown

TEXT = """\
kafka_server_brokertopicmetrics_bytesin_total 3000
kafka_server_brokertopicmetrics_bytesin_total{topic="sale_records"} 2000
kafka_server_brokertopicmetrics_bytesin_total{topic="other"} 1000
kafka_server_brokertopicmetrics_bytesout_total 500
kafka_server_brokertopicmetrics_messagesin_total 30
kafka_server_brokertopicmetrics_messagesin_total{topic="sale_records"} 20
kafka_server_brokertopicmetrics_replicationbytesin_total 70
kafka_server_socket_server_metrics_connection_count{listener="CLIENT",networkprocessor="0"} 10
kafka_server_socket_server_metrics_connection_count{listener="CLIENT",networkprocessor="1"} 6
kafka_server_socket_server_metrics_connection_count{listener="BROKER",networkprocessor="2"} 4
kafka_server_socket_server_metrics_connection_count{listener="CONTROLLER",networkprocessor="3"} 2
kafka_server_socket_server_metrics_response_total{listener="CLIENT",networkprocessor="0"} 100
kafka_server_socket_server_metrics_response_total{listener="BROKER",networkprocessor="2"} 900
kafka_server_socket_server_metrics_connection_creation_total{listener="CLIENT",networkprocessor="0"} 25
kafka_server_socket_server_metrics_io_time_ns_total{listener="CLIENT",networkprocessor="0"} 1e9
kafka_server_socket_server_metrics_io_time_ns_total{listener="CLIENT",networkprocessor="1"} 2e9
kafka_server_socket_server_metrics_io_time_ns_total{listener="BROKER",networkprocessor="2"} 9e9
kafka_network_requestmetrics_requests_total{request="Produce",version="11"} 40
kafka_network_requestmetrics_requests_total{request="Produce",version="12"} 2
kafka_network_requestmetrics_requests_total{request="FetchConsumer",version="17"} 5
kafka_network_requestmetrics_requests_total{request="FetchFollower",version="17"} 7
kafka_network_requestmetrics_requests_total{request="Fetch",version="17"} 12
kafka_network_requestmetrics_totaltimems_count{request="Produce"} 42
kafka_network_requestmetrics_totaltimems_mean{request="Produce"} 2.5
kafka_network_requestmetrics_totaltimems_count{request="Fetch"} 12
kafka_network_requestmetrics_totaltimems_mean{request="Fetch"} 400
kafka_network_requestmetrics_totaltimems_count{request="JoinGroup"} 0
kafka_network_requestmetrics_totaltimems_mean{request="JoinGroup"} NaN
kafka_server_replicamanager_partitioncount 90
kafka_server_replicamanager_underreplicatedpartitions 0
java_lang_operatingsystem_cpuload 0.25
process_cpu_seconds_total 12.5
process_start_time_seconds 1.7e9
jvm_gc_collection_seconds_sum{gc="Copy"} 0.5
jvm_gc_collection_seconds_sum{gc="MarkSweepCompact"} 0.25
kafka_server_kafkarequesthandlerpool_brokerrequesthandleravgidle_total 5e9
kafka_server_kafkarequesthandlerpool_requesthandleravgidle_total 7e9
somebody_elses_metric_total 99
"""
CLIENT = frozenset({"CLIENT"})
EXPORTER = Names.named("jmx-exporter")


def reading(text: str = TEXT, listeners: frozenset[str] = CLIENT) -> Reading:
    return ScrapeParser(SharedLines(EXPORTER, listeners)).read(text)


def test_the_broker_s_bytes_are_not_counted_again_by_topic() -> None:
    counters = reading().counters
    assert counters["ingress", ()] == 3000
    assert counters["ingress_by_topic", (("topic", "sale_records"),)] == 2000
    assert counters["ingress_by_topic", (("topic", "other"),)] == 1000
    assert (counters["records_in", ()], counters["egress", ()], counters["replication_in", ()]) == (30, 500, 70)


def test_connections_and_requests_are_those_of_the_clients_listener_over_all_its_threads() -> None:
    found = reading()
    assert found.gauges["connections", ()] == 16
    assert found.counters["requests", ()] == 100
    assert found.counters["connection_attempts", ()] == 25
    assert {name: sum(times) for name, times in found.network.items()} == {"CLIENT": 3e9}
    assert len(found.network["CLIENT"]) == 2


def test_where_no_listener_is_named_the_brokers_and_controllers_usual_ones_are_left_out() -> None:
    text = TEXT.replace('"CLIENT"', '"SASL_SSL"').replace('"BROKER"', '"Replication"')
    assert reading(text, frozenset()).gauges["connections", ()] == 16
    assert reading(text, frozenset({"SASL_SSL", "Replication"})).gauges["connections", ()] == 20


def test_a_listener_that_is_not_there_is_not_measured_rather_than_without_connections() -> None:
    found = reading(listeners=frozenset({"CLIENTS"}))
    assert ("connections", ()) not in found.gauges
    assert ("requests", ()) not in found.counters
    assert found.network == {}


def test_threads_of_an_idle_listener_do_not_hide_that_another_one_s_are_busy() -> None:
    both = TEXT + TEXT.replace('"CLIENT"', '"CLIENT_SSL"').replace('"BROKER"', '"OTHER"')
    found = reading(both, frozenset({"CLIENT", "CLIENT_SSL"}))
    busy = {"CLIENT": found.network["CLIENT"], "CLIENT_SSL": tuple(each + 0.5e9 for each in found.network["CLIENT"])}
    taken = grown([found, replace(found, network=busy)])
    assert taken.values("network_thread_busy") == [0.5]


def test_requests_are_added_up_over_versions_and_fetch_is_not_counted_twice() -> None:
    counters = reading().counters
    by_type = {
        dict(labels)["request"]: value for (name, labels), value in counters.items() if name == "requests_by_type"
    }
    assert by_type == {"Produce": 42, "FetchConsumer": 5, "FetchFollower": 7}


def test_the_time_of_requests_is_their_count_times_their_mean() -> None:
    counters = reading().counters
    times = {dict(labels)["request"]: value for (name, labels), value in counters.items() if name == "request_time"}
    assert times == {"Produce": 105, "JoinGroup": 0}


def test_a_type_whose_mean_is_missing_took_an_unknown_time_not_none() -> None:
    text = TEXT.replace('kafka_network_requestmetrics_totaltimems_mean{request="Produce"} 2.5\n', "")
    assert math.isnan(reading(text).counters["request_time", (("request", "Produce"),)])


def test_levels_and_times_of_the_broker_itself() -> None:
    found = reading()
    assert found.gauges["partitions", ()] == 90
    assert found.gauges["under_replicated", ()] == 0
    assert found.gauges["cpu_host", ()] == 0.25
    assert found.counters["cpu_broker", ()] == 12.5
    assert found.counters["gc_time", ()] == 0.75
    assert found.started == 1.7e9


def test_the_idle_time_of_handlers_is_the_broker_s_own_and_before_kafka_4_the_only_one() -> None:
    assert reading().handler_idle == 5e9
    older = "\n".join(line for line in TEXT.splitlines() if "brokerrequesthandler" not in line) + "\n"
    assert reading(older).handler_idle == 7e9


def test_what_a_broker_does_not_show_is_absent_not_zero() -> None:
    found = reading("process_start_time_seconds 1\n")
    assert (dict(found.counters), dict(found.gauges)) == ({}, {})
    assert (found.handler_idle, found.network) == (None, {})
    assert reading("up 1\n").started is None


def test_a_figure_that_the_broker_has_not_stays_not_a_number() -> None:
    found = reading("java_lang_operatingsystem_cpuload NaN\n")
    assert math.isnan(found.gauges["cpu_host", ()])


def test_reading_twice_gives_the_same() -> None:
    assert reading() == reading()
