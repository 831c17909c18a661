"""Experiments on a real lab: short ones, whose truth is known by arithmetic."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from clusterload import Cluster, Lab, Limits, Properties
from clusterload.analysis.effects import DesignKind, ExperimentResult, sentence
from clusterload.kafka.configuration import client_quotas
from clusterload.model.errors import ConsentError, StoreError
from clusterload.model.workload import from_dials
from clusterload.report.experiment import effects_plot, experiment_document
from clusterload.workflow.experiment import (
    ExperimentSpec,
    RunProgress,
    Suspect,
    SuspectTest,
    evaluate_suspect,
    hold_back,
    run_experiment,
)
from clusterload.workflow.experiment.spec import read_spec
from tests.processes import wait_for

LIMITS = Limits.named("course-basic")

_SUSPECT = textwrap.dedent("""
    import sys, time
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": sys.argv[1], "client.id": sys.argv[2], "linger.ms": 0,
                         "queue.buffering.max.messages": 100})
    while True:
        try:
            producer.produce(sys.argv[3], b"x" * 100)
        except BufferError:
            pass
        producer.poll(0)
        time.sleep(0.025)
""")


@contextmanager
def somebody(servers: str, client_id: str, topic: str) -> Iterator[None]:
    """A client of librdkafka that is not ours, and writes no more than a busy machine can, too."""
    process = subprocess.Popen([sys.executable, "-c", _SUSPECT, servers, client_id, topic])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.long
def test_halving_the_connections_is_told_from_halving_the_bytes(cluster: Cluster, tmp_path: Path) -> None:
    """Of 100 connections that the course allows 40 are taken, then 20: that is 20 points, whatever the size."""
    plan = from_dials({"request_rate": "20/s", "connections": "40", "record_size": "4096"}, duration=4, topic="effects")
    factors = ("connections=20,40", "record_size=2KiB,4KiB")
    spec = ExperimentSpec.of(plan, factors, kind=DesignKind.FULL, repeats=2, seed=7)
    runs: list[RunProgress] = []
    found = run_experiment(
        cluster, plan, factors, LIMITS, kind=DesignKind.FULL, repeats=2, seed=7, folder=tmp_path / "exp", rest=1.0,
        on_run=runs.append,
    )  # fmt: skip
    assert read_spec(tmp_path / "exp") == spec
    assert [run.point for run in runs if not run.why] == list(spec.order)
    _is_true(found)
    _says_what_it_found(found, tmp_path)
    _goes_on_where_it_was_broken_off(cluster, spec, tmp_path / "exp")


def _is_true(found: ExperimentResult) -> None:
    load = found.on("limit_load")
    assert load is not None
    connections, size = load.effects
    assert connections.here.value == pytest.approx(-0.2, abs=0.03)
    assert connections.here.significant
    assert size.here.value == pytest.approx(0.0, abs=0.03)
    assert found.sentences[0].startswith("halving the connections takes ")
    assert "halving the record size" in found.sentences[0]


def _says_what_it_found(found: ExperimentResult, folder: Path) -> None:
    document = experiment_document(found)
    assert document["effects"][0]["figure"] == "limit_load"
    assert document["sentences"] == list(found.sentences)
    picture = effects_plot(found)
    assert picture is not None
    assert picture.save(folder / "effects.png").stat().st_size > 10_000


def _goes_on_where_it_was_broken_off(cluster: Cluster, spec: ExperimentSpec, folder: Path) -> None:
    last, cut = sorted(folder.glob("*.run"))[-2:]
    last.unlink()
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) // 20])
    runs: list[RunProgress] = []
    run_experiment(
        cluster, spec.plan, [dial.text for dial in spec.dials], LIMITS, kind=DesignKind.FULL, repeats=2,
        folder=folder, rest=1.0, on_run=runs.append,
    )  # fmt: skip
    assert [progress.why for progress in runs if progress.why].count("there already") == len(spec.order) - 2
    with pytest.raises(StoreError, match="another experiment"):
        run_experiment(cluster, spec.plan, ("connections=10,40",), LIMITS, seed=1, folder=folder)


@pytest.mark.long
def test_what_falls_without_a_client_is_its_doing(lab: Lab, cluster: Cluster, tmp_path: Path) -> None:
    """A client that is held back stops asking, asks again when the quota is removed, and no quota is left."""
    test = SuspectTest(suspect=Suspect.parsed("client=suspect-7"), seconds=6.0, repeats=2)
    with somebody(lab.bootstrap_servers, "suspect-7", "suspects"):
        wait_for(lambda: _end(cluster) > 0, timeout=60)
        made = hold_back(cluster, test, folder=tmp_path)
    found = evaluate_suspect(test, made, LIMITS)
    requests = found.on("requests")
    assert requests is not None
    [held] = requests.effects
    assert held.here.known
    assert held.here.value < -0.5 * requests.here.value
    assert sentence(requests).startswith("holding back client suspect-7 takes ")
    assert sentence(requests).endswith(" requests/s off the requests")
    assert found.left_out == ()
    assert found.conclusion.startswith("removing client suspect-7 ")
    assert not [one for one in client_quotas(cluster) if one.entity.get("client-id") == "suspect-7"]


def _end(cluster: Cluster) -> int:
    topic, _ = cluster.use_topic("suspects")
    return sum(cluster.end_offsets(topic).values())


def test_who_is_not_there_is_not_said_to_be_innocent(cluster: Cluster, tmp_path: Path) -> None:
    test = SuspectTest(suspect=Suspect.parsed("client=nobody"), seconds=2.0, repeats=1)
    made = hold_back(cluster, test, folder=tmp_path)
    found = evaluate_suspect(test, made, LIMITS)
    assert "check the name" in found.left_out[0]
    assert "cleared" not in " ".join(found.sentences)


def test_somebodys_cluster_is_not_touched_without_a_yes(cluster: Cluster, tmp_path: Path) -> None:
    theirs = replace(cluster, id="somebodys", properties=Properties(values={}, origin="a test"))
    test = SuspectTest(suspect=Suspect.parsed("client=a"), seconds=1.0)
    with pytest.raises(ConsentError, match="hold a client back"):
        hold_back(theirs, test, folder=tmp_path)
    plan = from_dials({"request_rate": "1/s"})
    with pytest.raises(ConsentError, match="--yes-cluster"):
        run_experiment(theirs, plan, ("connections=1,2",), LIMITS, folder=tmp_path)
