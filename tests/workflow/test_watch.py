"""Watching a cluster: what is seen live is what the run file holds, and no load of ours is in it."""

from __future__ import annotations

import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from clusterload import Cluster, Lab, Limits, Run, assess, diagnose, read_run, watch
from clusterload.analysis.diagnosis import State
from clusterload.analysis.usage import ResourceLine
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.exporter import ExporterSource
from tests.generator.wire.driving import Driven, drive, wire_load
from tests.http_server import Response, serving


def once(enough: Callable[[Run], object]) -> Callable[[Run], None]:
    """Looks until enough is there; on a busy machine scrapes come late, and some never."""
    give_up = time.monotonic() + 120

    def look(run: Run) -> None:
        if enough(run) or time.monotonic() > give_up:
            raise KeyboardInterrupt

    return look


def connections(run: Run) -> ResourceLine | None:
    return assess(run, Limits.named("course-basic")).line("connections")


def known_seconds(run: Run) -> float:
    line = connections(run)
    return line.known * run.seconds if line is not None else 0.0


def test_metrics_of_a_past_stretch_can_be_read_without_a_load(cluster: Cluster, tmp_path: Path) -> None:
    watch(cluster, path=tmp_path / "watched.run", on_look=once(lambda run: known_seconds(run) >= 3))
    recorded = read_run(tmp_path / "watched.run")
    line = connections(recorded)
    assert recorded.plan is None
    assert line is not None
    assert known_seconds(recorded) >= 3
    scraped = {series.labels["broker"]: set(series.values) for series in recorded.named("connections")}
    assert sorted(scraped) == ["1", "2", "3"]
    assert sum(map(min, scraped.values())) <= line.typical <= sum(map(max, scraped.values()))


def test_one_broker_that_cannot_be_scraped_does_not_hide_the_others(cluster: Cluster, lab: Lab, tmp_path: Path) -> None:
    endpoints = {str(broker): url for broker, url in lab.exporters.items()} | {"3": "http://127.0.0.1:9/metrics"}
    sources = (ExporterSource(endpoints),)
    looking = once(lambda run: {series.labels["broker"] for series in run.named("connections")} >= {"1", "2"})
    run = watch(cluster, sources=sources, path=tmp_path / "r.run", on_look=looking)
    assert {series.labels["broker"] for series in run.named("connections")} == {"1", "2"}


def test_a_broker_whose_exporter_repeats_itself_is_not_said_to_be_idle(
    cluster: Cluster, lab: Lab, tmp_path: Path
) -> None:
    with urllib.request.urlopen(lab.exporters[2], timeout=120) as answer:
        repeated = Response(body=answer.read())
    # As a cache does that is never emptied.
    with serving(lambda _: repeated) as old:
        endpoints = {str(broker): url for broker, url in lab.exporters.items()} | {"2": old.url}
        run = watch(
            cluster,
            sources=(ExporterSource(endpoints),),
            path=tmp_path / "watched.run",
            on_look=once(lambda run: known_seconds(run) >= 8),
        )
    verdict = diagnose(run, assess(run, Limits.named("course-basic")))
    assert verdict.state is not State.WITHIN
    still = [reason for reason in verdict.missing if "stood still" in reason]
    assert [reason.split(" stood")[0] for reason in still] == ["the figures of broker 2"]


def test_looks_show_the_load_while_it_runs_and_the_file_holds_it_afterwards(
    cluster: Cluster, lab: Lab, tmp_path: Path
) -> None:
    window: list[Run] = []
    seen = threading.Event()
    made: list[Driven] = []
    load = wire_load("clusterload-watched", connections="8", request_rate="200/s", records_per_request="10")
    cluster.use_topic("clusterload-watched")

    def make() -> None:
        # A scrape that comes late tells nothing of a second: on a busy machine the load may end before it is seen.
        give_up = time.monotonic() + 120
        while not seen.is_set() and time.monotonic() < give_up:
            made.append(drive(lab.bootstrap_servers, tmp_path, load, seconds=4))

    maker = threading.Thread(target=make)

    def look(run: Run) -> None:
        if not window:
            maker.start()
        window.append(run)
        line = assess(run, Limits.named("course-basic")).line("requests")
        if line is not None and line.peak > 60:
            seen.set()
        if not maker.is_alive():
            raise KeyboardInterrupt

    run = watch(cluster, path=tmp_path / "watched.run", on_look=look)
    maker.join()
    assert seen.is_set()
    assert window[0].environment["sources"] == ["exporters of brokers 1, 2 and 3"]
    produced = sum(load.wire["requests"]["Produce"] for load in made)
    counted = sum(series.total() for series in run.named("requests_by_type") if series.labels["request"] == "Produce")
    assert counted == produced > 0
    # And what clients ask before they produce: versions and metadata.
    assert produced < sum(series.total() for series in run.named("requests")) < produced + 60 * len(made)
    assert (run.plan, run.ledgers) == (None, ())


def test_an_interrupt_ends_it_in_good_order(cluster: Cluster, tmp_path: Path) -> None:
    def look(run: Run) -> None:
        if run.named("connections"):
            os.kill(os.getpid(), signal.SIGINT)

    run = watch(cluster, path=tmp_path / "watched.run", on_look=look)
    assert run.complete
    assert read_run(tmp_path / "watched.run").end == run.end


def test_without_any_source_it_says_which_could_be_named(cluster: Cluster) -> None:
    with pytest.raises(ConfigurationError, match=r"--exporter, --jolokia or --prometheus"):
        watch(cluster, seconds=1, sources=())
