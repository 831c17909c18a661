"""`clusterload doctor`: right about what is there, quick about what is dead, and silent about secrets."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from clusterload import Cluster, Lab
from clusterload.kafka.configuration import client_quotas
from tests.cli.conftest import Called
from tests.conftest import PROGRAM
from tests.http_server import HttpServer, Request, Response, serving
from tests.scripted_exporter import Exporter


def _document(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)
    return found


def _check(found: dict[str, Any], name: str) -> dict[str, str]:
    (check,) = (check for check in found["checks"] if check["name"] == name)
    return dict(check)


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def page() -> Iterator[HttpServer]:
    """A web server that shows a page."""
    with serving(lambda _: Response(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})) as server:
        yield server


@pytest.fixture(scope="module")
def of_lab(lab: Lab) -> dict[str, Any]:
    """What the doctor says of the shared lab, as a document."""
    arguments = ["doctor", "--bootstrap-server", lab.bootstrap_servers, "--json"]
    ended = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=True)
    return _document(ended.stdout)


def test_a_lab_is_usable_and_each_check_says_how_it_came_out(of_lab: dict[str, Any]) -> None:
    assert of_lab["usable"]
    assert {check["state"] for check in of_lab["checks"]} <= {"ok", "warning", "missing"}
    assert "all 3 answer" in _check(of_lab, "brokers")["finding"]
    assert "Kafka 4.3" in _check(of_lab, "version")["finding"]
    assert "Create on Topic" in _check(of_lab, "allowed")["finding"]


def test_from_a_lab_all_causes_can_be_judged_but_those_that_need_a_quota_tls_or_a_container(
    of_lab: dict[str, Any],
) -> None:
    causes = of_lab["causes"]
    assert {each["cause"] for each in causes["unjudged"]} <= {"throttling", "tls", "cpu-limit"}
    assert len(causes["judged"]) > 20


def test_nothing_is_left_on_the_cluster(of_lab: dict[str, Any], cluster: Cluster) -> None:
    assert of_lab["usable"]
    assert not [topic.name for topic in cluster.topics() if "doctor" in topic.name]
    assert not [quota for quota in client_quotas(cluster) if "doctor" in quota.whose]


def test_a_dead_broker_is_one_failed_line_and_exit_code_1(called: Called) -> None:
    code, out, _ = called("doctor", "--bootstrap-server", f"127.0.0.1:{_free_port()}", "--json")
    (failed,) = (check for check in _document(out)["checks"] if check["state"] == "failed")
    assert code == 1
    assert "nothing listens" in failed["finding"]
    assert failed["remedy"]
    assert "no broker could be asked" in _document(out)["of"]


def test_a_web_server_at_the_broker_s_port_is_told_as_one(called: Called, page: HttpServer) -> None:
    code, out, _ = called("doctor", "--bootstrap-server", f"127.0.0.1:{page.port}", "--json")
    found = _check(_document(out), f"127.0.0.1:{page.port}")
    assert code == 1
    assert "web server" in found["finding"]


def test_an_exporter_alone_is_enough(called: Called) -> None:
    with Exporter() as exporter:
        code, out, _ = called("doctor", "--exporter", f"1={exporter.url}", "--json")
    found = _document(out)
    assert code == 0, found["checks"]
    assert "ingress" in found["series"]
    assert "network_thread_busy" in found["missing"]
    assert any("io-time-ns-total" in paste["text"] for paste in found["pastes"])


def test_a_login_page_in_place_of_metrics_fails(called: Called, page: HttpServer) -> None:
    code, out, _ = called("doctor", "--exporter", f"1={page.url}/metrics", "--json")
    assert code == 1
    assert "web page" in _check(_document(out), "exporter of broker 1")["finding"]


def test_an_empty_answer_is_called_empty(called: Called) -> None:
    with serving(lambda _: Response(body=b"")) as server:
        code, out, _ = called("doctor", "--exporter", f"1={server.url}/metrics", "--json")
    assert code == 1
    assert "the answer is empty" in _check(_document(out), "names")["finding"]


def test_where_all_is_nan_that_is_suspected_and_not_that_nothing_happened(called: Called) -> None:
    body = b"kafka_server_replicamanager_leadercount NaN\nkafka_server_brokertopicmetrics_bytesin_total NaN\n"
    with serving(lambda _: Response(body=body)) as server:
        code, out, _ = called("doctor", "--exporter", f"1={server.url}/metrics", "--json")
    found = _document(out)
    assert code == 1
    assert "NaN" in _check(found, "Series")["remedy"]
    assert not [check for check in found["checks"] if check["name"] == "at rest"]


def test_another_program_s_exporter_is_named(called: Called) -> None:
    body = b'kafka_brokers 3\nkafka_topic_partition_current_offset{topic="a",partition="0"} 5\n'
    with serving(lambda _: Response(body=body)) as server:
        code, out, _ = called("doctor", "--exporter", f"1={server.url}/metrics", "--json")
    assert code == 1
    assert "kafka_exporter" in _check(_document(out), "names")["finding"]


def test_a_dead_prometheus_is_a_failed_line(called: Called) -> None:
    code, out, _ = called("doctor", "--prometheus", f"http://127.0.0.1:{_free_port()}", "--json")
    assert code == 1
    assert _check(_document(out), "Prometheus")["state"] == "failed"


def test_a_password_in_an_address_is_never_shown(called: Called) -> None:
    def answer(_: Request) -> Response:
        return Response(status=401, body=b"no")

    with serving(answer) as server:
        url = f"http://alice:hunter2@127.0.0.1:{server.port}/metrics"
        for form in ((), ("--json",), ("--paste",)):
            _, out, err = called("doctor", "--exporter", f"1={url}", *form)
            assert "hunter2" not in out + err


def test_without_anything_named_it_says_what_can_be(called: Called) -> None:
    code, _, err = called("doctor")
    assert code == 2
    assert "--bootstrap-server" in err


def test_only_what_can_be_pasted_is_printed_for_a_file(called: Called) -> None:
    with Exporter() as exporter:
        _, out, _ = called("doctor", "--exporter", f"1={exporter.url}", "--paste")
    assert out.startswith("---")
    assert "rules:" in out
