"""Data directories are what Kafka's own tool would make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clusterload.lab import artifacts, java, lock, storage

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.lab import Lab

# A record batch: CRC at 17-20, first and last timestamp at 27-42. They differ between any two runs of the tool.
_TIME_AND_CRC = [*range(17, 21), *range(27, 43)]


def keys(data: Path) -> dict[str, str]:
    """The meta.properties of a data directory."""
    lines = (data / "meta.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def batches(content: bytes) -> list[bytes]:
    """The record batches of a checkpoint, without their times and checksums."""
    found = []
    while content:
        end = 12 + int.from_bytes(content[8:12])
        batch = bytearray(content[:end])
        for place in _TIME_AND_CRC:
            batch[place] = 0
        found.append(bytes(batch))
        content = content[end:]
    return found


def test_formatting_does_what_the_tool_does(lab: Lab, tmp_path: Path) -> None:
    locked, bundled = lock.read(), java.find()
    jars = artifacts.fetch(locked)
    cluster = storage.new_id()
    storage.storage_tool(bundled, jars, tmp_path / "tool", cluster_id=cluster, broker=2)
    ours = tmp_path / "ours"
    storage.format_data(ours, storage.checkpoint(locked, bundled, jars), cluster_id=cluster, broker=2)

    assert {path.name for path in ours.iterdir()} == {path.name for path in (tmp_path / "tool").iterdir()}
    theirs = keys(tmp_path / "tool")
    assert keys(ours) | {"directory.id": ""} == theirs | {"directory.id": ""}
    assert re.fullmatch(r"[\w-]{22}", theirs["directory.id"])
    assert re.fullmatch(r"[\w-]{22}", keys(ours)["directory.id"])
    name = "bootstrap.checkpoint"
    assert batches((ours / name).read_bytes()) == batches((tmp_path / "tool" / name).read_bytes())


def test_ids_look_like_kafkas_own() -> None:
    made = {storage.new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"\w[\w-]{21}", each) for each in made)
