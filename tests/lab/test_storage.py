"""Data directories are what Kafka's own tool would make."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import crc32c
import pytest

from clusterload.lab import artifacts, java, lock, scram, storage
from tests.lab.older import OLDER

if TYPE_CHECKING:
    from pathlib import Path

# A record batch: CRC at 17-20, first and last timestamp at 27-42. They differ between any two runs of the tool.
_TIME_AND_CRC = [*range(17, 21), *range(27, 43)]


def keys(data: Path) -> dict[str, str]:
    """The meta.properties of a data directory."""
    lines = (data / "meta.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def whole(content: bytes) -> list[bytes]:
    """The record batches of a checkpoint."""
    found = []
    while content:
        end = 12 + int.from_bytes(content[8:12])
        found.append(content[:end])
        content = content[end:]
    return found


def batches(content: bytes) -> list[bytes]:
    """The record batches of a checkpoint, without their times and checksums."""
    return [
        bytes(0 if place in _TIME_AND_CRC else byte for place, byte in enumerate(batch)) for batch in whole(content)
    ]


@pytest.mark.parametrize("kafka", [lock.DEFAULT_KAFKA, *OLDER])
def test_formatting_does_what_the_tool_does(tmp_path: Path, kafka: str) -> None:
    locked, bundled = lock.read(kafka), java.find()
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


@pytest.mark.parametrize("kafka", [lock.DEFAULT_KAFKA, *OLDER])
def test_users_are_put_in_as_the_tool_does(tmp_path: Path, kafka: str) -> None:
    locked, bundled = lock.read(kafka), java.find()
    jars = artifacts.fetch(locked)
    salt = b"0123456789abcdefghijklmn"
    words = [
        f"{name}=[name=lab,salt={base64.b64encode(salt).decode()},password=a=b,iterations=4096]"
        for name in ("SCRAM-SHA-256", "SCRAM-SHA-512")
    ]
    more = [word for each in words for word in ("--add-scram", each)]
    storage.storage_tool(bundled, jars, tmp_path / "tool", cluster_id=storage.new_id(), broker=1, more=more)
    plain = storage.checkpoint(locked, bundled, jars).read_bytes()
    ours = scram.with_users(plain, scram.credentials("lab", "a=b", salt))
    assert batches(ours) == batches((tmp_path / "tool" / "bootstrap.checkpoint").read_bytes())
    for batch in whole(ours):
        assert int.from_bytes(batch[17:21]) == crc32c.crc32c(batch[21:])


def test_ids_look_like_kafkas_own() -> None:
    made = {storage.new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"\w[\w-]{21}", each) for each in made)
