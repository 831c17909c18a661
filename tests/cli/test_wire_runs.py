"""`clusterload run` with the wire engine on real brokers: what was asked is what both sides counted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clusterload import Lab, read_run
from tests.conftest import PROGRAM, Tool
from tests.processes import wait_for


def made(tool: Tool, lab: Lab, *arguments: str) -> dict[str, Any]:
    """What a run says as JSON."""
    done = tool("run", "--bootstrap-server", lab.bootstrap_servers, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def dial(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in document["dials"] if one["dial"] == name]
    return dict(found)


@pytest.fixture(scope="module", autouse=True)
def warm(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Brokers that have seen the topic: the first requests of a fresh one can take seconds on a busy machine."""
    load = ("--dial", "request_rate=20/s", "--for", "2s", "--topic", "clusterload-wire", "--no-metrics")
    command = [PROGRAM, "run", "--bootstrap-server", lab.bootstrap_servers, *load]
    subprocess.run(command, cwd=tmp_path_factory.mktemp("warm"), timeout=600, check=True, capture_output=True)


def test_a_dial_that_was_set_is_achieved_by_the_generators_and_the_brokers_count(
    tool: Tool, lab: Lab, tmp_path: Path
) -> None:
    load = ("--dial", "connections=20", "--dial", "request_rate=100/s", "--for", "5s", "--topic", "clusterload-wire")
    document = made(tool, lab, *load, "--out", "wire.run")
    (ledger,) = document["ledger"]
    sent = ledger["acknowledged"]
    assert (ledger["scheduled"], ledger["unit"], ledger["failed"]) == (500, "records", 0)
    assert 0 < sent == 500 - ledger["dropped"] - ledger["unknown"]
    for name, asked in (("connections", 20), ("request_rate", 100), ("record_rate", 100)):
        one = dial(document, name)
        assert one["asked"] == asked
        assert one["achieved"] <= 1.01 * asked
        # What was lost, dropped or answered only after the load's end is missing.
        assert one["achieved"] > 0.98 * asked or ledger["late"] or sent < 500
        assert one["counted"] is None or one["counted"] == pytest.approx(one["achieved"], rel=0.03)
        assert one["kept"] or one["achieved"] < 0.99 * asked or one["counted"] != one["achieved"]
    latency = document["latency"]["produce"]
    assert latency["due"]["count"] == latency["sent"]["count"] == sent
    assert 0 < latency["sent"]["p50"] <= latency["due"]["p99"] <= latency["due"]["max"]
    # On a busy machine some may be late, which is told even where the rate was kept.
    (bottleneck,) = document["bottleneck"]
    assert bottleneck["who"] != "none" or ledger["late"] + ledger["dropped"] <= 5
    assert bottleneck["who"] == "none" or ledger["late"] + ledger["dropped"] + ledger["unknown"] > 0
    assert document["generator"]["workers"] == 1
    assert read_run(tmp_path / document["run"]).latency("produce", "due") is not None
    assert not [one for one in document["events"] if one["kind"] in {"growth-differs", "others-wrote"}]
    shown = tool("report", "wire.run").stdout
    assert "brokers counted" in shown
    assert "sent to answered" in shown


def test_without_metrics_the_same_is_said_but_for_the_brokers_count(tool: Tool, lab: Lab) -> None:
    load = ("--dial", "connections=5", "--dial", "record_rate=100/s", "--dial", "records_per_request=10")
    document = made(tool, lab, *load, "--for", "2s", "--topic", "clusterload-wire", "--no-metrics", "--workers", "2")
    assert document["ledger"][0]["scheduled"] == 200
    assert 0 < dial(document, "request_rate")["achieved"] <= 11
    assert dial(document, "records_per_request")["achieved"] == 10 or document["ledger"][0]["dropped"]
    assert dial(document, "record_rate")["counted"] is None
    assert document["latency"]["produce"]["closed_loop"] is False
    assert document["generator"]["workers"] == 2


@pytest.mark.long
def test_what_nobody_acknowledges_is_unknown_and_counted_by_the_brokers(tool: Tool, lab: Lab) -> None:
    load = ("--dial", "request_rate=100/s", "--dial", "acks=0", "--for", "3s", "--topic", "clusterload-acks0")
    document = made(tool, lab, *load)
    (ledger,) = document["ledger"]
    assert (ledger["unknown"], ledger["acknowledged"], ledger["errors"]) == (300, 0, {})
    # A broker that is busy takes what was sent a little later, and nobody waits for it.
    assert 50 < dial(document, "request_rate")["counted"] < 101
    assert 50 < dial(document, "record_rate")["counted"] < 101
    assert not [one for one in document["events"] if one["kind"] == "growth-differs"]


@pytest.mark.long
def test_connections_that_come_and_go_are_counted_by_the_brokers(tool: Tool, lab: Lab) -> None:
    document = made(tool, lab, "--dial", "connections=10", "--dial", "connection_rate=20/s", "--for", "4s")
    one = dial(document, "connection_rate")
    assert one["achieved"] == pytest.approx(20, rel=0.02)
    assert one["counted"] == pytest.approx(20, abs=1)
    assert document["ledger"][0]["unit"] == "connections"
    assert document["traffic"][0]["prepared"] == 10
    assert document["traffic"][0]["lost"] == {}


@pytest.mark.long
def test_as_much_as_possible_is_named_a_closed_loop(tool: Tool, lab: Lab) -> None:
    load = ("--dial", "record_rate=max", "--dial", "in_flight=1", "--dial", "acks=1", "--for", "2s")
    document = made(tool, lab, *load, "--topic", "clusterload-max", "--no-metrics")
    assert document["latency"]["produce"]["closed_loop"] is True
    assert dial(document, "record_rate")["asked"] == "max"
    assert dial(document, "record_rate")["achieved"] > 0
    assert document["ledger"][0]["acknowledged"] == document["ledger"][0]["scheduled"]


def test_both_engines_make_one_plan(tool: Tool, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        'name = "both"\nduration = "3s"\n'
        '[[loads]]\nname = "app"\ntopic = "clusterload-both"\n'
        '[loads.dials]\nproducers = 2\nrecord_rate = "20/s"\npayload_size = "1 KiB"\n'
        '[[loads]]\nname = "wire"\ntopic = "clusterload-both"\n'
        '[loads.dials]\nrequest_rate = "30/s"\n'
    )
    document = made(tool, lab, "plan.toml")
    assert [(one["load"], one["acknowledged"] + one["dropped"]) for one in document["ledger"]] == [
        ("app", 60),
        ("wire", 90),
    ]
    records = [one for one in document["dials"] if one["dial"] == "record_rate"]
    assert all(0 < one["achieved"] <= 1.01 * one["asked"] for one in records)
    # One count of the brokers for both, which share the topic.
    assert len({one["counted"] for one in records}) == 1
    assert records[0]["counted"] is None or 0 < records[0]["counted"] < 51
    assert records[0]["counted_of"]["loads"] == ["app", "wire"]
    assert not [one for one in document["events"] if one["kind"] in {"growth-differs", "others-wrote"}]


@pytest.mark.parametrize(
    ("wrong", "code", "reason"),
    [
        (
            ("request_rate=500/s", "records_per_request=2", "record_rate=400/s"),
            2,
            "1,000 records/s, but record_rate is",
        ),
        (("request_rate=1/s", "partitions=77"), 104, "touches 77 partitions"),
        (("request_rate=1/s", "record_size=2MiB"), 104, "max.message.bytes"),
        (("request_rate=1/s", "records_per_request=20000"), 104, "lower records_per_request or record_size"),
    ],
)
def test_a_load_that_cannot_be_made_is_refused_before_it_begins(
    tool: Tool, lab: Lab, wrong: tuple[str, ...], code: int, reason: str
) -> None:
    options = [part for one in wrong for part in ("--dial", one)]
    done = tool("run", "--bootstrap-server", lab.bootstrap_servers, *options, "--topic", "clusterload-wire")
    assert done.returncode == code, done.stderr
    assert reason in " ".join(done.stderr.split())


def test_an_interrupted_load_leaves_a_run_with_its_ledger_and_latency(lab: Lab, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            PROGRAM, "run", "--bootstrap-server", lab.bootstrap_servers, "--dial", "request_rate=50/s",
            "--topic", "clusterload-wire", "--for", "60s", "--no-metrics", "--out", "cut.run",
        ],
        cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    file = tmp_path / "cut.run"
    wait_for(lambda: file.exists() and any(one.acknowledged > 50 for one in read_run(file).ledgers))
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 105
    assert "interrupted: what was measured until then is in cut.run" in complaint
    assert "Traceback" not in complaint
    run = read_run(file)
    assert not run.complete
    (ledger,) = run.ledgers
    assert ledger.balanced
    assert ledger.acknowledged > 50
    latency = run.latency("produce", "due")
    assert latency is not None
    assert latency.histogram.count == ledger.acknowledged
