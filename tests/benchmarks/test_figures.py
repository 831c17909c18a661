"""The arithmetic behind what the benchmarks claim."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.rig.tables import Target, ratio, share
from benchmarks.soak import growth
from benchmarks.wire_rate import RATE, kept
from benchmarks.wire_truth import arithmetic


def test_a_rate_that_is_kept_has_no_error_and_no_variation() -> None:
    times = np.floor(np.arange(10 * RATE) * 1000 / RATE).astype(np.int64)
    found = kept(times)
    assert abs(found["mean"]) < 1e-3
    assert found["begin"] == 0
    assert found["variation"] < 1e-9


def test_a_rate_that_begins_too_high_is_seen_in_the_first_two_seconds() -> None:
    begin = np.arange(int(2 * 1.25 * RATE)) * 1000 / (1.25 * RATE)
    rest = 2000 + np.arange(8 * RATE) * 1000 / RATE
    found = kept(np.floor(np.concatenate([begin, rest])).astype(np.int64))
    assert found["begin"] == pytest.approx(0.25, abs=0.01)
    assert found["mean"] == pytest.approx(0.05, abs=0.01)
    assert found["variation"] > 0.05


def test_a_gap_is_part_of_the_variation() -> None:
    times = np.arange(10_000, dtype=np.int64)
    assert kept(times[(times < 4000) | (times >= 5000)])["least"] == 0


def test_arithmetic_of_a_pause_of_one_second_in_ten() -> None:
    found = arithmetic(1.0)
    assert {name: round(found[name]) for name in ("p50", "p90", "p95", "p99", "p999", "mean")} == {
        "p50": 0,
        "p90": 0,
        "p95": 500,
        "p99": 900,
        "p999": 990,
        "mean": 50,
    }


def test_memory_that_only_rises_at_the_start_is_flat() -> None:
    assert growth([10.0] * 100 + [50.0] * 1700) == 0


def test_memory_that_creeps_is_not_flat() -> None:
    assert growth([100 + second / 60 for second in range(1800)]) > 0.2


def test_what_was_not_measured_meets_no_target() -> None:
    assert not Target(what="x", value=math.nan, most=1).met
    assert not Target(what="x", value=1.0, least=math.nan).met
    assert math.isnan(ratio(1, 0))
    assert math.isnan(share("cpu", "stored")({"cpu": 1.0}))
