"""The exposition is read by Prometheus' own parser, in base units, with hostile names as plain labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from clusterload.server.prometheus import Collected
from clusterload.workflow.live.snapshot import Snapshot
from tests.report.busy import SILENT, busy
from tests.report.hostile import ALL
from tests.workflow.live.replayed import replayed

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def registry(snapshot: Snapshot | None) -> CollectorRegistry:
    made = CollectorRegistry()
    made.register(Collected(lambda: snapshot))
    return made


def plain(snapshot: Snapshot) -> Any:
    """As text, read by the parser of Prometheus' own library."""
    return text_string_to_metric_families(generate_latest(registry(snapshot)).decode())


def read(families: Any) -> Samples:
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    run = busy(tmp_path_factory.mktemp("exposed") / "a.run", load=ALL, name=ALL)
    *_, last = replayed(run, 115, 125)
    return last


def test_figures_are_there_in_base_units(snapshot: Snapshot) -> None:
    found = read(plain(snapshot))
    load = ("load", ALL)
    assert found["clusterload_limit_load_ratio", (("limits", "course-basic"),)] == pytest.approx(0.81)
    assert found["clusterload_cluster_connections", ()] == 81
    assert found["clusterload_cluster_ingress_bytes_per_second", ()] == pytest.approx(22.6e6, rel=0.2)
    assert found["clusterload_dial_asked_requests_per_second", (("dial", "request_rate"), load)] == 2000
    latency = found["clusterload_latency_seconds", (load, ("quantile", "0.99"))]
    assert 1e-3 < latency < 1
    kept = found["clusterload_ledger_total", (("fate", "acknowledged"), load, ("unit", "records"))]
    assert kept == snapshot.loads[0].ledger.acknowledged
    assert found["clusterload_run_left_seconds", ()] == 55
    assert found["clusterload_run_info", (("title", ALL),)] == 1
    shares = [labels for name, labels in found if name == "clusterload_limit_share_ratio"]
    assert {dict(labels)["resource"] for labels in shares} >= {"connections", "ingress"}
    causes = [dict(labels) for name, labels in found if name == "clusterload_finding_confidence_ratio"]
    assert causes
    assert {one["cause"] for one in causes} == {one.cause for one in snapshot.judgement.findings}


def test_both_formats_tell_the_same(snapshot: Snapshot) -> None:
    newer = openmetrics_families(generate_openmetrics(registry(snapshot)).decode())  # type: ignore[no-untyped-call]
    assert read(newer) == read(plain(snapshot))


def test_what_is_not_known_is_left_out_and_before_the_first_figures_nothing_is_told(tmp_path: Path) -> None:
    silent = SILENT.start + 6
    (snapshot,) = replayed(busy(tmp_path / "a.run"), silent, silent)
    found = read(plain(snapshot))
    assert not [labels for name, labels in found if name == "clusterload_limit_load_ratio"]
    assert ("clusterload_run_elapsed_seconds", ()) in found
    assert generate_latest(registry(None)) == b""
