"""One Prometheus scrapes brokers, their hosts, KMinion and the kubelet: together they tell who did what."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache

import pytest

from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.telemetry.record import read_history
from tests.cli.conftest import Called
from tests.cli.conftest import called as called  # noqa: PLC0414 (a fixture)
from tests.telemetry.sources.prometheus.server import Past, Server, shown, source

INTERVAL = 60
WHOLE, BEGAN, LASTED = 3 * 3600, 5400, 900
"""Seconds that the past is long, after which the incident begins, and that it lasts."""
COMMITS = 800.0


@cache
def start() -> int:
    """When the past begins, in Unix seconds."""
    return (int(time.time()) - 28 * 3600) // 60 * 60


def broker(seconds: int, number: int) -> dict[str, float]:
    """What the JMX exporter shows: commits come, and with them requests, followers' fetches and CPU time."""
    more = min(max(0, seconds - BEGAN), LASTED)
    values = shown(start() - 86_400.0, 1e9 + 1e6 * seconds, {"orders": 1e9 + 1e6 * seconds})
    requests = "kafka_network_requestmetrics_requests_total"
    values |= {
        f'{requests}{{request="Produce"}}': 1e5 + 50.0 * seconds,
        f'{requests}{{request="FetchConsumer"}}': 1e5 + 50.0 * seconds,
        f'{requests}{{request="FetchFollower"}}': 1e5 + 80.0 * seconds + COMMITS * more / 2,
        f'{requests}{{request="OffsetCommit"}}': 1e3 + 2.0 * seconds + COMMITS * more / 2,
        'kafka_server_socket_server_metrics_response_total{listener="CLIENT",networkProcessor="0"}': 1e5
        + 102.0 * seconds
        + COMMITS * more / 2,
        "process_cpu_seconds_total": 100 + 0.2 * seconds + 0.5 * more,
        f'kafka_log_log_logendoffset{{topic="orders",partition="{number}"}}': 1e6 + 500.0 * seconds,
    }
    return values


def host(seconds: int) -> dict[str, float]:
    """What the node exporter shows of two CPUs, with its own process, which is not the broker's."""
    busy = 0.2 * seconds + 0.35 * min(max(0, seconds - BEGAN), LASTED)
    idle = {f'node_cpu_seconds_total{{cpu="{cpu}",mode="idle"}}': 1e4 + seconds - busy for cpu in (0, 1)}
    return idle | {
        'node_cpu_seconds_total{cpu="0",mode="user"}': 1e3 + busy,
        "process_cpu_seconds_total": 5e6 + seconds,
        "process_start_time_seconds": start() - 99_999.0,
    }


def kminion(seconds: int) -> dict[str, float]:
    """What KMinion shows: of two groups one commits all the time."""
    commits = "kminion_kafka_consumer_group_offset_commits_total"
    more = COMMITS * min(max(0, seconds - BEGAN), LASTED)
    return {
        f'{commits}{{group_id="calm"}}': 1e3 + 2.0 * seconds,
        f'{commits}{{group_id="eager"}}': 1e3 + 2.0 * seconds + more,
        'kminion_kafka_consumer_group_topic_lag{group_id="eager",topic_name="orders"}': 70.0,
        'kminion_kafka_broker_log_dir_size_total_bytes{address="east-1",broker_id="1",port="9092"}': 5e9,
        "process_cpu_seconds_total": 7e6 + seconds,
    }


def kubelet(seconds: int) -> dict[str, float]:
    """What cAdvisor shows of the brokers' pods and of another one."""
    throttled = "container_cpu_cfs_throttled_seconds_total"
    return {
        f'{throttled}{{container="kafka",namespace="kafka",pod="east-kafka-1"}}': 10 + 0.5 * seconds,
        f'{throttled}{{container="shop",namespace="shop",pod="shop-1"}}': 10 + 9.0 * seconds,
    }


def cloud(seconds: int) -> dict[str, float]:
    """What a provider's export shows: amounts a minute as gauges, and its own figure of the load."""
    loaded = BEGAN <= seconds < BEGAN + LASTED
    shown_bytes = "confluent_kafka_server_received_bytes"
    return {
        f'{shown_bytes}{{kafka_id="lkc-1",topic="orders"}}': 2.4e9 if loaded else 6e6,
        f'{shown_bytes}{{kafka_id="lkc-1",topic="clicks"}}': 6e6,
        'confluent_kafka_server_request_count{kafka_id="lkc-1",principal_id="u-1",type="Produce"}': 3000.0,
        'confluent_kafka_server_active_connection_count{kafka_id="lkc-1",principal_id="u-1"}': 81.0,
        'confluent_kafka_server_cluster_load_percent{kafka_id="lkc-1"}': 0.82 if loaded else 0.2,
    }


def scrape(past: Past, seconds: int, target: Mapping[str, str], values: dict[str, float]) -> None:
    past.scrape(start() + seconds + 0.2, {"env": "east", **target}, values)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made, past = Server(folder=tmp_path_factory.mktemp("prometheus"), targets=()), Past()
    for seconds in range(0, WHOLE, INTERVAL):
        for number in (1, 2):
            at = {"job": "kafka", "instance": f"east-{number}:7071", "broker_id": str(number)}
            scrape(past, seconds, at, broker(seconds, number))
            scrape(past, seconds, {"job": "node", "instance": f"east-{number}:9100"}, host(seconds))
        scrape(past, seconds, {"job": "node", "instance": "elsewhere:9100"}, host(seconds))
        scrape(past, seconds, {"job": "kminion", "instance": "kminion:8080"}, kminion(seconds))
        api = {"job": "cloud", "instance": "api.telemetry.confluent.cloud:443", "env": "cloud"}
        scrape(past, seconds, api, cloud(seconds))
        scrape(past, seconds, {"job": "kubelet", "instance": "10.0.0.7:10250"}, kubelet(seconds))
    made.remember(past)
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def run(prometheus: Server, tmp_path_factory: pytest.TempPathFactory) -> Run:
    begin, path = start() + BEGAN + 120, tmp_path_factory.mktemp("read") / "past.run"
    asked = source(prometheus, names=(), select='env="east"')
    return read_history(asked, "", start=begin * SECOND, end=(begin + 480) * SECOND, path=path)


def rate(run: Run, name: str, **labels: str) -> float:
    (series,) = [each for each in run.named(name) if dict(each.labels) == labels]
    return series.total() / float(series.spans.sum())


def test_hosts_pods_and_groups_are_put_to_the_brokers_or_the_cluster_that_they_are_of(run: Run) -> None:
    assert rate(run, "offset_commits_by_group", group="eager") == pytest.approx(802)
    assert rate(run, "cpu_throttled", broker="1") == pytest.approx(0.5)
    assert rate(run, "cpu_broker", broker="2") == pytest.approx(0.7), "of the broker, and not of its neighbours"
    hosts = {series.labels["broker"]: float(series.values[-1]) for series in run.named("cpu_host")}
    assert hosts == {"1": pytest.approx(0.55, abs=0.001), "2": pytest.approx(0.55, abs=0.001)}
    assert {series.labels["broker"] for series in run.named("log_bytes")} == {"1"}
    assert [dict(series.labels) for series in run.named("consumer_lag")] == [{"group": "eager", "topic": "orders"}]
    assert {series.labels["broker"] for series in run.named("ingress")} == {"1", "2"}


def judged(prometheus: Server, called: Called, env: str) -> tuple[str, str]:
    """What is said of the midst of the incident."""
    at = datetime.fromtimestamp(start() + BEGAN + 300, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    picked = ("--prometheus", prometheus.url, "--command-property", f'prometheus.select=env="{env}"')
    code, out, err = called("diagnose", *picked, "--at", at)
    assert code == 0, err
    return out, err


def test_the_group_that_committed_too_often_yesterday_is_named(prometheus: Server, called: Called) -> None:
    out, _ = judged(prometheus, called, "east")
    assert "group eager" in out[out.index("offset-commits") :], out
    assert "calm" not in out


def test_a_cloud_cluster_that_a_prometheus_scrapes_is_judged_with_its_provider_s_own_load(
    prometheus: Server, called: Called
) -> None:
    out, err = judged(prometheus, called, "cloud")
    assert "before ingress rose from 200 kB/s to 40.1 MB/s" in err
    assert "topic orders" in out[out.index("ingress-bytes") :], out
    assert "82 %" in out
    assert "broker " not in out.partition("Cure")[0], "its figures are not those of a single broker"
