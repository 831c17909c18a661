"""Threads that belong together: what fails in one of them is raised where they are looked after."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Thread


class Threads:
    """Some threads. A process may end without them, so that a broker that never answers keeps nobody from leaving."""

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
