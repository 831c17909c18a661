"""What is written in a format is read back by that format's own tools as what was measured."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet
import pytest
from hdrh.log import HistogramLogReader
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from clusterload.model.errors import ClusterloadError
from clusterload.model.histogram import Histogram
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind
from clusterload.report.export import export
from clusterload.telemetry.runfile import read_run
from tests.report.export.made import HOSTILE, SECONDS, exported, hostile

KEPT = sorted((Path(__file__).parents[2] / "telemetry" / "runfile").glob("version-*.run"))


def points(run: Run) -> int:
    return sum(map(len, run.series))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def families_of(text: str) -> dict[str, Any]:
    """The metrics of a text, by name, as Prometheus' own parser reads them."""
    return {one.name: one for one in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]


def test_csv_has_a_row_for_each_point_with_its_labels_in_columns(tmp_path: Path) -> None:
    run = exported(tmp_path)
    read = rows(export(run, tmp_path / "a.csv"))
    assert len(read) == points(run)
    assert list(read[0])[:4] == ["time", "name", "unit", "kind"]
    [series] = [one for one in run.named("records_in_by_topic") if one.labels["topic"] == "t"]
    own = [one for one in read if one["name"] == "records_in_by_topic"]
    assert [float(one["value"]) for one in own] == series.values.tolist()
    assert {(one["broker"], one["topic"], one["unit"], one["kind"]) for one in own} == {("1", "t", "records", "delta")}
    assert np.datetime64(own[0]["time"].removesuffix("Z"), "ns").astype(np.int64) == series.times[0]


def test_a_csv_cell_is_never_a_formula_and_what_is_not_known_is_empty(tmp_path: Path) -> None:
    run = hostile(tmp_path)
    read = rows(export(run, tmp_path / "a.csv"))
    assert {one["client"] for one in read} == {"", f"'{HOSTILE}"}
    assert [one["value"] for one in read if one["name"] == "round_trip_time"] == ["", "", ""]
    assert [one["value"] for one in read if one["name"] == "ingress_by_client"] == ["-10.0", "-20.0", "-30.0"]
    assert {one["label_name"] for one in read} == {"", 'a\n"b"\\'}
    events = rows(export(run, tmp_path / "events.csv", table="events"))
    assert [one["text"] for one in events] == ['\'-1+1\tand \r\nmore, "quoted"', "'@SUM(A1)"]


def test_latencies_and_ledgers_are_tables_of_their_own(tmp_path: Path) -> None:
    run = exported(tmp_path)
    latencies = rows(export(run, tmp_path / "l.csv", table="latencies"))
    due = [one for one in latencies if (one["load"], one["of"]) == ("produce", "due")]
    assert [int(one["second"]) for one in due] == list(range(SECONDS))
    assert all(abs(float(one["p99_ms"]) - 1.0) < 0.01 for one in due)
    ledgers = rows(export(run, tmp_path / "ledgers.csv", table="ledgers"))
    assert {one["load"]: int(one["scheduled"]) for one in ledgers} == {one.load: one.scheduled for one in run.ledgers}


def test_json_has_all_of_a_run_in_one_document(tmp_path: Path) -> None:
    run = exported(tmp_path)
    read = json.loads(export(run, tmp_path / "a.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert (read["id"], read["labels"], read["complete"]) == (run.id, {"release": "4.3"}, True)
    assert read["plan"]["name"] == "load"
    assert len(read["series"]) == len(run.series)
    for told, series in zip(read["series"], run.series, strict=True):
        assert (told["name"], told["labels"], told["values"]) == (series.name, series.labels, series.values.tolist())
        assert told["times_us"] == [time // 1000 for time in series.times.tolist()]
    [due] = [one for one in read["latencies"] if (one["load"], one["of"]) == ("produce", "due")]
    latency = run.latency("produce", "due")
    assert latency is not None
    assert Histogram.decode(due["histogram_us"]) == latency.histogram
    gaps = json.loads(export(hostile(tmp_path), tmp_path / "h.json").read_text(encoding="utf-8"))
    assert [one["values"] for one in gaps["series"] if one["name"] == "round_trip_time"] == [[None] * 3]


def test_duckdb_reads_the_parquet(tmp_path: Path) -> None:
    run = exported(tmp_path)
    path = export(run, tmp_path / "a.parquet")

    def asked(question: str) -> list[tuple[Any, ...]]:
        answer = duckdb.sql(question.replace("RUN", f"'{path}'"))
        assert answer is not None
        return answer.fetchall()

    assert asked("SELECT count(*) FROM RUN") == [(points(run),)]
    told = dict(asked("SELECT topic, sum(value) FROM RUN WHERE name = 'ingress_by_topic' GROUP BY topic"))
    [series] = run.named("ingress_by_topic")
    assert told == {"t": pytest.approx(series.total())}
    first = asked("SELECT epoch_ns(min(time)), max(span_s) FROM RUN WHERE name = 'ingress_by_topic'")
    assert first == [(int(series.times[0]), 1.0)]
    assert asked("SELECT count(*) FROM RUN WHERE kind = 'gauge' AND span_s IS NOT NULL") == [(0,)]


def test_parquet_says_which_run_it_is_of_and_a_gap_is_null(tmp_path: Path) -> None:
    run = hostile(tmp_path)
    read = pyarrow.parquet.read_table(export(run, tmp_path / "a.parquet"))
    assert json.loads(read.schema.metadata[b"clusterload"])["id"] == run.id
    told = read.to_pylist()
    assert [one["value"] for one in told if one["name"] == "round_trip_time"] == [None] * 3
    assert {one["client"] for one in told} == {None, HOSTILE}
    empty = pyarrow.parquet.read_table(export(run, tmp_path / "e.parquet", table="ledgers"))
    assert (empty.num_rows, empty.column_names[0]) == (0, "load")


def test_prometheus_reads_the_openmetrics(tmp_path: Path) -> None:
    run = exported(tmp_path)
    text = export(run, tmp_path / "a.openmetrics").read_text(encoding="utf-8")
    families = families_of(text)
    ingress = families["clusterload_ingress_by_topic_bytes"]
    assert (ingress.type, ingress.unit) == ("counter", "bytes")
    [series] = run.named("ingress_by_topic")
    assert ingress.samples[-1].value == pytest.approx(series.total())
    assert ingress.samples[-1].labels == {"broker": "1", "topic": "t"}
    assert float(ingress.samples[-1].timestamp) == pytest.approx(series.times[-1] / SECOND)
    assert families["clusterload_connections"].type == "gauge"
    assert families["clusterload_cpu_broker_seconds"].type == "counter"
    assert sum(len(one.samples) for one in families.values()) == points(run)


def test_a_hostile_label_is_text_in_openmetrics_and_a_gap_is_left_out(tmp_path: Path) -> None:
    text = export(hostile(tmp_path), tmp_path / "a.om").read_text(encoding="utf-8")
    families = families_of(text)
    assert families["clusterload_ingress_by_client_bytes_per_second"].samples[0].labels == {"client": HOSTILE}
    assert families["clusterload_round_trip_time_seconds"].samples == []
    assert [one.value for one in families["clusterload_cpu_host_ratio"].samples] == [0.25, 0.5, 0.75]


def test_other_tools_read_the_hdr_log_second_by_second(tmp_path: Path) -> None:
    run = exported(tmp_path)
    reader = HistogramLogReader(str(export(run, tmp_path / "a.hlog")), None)
    counts: dict[str, list[int]] = {}
    while (one := reader.get_next_interval_histogram()) is not None:
        counts.setdefault(one.get_tag(), []).append(one.total_count)
    reader.close()
    for latency in run.latencies:
        told = counts[f"{latency.load}.{latency.of}"]
        assert told == [latency.at(second).count for second in latency.seconds]
    assert reader.base_time_sec == run.start / SECOND


def test_a_run_without_latencies_has_no_hdr_log(tmp_path: Path) -> None:
    with pytest.raises(ClusterloadError, match="has no latencies"):
        export(hostile(tmp_path), tmp_path / "a.hlog")
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.run"]


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet", "openmetrics"])
@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_files_of_every_version_are_exported(tmp_path: Path, kept: Path, suffix: str) -> None:
    run = read_run(kept)
    path = export(run, tmp_path / f"a.{suffix}")
    assert path.stat().st_size > 1000
    assert math.isfinite(sum(one.values.sum() for one in run.series if one.kind is Kind.DELTA))
