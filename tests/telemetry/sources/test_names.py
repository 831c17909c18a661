"""Maps of metric names: each kind of place gives the same resources, and one's own map can mend a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.resources import RESOURCES
from clusterload.telemetry.sources.catalogue import OF_OTHERS
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Names, table_names
from clusterload.telemetry.sources.reading import Reading

SCRAPES = Path(__file__).with_name("scrapes")
REDPANDA = """\
redpanda_kafka_request_bytes_total{redpanda_request="produce",redpanda_namespace="kafka",redpanda_topic="a"} 100
redpanda_kafka_request_bytes_total{redpanda_request="produce",redpanda_namespace="kafka",redpanda_topic="b"} 20
redpanda_kafka_request_bytes_total{redpanda_request="produce",redpanda_namespace="redpanda",redpanda_topic="c"} 7
redpanda_kafka_request_bytes_total{redpanda_request="consume",redpanda_namespace="kafka",redpanda_topic="a"} 300
redpanda_kafka_request_bytes_total{redpanda_request="follower_consume",redpanda_namespace="kafka",redpanda_topic="a"} 50
redpanda_rpc_active_connections{redpanda_server="kafka"} 12
redpanda_rpc_active_connections{redpanda_server="internal"} 6
redpanda_kafka_handler_latency_seconds_count{handler="fetch"} 4
redpanda_kafka_handler_latency_seconds_sum{handler="fetch"} 0.5
redpanda_cpu_busy_seconds_total{shard="0"} 2
redpanda_cpu_busy_seconds_total{shard="1"} 4
"""


def reading(text: str, names: Names, listeners: frozenset[str] = frozenset()) -> Reading:
    return ScrapeParser(SharedLines(names, listeners)).read(text)


def real(scrape: str) -> str:
    return (SCRAPES / f"{scrape}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("listeners", [frozenset[str](), frozenset({"CLIENT"})])
@pytest.mark.parametrize(("scrape", "table"), [("strimzi", "strimzi"), ("jmx-exporter-kraft", "jmx-exporter")])
def test_a_broker_with_the_usual_rules_gives_what_it_really_had(
    scrape: str, table: str, listeners: frozenset[str]
) -> None:
    found = reading(real(scrape), Names.named(table), listeners)
    assert (found.gauges["connections", ()], found.counters["requests", ()]) == (2, 16)
    assert found.counters["ingress", ()] > 0
    assert found.counters["requests_by_type", (("request", "Produce"),)] == 1
    assert found.gauges["partitions", ()] > 0
    assert found.handler_idle is not None
    assert found.started is not None
    assert [len(threads) for threads in found.network.values()] == [3]


def test_strimzi_s_own_listeners_are_told_from_the_clients() -> None:
    text = real("strimzi")
    for listener, other in (
        ("CLIENT", "TLS-9093"),
        ("BROKER", "REPLICATION-9091"),
        ("CONTROLLER", "CONTROLPLANE-9090"),
    ):
        text = text.replace(f'listener="{listener}"', f'listener="{other}"')
    assert reading(text, Names.named("strimzi")).counters["requests", ()] == 16


def test_redpanda_s_names_give_clients_figures_and_leave_out_its_own() -> None:
    found = reading(REDPANDA, Names.named("redpanda"))
    assert (found.counters["ingress", ()], found.counters["egress", ()]) == (120, 350)
    assert found.counters["ingress_by_topic", (("topic", "b"),)] == 20
    assert found.gauges["connections", ()] == 12
    assert found.counters["requests_by_type", (("request", "FetchConsumer"),)] == 4
    assert found.counters["request_time", (("request", "FetchConsumer"),)] == 500
    assert found.network == {"": (2e9, 4e9)}


BY_TWO = """\
extends = "jmx-exporter"
[[series]]
name = "thread_time_by_client"
metric = "thread_percent"
by = { client = "client_id", principal = "user" }
scale = 0.01
[[series]]
name = "connections_by_software"
metric = "software"
by = { software = ["name", "version"] }
"""


USUAL = """\
kafka_server_quota_request_time{resource="Request",user="CN%3Dbob",clientId="app"} 25
kafka_server_quota_byte_rate{resource="Produce",clientId="app"} 1000
kafka_server_quota_byte_rate{resource="Fetch",clientId="app"} 3000
kafka_server_quota_throttle_time{resource="Fetch",clientId="app"} 7
kafka_server_group_coordinator_metrics_group_completed_rebalance_count 3
kafka_server_group_coordinator_metrics_consumer_group_rebalance_count 2
kafka_server_kafkaserver_linux_disk_write_bytes 4096
kafka_network_requestmetrics_localtimems_count{request="Produce"} 10
kafka_network_requestmetrics_localtimems_mean{request="Produce"} 1.5
"""


@pytest.mark.parametrize("table", ["jmx-exporter", "strimzi"])
def test_what_the_exporter_s_usual_rules_show_of_clients_groups_and_disk_is_read(table: str) -> None:
    found = reading(USUAL, Names.named(table))
    assert found.gauges == {
        ("thread_time_by_client", (("client", "app"), ("principal", "CN=bob"))): 0.25,
        ("ingress_by_client", (("client", "app"),)): 1000,
        ("egress_by_client", (("client", "app"),)): 3000,
        ("fetch_throttle_time", (("client", "app"),)): 7,
    }
    assert found.counters["group_rebalances", ()] == 5
    assert found.counters["disk_writes", ()] == 4096
    assert found.counters["request_local_time", (("request", "Produce"),)] == 15


@pytest.mark.parametrize(
    ("scrape", "table", "version"),
    [
        ("strimzi-clients", "strimzi", "2.3"),
        ("strimzi-clients", "jmx-exporter", "2.3"),
        ("strimzi-reporter-clients", "strimzi", "2.3"),
        ("jmx-exporter-kraft-clients", "jmx-exporter", "2_3"),
    ],
)
def test_clients_software_and_tls_are_told_under_each_of_their_usual_names(
    scrape: str, table: str, version: str
) -> None:
    # What these show was written by their rules, and not by a broker.
    assert reading(real(scrape), Names.named(table)).gauges == {
        ("connections_by_software", (("software", f"librdkafka/{version}"),)): 3,
        ("tls_connections", ()): 4,
    }


def test_a_series_by_two_labels_has_only_those_that_are_known(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(BY_TWO)
    found = reading(
        'thread_percent{client_id="a",user="bob"} 50\nthread_percent{client_id="b",user=""} 25\n'
        'thread_percent{user="eve"} 10\nthread_percent{client_id=""} 5\nthread_percent 3\n',
        Names.named(str(own)),
    )
    assert found.gauges == {
        ("thread_time_by_client", (("client", "a"), ("principal", "bob"))): 0.5,
        ("thread_time_by_client", (("client", "b"),)): 0.25,
        ("thread_time_by_client", (("principal", "eve"),)): 0.1,
        ("thread_time_by_client", (("client", ""),)): 0.05,
    }


def test_a_label_can_be_made_of_two_of_theirs(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(BY_TWO)
    found = reading('software{name="apache-kafka-java",version="4.3.1",thread="0"} 2\n', Names.named(str(own)))
    assert found.gauges == {("connections_by_software", (("software", "apache-kafka-java/4.3.1"),)): 2}


@pytest.mark.parametrize("table", table_names())
def test_every_map_measures_what_is_asked_first_and_is_found_by_its_pattern(table: str) -> None:
    import re

    names = Names.named(table)
    of_brokers = ("ingress", "egress", "requests", "connections", "connection_attempts")
    # What is not a broker's own exporter has less, or nothing of a broker at all.
    assert all(map(names.of, of_brokers)) or table in OF_OTHERS
    assert all(re.fullmatch(names.pattern, metric) for metric in names.metrics)
    assert names.title
    assert names.source


def test_one_s_own_map_takes_the_place_of_single_names(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'extends = "jmx-exporter"\n[[series]]\nname = "connections"\nmetric = "kafka_connections"\n'
        '[[series]]\nname = "request_handler_busy"\nmetric = "handlers_idle"\ncomplement = true\n'
    )
    names = Names.named(str(own))
    found = reading('kafka_connections{of="CLIENT"} 9\nhandlers_idle 0.75\n', names)
    assert (found.gauges["connections", ()], found.gauges["request_handler_busy", ()]) == (9, 0.25)
    assert names.of("ingress") == Names.named("jmx-exporter").of("ingress")


OTHER_FORMS = """\
[threads]
handler_idle = ['idle{of="broker"}', 'idle{of="all"}']
[[relabel]]
label = "request"
match = '(?P<request>[^,]+), version=(?P<version>.+)'
[[series]]
name = "ingress"
metric = "bytes_in_a_minute"
per = 60
[[series]]
name = "requests_by_type"
metric = "requests"
by = { request = "request" }
[[series]]
name = "request_handler_busy"
metric = ["idle", "idle_percent"]
scale = 0.01
complement = true
"""


@pytest.fixture
def other_forms(tmp_path: Path) -> Names:
    own = tmp_path / "own.toml"
    own.write_text(OTHER_FORMS)
    return Names.named(str(own))


def test_an_amount_a_minute_is_read_as_a_rate_a_second(other_forms: Names) -> None:
    assert reading("bytes_in_a_minute 1200\n", other_forms).rates == {("ingress", ()): 20}


def test_several_labels_in_one_are_taken_apart_and_added_up(other_forms: Names) -> None:
    text = 'requests{request="Produce, version=12"} 2\nrequests{request="Produce, version=9"} 3\n'
    assert reading(text, other_forms).counters == {("requests_by_type", (("request", "Produce"),)): 5}


def test_idle_time_is_told_from_an_idle_share_of_the_same_name(other_forms: Names) -> None:
    found = reading('idle{of="all"} 9e9\nidle{of="broker"} 0.42\n', other_forms)
    assert found.handler_idle == 9e9
    assert reading('idle{of="all"} 0.9\nidle{of="broker"} 0.42\n', other_forms).handler_idle is None


def test_a_percentage_of_idleness_is_a_share_that_is_busy(other_forms: Names) -> None:
    assert reading("idle_percent 42\n", other_forms).gauges["request_handler_busy", ()] == pytest.approx(0.58)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('extends = "jmx-exportr"', "did you mean 'jmx-exporter'"),
        ('extends = "own.toml"', "known: bitnami"),
        ('[[series]]\nname = "ingres"\nmetric = "x"', "did you mean 'ingress'"),
        ('[[series]]\nname = "ingress"\nmetrik = "x"', "did you mean 'metric'"),
        ('[[series]]\nname = "ingress"', "needs name and metric"),
        ('[[series]]\nname = "ingress_by_topic"\nmetric = "x"', "is by topic"),
        ('[[series]]\nname = "ingress"\nmetric = "x"\nscale = "much"', "wrong type"),
        ('[series]\nname = "ingress"', "not a list of tables"),
        ('threads = "x"\n[[series]]\nname = "ingress"\nmetric = "x"', "not a table"),
        ('[[rewrite]]\nmatch = "(?P<a>.*"\nname = "x"\n[[series]]\nname = "ingress"\nmetric = "x"', "fit each other"),
        ('[[rewrite]]\nmatch = "x"\nname = "{a}"\n[[series]]\nname = "ingress"\nmetric = "x"', "fit each other"),
        ('[[relabel]]\nlabel = "x"\nmatch = "y"\n[[series]]\nname = "ingress"\nmetric = "x"', "needs named groups"),
        ('[[relabel]]\nmatch = "y"\n[[series]]\nname = "ingress"\nmetric = "x"', "[[relabel]] needs"),
        ('[[series]]\nname = "partitions"\nmetric = "x"\nper = 60', "Series of amounts only"),
        ('[threads]\nhandler_idle = "a{b}"\n[[series]]\nname = "ingress"\nmetric = "x"', "is not a metric"),
        ("", "have no [[series]]"),
        ("][", "not TOML"),
    ],
)
def test_a_mistake_in_one_s_own_map_is_one_line_that_names_file_and_fault(
    tmp_path: Path, text: str, words: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        Names.named(str(own))
    message = str(raised.value)
    assert words in message
    assert str(own) in message
    assert "\n" not in message


def test_every_series_of_a_map_is_a_resource_by_the_label_that_it_has() -> None:
    for table in table_names():
        for rule in Names.named(table).rules:
            per = RESOURCES[rule.series].per
            assert set(rule.by) <= set(per)
            assert bool(rule.by) == bool(per)
