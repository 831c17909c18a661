"""Pacers: pure functions from elapsed time to how much is due.

A schedule is absolute. What is due at a moment follows from the moment alone, so a late sender catches up
instead of drifting, and the same plan gives the same schedule on every machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from clusterload.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """The same rate all the time, in events per second."""

    rate: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ConfigurationError(f"a rate of {self.rate:g}/s makes no load: give a rate above 0")

    def due(self, elapsed: float) -> int:
        """How many events are due after `elapsed` seconds; the first is due at 0."""
        if elapsed < 0:
            return 0
        latest = math.floor(elapsed * self.rate)
        # The product can be a rounding beside the truth (0.3 * 10 < 3); `when` has the last word.
        if self.when(latest + 1) <= elapsed:
            latest += 1
        elif self.when(latest) > elapsed:
            latest -= 1
        return latest + 1

    def when(self, index: int) -> float:
        """Seconds after the start at which event `index`, counted from 0, is due."""
        return index / self.rate

    def total(self, duration: float) -> int:
        """How many events fall due within `duration` seconds, its end left out."""
        due = self.due(duration)
        return due - 1 if due and self.when(due - 1) >= duration else due
