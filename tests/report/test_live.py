"""How a run stands is drawn within 80 columns, or said in plain lines where there is no terminal."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from clusterload.cli.live import Lines
from clusterload.generator.progress import LoadProgress, Progress
from clusterload.model import units
from clusterload.model.ledger import Ledger
from clusterload.model.resources import RESOURCES
from clusterload.model.workload import Dials, Load, Plan
from clusterload.report.live import live_line, live_view, load_line
from clusterload.workflow.live.figures import loads_now
from clusterload.workflow.live.snapshot import LevelNow, Snapshot
from tests.report.busy import busy
from tests.report.hostile import ALL
from tests.wire_runs import connect, plan, produce
from tests.workflow.live.replayed import replayed

WIRE = produce("a-load-with-a-long-name", connections="10000", byte_rate="100 MB/s", record_rate="100000/s")
STANDING = LoadProgress(
    ledger=Ledger(load=WIRE.name, scheduled=123_456_789, acknowledged=123_456_700, failed=9),
    figures={"connections": 10_000.0, "request_rate": 99_990.0, "record_rate": 99_990.0, "byte_rate": 99.9e6},
    p50=1234.0,
    p99=98_765.0,
)


def standing(made: Plan, *loads: LoadProgress, elapsed: float = 5.0) -> Snapshot:
    state = Progress(elapsed=elapsed, duration=made.duration, ledger=Ledger(load="total"), loads=loads)
    shown = loads_now(made, state)
    return Snapshot(
        number=1, start=0, at=elapsed, title=made.name, elapsed=elapsed, duration=made.duration, loads=shown
    )


def drawn(snapshot: Snapshot) -> str:
    console = Console(width=80, file=io.StringIO(), no_color=True, force_terminal=False)
    with console.capture() as captured:
        console.print(live_view(snapshot))
    return captured.get()


def test_the_picture_of_a_running_load_fits_80_columns() -> None:
    attempts = LoadProgress(ledger=Ledger(load="connect", unit="connections"), figures={"connection_rate": 19.0})
    text = drawn(standing(plan(WIRE, connect(connection_rate="20/s")), STANDING, attempts))
    assert max(map(len, text.splitlines())) <= 80
    for word in ("request_rate", "100,000/s", "99,990/s", "1.23", "98.8", "123,456,700", "20/s", "19/s", "5 s left"):
        assert word in text


def test_the_picture_of_a_load_on_a_cluster_has_all_that_matters_in_80_columns(tmp_path: Path) -> None:
    *_, snapshot = replayed(busy(tmp_path / "a.run"), 105, 120)
    text = drawn(snapshot)
    assert max(map(len, text.splitlines())) <= 80
    for word in ("limit load", "81 %", "by connections", "saturation", "CPU of the host", "2,000/s", "1 min left"):
        assert word in text, word
    assert "scrape-late: broker 2" in text
    firm = [one for one in snapshot.judgement.findings if one.firm]
    assert firm
    assert f"{firm[0].cause}, confidence {units.percent(firm[0].confidence)}, for 15 s: " in text
    assert snapshot.judgement.sentence.split(";", maxsplit=1)[0][:40] in text


def test_a_cluster_that_is_watched_until_somebody_ends_it_says_for_how_long_it_was(tmp_path: Path) -> None:
    (snapshot,) = replayed(busy(tmp_path / "a.run"), 60, 60)
    text = drawn(replace(snapshot, loads=(), duration=math.nan, title="cluster shop-eu-1"))
    assert "1 min, until Ctrl-C" in text
    assert "orders" not in text


def test_names_of_others_are_text_on_a_terminal(tmp_path: Path) -> None:
    *_, snapshot = replayed(busy(tmp_path / "a.run", name=ALL, load=ALL, client=ALL, event=ALL, error=ALL), 110, 120)
    for text in (drawn(snapshot), live_line(snapshot)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "<script>hostile()</script>" in text
    assert "[bold red]markup[/]" in live_line(snapshot)


def test_a_line_says_what_was_asked_and_what_came_of_it() -> None:
    load = produce(request_rate="ramp:0/s:100/s:10s")
    one = LoadProgress(ledger=Ledger(load="produce", acknowledged=200), figures={"request_rate": 44.0})
    text = live_line(standing(plan(load), one))
    assert text.startswith("5 s of 10 s: produce: request_rate 44/s of 45/s, ")
    assert text.endswith("200 records, 0 lost")


def test_a_load_of_librdkafka_is_said_by_its_records() -> None:
    dials = Dials(producers=2, record_rate=50, payload_size=1024)
    made = Plan(name="a", loads=(Load(name="sales", topic="t", dials=dials),), duration=10)
    one = LoadProgress(ledger=Ledger(load="sales", acknowledged=100, failed=1), figures={"record_rate": 50.0})
    (load,) = standing(made, one).loads
    assert load_line(load) == "sales: record_rate 50/s of 50/s, 100 records, 1 lost"


def test_a_line_tells_of_the_cluster_and_of_causes_that_are_firm(tmp_path: Path) -> None:
    *_, snapshot = replayed(busy(tmp_path / "a.run"), 105, 120)
    text = live_line(snapshot)
    assert "; limit load 81 % (connections, limits course-basic), CPU of the host, broker " in text
    found = snapshot.judgement.findings[0]
    assert f"found: {found.cause}, confidence {units.percent(found.confidence)}, for 15 s: " in text


def test_where_there_is_no_terminal_lines_come_now_and_then_and_one_for_each_load_that_is_over() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for name in ("first", "second"):
        made = replace(plan(produce(request_rate="100/s"), duration=12), name=name)
        for second in range(13):
            one = LoadProgress(
                ledger=Ledger(load="produce", acknowledged=100 * second), figures={"request_rate": 100.0}
            )
            lines(standing(made, one, elapsed=second))
    lines(replace(standing(made, one, elapsed=12), ended="it went on to its end"))
    assert [line.partition(", ")[0] for line in said] == [
        "first: 12 s of load",
        "5 s of 12 s: produce: request_rate 100/s of 100/s",
        "10 s of 12 s: produce: request_rate 100/s of 100/s",
        "first: produce: 1,200 records",
        "second: 12 s of load",
        "5 s of 12 s: produce: request_rate 100/s of 100/s",
        "10 s of 12 s: produce: request_rate 100/s of 100/s",
        "second: produce: 1,200 records",
    ]


def test_what_should_be_nothing_and_is_not_stands_out(tmp_path: Path) -> None:
    (snapshot,) = replayed(busy(tmp_path / "a.run"), 60, 60)
    assert snapshot.metrics is not None
    resource = RESOURCES["under_replicated"]
    alarm = LevelNow(resource=resource, broker="", now=7.0, typical=7.0)
    text = drawn(replace(snapshot, metrics=replace(snapshot.metrics, alarms=(alarm,))))
    assert "Under-replicated partitions: 7" in text
    assert max(map(len, text.splitlines())) <= 80
