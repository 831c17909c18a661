"""Rate limits: how many requests each caller may send in each window of time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

PER_MINUTE: Final = 300
"""Requests of one address in a minute. The published contract said 60; the service allows 300 by now."""
EXPORTS_PER_HOUR: Final = 160
"""Exports of one cluster in an hour. The published contract said 80; the service allows 160 by now."""

_MOST_CALLERS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a caller has left: `limit` in a window, `remaining` of it, `reset` seconds until the next."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """The contract's headers."""
        return {
            "rateLimit-limit": str(self.limit),
            "rateLimit-remaining": str(self.remaining),
            "rateLimit-reset": str(self.reset),
        }


@dataclass(slots=True)
class Rate:
    """At most `limit` requests of each caller in each window of `seconds`, counted from the caller's first one.

    Attributes:
        limit: requests in a window.
        seconds: length of a window.
        clock: tells seconds; never goes back.
    """

    limit: int
    seconds: float
    clock: Callable[[], float]
    _windows: dict[str, tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, caller: str) -> Allowance:
        """Count one request of a caller."""
        now = self.clock()
        with self._lock:
            began, count = self._windows.get(caller, (now, 0))
            if now - began >= self.seconds:
                began, count = now, 0
            if len(self._windows) >= _MOST_CALLERS:
                self._windows = {key: one for key, one in self._windows.items() if now - one[0] < self.seconds}
            self._windows[caller] = began, count + 1
        return Allowance(
            limit=self.limit,
            remaining=max(0, self.limit - count - 1),
            reset=max(1, -int(-(began + self.seconds - now) // 1)),
            exceeded=count >= self.limit,
        )
