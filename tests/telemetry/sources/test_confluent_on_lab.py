"""The source against the API that we serve ourselves, on a real cluster."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.lab import Lab
from clusterload.model.errors import ClusterError, ConfigurationError
from clusterload.model.workload import Dials, Load, Plan
from clusterload.server.metrics_api import MetricsApi, Settings
from clusterload.telemetry.discovery import confluent_source, sources_of
from clusterload.telemetry.record import read_history
from clusterload.telemetry.sources.confluent import Access, ConfluentSource, WaitPolicy
from clusterload.workflow.measure import measure
from tests.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clusterload.model.run import Run

KNOWN_AS = "lkc-lab"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A lab of one broker whose Metrics API its client properties name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLUSTERLOAD_STATE", str(tmp_path_factory.mktemp("state")))
        with Lab(1, directory=tmp_path_factory.mktemp("lab")) as lab:
            settings = Settings(
                cluster_id=KNOWN_AS,
                exporters={str(broker): url for broker, url in lab.exporters.items()},
                history=tmp_path_factory.mktemp("history") / "history",
                client_listeners=frozenset({"CLIENT"}),
            )
            with MetricsApi(settings) as api:
                text = f"bootstrap.servers={lab.bootstrap_servers}\n{api.properties}"
                cluster = Cluster.connect(Properties.parsed(text, "client.properties"))
                until_led(cluster, "known")
                yield cluster


def until_led(cluster: Cluster, name: str) -> None:
    """Create a topic and wait until each leader has taken office: metadata names it a little earlier."""
    topic, _ = cluster.use_topic(name)

    def is_led() -> bool:
        try:
            cluster.end_offsets(topic)
        except ClusterError:
            return False
        return True

    wait_for(is_led)


def plan(seconds: float) -> Plan:
    dials = Dials(producers=4, record_rate=200.0, payload_size=1000)
    return Plan(name="known", loads=(Load(name="known", topic="known", dials=dials),), duration=seconds)


def total(run: Run, name: str, **labels: str) -> float:
    return sum(
        series.total() for series in run.series if series.name == name and labels.items() <= series.labels.items()
    )


def test_a_load_read_back_through_the_api_is_what_the_ledger_and_the_exporters_say(
    served: Cluster, tmp_path: Path
) -> None:
    made = measure(plan(4), served, path=tmp_path / "made.run")
    (ledger,) = made.ledgers
    source = ConfluentSource(access=Access.of(served.properties), wait=WaitPolicy(pause=1.0))
    readings = (
        read_history(source, KNOWN_AS, start=made.start, end=made.end, path=tmp_path / f"{number}.run")
        for number in itertools.count()
    )
    # What we serve is scraped by itself, and late on a busy machine.
    wait_for(lambda: total(next(readings), "records_in_by_topic", topic="known") >= ledger.acknowledged)
    read = next(readings)
    assert read.events == ()
    assert total(read, "records_in_by_topic", topic="known") == ledger.acknowledged > 0
    assert total(read, "ingress") == pytest.approx(total(made, "ingress"), rel=0.01)
    produced = total(made, "requests_by_type", request="Produce")
    assert total(read, "requests_by_type", request="Produce") == pytest.approx(produced, rel=0.01)
    assert total(read, "requests") >= total(made, "requests"), "whole minutes hold more than the load alone"
    assert total(read, "ingress") == total(read, "ingress_by_topic", topic="known")
    assert total(read, "egress") == 0
    assert read.named("egress"), "nobody consumed, which is known and not missing"
    assert read.named("connections")


def test_exporters_are_preferred_on_a_lab_and_the_api_is_used_when_it_is_asked_for(served: Cluster) -> None:
    assert [type(source).__name__ for source in sources_of(served)] == ["ExporterSource"]
    source = confluent_source(served)
    assert (source.access.cluster_id, source.cluster_id) == (KNOWN_AS, served.id)


def test_a_load_too_short_for_figures_by_the_minute_is_refused_before_anything_is_sent(
    served: Cluster, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="make it last 120 s or longer"):
        measure(plan(25), served, sources=(confluent_source(served),), path=tmp_path / "short.run")
    assert not (tmp_path / "short.run").exists()
