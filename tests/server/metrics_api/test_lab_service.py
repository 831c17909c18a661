"""A lab with its Metrics API, read by a plain client, against the engine's ledger and the brokers' own counters."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.model.run import Run
from clusterload.model.workload import Dials, Load, Plan
from clusterload.workflow.measure import measure
from tests.processes import wait_for
from tests.scripted_exporter import NAMES

from .asked import NAME
from .plain import Client

ID = "lkc-abc123"
PRODUCERS = 20
MANY = 2000  # questions beside which those of a lab that comes up are few
PROGRAM = str(Path(sys.executable).parent / "clusterload")


@dataclass(frozen=True)
class Up:
    """A lab that is up: what `lab up --json` said, and its client file."""

    info: dict[str, Any]
    output: str
    file: Path

    @property
    def client(self) -> Client:
        return Client.of(self.file.read_text())

    @property
    def kafka(self) -> dict[str, str]:
        """The keys that go straight to librdkafka."""
        return {key: value for key, value in self.client.properties.items() if not key.startswith("confluent")}

    def counted(self, name: str, **labels: str) -> float:
        """What all brokers say of a metric now, added up."""
        total = 0.0
        for broker in self.info["brokers"]:
            with urllib.request.urlopen(broker["exporter_url"], timeout=120) as answer:
                families = list(text_string_to_metric_families(answer.read().decode()))
            total += sum(
                one.value
                for family in families
                for one in family.samples
                if one.name == NAMES[name] and labels.items() <= one.labels.items()
            )
        return total


def processes_of(lab_id: str) -> list[psutil.Process]:
    """The living processes that carry the lab's mark."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(
            word.startswith("-Dclusterload.lab=") and word.endswith(lab_id) for word in words
        ):
            found.append(process)
    return found


def run(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=600, check=False, **more)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, state: Path) -> Iterator[Up]:
    """A detached lab of three brokers."""
    folder = tmp_path_factory.mktemp("beside")
    started = run("lab", "up", "--detach", "--json", "--dir", str(folder), "--metrics-api", "--cluster-id", ID)
    assert started.returncode == 0, started.stderr
    info = json.loads(started.stdout)
    yield Up(info, started.stdout + started.stderr, folder / "client.properties")
    assert run("lab", "down", info["id"]).returncode == 0
    assert processes_of(info["id"]) == []
    assert not (folder / "client.properties").exists()


@pytest.fixture(scope="module")
def loaded(up: Up, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    """A load of twenty producers, and its interval as the course writes it."""
    begin = datetime.now(UTC).isoformat(timespec="seconds")
    cluster = Cluster.connect(Properties(values=up.kafka))
    dials = Dials(producers=PRODUCERS, record_rate=100, payload_size=1024)
    plan = Plan(name="served", loads=(Load(name="cars", topic="cars", dials=dials),), duration=6)
    done = measure(plan, cluster, path=tmp_path_factory.mktemp("runs") / "served.run")
    wait_for(lambda: asked(up, "received_records", f"{begin}/now+1m") == done.ledgers[0].acknowledged)
    return done, f"{begin}/{datetime.now(UTC).isoformat(timespec='seconds')}"


def rows(up: Up, metric: str, interval: str, group_by: list[str]) -> list[dict[str, Any]]:
    """Exactly the course's query, sent once."""
    body: dict[str, Any] = {
        "filter": {"op": "OR", "filters": [{"field": "resource.kafka.id", "op": "EQ", "value": ID}]},
        "granularity": "PT1M",
        "limit": 1000,
        "intervals": [interval],
        "aggregations": [{"metric": f"{NAME}{metric}"}],
    }
    answer = up.client.post({**body, "group_by": group_by} if group_by else body)
    assert answer.status == 200, answer.text
    return list(answer.plain["data"])


def asked(up: Up, metric: str, interval: str) -> float:
    return float(sum(one["value"] for one in rows(up, metric, interval, [])))


def test_the_client_file_says_where_and_how_to_ask_and_is_the_owners_alone(up: Up) -> None:
    properties = up.client.properties
    assert properties["confluent.clusterid"] == ID
    assert properties["confluent.metrics.endpoint"].endswith("/v2/metrics/cloud/query")
    assert up.file.stat().st_mode & 0o777 == 0o600
    assert properties["confluent.cloud_api_token"] not in up.output
    logs = Path(up.info["brokers"][0]["log"]).parent
    assert all(properties["confluent.cloud_api_token"] not in log.read_text(errors="replace") for log in logs.iterdir())


def test_records_and_bytes_are_those_of_the_ledger_and_of_the_brokers(up: Up, loaded: tuple[Run, str]) -> None:
    done, interval = loaded
    assert asked(up, "received_records", interval) == done.ledgers[0].acknowledged == 600
    received = rows(up, "received_bytes", interval, ["metric.topic"])
    assert {one["metric.topic"] for one in received} == {"cars"}
    assert sum(one["value"] for one in received) == up.counted("bytes_in", topic="cars")
    assert sum(one["value"] for one in received) > done.ledgers[0].acknowledged_bytes


def test_requests_are_those_that_the_clients_listener_received(up: Up, loaded: tuple[Run, str]) -> None:
    producer = Producer({**up.kafka, "client.id": "asks"})
    for _ in range(MANY):
        producer.list_topics(timeout=60)

    def unserved() -> float:
        return up.counted("requests", listener="CLIENT") - asked(up, "request_count", "now-1h/now+1m")

    # What was just received is served once it was scraped; what was asked before the first scrape, while the lab came
    # up, never is.
    wait_for(lambda: 0 <= unserved() <= MANY / 20)
    assert asked(up, "request_count", "now-1h/now+1m") >= MANY


def test_rows_of_a_load_are_the_same_minutes_in_the_same_order(up: Up, loaded: tuple[Run, str]) -> None:
    _, interval = loaded
    times = [one["timestamp"] for one in rows(up, "active_connection_count", interval, [])]
    assert times == sorted(times, reverse=True)
    assert all(time.endswith("Z") for time in times)
    assert [one["timestamp"] for one in rows(up, "request_count", interval, [])] == times
    received = [one["timestamp"] for one in rows(up, "received_bytes", interval, ["metric.topic"])]
    assert received
    assert received == [time for time in times if time in received]


def test_nobody_consumed_so_sent_bytes_are_an_empty_list(up: Up, loaded: tuple[Run, str]) -> None:
    assert rows(up, "sent_bytes", loaded[1], ["metric.topic"]) == []


def test_connections_at_rest_are_exact(up: Up) -> None:
    many = 7
    producers = [Producer({**up.kafka, "client.id": f"idle-{number}"}) for number in range(many)]
    for producer in producers:
        producer.list_topics(timeout=60)
    wait_for(lambda: up.counted("connections", listener="CLIENT") >= many)

    def served() -> float:
        return float(rows(up, "active_connection_count", "now-1m/now+1m", [])[0]["value"])

    wait_for(lambda: served() == up.counted("connections", listener="CLIENT"))
    assert served() >= many
    producers.clear()
    del producer
    wait_for(lambda: served() == up.counted("connections", listener="CLIENT") == 0)


def test_partitions_are_counted_once_not_once_for_each_replica(up: Up, loaded: tuple[Run, str]) -> None:
    (newest, *_) = rows(up, "partition_count", "now-1m/now+1m", [])
    assert newest["value"] == 6


def test_when_the_tool_is_killed_the_api_ends_with_the_brokers(tmp_path: Path) -> None:
    words = [PROGRAM, "lab", "up", "--brokers", "1", "--dir", str(tmp_path), "--metrics-api"]
    tool = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for((tmp_path / "client.properties").exists)
        wait_for(lambda: "metrics.endpoint" in (tmp_path / "client.properties").read_text())
        mark = (tmp_path / "client.properties").read_text().splitlines()[0].rpartition(" ")[2]
        assert len(processes_of(mark)) == 2
    finally:
        tool.kill()
        tool.communicate()
    wait_for(lambda: not processes_of(mark))
    wait_for(lambda: not (tmp_path / "client.properties").exists())


def test_a_cluster_id_without_the_api_is_a_usage_error() -> None:
    refused = run("lab", "up", "--cluster-id", ID)
    assert refused.returncode == 2
    assert "--metrics-api" in refused.stderr
