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
from clusterload.analysis.effects import Kind, Outcome, judged, sentence
from clusterload.kafka.configuration import client_quotas
from clusterload.model.errors import ConsentError, StoreError
from clusterload.model.workload import from_dials
from clusterload.report.effects_plot import effects_plot
from clusterload.report.experiment import experiment_document
from clusterload.workflow.experiment import (
    Orders,
    Removal,
    Stage,
    Suspect,
    doubts,
    experiment,
    fallen,
    removed_for_a_while,
)
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
    orders = Orders.of(plan, ("connections=20,40", "record_size=2KiB,4KiB"), kind=Kind.FULL, repeats=2, seed=7)
    stages: list[Stage] = []
    followed, made = experiment(cluster, orders, folder=tmp_path / "exp", rest=1.0, on_stage=stages.append)
    assert followed == orders
    assert [one.point for one in made] == list(orders.order)
    found = judged(orders.design, made, LIMITS)
    _is_true(found)
    _says_what_it_found(found, tmp_path)
    _goes_on_where_it_was_broken_off(cluster, orders, tmp_path / "exp")


def _is_true(found: Outcome) -> None:
    load = found.on("limit_load")
    assert load is not None
    connections, size = load.effects
    assert connections.here.value == pytest.approx(-0.2, abs=0.03)
    assert connections.here.significant
    assert size.here.value == pytest.approx(0.0, abs=0.03)
    assert found.sentences[0].startswith("halving the connections takes ")
    assert "halving the record size" in found.sentences[0]


def _says_what_it_found(found: Outcome, folder: Path) -> None:
    document = experiment_document(found)
    assert document["effects"][0]["figure"] == "limit_load"
    assert document["sentences"] == list(found.sentences)
    picture = effects_plot(found)
    assert picture is not None
    assert picture.save(folder / "effects.png").stat().st_size > 10_000


def _goes_on_where_it_was_broken_off(cluster: Cluster, orders: Orders, folder: Path) -> None:
    last, cut = sorted(folder.glob("*.run"))[-2:]
    last.unlink()
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) // 20])
    stages: list[Stage] = []
    experiment(cluster, orders, folder=folder, rest=1.0, on_stage=stages.append)
    assert [stage.why for stage in stages if stage.why].count("there already") == len(orders.order) - 2
    with pytest.raises(StoreError, match="another experiment"):
        experiment(cluster, Orders.of(orders.plan, ("connections=10,40",), seed=1), folder=folder)


@pytest.mark.long
def test_what_falls_without_a_client_is_its_doing(lab: Lab, cluster: Cluster, tmp_path: Path) -> None:
    """A client that is held back stops asking, asks again when the quota is removed, and no quota is left."""
    removal = Removal(suspect=Suspect.parsed("client=suspect-7"), seconds=6.0, repeats=2)
    with somebody(lab.bootstrap_servers, "suspect-7", "suspects"):
        wait_for(lambda: _end(cluster) > 0, timeout=60)
        made = removed_for_a_while(cluster, removal, folder=tmp_path)
    found = fallen(removal, made, LIMITS)
    requests = found.on("requests")
    assert requests is not None
    [held] = requests.effects
    assert held.here.known
    assert held.here.value < -0.5 * requests.here.value
    assert sentence(requests).startswith("holding back client suspect-7 takes ")
    assert sentence(requests).endswith(" requests/s off the requests")
    assert not found.left_out
    assert doubts(removal, made) == ()
    assert not [one for one in client_quotas(cluster) if one.entity.get("client-id") == "suspect-7"]


def _end(cluster: Cluster) -> int:
    topic, _ = cluster.use_topic("suspects")
    return sum(cluster.end_offsets(topic).values())


def test_who_is_not_there_is_not_said_to_be_innocent(cluster: Cluster, tmp_path: Path) -> None:
    removal = Removal(suspect=Suspect.parsed("client=nobody"), seconds=2.0, repeats=1)
    made = removed_for_a_while(cluster, removal, folder=tmp_path)
    assert "see whether the name is right" in doubts(removal, made)[0]


def test_somebodys_cluster_is_not_touched_without_a_yes(cluster: Cluster, tmp_path: Path) -> None:
    theirs = replace(cluster, id="somebodys", properties=Properties(values={}, origin="a test"))
    removal = Removal(suspect=Suspect.parsed("client=a"), seconds=1.0)
    with pytest.raises(ConsentError, match="hold a client back"):
        removed_for_a_while(theirs, removal, folder=tmp_path)
    orders = Orders.of(from_dials({"request_rate": "1/s"}), ("connections=1,2",), seed=1)
    with pytest.raises(ConsentError, match="--yes-cluster"):
        experiment(theirs, orders, folder=tmp_path)
