"""What a calibration found reads at 80 columns and as JSON: ceilings with intervals, or unknown and why."""

from __future__ import annotations

import json
import math

from rich.console import Console

from clusterload.analysis.ceiling import Calibration
from clusterload.analysis.ceiling.bound import Bound
from clusterload.analysis.ceiling.resource_load import DRIVES
from clusterload.analysis.ceiling.search import Ceiling, Search, Staircase, Step, StepOutcome
from clusterload.report.calibration import calibration_document, calibration_view, step_line
from clusterload.workflow.step_search import StepProgress
from clusterload.workflow.step_search.calibrate import CalibrationRequest

STAIRCASE = Staircase(first=800, least=1, breaks=1, tries=1)


def search(*steps: Step) -> Search:
    return Search(steps=steps, found=STAIRCASE.found(steps))


def step(value: float, outcome: StepOutcome, why: str) -> Step:
    return Step(value=value, outcome=outcome, why=why, used=value, figures={"latency.p99": math.nan})


HELD, BROKE = (
    step(800, StepOutcome.HELD, "saturation 62 %, latency.p99 9 ms"),
    step(880, StepOutcome.BROKE, "latency.p99 71.3 ms"),
)
UNSURE = step(2e6, StepOutcome.UNSURE, "the generator was the bottleneck: the busiest worker took 0.98 of a core")


def calibration() -> Calibration:
    """Requests were found, ingress was not."""
    found = Ceiling(resource="requests", unit=DRIVES["requests"].unit, searches=(search(HELD, BROKE),), wanted=1)
    low = step(1e6, StepOutcome.HELD, "saturation 20 %, latency.p99 4 ms")
    unknown = Ceiling(resource="ingress", unit=DRIVES["ingress"].unit, searches=(search(low, UNSURE),), wanted=1)
    return Calibration(
        cluster_id="lkc-1",
        lab=True,
        brokers=3,
        bounds=(Bound.parsed("saturation > 90 %"), Bound.parsed("latency.p99 > 50 ms")),
        seed=7,
        day="2026-01-01",
        ceilings=(unknown, found),
        doubts=("before a step of ingress the cluster was not at rest",),
    )


def shown() -> str:
    console = Console(width=80)
    with console.capture() as captured:
        for part in calibration_view(calibration()):
            console.print(part)
    return captured.get()


def test_a_ceiling_is_shown_with_its_interval_and_what_broke_it() -> None:
    text = shown()
    assert "Requests" in text
    assert "800/s   800/s     880/s     1 of 1" in text
    assert "Requests: latency.p99 71.3 ms" in text
    assert "Within saturation <= 90 %, latency.p99 <= 50 ms" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_ceiling_that_the_generator_hid_is_at_least_and_unknown() -> None:
    text = shown()
    assert "at least 1 MB/s" in text
    assert "unknown" in text
    assert "Ingress: the generator was the bottleneck" in text


def test_a_reader_learns_of_doubts_and_that_a_lab_shares_its_host() -> None:
    text = " ".join(shown().split())
    assert "the cluster was not at rest" in text
    assert "share one machine with the generator" in text


def test_only_a_known_ceiling_becomes_a_limit() -> None:
    limits = calibration().limits
    assert limits is not None
    (limit,) = limits.limits
    assert (limit.resource, limit.value.value, limit.low, limit.high) == ("requests", 800, 800, 880)
    assert limit.source == (
        "clusterload limits calibrate on lab lkc-1 of 3 brokers, 1 repeat, saturation <= 90 %, latency.p99 <= 50 ms"
    )
    assert "share one machine" in limits.note


def test_programs_get_plain_values_without_nan() -> None:
    document = json.loads(json.dumps(calibration_document(calibration()), allow_nan=False))
    assert document["bounds"] == ["saturation > 90 %", "latency.p99 > 50 ms"]
    assert document["resources"]["requests"]["high"] == 880
    ingress = document["resources"]["ingress"]
    assert (ingress["known"], ingress["value"], ingress["at_least"]) == (False, None, 1e6)
    assert ingress["searches"][0]["steps"][1]["outcome"] == "unsure"


def test_a_step_is_told_in_a_line() -> None:
    load = CalibrationRequest().stepped(DRIVES["requests"], 3)
    before = StepProgress(load=load, repeat=2, number=5, value=880)
    assert step_line(before) == "requests 2.5: 880/s"
    after = StepProgress(load=load, repeat=2, number=5, value=880, step=BROKE)
    assert step_line(after) == "requests 2.5: 880/s broke: latency.p99 71.3 ms"
