"""Orders: what an experiment consists of, and its folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from clusterload.analysis.effects import Kind
from clusterload.model.errors import ConfigurationError, StoreError
from clusterload.model.workload import from_dials
from clusterload.workflow.experiment import Orders
from clusterload.workflow.experiment.orders import FILE, claimed, kept

PLAN = from_dials({"request_rate": "100/s", "connections": "20", "record_size": "4096"}, duration=5)
FACTORS = ("connections=10,20", "record_size=2KiB,4KiB")


def orders(seed: int = 1, factors: tuple[str, ...] = FACTORS) -> Orders:
    """An experiment on two dials."""
    return Orders.of(PLAN, factors, kind=Kind.FULL, repeats=2, seed=seed)


def test_each_point_is_a_plan_that_says_what_is_set() -> None:
    made = orders().plan_at((1, 0))
    assert made.name == "10 connections, record size 4,096 B"
    assert made.loads[0].dials.connections == 10
    assert made.duration == PLAN.duration


def test_an_experiment_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    written = claimed(orders(), tmp_path / "new", seeded=True)
    assert kept(tmp_path / "new") == written == orders()
    assert json.loads((tmp_path / "new" / FILE).read_text())["order"] == [list(point) for point in orders().order]


def test_what_was_broken_off_goes_on_in_its_own_order(tmp_path: Path) -> None:
    claimed(orders(seed=1), tmp_path, seeded=False)
    assert claimed(orders(seed=2), tmp_path, seeded=False) == orders(seed=1)
    with pytest.raises(StoreError, match="another experiment"):
        claimed(orders(seed=2), tmp_path, seeded=True)
    with pytest.raises(StoreError, match="another experiment"):
        claimed(replace(orders(seed=1), repeats=3), tmp_path, seeded=False)


def test_a_folder_with_other_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.run").touch()
    with pytest.raises(StoreError, match="holds runs already"):
        claimed(orders(), tmp_path, seeded=False)
    (tmp_path / FILE).write_text("{}")
    with pytest.raises(StoreError, match="tells of no experiment"):
        claimed(orders(), tmp_path, seeded=False)


def test_what_cannot_be_measured_is_said_before_anything_is() -> None:
    with pytest.raises(ConfigurationError, match="varied twice"):
        orders(factors=("connections=10,20", "connections=5,20"))
    with pytest.raises(ConfigurationError, match="byte_rate"):
        Orders.of(from_dials({"byte_rate": "1MB/s", "record_rate": "1000/s"}), ("record_size=1000,5000",), seed=1)


def test_it_says_about_how_long_it_takes() -> None:
    made = orders()
    assert made.seconds == pytest.approx(len(made.order) * 11)
