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
        # Guards against 0.3 * 10 = 2.9999999999999996: an event due exactly now is due.
        return math.floor(elapsed * self.rate + 1e-9) + 1

    def when(self, index: int) -> float:
        """Seconds after the start at which event `index`, counted from 0, is due."""
        return index / self.rate

    def total(self, duration: float) -> int:
        """How many events fall due within `duration` seconds, its end left out."""
        return math.ceil(duration * self.rate - 1e-9)
