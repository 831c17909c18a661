"""One lab of three brokers for all tests that only look at it; labs of their own for tests that break it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from clusterload.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state directory of the tests' own, so that they neither see nor stop anyone's labs."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("state")
        patch.setenv("CLUSTERLOAD_STATE", str(path))
        yield path


@pytest.fixture(scope="session")
def lab(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three brokers, shared: produce and read as you like, but stop nothing."""
    with Lab(3, directory=tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture
def tool() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python code as a process of its own, which is killed at the end of the test."""
    started = []

    def start(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], object], *, timeout: float = 15.0) -> None:
    """Wait until `condition` holds; fail when it does not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold in time"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
