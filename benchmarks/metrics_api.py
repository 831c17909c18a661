"""What serving the Metrics API costs, how quick it answers, and how true.

python -m benchmarks.metrics_api [MINUTES] [--quick]

Prints tables. Takes about six minutes: a minute for each cost, three whole minutes of load for the truth.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.rig.options import parser
from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.lab import Lab
from clusterload.model.series import Kind, Point
from clusterload.model.units import BYTES
from clusterload.model.workload import Dials, Load, Plan
from clusterload.server.metrics_api import MetricsApi, Settings, serve_for_lab
from clusterload.server.metrics_api.catalogue import PREFIX, RESOURCES
from clusterload.server.metrics_api.history import MINUTE, History
from clusterload.server.metrics_api.intervals import timestamp
from clusterload.workflow.measure import measure

ID = "lkc-bench"
TOPICS, MINUTES, TRIES = 200, 360, 15
RATE, PRODUCERS = 500.0, 20  # the course's; more would saturate a small machine, and the brokers with it
WATCHED_SECONDS = 60.0

Properties_ = dict[str, str]


def asked(properties: Properties_, metric: str, interval: str, **more: Any) -> tuple[list[dict[str, Any]], float]:
    """A query's data, and the seconds until the last byte had come."""
    body = {
        "filter": {"op": "OR", "filters": [{"field": "resource.kafka.id", "op": "EQ", "value": ID}]},
        "granularity": "PT1M",
        "limit": 1000,
        "intervals": [interval],
        "aggregations": [{"metric": f"{PREFIX}{metric}"}],
        **more,
    }
    headers = {"Authorization": f"Basic {properties['confluent.cloud_api_token']}"}
    request = urllib.request.Request(properties["confluent.metrics.endpoint"], json.dumps(body).encode(), headers)
    begin = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text)["data"], time.perf_counter() - begin


def filled(path: Path, first: int) -> None:
    """A history of six hours of 200 topics, with traffic in each minute."""
    with closing(History(path, brokers=("1",), names=RESOURCES)) as history:
        for minute in range(first, first + MINUTES):
            for number in range(TOPICS):
                labels = {"broker": "1", "topic": f"topic-{number:03}"}
                history.record(
                    Point("ingress_by_topic", BYTES, Kind.DELTA, labels, minute * MINUTE + MINUTE // 2, 1e6, 1.0)
                )


def speed(folder: Path) -> None:
    """Time the six-hour query of 200 topics over HTTP."""
    first = int(time.time() // 60) - MINUTES - 1
    filled(folder / "big", first)
    interval = f"{timestamp(first)}/{timestamp(first + MINUTES)}"
    with MetricsApi(Settings(cluster_id=ID, exporters={}, history=folder / "big")) as api:
        properties = dict(line.split("=", 1) for line in api.properties.splitlines())
        answers = [asked(properties, "received_bytes", interval, group_by=["metric.topic"]) for _ in range(TRIES)]
    (points,) = {len(data) for data, _ in answers}
    times = sorted(1000 * seconds for _, seconds in answers)
    print("| query | points | median, ms | fastest | slowest |")
    print("| --- | --- | --- | --- | --- |")
    print(
        f"| 6 h PT1M, {TOPICS} topics | {points:,} "
        f"| {statistics.median(times):.0f} | {times[0]:.0f} | {times[-1]:.0f} |",
        flush=True,
    )


def api_process(lab: Lab) -> psutil.Process:
    """The process that serves a lab."""
    (found,) = (
        process
        for process in psutil.process_iter(["cmdline"])
        if "clusterload.server.metrics_api" in (process.info["cmdline"] or [])
        and lab.info.id in str(process.info["cmdline"])
    )
    return found


def cost(process: psutil.Process, what: str, seconds: float, meanwhile: Callable[[float], None]) -> None:
    """Print the share of one core that a process takes while something goes on."""
    before, begin = process.cpu_times(), time.perf_counter()
    meanwhile(begin + seconds)
    after, lasted = process.cpu_times(), time.perf_counter() - begin
    spent = after.user + after.system - before.user - before.system
    memory = process.memory_info().rss / 1e6
    print(f"| {what} | {100 * spent / lasted:.2f} | {memory:.0f} |", flush=True)


def idle(until: float) -> None:
    """Do nothing."""
    time.sleep(max(0.0, until - time.perf_counter()))


def busy(servers: str, topics: int) -> Callable[[float], None]:
    """Produce to some topics until a time."""

    def produce(until: float) -> None:
        producer = Producer({"bootstrap.servers": servers, "linger.ms": 50})
        while time.perf_counter() < until:
            for number in range(topics):
                producer.produce(f"busy-{number}", b"x" * 100)
            producer.poll(0.1)
        producer.flush(10)

    return produce


def counted(lab: Lab, name: str, **labels: str) -> float:
    """What the brokers say of a metric, added up."""
    total = 0.0
    for url in lab.exporters.values():
        with urllib.request.urlopen(url, timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            samples = [one for family in families for one in family.samples if one.name == name]
        total += sum(one.value for one in samples if labels.items() <= one.labels.items())
    return total


def truth(lab: Lab, properties: Properties_, minutes: int) -> None:
    """Load the lab for whole minutes, and hold what is answered against ledger and counters."""
    cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
    dials = Dials(producers=PRODUCERS, record_rate=RATE, payload_size=512)
    plan = Plan(name="truth", loads=(Load(name="t", topic="truth", dials=dials),), duration=60.0 * minutes)
    sockets, topics = "kafka_server_socket_server_metrics_", "kafka_server_brokertopicmetrics_"
    time.sleep(60 - time.time() % 60)
    first, before = int(time.time() // 60), counted(lab, f"{sockets}response_total", listener="CLIENT")
    sent: dict[str, int] = {}

    def on_statistics(text: str) -> None:
        report = json.loads(text)
        sent[report["client_id"]] = report["tx"]

    run = measure(plan, cluster, path=Path(tempfile.mkdtemp()) / "truth.run", on_statistics=on_statistics)
    idle_clients = [Producer({"bootstrap.servers": lab.bootstrap_servers}) for _ in range(PRODUCERS)]
    for one in idle_clients:
        one.list_topics(timeout=10)
    time.sleep(3)
    connections = counted(lab, f"{sockets}connection_count", listener="CLIENT")
    requests = counted(lab, f"{sockets}response_total", listener="CLIENT") - before
    interval = f"{timestamp(first)}/now+1m"
    served = {name: asked(properties, name, interval)[0] for name in ("received_records", "received_bytes")}
    rows = [
        ("records", _total(served["received_records"]), float(run.ledgers[0].acknowledged), "ledger"),
        ("bytes", _total(served["received_bytes"]), counted(lab, f"{topics}bytesin_total", topic="truth"), "brokers"),
        ("requests", _total(asked(properties, "request_count", interval)[0]), requests, "brokers"),
        (
            "connections",
            asked(properties, "active_connection_count", "now-1m/now+1m")[0][0]["value"],
            connections,
            "brokers",
        ),
    ]
    # A client's last report is up to a second old when it ends, so it has counted that much less.
    rows.append(("requests", rows[2][1], float(sum(sent.values())), "clients, until their last report"))
    print(f"| {minutes} whole minutes | served | counted | by | off by, % |")
    print("| --- | --- | --- | --- | --- |")
    for name, ours, theirs, whose in rows:
        print(f"| {name} | {ours:,.0f} | {theirs:,.0f} | {whose} | {100 * (ours - theirs) / theirs:+.3f} |")
    whole = [one["value"] for one in served["received_records"]][-minutes:]
    print(f"\nrecords in each minute: {whole[::-1]}; due: {60 * RATE:,.0f}; ledger: {run.ledgers[0]}")


def _total(data: list[dict[str, Any]]) -> float:
    return float(sum(one["value"] for one in data))


def main() -> None:
    """Measure and print."""
    words = parser(__doc__)
    words.add_argument("minutes", nargs="?", type=int, default=3, help="of load for the truth (3; 1 with --quick)")
    given = words.parse_args()
    minutes, watched = (1, 3.0) if given.quick else (given.minutes, WATCHED_SECONDS)
    with tempfile.TemporaryDirectory() as name:
        speed(Path(name))
        with Lab(3, directory=name) as lab:
            serve_for_lab(lab, cluster_id=ID)
            properties = dict(Properties.read(Path(name) / "client.properties").values)
            print("\n| serving three brokers, scraped each second | of one core, % | memory, MB |")
            print("| --- | --- | --- |")
            process = api_process(lab)
            cost(process, "idle", watched, idle)
            cost(process, "load on 10 topics", watched, busy(lab.bootstrap_servers, 10))
            print()
            truth(lab, properties, minutes)


if __name__ == "__main__":
    main()
