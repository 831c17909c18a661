"""`clusterload changed` names what moved on real brokers, and reads stretches of history by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusterload import Cluster, Dials, Lab, Load, Plan, Properties, measure
from clusterload.cli.root import root
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.confluent import Interval
from tests.conftest import Tool
from tests.stored_runs import Cluster as Shown
from tests.stored_runs import case_levels, stored
from tests.telemetry.sources.model import MINUTE, Labels, Model
from tests.telemetry.sources.played import playing, properties

SECONDS, WARM_UP = 21, 3


def load(idle: int) -> Plan:
    """The same records each time, beside a number of connections that do nothing."""
    sales = Dials.parsed({"connections": "6", "request_rate": "60/s", "records_per_request": "5"})
    loads = (
        Load(name="sales", topic="clusterload-changed", engine="wire", dials=sales),
        Load(
            name="idle",
            topic="clusterload-changed",
            kind="connect",
            engine="wire",
            dials=Dials.parsed({"connections": str(idle)}),
        ),
    )
    return Plan(name="load", loads=loads, duration=SECONDS, warm_up=WARM_UP)


def document(tool: Tool, *arguments: str) -> dict[str, Any]:
    done = tool("changed", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def runs(lab: Lab, cluster: Cluster, tidy: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two loads of the same records, the second with 240 connections more, each told from its third second on."""
    folder = tmp_path_factory.mktemp("changed")
    measure(load(5), cluster, path=folder / "warm.run")
    for name, idle in (("before", 10), ("after", 250)):
        measure(load(idle), cluster, path=folder / f"{name}.run")
    return folder


@pytest.mark.long
def test_connections_that_came_are_named_first_and_bytes_that_stayed_are_not(tool: Tool, runs: Path) -> None:
    part = f"{WARM_UP}s..{SECONDS}s"
    stretches = ("--before", f"{runs}/before.run@{part}", "--after", f"{runs}/after.run@{part}")
    found = document(tool, *stretches)
    first = found["moved"][0]
    assert (first["name"], first["labels"], first["state"]) == ("connections", {}, "moved")
    assert (first["before"], first["after"], first["difference"]) == (16, 256, 240)
    assert first["spreads"] > first["needed"]
    assert "connections +240 (x16, " in found["sentence"]
    assert not [one for one in found["moved"] if (one["name"], one["level"]) == ("ingress", "cluster")]
    ingress = next(one for one in found["usual_figures"] if (one["name"], one["labels"]) == ("ingress", {}))
    assert ingress["unit"] == "B/s"
    shown = tool("changed", *stretches).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "Connections" in shown
    assert "blocks within the two stretches" in shown


@pytest.mark.long
def test_two_halves_of_one_load_differ_by_nothing(tool: Tool, runs: Path) -> None:
    found = document(tool, "--before", f"{runs}/after.run@3s..12s", "--after", f"{runs}/after.run@12s..21s")
    assert found["moved"] == []
    assert found["sentence"].startswith("nothing moved beyond the usual: ")


def test_the_time_before_in_the_same_file_is_the_usual_unless_told_otherwise(tool: Tool, tmp_path: Path) -> None:
    stored(tmp_path / "whole.run")
    part = ("--before", "whole.run@20s..22s", "--after", "whole.run@22s..24s")
    assert document(tool, *part)["basis"] == "10 usual windows of 2 s"
    assert document(tool, *part, "--usual", "whole.run@4s..20s")["basis"] == "8 usual windows of 2 s"


def test_the_table_is_as_long_as_asked_for(tool: Tool, tmp_path: Path) -> None:
    stored(tmp_path / "before.run")
    stored(tmp_path / "after.run", Shown(levels=case_levels(470, 9e6)))
    done = tool("changed", "--before", "before.run", "--after", "after.run", "--top", "1")
    assert "1 more moved: add --top 2" in done.stdout
    assert "add --top" not in tool("changed", "--before", "before.run", "--after", "after.run").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--before", "gone.run", "--after", "gone.run"), 104, "run file gone.run does not exist"),
        (("--before", "now-2h/1h", "--after", "now-1h/1h"), 2, "no cluster was named"),
        (("--before", "now-2h/1h"), 2, "--after"),
        (("--before", "noon", "--after", "now-1h/1h"), 2, "neither a run file nor a stretch"),
    ],
)
def test_a_mistake_is_told_in_a_line(tool: Tool, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = tool("changed", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_the_same_is_said_of_stretches_that_prometheus_scraped(tool: Tool, observed_lab: Lab, tmp_path: Path) -> None:
    servers = Properties(values={"bootstrap.servers": observed_lab.bootstrap_servers})
    seen = Cluster.connect(servers)
    first, second = (measure(load(idle), seen, sources=(), path=tmp_path / f"{idle}.run") for idle in (10, 250))
    times = [f"{clock_time(run.start + (WARM_UP + 1) * SECOND)}/{clock_time(run.end)}" for run in (first, second)]
    source = ("--prometheus", observed_lab.info.prometheus_url, "--bootstrap-server", observed_lab.bootstrap_servers)
    found = document(tool, *source, "--before", times[0], "--after", times[1], "--usual", times[0])
    assert "6 are needed" in found["sentence"], "a single usual window is none"
    found = document(tool, *source, "--before", times[0], "--after", times[1])
    assert found["leading"][0] == "Connections"
    assert (found["moved"][0]["before"], found["moved"][0]["after"]) == (16, 256)


def test_stretches_of_history_are_read_with_the_ten_before_as_the_usual(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, folder = tmp_path / "client.properties", tmp_path / "kept"
    stretches = ["--before", "2026-01-01T10:00:00Z/PT10M", "--after", "2026-01-01T12:00:00Z/10m"]
    with playing() as api:
        api.answer = Model(rows=grown())
        file.write_text(properties(api))
        options = ["changed", "--cluster", str(file), *stretches, "--out", str(folder), "--json"]
        root.main(options, standalone_mode=False)
        found = json.loads(capsys.readouterr().out)
    assert found["basis"] == "10 usual windows of 10 min"
    assert found["usual"][0]["start"] == "2026-01-01T08:20:00Z"
    assert found["leading"] == ["Ingress"]
    assert found["moved"][0]["parts"] == [{"topic": "orders"}]
    assert found["moved"][1]["state"] == "appeared"
    assert {path.name for path in folder.iterdir()} == {"before.run", "after.run", "usual.run"}
    again = ["--before", f"{folder}/before.run", "--after", f"{folder}/after.run", "--usual", f"{folder}/usual.run"]
    root.main(["changed", *again, "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["sentence"] == found["sentence"]


def grown() -> dict[str, dict[Labels, dict[int, float]]]:
    """Five hours of a cluster on which a topic of 4 MB/s comes up in the last."""
    whole = Interval.parsed("2026-01-01T08:00:00Z/PT5H", 0)
    starts = list(range(whole.start, whole.end, MINUTE))
    swing = {start: 1 + 0.02 * ((number * 7) % 5 - 2) for number, start in enumerate(starts)}
    return {
        "received_bytes": {
            ("sales", "0"): {start: 6e7 * swing[start] for start in starts},
            ("orders", "0"): dict.fromkeys(starts[210:], 2.4e8),
        },
        "request_count": {("Produce", "u-1"): {start: 3000.0 * swing[start] for start in starts}},
        "active_connection_count": {("u-1",): dict.fromkeys(starts, 60.0)},
    }
