"""`clusterload serve` as a process: its files, its exit codes, what it says and what it keeps to itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import wait_for
from tests.scripted_exporter import Exporter

from .asked import query
from .plain import Client

PROGRAM = str(Path(sys.executable).parent / "clusterload")
ID = "lkc-mine"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(exporter: Exporter) -> Iterator[Start]:
    """Start `serve` for that exporter; killed at the end of the test if it still runs."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        named = [PROGRAM, "serve", "--exporter", f"1={exporter.url}", "--interval", "0.1"]
        named += [] if "--cluster-id" in words else ["--cluster-id", ID]
        running.append(subprocess.Popen([*named, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def client_of(file: Path, before: str = "") -> Client:
    """A client of what serve wrote, once it differs from what stood there before."""
    wait_for(lambda: file.exists() and file.read_text() != before)
    return Client.of(file.read_text())


def test_serve_tells_clients_all_they_need_and_nobody_else(start: Start, state: Path, exporter: Exporter) -> None:
    file = state / "metrics-api" / f"{ID}.properties"
    process = start()
    client = client_of(file)
    assert client.post(query("received_bytes") | {"filter": by_id()}).status == 200
    assert file.stat().st_mode & 0o777 == 0o600
    assert client.properties["confluent.clusterid"] == ID
    process.send_signal(signal.SIGINT)
    said = "".join(process.communicate(timeout=300))
    assert process.returncode == 0
    assert client.properties["confluent.metrics.endpoint"] in said
    assert client.properties["confluent.cloud_api_token"] not in said


def by_id() -> dict[str, str]:
    return {"field": "resource.kafka.id", "op": "EQ", "value": ID}


def test_a_restart_keeps_history_and_token(start: Start, tmp_path: Path, exporter: Exporter) -> None:
    file, kept = tmp_path / "api.properties", tmp_path / "kept.history"
    words = ("--properties", str(file), "--history", str(kept))
    first = start(*words)
    client = client_of(file)
    seen = exporter.scrapes
    wait_for(lambda: exporter.scrapes > seen + 1)
    exporter.show("requests", 21)

    def counted(asking: Client) -> float:
        body = query("request_count", "now-5m/now+1m") | {"filter": by_id()}
        return float(sum(one["value"] for one in asking.post(body).plain["data"]))

    wait_for(lambda: counted(client) == 21)
    first.terminate()
    first.communicate(timeout=300)
    start(*words)
    again = client_of(file, file.read_text())
    assert again.properties["confluent.cloud_api_token"] == client.properties["confluent.cloud_api_token"]
    assert counted(again) == 21


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--lateness", "90s"), 2, "whole number of minutes"),
        (("--cluster-id", "../elsewhere"), 2, "is not a cluster id"),
        (("--exporter", "one"), 2, "'one' is not ID=URL"),
        (("--host", "192.0.2.1"), 104, "cannot listen on 192.0.2.1"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(start: Start, words: tuple[str, ...], code: int, said: str) -> None:
    process = start(*words)
    _, error = process.communicate(timeout=300)
    assert process.returncode == code
    assert said in error
    assert "Traceback" not in error


def test_a_client_file_of_someone_else_is_not_overwritten(start: Start, tmp_path: Path) -> None:
    mine = tmp_path / "client.properties"
    mine.write_text("bootstrap.servers=somewhere:9092\n")
    process = start("--properties", str(mine))
    assert "not written by 'clusterload serve'" in process.communicate(timeout=300)[1]
    assert mine.read_text() == "bootstrap.servers=somewhere:9092\n"


def test_a_token_file_that_others_can_read_is_refused(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "api.properties"
    process = start("--properties", str(file))
    client_of(file)
    process.terminate()
    process.communicate(timeout=300)
    file.chmod(0o644)
    assert "can be read by others" in start("--properties", str(file)).communicate(timeout=300)[1]
