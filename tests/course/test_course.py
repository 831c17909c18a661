"""What was written for the cloud runs here unchanged: a program of the course's kind, as a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "program.py"
CLUSTERLOAD = str(Path(sys.executable).parent / "clusterload")
SECONDS = 70


def clusterload(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CLUSTERLOAD, *arguments], cwd=cwd, capture_output=True, text=True, timeout=600, check=True)


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def properties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The client.properties of a lab that serves the Metrics API."""
    folder = tmp_path_factory.mktemp("course")
    started = clusterload("lab", "up", "--detach", "--metrics-api", "--cluster-id", "lkc-course", "--json", cwd=folder)
    yield folder / "client.properties"
    clusterload("lab", "down", json.loads(started.stdout)["id"], cwd=folder)


@pytest.fixture(scope="module")
def seen(properties: Path) -> dict[str, Any]:
    """What the program saw in a run of 70 s."""
    folder = properties.parent
    command = [sys.executable, str(PROGRAM), str(properties), str(folder), str(SECONDS)]
    subprocess.run(command, cwd=folder, timeout=SECONDS + 150, check=True)
    found: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    return found


def test_the_cluster_and_its_topic_are_described(seen: dict[str, Any]) -> None:
    assert seen["brokers"] == 3
    assert seen["partitions"] == 6
    assert seen["delivered"] == pytest.approx(SECONDS * 500, rel=0.01)
    assert seen["reports"] >= 20 * (SECONDS - 5)


def test_bytes_connections_and_requests_have_data_and_nobody_consumed(seen: dict[str, Any]) -> None:
    data = seen["data"]
    assert data["egress"] == []
    assert {row["metric.topic"] for row in data["ingress"]} == {"sale_records"}
    assert len(data["connections"]) == len(data["requests"]) >= 2
    assert sum(row["value"] for row in data["ingress"]) == pytest.approx(seen["delivered"] * 4200, rel=0.05)
    assert max(row["value"] for row in data["connections"]) in range(40, 62)
    assert sum(row["value"] for row in data["requests"]) >= seen["delivered"] / 10


def test_buckets_are_the_same_minutes_in_the_same_order_in_all_answers(seen: dict[str, Any]) -> None:
    stamps = {name: [row["timestamp"] for row in rows] for name, rows in seen["data"].items()}
    assert stamps["connections"] == stamps["requests"]
    assert [stamp for stamp in stamps["connections"] if stamp in stamps["ingress"]] == stamps["ingress"]
    for stamp in stamps["connections"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", stamp)


def test_the_load_joined_by_index_is_what_the_connections_make_it(seen: dict[str, Any]) -> None:
    connections = [row["value"] for row in seen["data"]["connections"]]
    assert max(seen["load"]) == max(connections)
    # In the minute in which the load ended the last sample of connections is none, and requests bind.
    assert all(load >= count for load, count in zip(seen["load"], connections, strict=False))


def test_the_pictures_are_drawn(seen: dict[str, Any], properties: Path) -> None:
    assert seen["load"]
    for name in ("riddle.png", "answer.png"):
        assert (properties.parent / name).read_bytes().startswith(b"\x89PNG")
