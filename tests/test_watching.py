"""Watching a cluster: what is seen live is what the run file holds, and no load of ours is in it."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from clusterload import Cluster, Lab, Limits, Run, assess, read_run, watch
from clusterload.errors import ConfigurationError
from clusterload.sources.exporter import ExporterSource
from tests.engines.wire.driving import drive, wire_load


def test_metrics_of_a_past_stretch_can_be_read_without_a_load(cluster: Cluster, tmp_path: Path) -> None:
    recorded = watch(cluster, seconds=4, path=tmp_path / "watched.run")
    middle = recorded.between(recorded.start + 1_000_000_000, recorded.end - 1_000_000_000)
    line = assess(middle, Limits.named("course-basic")).line("connections")
    assert recorded.plan is None
    assert line is not None
    assert line.known == 1


def test_one_broker_that_cannot_be_scraped_does_not_hide_the_others(cluster: Cluster, lab: Lab, tmp_path: Path) -> None:
    endpoints = {str(broker): url for broker, url in lab.exporters.items()} | {"3": "http://127.0.0.1:9/metrics"}
    run = watch(cluster, seconds=3, sources=(ExporterSource(endpoints),), path=tmp_path / "r.run")
    assert {one.labels["broker"] for one in run.named("connections")} == {"1", "2"}


def test_looks_show_the_load_while_it_runs_and_the_file_holds_it_afterwards(
    cluster: Cluster, lab: Lab, tmp_path: Path
) -> None:
    looks: list[Run] = []
    load = wire_load("clusterload-watched", connections="8", request_rate="200/s", records_per_request="10")
    cluster.use_topic("clusterload-watched")
    maker = threading.Thread(target=lambda: drive(lab.bootstrap_servers, tmp_path, load, seconds=5))
    seen, give_up = False, time.monotonic() + 40

    def look(run: Run) -> None:
        nonlocal seen
        if not looks:
            maker.start()
        looks.append(run)
        line = assess(run, Limits.named("course-basic")).line("requests")
        seen = seen or (line is not None and line.peak > 150)
        if (seen and not maker.is_alive()) or time.monotonic() > give_up:
            raise KeyboardInterrupt

    run = watch(cluster, path=tmp_path / "watched.run", on_look=look)
    maker.join()
    assert seen
    assert looks[0].environment["sources"] == ["JMX exporters of brokers 1, 2 and 3"]
    sent = sum(series.total() for series in run.named("requests"))
    assert sent == pytest.approx(1000, abs=60)
    assert (run.plan, run.ledgers) == (None, ())


def test_an_interrupt_ends_it_in_good_order(cluster: Cluster, tmp_path: Path) -> None:
    def look(run: Run) -> None:
        if time.time_ns() - run.end > 0 and len(run.series) and run.named("connections"):
            os.kill(os.getpid(), signal.SIGINT)

    run = watch(cluster, path=tmp_path / "watched.run", on_look=look)
    assert run.complete
    assert run.seconds < 30
    assert read_run(tmp_path / "watched.run").end == run.end


def test_without_any_source_it_says_which_could_be_named(cluster: Cluster) -> None:
    with pytest.raises(ConfigurationError, match=r"--exporter, --jolokia or --prometheus"):
        watch(cluster, seconds=1, sources=())
