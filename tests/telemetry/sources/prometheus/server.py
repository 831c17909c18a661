"""A real Prometheus of a test's own, and brokers played for it to scrape, now or in its past."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus import Access, PrometheusSource
from clusterload.telemetry.sources.transport import RetryPolicy
from tests.http_server import Response, serving
from tests.processes import wait_for
from tests.telemetry.sources.kept import Kept

JMX = Names.named("jmx-exporter")
# A machine that stands still for a while is not a server that does not answer.
PATIENT = RetryPolicy(timeout=30.0, backoff=0.01)
INTERVAL = 0.2
TOPICS = "kafka_server_brokertopicmetrics_"
SOCKETS = "kafka_server_socket_server_metrics_"


class PlayedBroker:
    """What a broker's exporter shows: whatever is put into `values`, or nothing at all while it is `dead`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.values: dict[str, float] = {}
        self.dead = False
        self.growing = threading.Lock()
        self.started = time.time()

    @property
    def place(self) -> str:
        """As Prometheus calls the instance."""
        return f"127.0.0.1:{self.port}"

    def show(self, ingress: float, **topics: float) -> None:
        """Counters of bytes produced, in all and by topic, with what every broker shows."""
        self.values = shown(self.started, ingress, topics)

    def text(self) -> str:
        """What a scrape gets."""
        return "".join(f"{line} {value!r}\n" for line, value in self.values.items())


def shown(started: float, ingress: float, topics: Mapping[str, float]) -> dict[str, float]:
    """What a broker shows that has run since `started`, with its bytes in, in all and by topic."""
    return {
        "kafka_server_replicamanager_partitioncount": 7.0,
        "process_start_time_seconds": started,
        f"{TOPICS}bytesin_total": ingress,
        f'{SOCKETS}connection_count{{listener="CLIENT",networkProcessor="0"}}': 3.0,
        **{f'{TOPICS}bytesin_total{{topic="{topic}"}}': value for topic, value in topics.items()},
    }


@contextmanager
def played_broker() -> Iterator[PlayedBroker]:
    """A played broker for as long as the block lasts."""
    with serving() as server:
        broker = PlayedBroker(server.port)
        broker.show(0.0)
        headers = {"Content-Type": "text/plain; version=0.0.4"}
        server.answer = lambda _: Response(
            status=500 if broker.dead else 200, body=broker.text().encode(), headers=headers
        )
        yield broker


@dataclass(slots=True)
class Past:
    """Scrapes that a server is to have made, to the millisecond, whatever the machine has to do meanwhile."""

    _lines: list[str] = field(default_factory=list)

    def scrape(self, at: float, labels: Mapping[str, str], values: Mapping[str, float]) -> None:
        """What a target with these labels showed at a time, in Unix seconds."""
        of = ",".join(f'{name}="{value}"' for name, value in labels.items())
        for line, value in values.items():
            name, _, own = line.removesuffix("}").partition("{")
            self._lines.append(f"{name}{{{','.join(filter(None, (own, of)))}}} {value!r} {at:.3f}\n")

    @property
    def text(self) -> str:
        """As OpenMetrics has it."""
        return "".join(self._lines) + "# EOF\n"


@dataclass(slots=True, kw_only=True)
class Server:
    """A Prometheus server in a folder of its own; `web` is its web configuration."""

    folder: Path
    targets: Sequence[Mapping[str, Any]]
    web: Mapping[str, Any] = field(default_factory=dict)
    interval: str = f"{INTERVAL * 1000:.0f}ms"
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        scheme = "https" if "tls_server_config" in self.web else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, anew on the same data if it ran before."""
        program = shutil.which("prometheus")
        assert program, "Prometheus is not installed"
        self.port = self.port or _free_port()
        (self.folder / "prometheus.yml").write_text(json.dumps(self._settings()))
        (self.folder / "web.yml").write_text(json.dumps(self.web))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    program,
                    f"--config.file={self.folder / 'prometheus.yml'}",
                    f"--web.config.file={self.folder / 'web.yml'}",
                    f"--storage.tsdb.path={self.folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=log,
            )
        wait_for(self._is_ready)

    def remember(self, past: Past) -> None:
        """Take scrapes of the past into its data, before it starts: no machine is too busy for these."""
        (self.folder / "past").write_text(past.text)
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "past", "data"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def kill(self) -> None:
        """Let it die at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _settings(self) -> dict[str, Any]:
        each = [
            {
                "job_name": "kafka",
                "static_configs": [{"targets": target["targets"], "labels": target.get("labels", {})}],
            }
            | {"job_name": target.get("job", f"kafka-{number}"), **target.get("more", {})}
            for number, target in enumerate(self.targets)
        ]
        return {"global": {"scrape_interval": self.interval, "scrape_timeout": self.interval}, "scrape_configs": each}

    def _is_ready(self) -> bool:
        # While it reads its data it has 503 for everybody; where it asks for a login, 401 is as much as we get.
        try:
            answer = httpx.get(f"{self.url}/-/ready", trust_env=False, verify=False)
        except httpx.HTTPError:
            return False
        return answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE

    def value(self, query: str) -> float | None:
        """What a query gives now, of one line; None if nothing."""
        try:
            result = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, trust_env=False).json()["data"]
        except (httpx.HTTPError, LookupError, ValueError):
            return None
        return float(result["result"][0]["value"][1]) if result["result"] else None

    def until_scraped(self, query: str, value: float) -> int:
        """Wait until a query gives this value; the time then, in Unix nanoseconds."""
        wait_for(lambda: self.value(query) == value)
        return time.time_ns()


@contextmanager
def server(folder: Path, *targets: Mapping[str, Any], **more: Any) -> Iterator[Server]:
    """A server for as long as the block lasts. A target has `targets`, and may have `labels`, `job` and `more`."""
    made = Server(folder=folder, targets=targets, **more)
    try:
        made.start()
        yield made
    finally:
        made.kill()


def source(of: Server, **more: Any) -> PrometheusSource:
    """A source that reads it by the exporter's names."""
    return PrometheusSource(Access(url=of.url), **{"names": JMX, "retry": PATIENT, **more})


def collected(of: PrometheusSource, start: int, end: int) -> Kept:
    """What it records of a stretch."""
    kept = Kept()
    of.collect(kept, start, end, lambda _: None)
    return kept


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
