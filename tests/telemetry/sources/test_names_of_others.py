"""Maps of what is no broker's JMX exporter: hosts, containers, lag exporters, clouds, clients, OpenTelemetry.

Each text is short and has the names and labels that the project itself shows, see above each; its figures are chosen.
"""

from __future__ import annotations

import pytest

from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import recognised
from tests.telemetry.sources.kept import Kept

SECOND = 1_000_000_000
Told = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def told(table: str, first: str, later: str, seconds: int = 60) -> Told:
    """What a broker called 7 tells by two scrapes: by name and labels, amounts as they are."""
    names, kept = Names.named(table), Kept()
    parser = ScrapeParser(SharedLines(names, frozenset()))
    deltas = Deltas(broker="7", names=names, granularity=float(seconds))
    for number, text in enumerate((first, later)):
        deltas.take(Scrape(time=(1 + number * seconds) * SECOND, reading=parser.read(text)), kept)
    return {
        (point.name, tuple(sorted(point.labels.items()))): point.value for point in kept.points if point.time > SECOND
    }


def grown(text: str, **amounts: float) -> str:
    """A scrape later: lines with a mark such as `@a` at their end have grown by so much."""
    lines = []
    for line in text.splitlines():
        shown, _, mark = line.partition(" @")
        name, _, value = shown.rpartition(" ")
        lines.append(f"{name} {float(value) + amounts.get(mark, 0.0)!r}" if mark else shown)
    return "\n".join(lines) + "\n"


def unmarked(text: str) -> str:
    return grown(text)


# prometheus-node-exporter 1.5.0 of Debian, run on a host with two CPUs; the md device is added.
NODE = """\
node_cpu_seconds_total{cpu="0",mode="idle"} 3205.01 @idle
node_cpu_seconds_total{cpu="0",mode="iowait"} 58.58 @wait
node_cpu_seconds_total{cpu="0",mode="steal"} 212.08
node_cpu_seconds_total{cpu="0",mode="user"} 18516.27 @busy
node_cpu_seconds_total{cpu="1",mode="idle"} 2218.7 @idle
node_cpu_seconds_total{cpu="1",mode="iowait"} 134.19
node_cpu_seconds_total{cpu="1",mode="user"} 19167.26
node_disk_read_bytes_total{device="vda"} 1000 @read
node_disk_read_bytes_total{device="md0"} 1000 @read
node_disk_written_bytes_total{device="vda"} 5
"""


def test_a_host_is_as_busy_as_its_cpus_were_neither_idle_nor_waiting() -> None:
    found = told("node-exporter", unmarked(NODE), grown(NODE, idle=15.0, wait=6.0, read=4096.0))
    assert found["cpu_host", (("broker", "7"),)] == pytest.approx(1 - (15 + 15 + 6) / 120)
    assert found["cores", (("broker", "7"),)] == 2
    assert found["disk_reads", (("broker", "7"),)] == pytest.approx(4096), "a volume of others is not added"


# google/cadvisor as the kubelet of Kubernetes 1.29 shows it, and kube-state-metrics 2.12.
POD = 'namespace="kafka",pod="my-cluster-kafka-2"'
KUBERNETES = f"""\
container_cpu_usage_seconds_total{{container="kafka",cpu="total",{POD}}} 100 @cpu
container_cpu_usage_seconds_total{{container="",cpu="total",{POD}}} 120
container_cpu_usage_seconds_total{{container="app",cpu="total",namespace="shop",pod="shop-0"}} 900
container_cpu_cfs_throttled_seconds_total{{container="kafka",{POD}}} 10 @throttled
container_fs_writes_bytes_total{{container="kafka",device="/dev/vda",{POD}}} 1e6
kube_pod_container_resource_limits{{container="kafka",{POD},resource="cpu",unit="core"}} 4
kube_pod_container_resource_limits{{container="kafka",{POD},resource="memory",unit="byte"}} 8e9
"""


def test_a_pod_s_cores_are_its_limit_and_what_it_was_held_back_is_told_of_the_broker_in_it() -> None:
    found = told("kubernetes", unmarked(KUBERNETES), grown(KUBERNETES, cpu=30.0, throttled=12.0))
    assert found["cpu_broker", (("broker", "2"),)] == pytest.approx(30)
    assert found["cpu_throttled", (("broker", "2"),)] == pytest.approx(12)
    assert found["cores", (("broker", "2"),)] == 4
    assert {labels for _, labels in found} == {(("broker", "2"),)}, "no other pod is taken for a broker"


# danielqsj/kafka_exporter 1.7.
KAFKA_EXPORTER = """\
kafka_brokers 3
kafka_consumergroup_current_offset{consumergroup="billing",partition="0",topic="orders"} 1700 @read
kafka_consumergroup_current_offset{consumergroup="billing",partition="1",topic="orders"} -1
kafka_consumergroup_lag{consumergroup="billing",partition="0",topic="orders"} 12000
kafka_consumergroup_lag{consumergroup="billing",partition="1",topic="orders"} -1
kafka_consumergroup_lag_sum{consumergroup="billing",topic="orders"} 12000
kafka_consumergroup_members{consumergroup="billing"} 2
kafka_topic_partition_current_offset{partition="0",topic="orders"} 13700 @written
kafka_topic_partition_current_offset{partition="1",topic="orders"} 400
kafka_topic_partition_leader{partition="0",topic="orders"} 1
process_cpu_seconds_total 50
"""


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("kafka-exporter", KAFKA_EXPORTER),
        # opentelemetry-collector-contrib, receiver/kafkametricsreceiver, as its Prometheus exporter names it.
        (
            "opentelemetry-receiver",
            """\
kafka_consumer_group_lag_sum_ratio{group="billing",topic="orders"} 12000
kafka_consumer_group_members{group="billing"} 2
kafka_consumer_group_offset_sum_ratio{group="billing",topic="orders"} 1700 @read
kafka_partition_current_offset_ratio{partition="0",topic="orders"} 13700 @written
kafka_partition_current_offset_ratio{partition="1",topic="orders"} 400
""",
        ),
        # redpanda-data/kminion 2.2.
        (
            "kminion",
            """\
kminion_kafka_consumer_group_topic_lag{group_id="billing",topic_name="orders"} 12000
kminion_kafka_consumer_group_members{group_id="billing"} 2
kminion_kafka_consumer_group_topic_offset_sum{group_id="billing",topic_name="orders"} 1700 @read
kminion_kafka_topic_partition_high_water_mark{partition_id="0",topic_name="orders"} 13700 @written
kminion_kafka_topic_partition_high_water_mark{partition_id="1",topic_name="orders"} 400
""",
        ),
    ],
)
def test_an_exporter_of_lags_tells_groups_and_partitions_of_the_cluster_and_nothing_of_a_broker(
    table: str, text: str
) -> None:
    found = told(table, unmarked(text), grown(text, read=60.0, written=600.0))
    group, topic = ("group", "billing"), ("topic", "orders")
    assert found["consumer_lag", (group, topic)] == 12000
    assert found["group_members", (group,)] == 2
    assert found["records_committed", (group, topic)] == 60
    assert found["records_by_partition", (("partition", "0"), topic)] == 600
    assert found["records_by_partition", (("partition", "1"), topic)] == 0
    assert not any(name in {"cpu_broker", "partitions"} for name, _ in found)
    assert all("broker" not in dict(labels) for _, labels in found)


KMINION = """\
kminion_kafka_consumer_group_offset_commits_total{group_id="billing"} 1098 @often
kminion_kafka_consumer_group_offset_commits_total{group_id="shop"} 20 @seldom
kminion_kafka_broker_log_dir_size_total_bytes{address="broker-9",broker_id="9",port="9092",rack_id="b"} 8.3e+11
"""


def test_kminion_tells_who_commits_and_how_large_each_broker_s_logs_are() -> None:
    found = told("kminion", unmarked(KMINION), grown(KMINION, often=6000.0, seldom=2.0))
    assert found["offset_commits_by_group", (("group", "billing"),)] == 6000
    assert found["offset_commits", ()] == 6002
    assert found["log_bytes", (("broker", "9"),)] == 8.3e11


# The Metrics API's export in OpenMetrics: names and labels after its reference, 2026.
CLOUD = """\
confluent_kafka_server_received_bytes{kafka_id="lkc-1",topic="orders"} 6e+08
confluent_kafka_server_received_bytes{kafka_id="lkc-1",topic="clicks"} 6e+06
confluent_kafka_server_request_count{kafka_id="lkc-1",principal_id="u-1",type="Produce"} 3000
confluent_kafka_server_active_connection_count{kafka_id="lkc-1",principal_id="u-1"} 81
confluent_kafka_server_partition_count{kafka_id="lkc-1"} 3900
confluent_kafka_server_cluster_load_percent{kafka_id="lkc-1"} 0.82
confluent_kafka_server_cluster_load_percent_avg{kafka_id="lkc-1"} 0.41
"""


@pytest.mark.parametrize("seconds", [15, 60])
def test_an_amount_a_minute_is_counted_once_however_often_it_is_scraped(seconds: int) -> None:
    found = told("confluent-cloud", CLOUD, CLOUD, seconds)
    assert found["ingress", ()] / seconds == pytest.approx(10.1e6)
    assert found["ingress_by_topic", (("topic", "orders"),)] / seconds == pytest.approx(10e6)
    assert found["requests_by_type", (("request", "Produce"),)] / seconds == pytest.approx(50)
    assert found["connections", ()] == 81
    assert found["partitions", ()] == 3900


def test_the_provider_s_own_load_figure_arrives_through_a_prometheus_too() -> None:
    found = told("confluent-cloud", CLOUD, CLOUD)
    assert (found["cluster_load_percent", ()], found["cluster_load_percent_avg", ()]) == (0.82, 0.41)


# Redpanda 24.2's /public_metrics, from its documentation and a scrape of a broker with one shard.
REDPANDA = """\
redpanda_kafka_max_offset{redpanda_namespace="kafka",redpanda_partition="0",redpanda_topic="orders"} 700 @written
redpanda_kafka_max_offset{redpanda_namespace="redpanda",redpanda_partition="0",redpanda_topic="controller"} 7
redpanda_kafka_consumer_group_committed_offset{redpanda_group="g",redpanda_partition="0",redpanda_topic="o"} 3 @read
redpanda_kafka_under_replicated_replicas{redpanda_namespace="kafka",redpanda_partition="0",redpanda_topic="orders"} 1
"""


def test_redpanda_tells_growth_by_partition_and_what_groups_consume() -> None:
    found = told("redpanda", unmarked(REDPANDA), grown(REDPANDA, written=600.0, read=50.0))
    amounts = {
        (name, tuple(dict(labels).items() - {("broker", "7")})): value for (name, labels), value in found.items()
    }
    by_name = {name: value for (name, _), value in amounts.items()}
    assert by_name == {"records_by_partition": 600, "records_committed": 50, "under_replicated": 1}


# redpanda-data/redpanda, src/v/kafka/server/tests/quota_manager_test.cc: labels and metrics by entity.
BY_ENTITY = """\
vectorized_kafka_quotas_client_quota_throughput_by_entity{redpanda_quota_client_id="shop",redpanda_quota_type="produce_quota",shard="0"} 100 @in
vectorized_kafka_quotas_client_quota_throughput_by_entity{redpanda_quota_client_id="shop",redpanda_quota_type="produce_quota",shard="1"} 100 @in
vectorized_kafka_quotas_client_quota_throughput_by_entity{redpanda_quota_user="bob",redpanda_quota_type="fetch_quota",shard="0"} 9 @out
vectorized_kafka_quotas_client_quota_throttle_time_ms_by_entity{redpanda_quota_client_id="shop",redpanda_quota_type="produce_quota",shard="0"} 5 @held
"""  # noqa: E501


def test_redpanda_s_quotas_tell_what_the_clients_that_they_throttle_send_and_read() -> None:
    found = told("redpanda", unmarked(BY_ENTITY), grown(BY_ENTITY, **{"in": 60e6, "out": 6e6, "held": 12e3}))
    broker, shop = ("broker", "7"), ("client", "shop")
    assert found["ingress_by_client", (broker, shop)] == pytest.approx(2e6)
    assert found["egress_by_client", (broker, ("principal", "bob"))] == pytest.approx(1e5)
    assert found["produce_throttle_time", (broker, shop)] == pytest.approx(200)


@pytest.mark.parametrize(
    ("prefix", "client"), [("clients_org_apache_kafka_", "client_id"), ("org_apache_kafka_", "clientId")]
)
def test_clients_tell_their_own_bytes_by_topic_requests_and_connections(prefix: str, client: str) -> None:
    # Kafka 4.2's Java clients, by Strimzi's metrics reporter and by an OpenTelemetry collector.
    text = f"""\
{prefix}producer_topic_byte_rate{{{client}="shop",client_instance_id="u1",topic="orders"}} 5e6
{prefix}producer_topic_byte_rate{{{client}="shop",client_instance_id="u1",topic="clicks"}} 1e6
{prefix}producer_request_rate{{{client}="shop",client_instance_id="u1"}} 20
{prefix}producer_connection_creation_rate{{{client}="shop",client_instance_id="u1"}} 0.5
{prefix}consumer_fetch_manager_bytes_consumed_rate{{{client}="bill",client_instance_id="u2"}} 3e6
{prefix}consumer_fetch_manager_bytes_consumed_rate{{{client}="bill",client_instance_id="u2",topic="orders"}} 3e6
{prefix}consumer_request_rate{{{client}="bill",client_instance_id="u2"}} 4
"""
    found = told("client-telemetry", text, text, 10)
    broker, shop, bill = ("broker", "7"), ("client", "shop"), ("client", "bill")
    assert found["ingress_by_client", (broker, shop)] == 6e6
    assert found["ingress_by_client_topic", (broker, shop, ("topic", "orders"))] == 5e6
    assert found["egress_by_client", (broker, bill)] == 3e6
    assert found["egress_by_client_topic", (broker, bill, ("topic", "orders"))] == 3e6
    assert found["requests_by_client", (broker, shop)] == 200
    assert found["requests_by_client", (broker, bill)] == 40
    assert found["connections_made_by_client", (broker, shop)] == 5


# opentelemetry-java-instrumentation 2.x, jmx-metrics rules kafka-broker, through a collector's Prometheus exporter.
OPENTELEMETRY = """\
kafka_network_io_bytes_total{direction="in"} 1e6 @in
kafka_network_io_bytes_total{direction="out"} 2e6
kafka_message_count_total 100 @records
kafka_request_count_total{type="fetch"} 900 @partitions
kafka_request_time_milliseconds_total{type="Produce"} 10 @requests
kafka_request_time_milliseconds_total{type="FetchFollower"} 5
kafka_request_time_99p_milliseconds{type="Produce"} 12
kafka_partition_count 50
kafka_isr_operation_count{operation="shrink"} 0
kafka_network_processor_idle_average_ratio 0.75
"""


def test_what_opentelemetry_calls_a_request_s_total_time_is_how_many_there_were() -> None:
    found = told(
        "opentelemetry",
        unmarked(OPENTELEMETRY),
        grown(OPENTELEMETRY, records=30.0, partitions=6000.0, requests=120.0, **{"in": 6e6}),
    )
    broker = ("broker", "7")
    assert found["requests_by_type", (broker, ("request", "Produce"))] == 120
    assert found["requests_by_type", (broker, ("request", "FetchFollower"))] == 0
    assert not any(name == "request_time" for name, _ in found)
    assert found["ingress", (broker,)] == 6e6
    assert found["network_thread_busy", (broker,)] == 0.25
    assert found["partitions", (broker,)] == 50


def test_a_host_and_groups_are_recognised_next_to_a_broker_and_add_to_it() -> None:
    broker = "kafka_server_replicamanager_partitioncount 7\nkafka_server_brokertopicmetrics_bytesin_total 5\n"
    text = broker + unmarked(NODE) + unmarked(KMINION) + unmarked(KUBERNETES)
    names = recognised({line.partition(" ")[0].partition("{")[0] for line in text.splitlines()}).names
    found = ScrapeParser(SharedLines(names, frozenset())).read(text)
    assert found.host_idle is not None
    assert found.host_idle[0] == pytest.approx(3205.01 + 58.58 + 2218.7 + 134.19)
    assert found.host_idle[1] == 2
    assert found.gauges["partitions", ()] == 7
    assert found.gauges["log_bytes", (("broker", "9"),)] == 8.3e11
    assert found.counters["cpu_throttled", (("broker", "2"),)] == 10
