"""The start-up cache is trained once, and a lab that cannot have one starts all the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from clusterload.lab import aot, java, lock
from clusterload.lab.layout import Runtime
from clusterload.model.errors import LabError

if TYPE_CHECKING:
    from pathlib import Path


def runtime(folder: Path, major: int = 25) -> Runtime:
    """A kit of files that are not there, but for one jar."""
    if not (folder / "a.jar").exists():
        (folder / "a.jar").touch()
    return Runtime(
        java=java.Java(path=folder / "java", version=f"{major}.0", major=major),
        lock=lock.read(),
        jars=(folder / "a.jar",),
        exporter=folder / "agent.jar",
        checkpoint=folder / "checkpoint",
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory."""
    monkeypatch.setenv("CLUSTERLOAD_CACHE", str(tmp_path))
    return tmp_path


def test_a_training_that_fails_costs_speed_only_and_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LabError("broker 1 ended\nits log")

    monkeypatch.setattr(aot, "launch", fail)
    said: list[str] = []
    plain = runtime(folder)
    assert aot.with_startup_cache(plain, lambda what, _done, _total: said.append(what)) == plain
    assert said[-1] == "no start-up cache, brokers start slower: broker 1 ended"


@pytest.mark.parametrize(("major", "option"), [(25, "-XX:AOTCache="), (17, "-XX:SharedArchiveFile=")])
def test_a_cache_that_is_there_is_used_without_training(
    folder: Path, monkeypatch: pytest.MonkeyPatch, major: int, option: str
) -> None:
    monkeypatch.setattr(aot, "launch", None)
    plain = runtime(folder, major)
    file = aot.cache_file(plain)
    file.parent.mkdir()
    file.touch()
    os.utime(file, (1, 1))
    assert f"{option}{file}" in aot.with_startup_cache(plain, lambda *_: None).jvm_options
    assert file.stat().st_mtime > 1, "caches are dropped when they were not used for longest"


def test_another_java_or_other_jars_need_another_cache(folder: Path) -> None:
    first = aot.cache_file(runtime(folder))
    assert aot.cache_file(runtime(folder)) == first
    assert aot.cache_file(runtime(folder, 26)) != first
    changed = runtime(folder)
    changed.jars[0].unlink()
    changed.jars[0].touch()
    assert aot.cache_file(changed) != first
