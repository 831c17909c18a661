"""The arithmetic behind what is claimed of sources: what is unknown does not count as right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.rig.watching import written
from benchmarks.scrape_cost import summed_up
from benchmarks.sources_truth import level_off, total
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import CONNECTIONS
from tests.stored_runs import START, plan, stored

LEVEL = "connections"


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A load of 70 s."""
    return stored(tmp_path_factory.mktemp("runs") / "load.run", made=plan(duration=70))


def run_of(load: Run, *brokers: Sequence[tuple[float, float]], granularity: float = 1.0) -> Run:
    """What a source says of a level: for each broker seconds after the load's start, with the value."""
    series = tuple(
        Series(
            name=LEVEL,
            unit=CONNECTIONS,
            kind=Kind.GAUGE,
            labels={"broker": str(number)},
            granularity=granularity,
            times=np.array([START + round(second * SECOND) for second, _ in points], dtype=np.int64),
            values=np.array([value for _, value in points], dtype=np.float64),
        )
        for number, points in enumerate(brokers)
    )
    return replace(load, series=series)


def test_a_level_is_the_sum_over_brokers_and_the_worst_moment_counts(load: Run) -> None:
    right = [(10.0, 5.0), (20.0, 5.0)]
    assert level_off(run_of(load, right, right), LEVEL, load, 10) == 0
    assert level_off(run_of(load, right, [(10.0, 5.0), (20.0, 7.0)]), LEVEL, load, 10) == 2


def test_what_is_said_before_all_is_at_rest_does_not_count(load: Run) -> None:
    assert level_off(run_of(load, [(0.5, 1.0), (10.0, 5.0), (69.9, 2.0)]), LEVEL, load, 5) == 0


def test_a_minute_counts_only_if_all_of_it_is_at_rest(load: Run) -> None:
    assert level_off(run_of(load, [(33.0, 5.0)], granularity=60), LEVEL, load, 5) == 0
    assert math.isnan(level_off(run_of(load, [(20.0, 3.0)], granularity=60), LEVEL, load, 5))


def test_a_level_that_one_broker_does_not_tell_is_not_measured(load: Run) -> None:
    assert math.isnan(level_off(run_of(load, [(10.0, 5.0)], [(0.1, 5.0)]), LEVEL, load, 5))
    assert math.isnan(level_off(run_of(load), LEVEL, load, 0))
    assert math.isnan(total(run_of(load), "ingress"))


def test_costs_are_medians_with_their_range() -> None:
    turns = [{"brokers_cost": cost, "ours_with": 0.01} for cost in (0.3, -0.1, 0.2)]
    assert summed_up(turns) == {
        "brokers_cost": 0.2,
        "ours_with": 0.01,
        "brokers_cost_least": -0.1,
        "brokers_cost_most": 0.3,
    }
    assert summed_up([]) == {}


def test_what_is_not_known_is_null_in_the_raw_figures(tmp_path: Path) -> None:
    written(tmp_path / "a.json", {"known": 1.0, "unknown": math.nan})
    assert '"unknown": null' in (tmp_path / "a.json").read_text(encoding="utf-8")
