"""Orders: what an experiment consists of, and its folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from clusterload.analysis.effects import DesignKind
from clusterload.model.errors import ConfigurationError, StoreError
from clusterload.model.workload import from_dials
from clusterload.workflow.experiment import ExperimentSpec
from clusterload.workflow.experiment.spec import FILE, claim_folder, read_spec

PLAN = from_dials({"request_rate": "100/s", "connections": "20", "record_size": "4096"}, duration=5)
FACTORS = ("connections=10,20", "record_size=2KiB,4KiB")


def spec(seed: int = 1, factors: tuple[str, ...] = FACTORS) -> ExperimentSpec:
    """An experiment on two dials."""
    return ExperimentSpec.of(PLAN, factors, kind=DesignKind.FULL, repeats=2, seed=seed)


def test_each_point_is_a_plan_that_says_what_is_set() -> None:
    made = spec().plan_at((1, 0))
    assert made.name == "10 connections, record size 4,096 B"
    assert made.loads[0].dials.connections == 10
    assert made.duration == PLAN.duration


def test_an_experiment_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_spec(tmp_path) is None
    written = claim_folder(spec(), tmp_path / "new", seeded=True)
    assert read_spec(tmp_path / "new") == written == spec()
    assert json.loads((tmp_path / "new" / FILE).read_text())["order"] == [list(point) for point in spec().order]


def test_what_was_broken_off_goes_on_in_its_own_order(tmp_path: Path) -> None:
    claim_folder(spec(seed=1), tmp_path, seeded=False)
    assert claim_folder(spec(seed=2), tmp_path, seeded=False) == spec(seed=1)
    with pytest.raises(StoreError, match="another experiment"):
        claim_folder(spec(seed=2), tmp_path, seeded=True)
    with pytest.raises(StoreError, match="another experiment"):
        claim_folder(replace(spec(seed=1), repeats=3), tmp_path, seeded=False)


def test_a_folder_with_other_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.run").touch()
    with pytest.raises(StoreError, match="holds runs already"):
        claim_folder(spec(), tmp_path, seeded=False)
    (tmp_path / FILE).write_text("{}")
    with pytest.raises(StoreError, match="is not an experiment"):
        claim_folder(spec(), tmp_path, seeded=False)


def test_what_cannot_be_measured_is_said_before_anything_is() -> None:
    with pytest.raises(ConfigurationError, match="varied twice"):
        spec(factors=("connections=10,20", "connections=5,20"))
    with pytest.raises(ConfigurationError, match="byte_rate"):
        ExperimentSpec.of(
            from_dials({"byte_rate": "1MB/s", "record_rate": "1000/s"}), ("record_size=1000,5000",), seed=1
        )


def test_it_says_about_how_long_it_takes() -> None:
    made = spec()
    assert made.seconds == pytest.approx(len(made.order) * 11)
