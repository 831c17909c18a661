"""No Kafka is needed to look at a cluster: its exporters, its Jolokia agents or its Prometheus alone are enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from clusterload.telemetry.runfile import read_run
from clusterload.workflow.temporary_quota.unlocking import LOCKED
from tests.cli.conftest import Called
from tests.http_server import HttpServer, Request, Response, serving
from tests.telemetry.sources.prometheus.server import PlayedBroker, Server, played_broker, server

SECRET = "to-be-carried"


@pytest.fixture(scope="module")
def brokers() -> Iterator[tuple[PlayedBroker, PlayedBroker]]:
    """Two exporters of brokers that take more bytes with each scrape."""
    with ExitStack() as stack:
        yield stack.enter_context(played_broker()), stack.enter_context(played_broker())


@pytest.fixture(scope="module")
def prometheus(brokers: tuple[PlayedBroker, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prometheus that scrapes a broker of each of two clusters."""
    targets = [
        {"targets": [broker.place], "labels": {"env": env, "node_id": "1"}}
        for broker, env in zip(brokers, ("blue", "green"), strict=True)
    ]
    folder = tmp_path_factory.mktemp("prometheus")
    with server(folder, *targets) as made:
        made.until_scraped('count(kafka_server_replicamanager_partitioncount{env="green"})', 1.0)
        made.until_scraped('count(kafka_server_replicamanager_partitioncount{env="blue"})', 1.0)
        yield made


def exporters(brokers: tuple[PlayedBroker, ...]) -> list[str]:
    given = [f"--exporter={number}=http://{broker.place}/metrics" for number, broker in enumerate(brokers, 1)]
    return [*given, "--interval", "0.5s"]


def test_exporters_alone_are_watched_and_what_is_missing_then_is_said_in_a_line(
    called: Called, brokers: tuple[PlayedBroker, ...]
) -> None:
    code, out, err = called("watch", *exporters(brokers), "--for", "1s", "--out", "seen.run", "--json")
    assert code == 0, err
    assert "no Kafka was named (--bootstrap-server): only metrics are read" in err
    assert [line for line in err.splitlines() if "lag" in line] == [line for line in err.splitlines() if "warn" in line]
    assert json.loads(out)
    listed = read_run("seen.run").environment["cluster"]["brokers"]
    assert [(broker["id"], broker["host"]) for broker in listed] == [(1, "127.0.0.1"), (2, "127.0.0.1")]


@pytest.mark.parametrize("command", ["watch", "bill"])
def test_client_metrics_that_cannot_be_unlocked_are_a_warning_and_no_end(
    called: Called, brokers: tuple[PlayedBroker, ...], command: str
) -> None:
    given = [each for each in exporters(brokers) if command != "bill" or each.startswith("--exporter")]
    if command == "bill":
        given += ["--baseline", "1s"]
    code, _, err = called(command, *given, "--unlock-client-metrics", "--for", "1s", "--out", "seen.run")
    assert code == 0, err
    why = "no broker of Kafka itself was reached to set a quota on"
    assert f"client metrics are not unlocked: {why}; going on without them" in " ".join(err.split())
    (event,) = (event for event in read_run("seen.run").events if event.kind == LOCKED)
    assert event.text.startswith("client metrics were not unlocked: no broker of Kafka itself")


def test_exporters_of_a_file_alone_are_diagnosed(
    called: Called, brokers: tuple[PlayedBroker, ...], tmp_path: Path
) -> None:
    lines = [f"exporter.{number}=http://{broker.place}/metrics\n" for number, broker in enumerate(brokers, 1)]
    (tmp_path / "metrics.properties").write_text("".join(lines))
    code, out, err = called(
        "diagnose", "--cluster", "metrics.properties", "--for", "1s", "--interval", "0.5s", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["state"]


def test_a_prometheus_of_several_clusters_says_how_to_pick_one(called: Called, prometheus: Server) -> None:
    code, _, err = called("diagnose", "--prometheus", prometheus.url, "--for", "1s")
    assert code != 0
    assert "has the brokers of 2 clusters (env: blue, green): pick one" in err
    assert 'prometheus.select=env="blue"' in err


def test_a_prometheus_alone_is_watched_live_once_a_cluster_is_picked(called: Called, prometheus: Server) -> None:
    picked = ("--prometheus", prometheus.url, "--command-property", 'prometheus.select=env="blue"')
    code, out, err = called("watch", *picked, "--for", "1s", "--json")
    assert code == 0, err
    assert "only metrics are read" in err
    assert json.loads(out)


def test_a_prometheus_behind_a_bearer_token_is_enough(called: Called, prometheus: Server, tmp_path: Path) -> None:
    def guarded(request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return Response(status=401)
        answer = httpx.request(
            request.method, f"{prometheus.url}{request.path}", content=request.body, trust_env=False,
            headers={"Content-Type": request.headers["Content-Type"]},
        )  # fmt: skip
        return Response(status=answer.status_code, body=answer.content)

    with serving(guarded) as gate:
        written(tmp_path / "cluster.properties", gate, token=SECRET)
        code, _, err = called("diagnose", "--cluster", "cluster.properties", "--for", "1s")
        assert code == 0, err
        written(tmp_path / "cluster.properties", gate, token="another")
        code, _, err = called("diagnose", "--cluster", "cluster.properties", "--for", "1s")
        assert code != 0
        assert "prometheus.bearer.token" in err
        assert SECRET not in err


def written(file: Path, gate: HttpServer, *, token: str) -> None:
    lines = (f"prometheus.url={gate.url}", f"prometheus.bearer.token={token}", 'prometheus.select=env="green"')
    file.write_text("\n".join(lines))


def test_a_load_needs_kafka_and_says_so(called: Called, brokers: tuple[PlayedBroker, ...], prometheus: Server) -> None:
    for metrics in (exporters(brokers)[:1], ["--prometheus", prometheus.url]):
        code, _, err = called("run", "--dial", "record_rate=5/s", "--topic", "t", "--for", "1s", *metrics)
        assert code != 0
        assert "names no bootstrap.servers, and metrics alone do not do here" in err


def test_nothing_at_all_says_what_would_do(called: Called) -> None:
    code, _, err = called("watch", "--for", "1s")
    assert code != 0
    assert "its metrics alone do: --prometheus URL, --exporter ID=URL or --jolokia ID=URL" in err


def test_brokers_that_do_not_answer_do_not_keep_their_metrics_from_being_read(
    called: Called, brokers: tuple[PlayedBroker, ...]
) -> None:
    code, _, err = called("watch", "--bootstrap-server", "127.0.0.1:1", *exporters(brokers), "--for", "1s")
    assert code == 0, err
    assert "only metrics are read" in err
