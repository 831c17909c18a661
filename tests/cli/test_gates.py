"""A run that came to what it may not ends with 99 and says so, for people and for programs; so does a load at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from clusterload import Lab, read_run
from clusterload.analysis.gates import STOPPED
from clusterload.model.ledger import Ledger
from clusterload.model.thresholds import Threshold
from clusterload.model.workload import Plan
from tests.analysis.gates.seen import recorded
from tests.cli.conftest import Called
from tests.conftest import Tool
from tests.stored_runs import plan


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A run file whose plan has thresholds that it passes."""
    texts = ("connections > 80", "ledger.failed > 100")
    made = Plan(name="gated", loads=plan().loads, duration=20, thresholds=tuple(map(Threshold.parsed, texts)))
    ledger = Ledger(load="sales", scheduled=10_000, acknowledged=9_997, failed=3)
    figures = {
        ("connections", "broker=1"): [50.0] * 20,
        ("ingress", "broker=1"): [2e6] * 20,
        ("cpu_host", "broker=1"): [0.4] * 10 + [0.9] * 10,
    }
    recorded(tmp_path / "a.run", figures, plan=made, ledgers=[ledger], brokers=("1",))
    return tmp_path / "a.run"


def test_a_run_within_its_thresholds_is_fine(called: Called, stored: Path) -> None:
    code, out, err = called("report", "a.run", "--fail-if", "saturation.cpu > 95 %")
    assert (code, err) == (0, "")
    assert re.search(r"ledger\.failed > 100 +passed +3", out)


@pytest.mark.parametrize("command", ["report", "diagnose"])
def test_each_threshold_that_was_not_passed_is_named_with_its_text(called: Called, stored: Path, command: str) -> None:
    code, out, err = called(
        command, "a.run", "--fail-if", "saturation.cpu>70% for 10s", "--fail-if", "disk_writes > 0", "--json"
    )  # fmt: skip
    assert code == 99
    assert err.splitlines() == [
        "crossed: saturation.cpu>70% for 10s: 90 % of broker 1, from 10 s on, for 10 s",
        "cannot be told: disk_writes > 0: no figures of disk_writes",
        "clusterload: 2 of 4 thresholds were not passed in a.run",
    ]
    told = json.loads(out)["thresholds"]
    assert [one["threshold"] for one in told if not one["passed"]] == ["saturation.cpu>70% for 10s", "disk_writes > 0"]


def test_a_plans_own_threshold_fails_a_report_of_its_run(called: Called, stored: Path) -> None:
    code, _, err = called("report", "a.run", "--from", "0s", "--to", "5s", "--fail-if", "saturation.cpu > 50 %")
    assert (code, err) == (0, "")
    code, _, err = called("report", "a.run", "--fail-if", "saturation.cpu > 50 %")
    assert code == 99
    assert "1 of 3 thresholds was not passed" in err


def test_a_limit_load_without_limits_passes_no_gate_and_says_what_to_do(called: Called, stored: Path) -> None:
    gate = ("report", "a.run", "--fail-if", "limit_load > 90 %")
    code, _, err = called(*gate)
    assert code == 99
    assert err.splitlines()[0] == (
        "cannot be told: limit_load > 90 %: no limits are known: name a table with --limits NAME "
        "('clusterload limits list' shows them)"
    )
    narrow = ("report", "a.run", "--fail-if", "limit_load{resource=connections} > 90 %")
    code, out, _ = called(*narrow, "--limits", "course-basic")
    assert code == 0
    assert "Against Basic cloud cluster of the course, December 2023" in out


def test_files_for_programs_are_there_also_when_the_gate_is_shut(called: Called, stored: Path, tmp_path: Path) -> None:
    files = ("--junit", "out/gate.xml", "--summary", "out/summary.md")
    code, _, _ = called("report", "a.run", "--fail-if", "lost > 0", *files)
    assert code == 99
    root = ET.parse(tmp_path / "out" / "gate.xml").getroot()
    assert (root.attrib["tests"], root.attrib["failures"]) == ("3", "1")
    assert (tmp_path / "out" / "summary.md").read_text(encoding="utf-8").startswith("## ❌ 1 of 3 thresholds")
    code, _, err = called("report", "a.run", "--fail-if", "lost > 0", "--summary", "a.run/x.md")
    assert code == 104
    assert "crossed: lost > 0: 0.03 %" in err
    assert "a.run/x.md cannot be written" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("report", "a.run", "--fail-if", "lost > 0 %%"), 2, "threshold 'lost > 0 %%', at character 8: "),
        (("report", "a.run", "--fail-if", "\x1b[31m"), 2, r"threshold '\x1b[31m', at character 1: only printable"),
        (("run", "--dial", "request_rate=1", "--abort-if", "lots > 0", "--lab"), 2, "did you mean 'lost'?"),
        (("run", "--dial", "request_rate=1", "--fail-if", "lost{load=x} > 0", "--lab"), 2, "has no load 'x'"),
        (("run", "--dial", "request_rate=1", "--fail-if", "ingress > 1 for 31", "--lab"), 2, "nothing could cross"),
        (("run", "--dial", "request_rate=1", "--junit", "a.xml", "--lab"), 2, "--junit reports thresholds"),
        (("watch", "--lab", "--junit", "a.xml"), 2, "--junit reports thresholds"),
        (("run", "bad.toml", "--lab"), 104, "plan bad.toml: threshold 'lost >', at character 7: here comes a value"),
        (("run", "--noop", "--dial", "request_rate=1", "--abort-if", "cpu_host > 1 %"), 104, "none are read"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_threshold_is_told_in_a_line_before_anything_is_done(
    called: Called, stored: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "bad.toml").write_text("thresholds = ['lost >']\n[[loads]]\ndials = {request_rate = 1}\n")
    left, out, err = called(*arguments)
    assert (left, out) == (code, "")
    assert words in err
    assert sum(line.startswith(("clusterload:", "Error:")) for line in err.splitlines()) == 1
    assert "Traceback" not in err


def test_a_dry_run_says_what_would_fail_and_what_would_end_it(called: Called) -> None:
    load = ("run", "--dial", "request_rate=1", "--dry-run")
    code, out, _ = called(*load, "--fail-if", "lost > 0", "--abort-if", "latency.p99 > 1 s for 5 s")
    assert code == 0
    assert out.splitlines()[1:] == ["fails if: lost > 0", "ends at once if: latency.p99 > 1 s for 5 s"]


PLAN = """
name = "both engines"
duration = "5m"
abort_if = ["connections > 15 for 3 s", "ledger.failed > 100000"]

[[loads]]
name = "app"
topic = "clusterload-gated"
dials = {producers = 2, record_rate = "20/s", payload_size = "1 KiB"}

[[loads]]
name = "wire"
topic = "clusterload-gated"
dials = {connections = 20, request_rate = "50/s"}
"""


def test_a_threshold_ends_a_load_of_both_engines_on_real_brokers_at_once(tool: Tool, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    done = tool(
        "run", "plan.toml", "--bootstrap-server", lab.bootstrap_servers, "--out", "a.run", "--junit", "a.xml",
        "--fail-if", "lost > 99 %",
    )  # fmt: skip
    assert done.returncode == 99, done.stderr
    assert "crossed: connections > 15 for 3 s: " in done.stderr
    assert "clusterload: 1 of 3 thresholds was not passed in a.run" in done.stderr
    assert "Traceback" not in done.stderr
    run = read_run(tmp_path / "a.run")
    assert not run.complete
    assert run.seconds < 200
    (event,) = [one for one in run.events if one.kind == STOPPED]
    assert event.text.startswith("connections > 15 for 3 s: ")
    assert run.start < event.time <= run.end
    for ledger in run.ledgers:
        assert ledger.balanced
        assert ledger.acknowledged > 0
    # Sources went on until after the load, and what its topic grew by was looked at: the file is as whole as any.
    last = max(int(one.times[-1]) for one in run.named("connections"))
    assert last >= run.end
    assert not [one for one in run.events if one.kind in {"growth-differs", "growth-unknown", "failed"}]
    assert ET.parse(tmp_path / "a.xml").getroot().attrib["failures"] == "1"
