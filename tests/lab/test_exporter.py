"""The exporters show what docs/lab.md says, and little else."""

from __future__ import annotations

import re
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from clusterload.lab.lab import Lab

_PAGE = Path(__file__).parents[2] / "docs" / "lab.md"


def scrape(url: str) -> str:
    """The text that an exporter gives."""
    with urllib.request.urlopen(url, timeout=120) as answer:
        text: str = answer.read().decode()
        return text


@pytest.fixture(scope="module")
def texts(lab: Lab) -> dict[int, str]:
    """What each broker shows after a little load."""
    producer = Producer({"bootstrap.servers": lab.bootstrap_servers, "client.id": "writer"})
    for _ in range(60):
        producer.produce("seen", b"x" * 100)
    assert producer.flush(120) == 0
    return {broker: scrape(url) for broker, url in lab.exporters.items()}


def documented() -> list[str]:
    """The metric names in the tables of the page, without those that need a quota, TLS or a newer broker."""
    rows = re.findall(r"^\| `([a-z]\w+)`.*\|$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [name for name in rows if name not in {*AT_TIMES}]


AT_TIMES = [
    "kafka_network_requestmetrics_deprecatedrequests_total",
    "kafka_network_requestmetrics_errors_total",
    "kafka_server_group_coordinator_metrics_event_queue_time_ms_p99",
    "kafka_server_group_coordinator_metrics_thread_idle_ratio_avg",
    "kafka_server_sharegroupmetrics_recordacknowledgements_total",
    "kafka_server_socket_server_metrics_connections_tls",
    *(
        f"kafka_server_group_coordinator_metrics_{kind}_group_rebalance_count"
        for kind in ("consumer", "share", "streams")
    ),
    *(
        f"kafka_server_{kind}_{what}"
        for kind in ("produce", "fetch", "request")
        for what in ("byte_rate", "request_time", "throttle_time")
    ),
]


def test_every_documented_metric_is_on_every_broker(texts: dict[int, str]) -> None:
    names = documented()
    assert len(names) > 30
    for broker, text in texts.items():
        shown = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
        assert set(names) - shown == set(), f"broker {broker}"


def test_every_metric_of_the_rules_is_documented(texts: dict[int, str]) -> None:
    shown = {sample.name for family in text_string_to_metric_families(texts[1]) for sample in family.samples}
    ours = {name for name in shown if name.startswith(("kafka_", "java_lang_"))}
    assert ours - set(documented()) - set(AT_TIMES) == set()


def test_a_scrape_is_small_and_without_errors(texts: dict[int, str]) -> None:
    for text in texts.values():
        assert "jmx_scrape_error 0.0" in text
        lines = text.splitlines()
        topics, requests, clients, software = (
            Counter(found for line in lines for found in re.findall(pattern, line))
            for pattern in (
                r'topic="([^"]*)"',
                r'request="([^"]*)"',
                r'client_id="([^"]*)"',
                r'client_software_name="([^"]*)",client_software_version="([^"]*)"',
            )
        )
        carried = sum(each.total() for each in (topics, requests, clients, software))
        assert len(lines) - carried < 600, "whatever the broker carries"
        assert max(topics.values(), default=0) <= 16, "for each topic that it has"
        assert max(requests.values()) <= 24, "for each request that it was sent"
        assert max(clients.values(), default=0) <= 18, "for each client that it tells of, with and without its user"
        assert max(software.values()) <= 9, "for each version of a client's software: listeners by network threads"


def test_requests_are_told_apart_by_name_and_version(texts: dict[int, str]) -> None:
    pattern = r'kafka_network_requestmetrics_requests_total\{request="Produce",version="\d+"\} (\S+)'
    produced = [float(count) for text in texts.values() for count in re.findall(pattern, text)]
    assert sum(produced) >= 1


def test_clients_brokers_and_controllers_are_counted_on_listeners_of_their_own(texts: dict[int, str]) -> None:
    for text in texts.values():
        listeners = set(re.findall(r'connection_count\{listener="(\w+)"', text))
        assert listeners == {"CLIENT", "BROKER", "CONTROLLER"}
