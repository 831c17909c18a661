"""A cloud cluster is judged by figures of the cluster, and by what its provider says of its load and hot partitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.analysis.diagnosis import Verdict, diagnose
from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits
from clusterload.report.diagnosis import diagnosis_document
from clusterload.report.json import run_document
from tests.http_server import HttpServer

from .model import MINUTE, NAMES, Model, steady
from .test_confluent_series import FIRST
from .test_confluent_source import Clock, read

LOAD = {"cluster_load_percent": 0.82, "cluster_load_percent_avg": 0.41, "cluster_load_percent_max": 0.82}
GAUGE = ("GAUGE_DOUBLE", "1", ())
HOT = {"hot_partition_ingress": ("GAUGE_DOUBLE", "1", ("topic", "partition"))}
DEDICATED = Limits.named("confluent-dedicated", 2)
MINUTES = [FIRST + number * MINUTE for number in range(10)]


def judged(api: HttpServer, path: Path, *, hot: bool = True, **load: float) -> tuple[Verdict, dict[str, object]]:
    """The verdict on ten minutes of 2 CKU with 3,900 partitions."""
    rows = steady(FIRST, 10)
    rows["partition_count"] = {(): dict.fromkeys(MINUTES, 3900.0)}
    rows |= {name: {(): dict.fromkeys(MINUTES, value)} for name, value in {**LOAD, **load}.items()}
    names = NAMES | {"partition_count": ("GAUGE_INT64", "1", ())} | dict.fromkeys(LOAD, GAUGE)
    if hot:
        rows["hot_partition_ingress"] = {("sales", "7"): dict.fromkeys(MINUTES, 1.0)}
        names |= HOT
    api.answer = Model(rows=rows, names=names)
    run = read(api, Clock(now=FIRST + 60 * MINUTE), path, minutes=10)
    usage = assess(run, DEDICATED)
    verdict = diagnose(run, usage)
    document = diagnosis_document(run, usage, verdict)
    assert run_document(run, usage, verdict)["provider_load"]["cluster_load_percent"]["typical"] == 0.82
    return verdict, document


def test_the_partition_that_the_provider_calls_hot_is_the_culprit_of_a_skewed_cluster(
    api: HttpServer, tmp_path: Path
) -> None:
    verdict, _ = judged(api, tmp_path / "hot.run")
    first = verdict.findings[0]
    assert first.cause == "hot-partition"
    assert first.sentence == "The provider calls partition sales-7 hot by what is written to it"
    assert [culprit.words for culprit in first.culprits] == ["partition sales-7"]
    assert "the busiest broker has a load of 82 %, while the brokers' mean is 41 %" in verdict.notes[0]


def test_a_clusters_partitions_are_not_counted_as_one_brokers_replicas(api: HttpServer, tmp_path: Path) -> None:
    verdict, _ = judged(api, tmp_path / "partitions.run")
    assert all(finding.cause != "partitions" or "cluster" in finding.sentence for finding in verdict.findings)
    assert not any("broker" in finding.sentence for finding in verdict.findings)


def test_headroom_is_what_the_providers_load_leaves_however_far_each_limit_is(api: HttpServer, tmp_path: Path) -> None:
    verdict, document = judged(api, tmp_path / "headroom.run")
    assert verdict.headroom[0].words == "at most 1.22 x"
    factors = [room["factor"] for room in document["headroom"] if room["factor"] is not None]  # type: ignore[attr-defined]
    assert max(factors) == pytest.approx(1 / 0.82)


@pytest.mark.parametrize(
    ("load", "said"),
    [
        ({"cluster_load_percent_avg": 0.8}, "latency and throttling above 80 %"),
        ({"cluster_load_percent_avg": 0.81}, "more capacity is needed, or less load"),
        ({"cluster_load_percent_max": 0.82, "cluster_load_percent_avg": 0.5}, "the load is skewed"),
    ],
)
def test_a_high_mean_asks_for_capacity_and_a_high_maximum_over_a_low_mean_is_skew(
    api: HttpServer, tmp_path: Path, load: dict[str, float], said: str
) -> None:
    verdict, _ = judged(api, tmp_path / "note.run", hot=False, **load)
    assert said in verdict.notes[0]


def test_a_cluster_that_is_full_by_its_provider_is_limited_though_no_limit_is_near(
    api: HttpServer, tmp_path: Path
) -> None:
    verdict, _ = judged(
        api, tmp_path / "full.run", hot=False, cluster_load_percent_avg=0.9, cluster_load_percent_max=0.97
    )
    assert verdict.sentence.startswith("limited by the cluster's load, by its provider")


def test_a_cloud_is_not_asked_for_a_quota_that_would_make_its_provider_show_no_more(
    api: HttpServer, tmp_path: Path
) -> None:
    rows = steady(FIRST, 10)
    rows["request_count"] = {("Metadata", "u-1"): dict.fromkeys(MINUTES, 60_000.0)}
    rows |= {name: {(): dict.fromkeys(MINUTES, value)} for name, value in LOAD.items()}
    api.answer = Model(rows=rows, names=NAMES | dict.fromkeys(LOAD, GAUGE))
    run = read(api, Clock(now=FIRST + 60 * MINUTE), tmp_path / "storm.run", minutes=10)
    (storm,) = (found for found in diagnose(run, assess(run, DEDICATED)).findings if found.cause == "metadata-storm")
    assert "the culprit cannot be named: the provider of this cluster publishes no such figures" in storm.sentence
    assert "--unlock-client-metrics" not in storm.sentence
