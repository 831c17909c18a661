"""The source against the Prometheus of a real cluster, under a load whose size is known."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.lab import Lab
from clusterload.model.series import SECOND
from clusterload.model.workload import Dials, Load, Plan
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus import Access, PrometheusSource
from clusterload.workflow.measure import measure
from tests.processes import wait_for
from tests.telemetry.sources.kept import Kept

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.model.run import Run

TOPIC = "seen-by-prometheus"


def connected(lab: Lab) -> Cluster:
    return Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}, origin="the lab"))


def loaded(lab: Lab, path: Path, **more: Any) -> Run:
    """Four seconds of produce requests by the wire engine."""
    dials = Dials.parsed({"connections": 6, "request_rate": 40, "records_per_request": 5, "record_size": 1000})
    load = Load(name="known", topic=TOPIC, dials=dials, kind="produce", engine="wire")
    plan = Plan(name="known", loads=(load,), duration=4.0)
    return measure(plan, connected(lab), sources=(), path=path, **more)


def read(lab: Lab, start: int, end: int, **more: Any) -> Kept:
    kept = Kept()
    source = PrometheusSource(Access(url=lab.info.prometheus_url), names=Names.named("jmx-exporter"), **more)
    source.collect(kept, start, end, lambda _: None)
    return kept


def seen(lab: Lab) -> float:
    """Records that the server has seen produced, by all brokers since they started."""
    query = 'sum(kafka_server_brokertopicmetrics_messagesin_total{topic=""})'
    answer = httpx.get(f"{lab.info.prometheus_url}/api/v1/query", params={"query": query}, trust_env=False).json()
    return sum(float(result["value"][1]) for result in answer["data"]["result"])


def until_seen(lab: Lab, records: float) -> int:
    """Wait until a scrape shows so many records; the time then. A busy machine scrapes late."""
    wait_for(lambda: seen(lab) >= records)
    return time.time_ns()


@pytest.mark.parametrize("step", [None, 2.0])
def test_bytes_records_and_requests_are_those_of_the_ledger(
    observed_lab: Lab, tmp_path: Path, step: float | None
) -> None:
    before = seen(observed_lab)
    made = loaded(observed_lab, tmp_path / "made.run")
    (ledger,) = made.ledgers
    end = until_seen(observed_lab, before + ledger.acknowledged)
    if step is not None:
        # The last value that a step shows is up to a step old.
        wait_for(lambda: time.time_ns() > end + 2 * step * SECOND)
    kept = read(observed_lab, made.start - SECOND, time.time_ns(), step=step)
    assert sum(kept.values("records_in_by_topic", topic=TOPIC)) == pytest.approx(ledger.acknowledged, rel=0.02)
    # The ledger counts values; brokers count batches: a header of 61 B each, and some 17 B around each value.
    batched = ledger.acknowledged_bytes + ledger.acknowledged / 5 * 61 + ledger.acknowledged * 17
    assert sum(kept.values("ingress_by_topic", topic=TOPIC)) == pytest.approx(batched, rel=0.02)
    produced = sum(kept.values("requests_by_type", request="Produce"))
    assert produced == pytest.approx(ledger.acknowledged / 5, rel=0.02)
    assert sum(kept.values("requests")) >= produced
    assert {point.labels["broker"] for point in kept.of("ingress")} == {"1", "2", "3"}
    assert max(kept.values("connections")) >= 2
    assert set(kept.kinds) <= {"scrapes-passed-over", "scrape-missing", "scrape-resumed"}


@pytest.mark.long
def test_a_broker_that_restarts_in_the_middle_loses_only_what_no_scrape_saw(tmp_path: Path) -> None:
    with Lab(1, prometheus=True, directory=tmp_path) as lab:
        first = loaded(lab, tmp_path / "first.run").ledgers[0].acknowledged
        start = time.time_ns()
        until_seen(lab, first)
        lab.kill(1)
        lab.restart(1)
        second = loaded(lab, tmp_path / "second.run").ledgers[0].acknowledged
        wait_for(lambda: second <= seen(lab) < first + second)
        kept = read(lab, start - 60 * SECOND, time.time_ns())
    made = first + second
    assert sum(kept.values("records_in")) == pytest.approx(made, rel=0.02)
    assert kept.kinds.count("broker-restarted") == 1
    assert min(kept.values("records_in")) >= 0
