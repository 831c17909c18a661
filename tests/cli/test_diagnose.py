"""`clusterload diagnose` judges a run file without a cluster, and a lab that others load while it watches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterload.model.run import Run
from clusterload.model.series import Point
from clusterload.telemetry.runfile import Recorder
from tests.analysis.causes.scenes import BASELINE, recorded
from tests.analysis.causes.signatures import SEEN

from ..conftest import Tool


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A run file of a cluster in which a client begins to send small batches after 15 s."""
    path = tmp_path / "seen.run"
    written(recorded(SEEN["small batches"].changes), path)
    return path


def written(run: Run, path: Path) -> None:
    """A run as a file."""
    with Recorder(path) as recorder:
        recorder.document("environment", dict(run.environment))
        recorder.document("window", {"start": run.start, "end": run.end, "complete": True})
        for one in run.series:
            spans = one.spans if len(one.spans) else [0.0] * len(one)
            for at, value, span in zip(one.times, one.values, spans, strict=True):
                recorder.record(Point(one.name, one.unit, one.kind, one.labels, int(at), float(value), float(span)))


def test_a_run_file_is_judged_against_its_own_first_seconds(tool: Tool, stored: Path) -> None:
    done = tool("diagnose", str(stored), "--baseline", f"{BASELINE}s", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["state"] == "limited"
    assert "because of small-batches (client amber)" in told["verdict"]
    first = told["findings"][0]
    assert (first["cause"], first["culprits"][0]["kind"], first["culprits"][0]["name"]) == (
        "small-batches", "client", "amber",
    )  # fmt: skip
    assert first["confidence"] > 0.8
    assert {"name", "now", "before", "unit", "source", "window_s", "whose"} == first["evidence"][0].keys()
    assert {"what", "effect", "gain"} == first["cure"].keys()
    assert {"limit_load", "saturation", "binding", "headroom", "missing"} <= told.keys()


def test_parts_of_run_files_are_windows_and_baselines_too(tool: Tool, stored: Path) -> None:
    done = tool("diagnose", f"{stored}@20s..45s", "--baseline", f"{stored}@0s..15s")
    assert done.returncode == 0, done.stderr
    assert "small-batches" in done.stdout
    assert "Cure: linger.ms" in done.stdout
    assert "Disproved if:" in done.stdout
    calm = tool("diagnose", f"{stored}@7s..15s", "--baseline", f"{stored}@0s..7s")
    assert "causes holds that these metrics can show" in " ".join(calm.stdout.split())


def test_without_a_baseline_a_run_is_held_against_what_was_before_its_last_change(tool: Tool, stored: Path) -> None:
    done = tool("diagnose", str(stored), "--json")
    assert done.returncode == 0, done.stderr
    assert "baseline: " in done.stderr
    assert ", before " in done.stderr
    told = json.loads(done.stdout)
    assert (told["findings"][0]["cause"], told["findings"][0]["culprits"][0]["name"]) == ("small-batches", "amber")
    assert told["findings"][0]["evidence"][0]["before"] is not None


def test_a_part_of_a_run_is_held_against_what_the_file_has_before_it(tool: Tool, stored: Path) -> None:
    done = tool("diagnose", f"{stored}@25s..45s", "--json")
    told = json.loads(done.stdout)
    assert ", before " in done.stderr
    assert told["findings"][0]["evidence"][0]["before"] is not None


def test_no_baseline_is_looked_for_if_none_is_wanted_or_all_of_the_run_has_to_pass(tool: Tool, stored: Path) -> None:
    for arguments in (("--baseline", "none"), ("--fail-if", "under_replicated.max > 0")):
        done = tool("diagnose", str(stored), *arguments)
        assert "baseline: " not in done.stderr
        assert "without a baseline" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("seen.run", "--baseline", "45s"), "leaves nothing"),
        (("seen.run", "--for", "5s"), "for a cluster that is watched"),
        (("seen.run", "--units", "3"), "name the table by --limits"),
        (("now-2h/1h",), "is not a run file"),
        (("nothing.run",), "does not exist"),
        ((), "no cluster was named"),
        (("seen.run", "--baseline", "later"), "neither a run file nor a stretch"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tool: Tool, stored: Path, arguments: tuple[str, ...], said: str) -> None:
    assert stored.exists()
    done = tool("diagnose", *arguments)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
