"""Worker threads whose errors are raised in the main thread, and the clock that all Loads of this engine share."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Self

from clusterload.model.series import SECOND


class Threads:
    """Daemon threads, so that a broker that never responds does not keep the process from ending."""

    def __init__(self, name: str, works: Sequence[Callable[[], None]]) -> None:
        """Threads called `name` and a number, a work each; they begin with `start`."""
        self._errors: list[Exception] = []
        self._threads = [
            Thread(target=self._guarded, args=(work,), name=f"{name}-{number}", daemon=True)
            for number, work in enumerate(works, 1)
        ]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # raised by check
            self._errors.append(error)

    def start(self) -> None:
        """Begin all works."""
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise what failed in one of them, if anything did."""
        if self._errors:
            raise self._errors[0]

    @property
    def alive(self) -> bool:
        """Whether one of them is still at work."""
        return any(thread.is_alive() for thread in self._threads)

    def join(self, seconds: float) -> None:
        """Wait for all of them, within a bound."""
        give_up = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, give_up - time.monotonic()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When a load began, and how long it lasts.

    Attributes:
        start: Unix nanoseconds at which it began.
        began: the same moment in seconds of the monotonic clock.
        duration: seconds.
    """

    start: int
    began: float
    duration: float

    @classmethod
    def starting(cls, start: int, duration: float) -> Self:
        """The clock of a load that begins at Unix nanoseconds `start`, which may be yet to come."""
        return cls(start=start, began=time.perf_counter() + (start - time.time_ns()) / SECOND, duration=duration)

    @property
    def elapsed(self) -> float:
        """Seconds since the load began."""
        return time.perf_counter() - self.began

    @property
    def now(self) -> int:
        """Unix nanoseconds, by this clock."""
        return self.start + int(self.elapsed * SECOND)

    def wait(self) -> None:
        """Wait until the load begins."""
        while (left := -self.elapsed) > 0:
            time.sleep(min(left, 0.2))
