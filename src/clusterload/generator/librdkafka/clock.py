"""The clock that all Loads of this engine go by."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self

from clusterload.model.series import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When a load began, and how long it lasts.

    Attributes:
        start: Unix nanoseconds at which it began.
        began: the same moment in seconds of a clock that nobody sets.
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
