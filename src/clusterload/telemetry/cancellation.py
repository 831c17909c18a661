"""Interruption: Ctrl-C for work that runs in a thread, which no signal reaches.

Who runs work in a thread gives it an event, and sets it to end the work. The work then breaks off as by Ctrl-C, at the
next place where it looks, in good order and with the same words.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_ASKED: Final[ContextVar[threading.Event | None]] = ContextVar("asked", default=None)


@contextmanager
def interruptible(asked: threading.Event) -> Iterator[None]:
    """What is done in this block, by this thread, breaks off when the event is set."""
    token = _ASKED.set(asked)
    try:
        yield
    finally:
        _ASKED.reset(token)


def look() -> None:
    """Break off if that was asked for.

    Raises:
        KeyboardInterrupt: it was.
    """
    pause(0.0)


def pause(seconds: float) -> None:
    """Sleep, unless it is asked to break off meanwhile.

    Raises:
        KeyboardInterrupt: it is.
    """
    asked = _ASKED.get()
    if asked is None:
        time.sleep(seconds)
    elif asked.wait(seconds):
        asked.clear()  # as Ctrl-C, it is heard once: what ends in good order may take its time
        raise KeyboardInterrupt
