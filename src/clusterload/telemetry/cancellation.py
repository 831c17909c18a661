"""Cancellation: Ctrl-C for work that runs in a thread, which no signal reaches.

The caller gives the work an event, and sets it to cancel the work, which then ends as by Ctrl-C at its next check.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_CANCELLED: Final[ContextVar[threading.Event | None]] = ContextVar("cancelled", default=None)


@contextmanager
def cancellable(cancelled: threading.Event) -> Iterator[None]:
    """What this thread does in the block is cancelled when the event is set."""
    token = _CANCELLED.set(cancelled)
    try:
        yield
    finally:
        _CANCELLED.reset(token)


def check_cancelled() -> None:
    """Raise KeyboardInterrupt if cancelled."""
    pause(0.0)


def pause(seconds: float) -> None:
    """Sleep; raise KeyboardInterrupt if cancelled meanwhile."""
    cancelled = _CANCELLED.get()
    if cancelled is None:
        time.sleep(seconds)
    elif cancelled.wait(seconds):
        cancelled.clear()  # once, as Ctrl-C: the clean-up that follows may take its time
        raise KeyboardInterrupt
