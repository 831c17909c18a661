"""Run files of every version stay readable: real ones are kept, as they were written when it was the newest."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits
from clusterload.model.series import SECOND
from clusterload.telemetry.runfile import read_run, read_summary, write_labels
from clusterload.telemetry.runfile.format import VERSION

HERE = Path(__file__).parent
KEPT = sorted(HERE.glob("version-*.run"))


@pytest.fixture
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of a kept file, so that nothing touches the file itself."""
    return Path(shutil.copy(HERE / request.param, tmp_path / "kept.run"))


def test_there_is_a_kept_file_of_every_version() -> None:
    assert {int(path.name.split("-")[1]) for path in KEPT} == set(range(1, VERSION + 1))


@pytest.mark.parametrize("kept", [path.name for path in KEPT], indirect=True)
def test_a_kept_file_is_of_the_version_that_it_is_called_after_and_is_read_and_labelled(
    kept: Path, request: pytest.FixtureRequest
) -> None:
    database = sqlite3.connect(kept)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.close()
    assert f"version-{version}-" in request.node.name
    run, summary = read_run(kept), read_summary(kept)
    assert (summary.id, summary.start, summary.end, summary.complete) == (run.id, run.start, run.end, True)
    write_labels(kept, {"kept": "yes"})
    assert read_run(kept).labels == {"kept": "yes"}


@pytest.mark.parametrize("kept", ["version-1-watched.run"], indirect=True)
def test_a_watched_cluster_of_version_1_comes_to_what_it_came_to(kept: Path) -> None:
    run = read_run(kept)
    assert (run.id, run.plan, run.seconds, len(run.series)) == ("20261129T014616Z-437f52", None, 20.0, 38)
    assert run.environment["cluster"]["brokers"][1]["rack"] == "rack-2"
    assert sum(series.total() for series in run.named("ingress")) == 8_259_458
    [connections] = [series for series in run.named("connections") if series.labels == {"broker": "3"}]
    assert (connections.kind.value, str(connections.unit), len(connections)) == ("gauge", "connections", 22)
    assert assess(run, Limits.named("course-basic")).typical_load == pytest.approx(0.12)
    # Nobody asked the brokers then what they declare.
    assert run.declared is None
    assert not assess(run).limits.known


@pytest.mark.parametrize("kept", ["version-1-load.run"], indirect=True)
def test_a_load_of_version_1_has_its_plan_its_account_and_its_latencies(kept: Path) -> None:
    run = read_run(kept)
    assert run.plan is not None
    assert (run.plan.name, run.plan.duration, run.plan.warm_up) == ("two kinds", 3.0, 1.0)
    assert [load.dials.as_text() for load in run.plan.loads] == [
        "request rate 60 requests/s, 2 records a request, 3 connections",
        "5 connections, connection rate 2 connections/s",
    ]
    assert [(ledger.load, ledger.unit, ledger.acknowledged, ledger.balanced) for ledger in run.ledgers] == [
        ("sales", "records", 360, True),
        ("idle", "connections", 11, True),
    ]
    latency = run.latency("sales", "due")
    assert latency is not None
    assert (latency.histogram.count, latency.seconds) == (120, (1, 2))
    assert latency.start == run.start
    assert sum(latency.at(second).count for second in latency.seconds) == 120
    assert run.generator is not None
    assert run.generator.workers == 1
    traffic = run.traffic_of("sales")
    assert traffic is not None
    assert dict(traffic.requests)["Produce"] == 180
    assert run.end - run.start == 3 * SECOND
    assert run.labels == {}


@pytest.mark.parametrize("kept", ["version-2-scraped.run"], indirect=True)
def test_scrapes_of_version_2_come_to_what_they_came_to(kept: Path) -> None:
    run = read_run(kept)
    assert (run.id, run.plan, run.seconds, len(run.series)) == ("20261130T000000Z-000002", None, 300.0, 186)
    assert sum(series.total() for series in run.named("ingress")) == 166_629_120
    [connections] = [series for series in run.named("connections") if series.labels == {"broker": "2"}]
    assert (connections.kind.value, len(connections), connections.granularity) == ("gauge", 21, 15.0)
