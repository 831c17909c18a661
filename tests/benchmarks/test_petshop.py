"""The outside set's adapter, on a small folder of the same shape."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.petshop import JUDGES, STEP, chance, incidents, read, shown

SERVICES = ("front", "basket", "stock")
START = 1_600_000_200


def write(path: Path, values: dict[str, list[float]], start: int) -> None:
    """A table with the latency of each service, as the data set has it."""
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["microservice", *values])
        lines.writerow(["metric", *(["latency"] * len(values))])
        lines.writerow(["statistic", *(["Average"] * len(values))])
        lines.writerow(["unix_timestamp", *([""] * len(values))])
        for number, row in enumerate(zip(*values.values(), strict=True)):
            lines.writerow([start + STEP * number, *("" if np.isnan(value) else value for value in row)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scenario of two days in which nothing happened, and an incident of `stock` that `front` feels a little."""
    random = np.random.default_rng(1)
    usual = {service: list(0.2 + 0.01 * random.normal(size=300)) for service in SERVICES}
    usual["stock"][5] = float("nan")
    write(tmp_path / "calm" / "noissue" / "metrics.csv", usual, START)
    moved = {"front": [0.2, 0.2, 0.4, 0.4, 0.4], "basket": [0.2] * 5, "stock": [0.2, 0.2, 2.0, 2.1, 2.0]}
    write(tmp_path / "calm" / "test" / "issue_0" / "metrics.csv", moved, START + 1_000_000)
    target = {
        "target": {"node": "front", "metric": "latency", "timestamp": START + 1_000_000 + 2 * STEP - 20},
        "root_cause": {"node": "stock"},
    }
    (tmp_path / "calm" / "test" / "issue_0" / "target.json").write_text(json.dumps(target))
    (tmp_path / "lost" / "test" / "issue_0").mkdir(parents=True)
    (tmp_path / "lost" / "test" / "issue_0" / "target.json").write_text(json.dumps(target))
    return tmp_path


def test_an_incident_begins_at_its_alarm_and_has_its_scenario_as_usual(folder: Path) -> None:
    (incident,) = incidents(folder)  # a scenario without its usual stretch cannot be judged
    assert (incident.cause, incident.metric, incident.services) == ("stock", "latency", set(SERVICES))
    (stock,) = (series for series in incident.now.series if series.labels["service"] == "stock")
    assert stock.between(incident.now.start, incident.now.end).values.tolist() == [2.0, 2.1, 2.0]
    assert incident.normal.seconds == 300 * STEP


def test_a_gap_in_the_table_is_a_gap(folder: Path) -> None:
    run = read(folder / "calm" / "noissue" / "metrics.csv")
    assert [int(np.count_nonzero(np.isnan(series.values))) for series in run.series] == [0, 0, 1]


@pytest.mark.parametrize("judge", JUDGES)
def test_every_judge_ranks_first_what_moved_farthest(folder: Path, judge: str) -> None:
    (incident,) = incidents(folder)
    assert JUDGES[judge](incident)[:2] == ["stock", "front"]


def test_causes_are_counted_next_to_what_a_random_order_finds(folder: Path) -> None:
    found = list(incidents(folder))
    assert chance(found, 1) == pytest.approx(1 / 3)
    assert chance(found, 3) == 1.0
    first, *_, last = shown(found).splitlines()[2:]
    assert [cell.strip() for cell in first.split("|")[1:4]] == ["clusterload changed", "1", "1"]
    assert [cell.strip() for cell in last.split("|")[1:4]] == ["a random order", "0.3", "1.0"]
