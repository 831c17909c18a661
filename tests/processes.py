"""Waiting for processes, with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil


def wait_for(condition: Callable[[], object], *, timeout: float = 120.0) -> None:
    """Wait until `condition` holds; fail when it does not within `timeout` seconds.

    The bound is far beyond what any of this takes: on a machine that is shared, one that stands still for half a
    minute is no failure of ours, and where all is well the bound costs nothing.
    """
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
