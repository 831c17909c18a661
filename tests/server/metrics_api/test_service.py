"""The served API over real HTTP: who gets in, what is scraped and kept, how it starts and stops."""

from __future__ import annotations

import base64
import dataclasses
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from clusterload.model.errors import ConfigurationError, StoreError
from clusterload.server.metrics_api import Credential, MetricsApi, Settings
from clusterload.server.metrics_api.export import SETTLING_SECONDS
from tests.processes import wait_for
from tests.scripted_exporter import Exporter

from .asked import ID, NAME, query
from .plain import Client

LAST = "now-5m/now+1m"


@pytest.fixture
def client(api: MetricsApi) -> Client:
    return Client.of(api.properties)


def total(client: Client, metric: str) -> float:
    """What a counter comes to in the last minutes."""
    return float(sum(one["value"] for one in client.post(query(metric, LAST)).plain["data"]))


def test_what_a_broker_counts_is_answered_as_soon_as_it_is_scraped(exporter: Exporter, client: Client) -> None:
    wait_for(lambda: exporter.scrapes > 1)
    exporter.topic("bytes_in", "cars", 5_000)
    exporter.topic("bytes_in", "__consumer_offsets", 70)
    exporter.show("bytes_in", 5_070)
    exporter.show("requests", 12)
    exporter.show("connections", 3)
    wait_for(lambda: total(client, "request_count") == 12)
    assert total(client, "received_bytes") == 5_000
    connections = client.post(query("active_connection_count", LAST)).plain["data"]
    assert connections[0]["value"] == 3
    assert client.post(query("sent_bytes", LAST, group_by=["metric.topic"])).plain["data"] == []


def test_what_the_brokers_do_not_tell_is_not_offered(client: Client, exporter: Exporter) -> None:
    wait_for(lambda: exporter.scrapes > 2)
    wait_for(lambda: len(client.get("/descriptors/metrics").plain["data"]) == 9)
    names = {one["name"] for one in client.get("/descriptors/metrics").plain["data"]}
    assert f"{NAME}received_bytes" in names
    assert f"{NAME}cluster_load_percent" not in names
    assert client.get("/descriptors/metrics?resource_type=connector").plain["data"] == []
    assert [one["type"] for one in client.get("/descriptors/resources").plain["data"]] == ["kafka"]


@pytest.mark.parametrize(
    "authorization",
    [
        "", "Basic", "Basic AAAA", "Bearer {token}", "{token}", "Basic {token}x", "basic\t{token}", "Basic \u00e9",
        f"Basic {base64.b64encode(b'key:secret').decode()}",
    ],
)  # fmt: skip
def test_without_the_token_nothing_is_answered(api: MetricsApi, client: Client, authorization: str) -> None:
    refused = client.post(
        query("received_bytes"), Authorization=authorization.format(token=api.settings.credential.token)
    )
    assert refused.status == 401
    assert "authorization failed" in refused.detail
    assert refused.headers["www-authenticate"].startswith("Basic")


def test_the_scheme_of_the_authorization_may_be_written_in_any_case(api: MetricsApi, client: Client) -> None:
    assert client.post(query("received_bytes"), Authorization=f"BASIC {api.settings.credential.token}").status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "localhost.evil"])
def test_a_page_of_another_site_cannot_make_a_browser_ask(client: Client, host: str) -> None:
    refused = client.post(query("received_bytes"), Host=host)
    assert refused.status == 400
    assert "Host header" in refused.detail


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:80"])
def test_the_names_of_this_machine_are_good_hosts(client: Client, host: str) -> None:
    assert client.post(query("received_bytes"), Host=host).status == 200


def test_errors_have_the_contracts_envelope(client: Client) -> None:
    other = {"filter": {"field": "resource.kafka.id", "op": "EQ", "value": "lkc-unknown"}}
    cases = [
        (client.post({**query("received_bytes"), **other}), 403, "not authorized"),
        (client.post(b"{"), 400, "body"),
        (client.post({**query("received_bytes"), "intervals": ["now-1h/now"] * 11}), 400, "too many intervals"),
        (client.post(query("received_bytes"), "/query?page_token=abc"), 400, "page"),
        (client.post(b" " * (1024 * 1024 + 1)), 413, "larger than"),
        (client.post({"group_by": ["metric.topic"], **other}, "/attributes"), 403, "not authorized"),
        (client.get("/query"), 405, "Method Not Allowed"),
        (client.get("/nothing"), 404, "Not Found"),
        (client.get("/descriptors/metrics?page_size=0"), 400, "page_size"),
        (client.get("/descriptors/resources?page_size=1001"), 400, "page_size"),
        (client.get("/export?resource.kafka.id=lkc-unknown"), 403, "not authorized"),
        (client.get("/export?resource.connector.id=x"), 403, "resource.connector.id"),
        (client.get("/export?metric=x"), 400, "no metric"),
    ]
    for answer, status, said in cases:
        assert answer.status == status
        assert said in answer.detail
    elsewhere = Client({**client.properties, "confluent.metrics.endpoint": client.base.replace("cloud", "hosted")})
    assert "no dataset 'hosted'" in elsewhere.get("/descriptors/resources").detail


def test_every_answer_says_what_is_left_of_the_rate_and_more_than_that_is_refused(client: Client) -> None:
    first = client.get("/descriptors/resources")
    assert first.headers["ratelimit-limit"] == "300"
    left = int(first.headers["ratelimit-remaining"])
    for _ in range(left):
        assert client.get("/descriptors/resources").status == 200
    refused = client.get("/descriptors/resources")
    assert refused.status == 429
    assert "rate limited: retry after" in refused.detail
    assert 1 <= int(refused.headers["ratelimit-reset"]) <= 60


@pytest.mark.parametrize(
    ("accept", "kind", "parse"),
    [
        ("", "text/plain;version=0.0.4", prometheus),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
            "application/openmetrics-text;version=1.0.0;charset=utf-8",
            openmetrics,
        ),
    ],
)
def test_prometheus_reads_the_export_of_the_last_full_minute(
    api: MetricsApi, exporter: Exporter, accept: str, kind: str, parse: object
) -> None:
    odd, now = 'a "b" \\ c', [time.time()]
    other = dataclasses.replace(api.settings, history=api.settings.history.with_name("other"))
    with MetricsApi(other, clock=lambda: now[0]) as served:
        client = Client.of(served.properties)
        wait_for(lambda: exporter.scrapes > 3)
        exporter.topic("bytes_in", odd.replace("\\", "\\\\").replace('"', '\\"'), 5_000)
        wait_for(lambda: total(client, "received_bytes") == 5_000)
        last = client.post(query("received_bytes", LAST)).plain["data"][0]
        minute = datetime.fromisoformat(last["timestamp"]).timestamp()
        now[0] = minute + 60 + SETTLING_SECONDS
        answer = client.get(f"/export?resource.kafka.id={ID}", Accept=accept)
    assert answer.headers["content-type"] == kind
    families = {family.name: family for family in parse(answer.text)}  # type: ignore[operator]
    assert {family.type for family in families.values()} == {"gauge"}
    (received,) = families["confluent_kafka_server_received_bytes"].samples
    assert received.labels == {"kafka_id": ID, "topic": odd}
    assert received.value == last["value"]
    assert float(received.timestamp) == minute


def test_the_export_can_be_asked_for_one_metric_and_160_times_an_hour(client: Client, exporter: Exporter) -> None:
    for _ in range(160):
        answer = client.get(f"/export?metric={NAME}received_bytes&metric={NAME}received_bytes")
        assert answer.status == 200
    assert answer.text.count("# TYPE") == 1
    refused = client.get("/export")
    assert refused.status == 429
    assert f"kafka.id:{ID}" in refused.detail


def test_a_restart_keeps_what_was_scraped(api: MetricsApi, exporter: Exporter, client: Client) -> None:
    wait_for(lambda: exporter.scrapes > 1)
    exporter.show("requests", 40)
    wait_for(lambda: total(client, "request_count") == 40)
    api.stop()
    exporter.show("requests", 90)  # while nobody looks: unknown, so not answered
    with MetricsApi(api.settings) as again:
        client = Client.of(again.properties)
        seen = exporter.scrapes
        wait_for(lambda: exporter.scrapes > seen + 2)
        exporter.show("requests", 95)
        wait_for(lambda: total(client, "request_count") == 45)


def test_two_services_cannot_keep_one_history_and_the_second_leaves_nothing_behind(api: MetricsApi) -> None:
    with pytest.raises(StoreError, match="in use"):
        MetricsApi(api.settings).start()
    assert sum(thread.name == "metrics-api" for thread in threading.enumerate()) == 1


def test_a_port_that_is_taken_is_said_in_one_line(api: MetricsApi, tmp_path: Path) -> None:
    port = int(api.url.split(":")[2].split("/")[0])
    taken = dataclasses.replace(api.settings, port=port, history=tmp_path / "other")
    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1 port {port}"):
        MetricsApi(taken).start()


def test_it_listens_on_loopback_only_unless_told_otherwise(api: MetricsApi) -> None:
    assert api.settings.host == "127.0.0.1"
    assert api.url.startswith("http://127.0.0.1:")


def test_an_exporter_that_fails_and_comes_back_is_told_once_each(exporter: Exporter, tmp_path: Path) -> None:
    said: list[str] = []
    settings = Settings(
        cluster_id=ID, exporters={"1": exporter.url, "2": "http://127.0.0.1:9/"}, history=tmp_path / "h", interval=0.05
    )
    with MetricsApi(settings, on_event=said.append):
        wait_for(lambda: exporter.scrapes > 3)
    assert len([line for line in said if "broker 2" in line]) == 1, said


def test_a_credential_is_random_long_and_never_shown() -> None:
    one, other = Credential.generated(), Credential.generated()
    assert one != other
    assert len(one.secret) >= 64
    assert one.secret not in repr(one)
    assert one.secret not in repr(Settings(cluster_id=ID, exporters={}, history=Path("h"), credential=one))
    assert Credential.of_token(one.token) == one
    assert Credential.of_token("no token") is None
    assert Credential.of_token(base64.b64encode(b"no colon").decode()) is None
