"""On real brokers Jolokia shows what the JMX exporter shows: the same names, the same labels, the same amounts."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

import httpx
import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.jolokia import JolokiaSource
from clusterload.telemetry.sources.jolokia.mbeans import MBEANS
from clusterload.telemetry.sources.jolokia.protocol import PARAMETERS, Response, ResponseParser, request_body
from tests.processes import wait_for

from .kept import Kept
from .limited import limited

if TYPE_CHECKING:
    from clusterload.lab.lab import Lab

ODD = 'odd "client"*, a=b:?\\x'
Lines = set[tuple[str, tuple[tuple[str, str], ...]]]


class Line(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> dict[str, str]: ...


def produced(lab: Lab, topic: str, client: str, records: int) -> None:
    producer = Producer({"bootstrap.servers": lab.bootstrap_servers, "client.id": client})
    for _ in range(records):
        producer.produce(topic, b"x" * 100)
    assert producer.flush(120) == 0


@pytest.fixture
def limited_lab(observed_lab: Lab) -> Iterator[Lab]:
    with limited(observed_lab):
        yield observed_lab


def by_jolokia(url: str) -> Response:
    """All that can be read of a broker."""
    answer = httpx.post(f"{url}/", params=PARAMETERS, content=request_body(MBEANS), timeout=120, trust_env=False)
    return ResponseParser(MBEANS).parse(answer.content)


def by_exporter(url: str) -> list[Line]:
    """The same by its exporter."""
    with urllib.request.urlopen(url, timeout=120) as answer:
        own = ("kafka_", "java_lang_", "process_cpu_", "process_start_", "jvm_gc_collection_seconds_sum")
        text = answer.read().decode()
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return [sample for sample in found if sample.name.startswith(own)]


def keys(lines: Iterable[Line]) -> Lines:
    # JMX puts a backslash before some characters of a client's name; the exporter leaves it there.
    return {
        (line.name, tuple(sorted((key, value.replace("\\", "")) for key, value in line.labels.items())))
        for line in lines
    }


def test_every_line_of_the_exporter_has_its_like_with_the_same_labels(limited_lab: Lab) -> None:
    produced(limited_lab, "jolokia-lines", ODD, 300)

    def missing() -> Lines:
        return {
            line
            for broker in limited_lab.info.brokers
            for line in keys(by_exporter(broker.exporter_url)) ^ keys(by_jolokia(broker.jolokia_url).samples)
        }

    # A type of request or a client may come up between the two questions.
    wait_for(lambda: not missing())
    found = [sample for broker in limited_lab.info.brokers for sample in by_jolokia(broker.jolokia_url).samples]
    assert {"client_id": ODD} in [partition.labels for partition in found]


def test_a_brokers_whole_answer_has_nothing_missing(observed_lab: Lab) -> None:
    for broker in observed_lab.info.brokers:
        shown = by_jolokia(broker.jolokia_url)
        assert shown.missing == ()
        assert shown.clock == pytest.approx(time.time(), abs=60)


def test_the_same_load_is_the_same_series_from_both(observed_lab: Lab) -> None:
    produced(observed_lab, "jolokia-load", "warm", 10)
    jolokia, exporter = Kept(), Kept()
    listeners = observed_lab.info.client_listeners
    agents = {str(broker.id): broker.jolokia_url for broker in observed_lab.info.brokers}
    exporters = {str(broker.id): broker.exporter_url for broker in observed_lab.info.brokers}
    sources = (
        JolokiaSource(agents, interval=0.5, client_listeners=listeners).start(jolokia),
        ExporterSource(exporters, interval=0.5, client_listeners=listeners).start(exporter),
    )
    produced(observed_lab, "jolokia-load", "load", 3000)
    amounts = ("records_in", "ingress", "records_in_by_topic", "ingress_by_topic", "replication_in")

    def totals(kept: Kept) -> dict[tuple[str, str], float]:
        return {(name, broker): sum(kept.values(name, broker=broker)) for name in amounts for broker in agents}

    try:
        # Both have seen the last of it once they agree.
        wait_for(lambda: sum(jolokia.values("records_in_by_topic", topic="jolokia-load")) >= 3000)
        wait_for(lambda: totals(jolokia) == totals(exporter))
    finally:
        for source in sources:
            source.stop()
    assert sum(jolokia.values("records_in_by_topic", topic="jolokia-load")) == 3000
    assert {point.name for point in jolokia.points} == {point.name for point in exporter.points}
    for name in ("partitions", "leaders", "under_replicated", "cores"):
        for broker in agents:
            assert jolokia.values(name, broker=broker)[-1] == exporter.values(name, broker=broker)[-1]
