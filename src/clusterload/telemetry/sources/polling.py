"""Asking every broker again and again on a thread of its own, so that one that stops does not hide the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.growth import Growth, Moment
from clusterload.telemetry.sources.source import Sink

MOST_STRETCHED: Final = 8
"""How many times its interval a broker that is slow to answer is left alone at most."""

# Asking shall not become a load of its own: an answer that takes half of the interval keeps the broker half busy.
_SLOW: Final = 0.5
# Back only if the shorter interval would do too, with something to spare: otherwise it would go to and fro.
_QUICK: Final = 0.4
# The first answer is often a slow one, and one long pause of a garbage collector says nothing.
_IN_A_ROW: Final = 3

Ask: TypeAlias = Callable[[], Moment]
"""Asks a broker once what it shows; raises SourceError if it does not answer as it should."""


def _nothing() -> None:
    pass


@dataclass(slots=True, kw_only=True)
class Pace:
    """How often a broker is asked: less often while its answers take long. Knows no clock.

    Attributes:
        base: seconds between questions while answers are quick.
        stretch: times that many seconds pass between questions now: 1, 2, 4 or 8.
    """

    base: float
    stretch: int = 1
    _slow: int = 0
    _quick: int = 0

    @property
    def interval(self) -> float:
        """Seconds between questions now."""
        return self.base * self.stretch

    def took(self, seconds: float) -> bool:
        """Learn what an answer took; whether the interval has changed by it."""
        self._slow = self._slow + 1 if seconds > _SLOW * self.interval else 0
        self._quick = self._quick + 1 if seconds < _QUICK * self.interval / 2 else 0
        before = self.stretch
        if self._slow >= _IN_A_ROW:
            self.stretch = min(MOST_STRETCHED, 2 * self.stretch)
        elif self._quick >= _IN_A_ROW:
            self.stretch = max(1, self.stretch // 2)
        if self.stretch == before:
            return False
        self._slow = self._quick = 0
        return True

    def after(self, due: float, now: float) -> float:
        """When the question after the one that was due then is due: whole intervals later, and not before `now`."""
        behind = now - due
        return due + self.interval * max(1.0, -(-behind // self.interval))


@dataclass(slots=True, kw_only=True)
class Poller:
    """One broker, asked on whole intervals; those that a slow answer missed are left out.

    A question that fails leaves a gap and, the first time, an event; the next one is asked on time. When answers
    take more than half the interval, it is doubled, up to eight times; an event says so, and when it is back.
    At the end it is asked once more, unless it fails or was just asked: what it counted last would be missing where
    the interval was doubled, or where the machine was too busy to ask on time.

    Attributes:
        ask: asks the broker once.
        growth: takes what the broker showed, and knows its id.
        interval: seconds between questions while the broker answers quickly.
        close: called at the end, on the thread that asked.
        tried: set once the broker was asked once, whatever came of it.
    """

    ask: Ask
    growth: Growth
    interval: float
    close: Callable[[], object] = _nothing
    tried: threading.Event = field(default_factory=threading.Event)
    _failing: bool = False

    @property
    def broker(self) -> str:
        """The broker's id."""
        return self.growth.broker

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Ask and record until told to stop."""
        pace, due = Pace(base=self.interval), time.monotonic()
        begun = due - self.interval
        try:
            while not stop.wait(max(0.0, due - time.monotonic())):
                begun = time.monotonic()
                moment = self._asked(sink)
                took = time.monotonic() - begun
                self.tried.set()
                if moment is not None:
                    self.growth.take(moment, sink)
                    # A question that failed is not held against the pace: a broker that is back shall be seen soon.
                    if pace.took(took):
                        self.growth.granularity = pace.interval
                        self._say(sink, pace, took)
                due = pace.after(due, time.monotonic())
            if not self._failing and time.monotonic() - begun > self.interval / 2:
                self._ask_for_the_last_time(sink)
        finally:
            self.close()

    def _ask_for_the_last_time(self, sink: Sink) -> None:
        moment = self._asked(sink)
        if moment is not None:
            self.growth.take(moment, sink)

    def _asked(self, sink: Sink) -> Moment | None:
        try:
            moment = self.ask()
        except SourceError as error:
            if not self._failing:
                sink.event(time.time_ns(), "scrape-failed", str(error))
            self._failing = True
            return None
        if self._failing:
            sink.event(moment.time, "scrape-resumed", f"broker {self.broker} can be scraped again")
            self._failing = False
        return moment

    def _say(self, sink: Sink, pace: Pace, took: float) -> None:
        if pace.stretch == 1:
            text = f"broker {self.broker} answers quickly again: it is asked every {pace.interval:g} s as before"
            sink.event(time.time_ns(), "interval-restored", text)
            return
        text = (
            f"broker {self.broker} took {took:.1f} s to say what it shows: it is asked every {pace.interval:g} s "
            f"instead of every {self.interval:g} s"
        )
        sink.event(time.time_ns(), "interval-stretched", text)


class Polling:
    """Pollers at work, each on a thread of its own."""

    def __init__(self, pollers: Iterable[Poller]) -> None:
        """Nothing is asked before `start`."""
        self._pollers = tuple(pollers)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, sink: Sink, patience: float) -> None:
        """Begin to ask; returns once every broker was asked once, or after so many seconds."""
        for poller in self._pollers:
            name = f"poll-{poller.broker}"
            thread = threading.Thread(target=poller.run, args=(sink, self._stop), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        until = time.monotonic() + patience
        for poller in self._pollers:
            poller.tried.wait(max(0.0, until - time.monotonic()))

    def stop(self) -> None:
        """Ask no more; what is under way is finished."""
        self._stop.set()
        while self._threads:
            self._threads.pop().join()
