"""Work in a thread hears that it is to break off where it waits, and hears it once."""

from __future__ import annotations

import threading
import time

import pytest

from clusterload.telemetry.cancellation import cancellable, check_cancelled, pause


def test_a_pause_is_broken_off_at_once_and_what_then_ends_may_take_its_time() -> None:
    asked = threading.Event()
    threading.Timer(0.1, asked.set).start()
    began = time.monotonic()
    with cancellable(asked):
        with pytest.raises(KeyboardInterrupt):
            pause(60)
        assert time.monotonic() - began < 30
        pause(0.01)
        check_cancelled()


def test_who_only_looks_hears_it_too() -> None:
    asked = threading.Event()
    with cancellable(asked):
        check_cancelled()
        asked.set()
        with pytest.raises(KeyboardInterrupt):
            check_cancelled()


def test_what_nobody_can_interrupt_sleeps_as_long_as_it_should() -> None:
    asked = threading.Event()
    with cancellable(asked):
        pass
    asked.set()
    check_cancelled()
    began = time.monotonic()
    pause(0.05)
    assert time.monotonic() - began >= 0.05
