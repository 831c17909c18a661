"""A program of the course's kind: it knows confluent-kafka, matplotlib, the Metrics API, and nothing of ours.

    python program.py client.properties FOLDER SECONDS

It reads `client.properties` as such programs do, describes the cluster, produces with 20 producers in turn, waits a
minute, asks each metric once, joins them by index into a load, draws plots, and writes what it saw as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

mpl.use("Agg")
from matplotlib import pyplot as plt  # the backend comes first

TOPIC = "sale_records"
PRODUCERS = 20
RATE = 500
SETTLE_SECONDS = 60
MB = 1024 * 1024
LIMITS = {"ingress": 250 * 60, "egress": 750 * 60, "requests": 15_000 * 60, "connections": 100}
METRICS = {
    "ingress": ("received_bytes", ["metric.topic"], MB),
    "egress": ("sent_bytes", ["metric.topic"], MB),
    "connections": ("active_connection_count", [], 1),
    "requests": ("request_count", [], 1),
}


def properties(path: str) -> tuple[dict[str, str], dict[str, str]]:
    """All keys, and those that go straight to librdkafka."""
    lines = (line.strip() for line in Path(path).read_text().splitlines())
    pairs = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    others = ("schema.registry.url", "basic.auth.")
    client = {k: v for k, v in pairs.items() if not k.startswith((*others, "confluent"))}
    return pairs, client


def produce(client: dict[str, str], seconds: float) -> tuple[datetime, datetime, int, int]:
    """Start and end of the load, records delivered, and reports of the statistics callback."""
    delivered, reports = [0], [0]

    def on_delivery(error: object, _: object) -> None:
        delivered[0] += error is None

    def on_statistics(text: str) -> None:
        reports[0] += json.loads(text)["txmsgs"] >= 0

    configuration = {**client, "statistics.interval.ms": 1000, "stats_cb": on_statistics}
    producers = [Producer(dict(configuration)) for _ in range(PRODUCERS)]
    start, began, sent = datetime.now(UTC), time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        while sent < passed * RATE:
            value = json.dumps({"payload": "x" * 4096, "ts": datetime.now(UTC).isoformat()})
            producer = producers[sent % PRODUCERS]
            producer.produce(TOPIC, value, f"mt_key_{random.randint(1, 6)}", on_delivery=on_delivery)
            producer.poll(0)
            sent += 1
        time.sleep(0.002)
    for producer in producers:
        producer.flush(10)
    return start, datetime.now(UTC), delivered[0], reports[0]


def asked(pairs: dict[str, str], metric: str, group_by: list[str], interval: str) -> list[dict[str, Any]]:
    """One POST for one metric, and never again."""
    body: dict[str, Any] = {
        "filter": {
            "op": "OR",
            "filters": [{"field": "resource.kafka.id", "op": "EQ", "value": pairs["confluent.clusterid"]}],
        },
        "granularity": "PT1M",
        "limit": 1000,
        "intervals": [interval],
        "aggregations": [{"metric": f"io.confluent.kafka.server/{metric}"}],
    }
    if group_by:
        body["group_by"] = group_by
    headers = {
        "Authorization": f"Basic {pairs['confluent.cloud_api_token']}",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(pairs["confluent.metrics.endpoint"], json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        data: list[dict[str, Any]] = json.loads(answer.read())["data"]
    return data


def draw(figures: dict[str, list[float]], names: list[str], path: Path) -> None:
    """An arbitrary subset of the figures in two columns."""
    rows = (len(names) + 1) // 2
    figure, axes = plt.subplots(rows, 2, squeeze=False)
    cells = axes.ravel()
    for cell, name in zip(cells, names, strict=False):
        cell.plot(figures[name], marker="o")
        cell.set_title(name)
        cell.set_ylim(0, max([100, *figures[name]]))
    for cell in cells[len(names) :]:
        cell.set_visible(False)
    figure.savefig(path)
    plt.close(figure)


def main(path: str, folder: str, seconds: float) -> None:
    """Do what the course does."""
    pairs, client = properties(path)
    admin = AdminClient(dict(client))
    described = admin.describe_cluster().result()
    start, end, delivered, reports = produce(client, seconds)
    topics = admin.list_topics(timeout=10).topics
    del admin
    time.sleep(SETTLE_SECONDS)
    interval = f"{start.isoformat(timespec='seconds')}/{end.isoformat(timespec='seconds')}"
    data = {name: asked(pairs, metric, group_by, interval) for name, (metric, group_by, _) in METRICS.items()}
    figures = {name: [row["value"] / METRICS[name][2] for row in rows] for name, rows in data.items()}
    shares = [[100 * value / LIMITS[name] for value in values] for name, values in figures.items() if values]
    figures["load"] = [max(share) for share in zip(*shares, strict=False)]
    draw(figures, ["load", "ingress"], Path(folder) / "riddle.png")
    draw(figures, ["load", "ingress", "connections", "requests", "egress"], Path(folder) / "answer.png")
    seen = {
        "brokers": len(described.nodes),
        "partitions": len(topics[TOPIC].partitions),
        "delivered": delivered,
        "reports": reports,
        "interval": interval,
        "data": data,
        "load": figures["load"],
    }
    (Path(folder) / "seen.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
