"""Recording several sources together: what the Admin API tells of the whole cluster is not counted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.kafka.properties import Properties
from clusterload.model.series import SECOND
from clusterload.telemetry.record import collect
from clusterload.telemetry.runfile import Recorder, new_id, read_run
from clusterload.telemetry.sources.admin import AdminSource
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.reading import Key, Reading
from clusterload.telemetry.sources.source import OnWait, Sink, Source

ENDS: Key = ("records_by_partition", (("topic", "orders"), ("partition", "0")))
INGRESS: Key = ("ingress", ())


class Past:
    """Three scrapes of a broker that shows the ends of its logs."""

    interval, lateness, overhang, title = 1.0, 0.0, 0.0, "a past"

    def collect(self, sink: Sink, start: int, end: int, on_wait: OnWait) -> None:  # noqa: ARG002 (a source takes them)
        deltas = Deltas(broker="1", names=Names.named("jmx-exporter"))
        for second in range(3):
            reading = Reading(counters={ENDS: 9.0 * second, INGRESS: 5.0 * second}, gauges={}, network={})
            deltas.take(Scrape(time=start + second * SECOND, reading=reading), sink)


@pytest.mark.parametrize(("without", "told"), [(frozenset[str](), False), (frozenset({"records_by_partition"}), True)])
def test_partitions_are_told_by_the_admin_api_where_it_is_asked_and_by_exporters_where_not(
    tmp_path: Path, without: frozenset[str], told: bool
) -> None:
    admin = AdminSource(Properties(values={"bootstrap.servers": "nobody:9"}, origin="a test"), without=without)
    sources: list[Source] = [Past(), admin]
    with Recorder(tmp_path / "both.run", run_id=new_id()) as recorder:
        recorder.document("window", {"start": SECOND, "end": 9 * SECOND, "complete": True})
        collect(sources, recorder, SECOND, 9 * SECOND, lambda _: None)
    names = {series.name for series in read_run(tmp_path / "both.run").series}
    assert "ingress" in names
    assert ("records_by_partition" in names) == told
