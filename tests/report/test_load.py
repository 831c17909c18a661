"""What a load came to, in a terminal of 80 columns and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console, Group

from clusterload.model.run import Run, Traffic
from clusterload.report.json import load_document
from clusterload.report.load import load_view
from tests.wire_runs import Course, connect, plan, produce, stored


def shown(run: Run) -> str:
    console = Console(width=80, file=io.StringIO(), no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(Group(*load_view(run)))
    return captured.get()


def test_a_report_has_dials_latency_and_ledger_within_80_columns(tmp_path: Path) -> None:
    loads = (produce(connections="50", request_rate="500/s"), connect(connections="50", connection_rate="20/s"))
    text = shown(stored(tmp_path / "a.run", plan(*loads)))
    assert max(map(len, text.splitlines())) <= 80
    assert "request_rate" in text
    assert "500/s" in text
    assert "due to answered" in text
    assert "p99.99" in text
    assert "(connections)" in text


def test_a_missed_dial_is_shown_with_its_share_and_the_brake(tmp_path: Path) -> None:
    text = shown(stored(tmp_path / "a.run", plan(produce(request_rate="500/s")), Course(kept=0.5, cpu=0.95)))
    assert "50.0 %" in text
    assert "the generator was the bottleneck" in text


def test_what_somebody_should_know_beside_the_figures_is_said(tmp_path: Path) -> None:
    course = Course(distinct=0.5, resent=12, throttled_ms=2000, lost={"closed by the broker": 3})
    text = " ".join(shown(stored(tmp_path / "a.run", plan(produce(request_rate="500/s")), course)).split())
    assert "only 50 % of its first million records are distinct" in text
    assert "12 records were sent again after a refusal" in text
    assert "pauses of 2 s in all (throttling)" in text
    assert "connections were lost: 3 x closed by the broker" in text


def test_latency_of_a_closed_loop_is_named_so_and_not_counted_from_a_due_time(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", plan(produce(request_rate="max")))
    closed = replace(run, traffic=(Traffic(load="produce", closed_loop=True),))
    text = shown(closed)
    assert "produce (closed loop)" in text
    assert "due to answered" not in text
    assert load_document(closed)["latency"]["produce"]["closed_loop"] is True


def test_json_has_the_dials_by_both_counts_and_latency_in_milliseconds(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", plan(produce(connections="50", request_rate="500/s")), Course(latency=2000))
    document = json.loads(json.dumps(load_document(run), allow_nan=False))
    (dial,) = [one for one in document["dials"] if one["dial"] == "request_rate"]
    assert (dial["asked"], round(dial["achieved"], 6), round(dial["counted"], 6), dial["kept"]) == (500, 500, 500, True)
    latency = document["latency"]["produce"]
    assert set(latency) == {"closed_loop", "due", "sent", "delay"}
    assert set(latency["due"]) == {"p50", "p90", "p95", "p99", "p99_9", "p99_99", "max", "mean", "count"}
    assert abs(latency["due"]["p50"] - 2) < 0.01
    assert latency["due"]["count"] == 1100
    assert document["bottleneck"][0]["who"] == "none"
    assert document["generator"]["workers"] == 1
    assert document["generator"]["peak_rss_bytes"] == 1_000_000


def test_as_much_as_possible_is_no_number_in_json(tmp_path: Path) -> None:
    document = load_document(stored(tmp_path / "a.run", plan(produce(request_rate="max"))))
    assert document["dials"][0]["asked"] == "max"
    assert document["dials"][0]["missed_by"] is None
