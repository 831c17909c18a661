"""Polling: each broker on a thread of its own, so that one that hangs hides no other; and a source of history, live."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.source import HistorySource, Sink

MOST_STRETCHED: Final = 8
"""The most times its interval that a slow broker is polled at."""

# Polling must not become a load: a response that takes half of the interval keeps the broker half busy.
_SLOW: Final = 0.5
# Back only if the shorter interval would do with something to spare: otherwise it would alternate.
_QUICK: Final = 0.4
# With more brokers than this the answers of all at once would keep this machine busy, and one after the other late.
_MOST_AT_ONCE: Final = 10
# Seconds between their very first polls, which cost the most.
_APART: Final = 0.02
# The first response is often slow, and so is one during a garbage collection.
_IN_A_ROW: Final = 3

Ask: TypeAlias = Callable[[], Scrape]
"""Scrapes a broker once; raises SourceError if that fails."""


def _nothing() -> None:
    pass


@dataclass(slots=True, kw_only=True)
class Pace:
    """How often a broker is polled: less often while its responses are slow. Knows no clock.

    Attributes:
        base: seconds between polls while responses are quick.
        stretch: factor of the interval now: 1, 2, 4 or 8.
    """

    base: float
    stretch: int = 1
    _slow: int = 0
    _quick: int = 0

    @property
    def interval(self) -> float:
        """Seconds between polls now."""
        return self.base * self.stretch

    def took(self, seconds: float) -> bool:
        """Learn what a response took; whether that changed the interval."""
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
        """When the poll after the one due at `due` is due: whole intervals later, and not before `now`."""
        behind = now - due
        return due + self.interval * max(1.0, -(-behind // self.interval))


@dataclass(slots=True, kw_only=True)
class Poller:
    """One broker, polled on whole intervals; those that a slow response missed are left out.

    A poll that fails leaves a gap and, the first time, an event; the next one is on time. When responses
    take more than half the interval, it is doubled, up to eight times; an event says so, and when it is back.
    At the end it is polled once more, unless it fails or was just polled: its last counts would be missing where
    the interval was doubled, or where the machine was too busy to poll on time.

    Attributes:
        ask: scrapes the broker once.
        deltas: takes the scrapes, and knows the broker's id.
        interval: seconds between polls while the broker responds quickly.
        begin_after: seconds until the first poll.
        delay: share of the interval by which the second poll is later than one interval; those after it keep in step.
        close: called at the end, on the polling thread.
        tried: set once the broker was polled once, even in vain.
    """

    ask: Ask
    deltas: Deltas
    interval: float
    begin_after: float = 0.0
    delay: float = 0.0
    close: Callable[[], object] = _nothing
    tried: threading.Event = field(default_factory=threading.Event)
    _failing: bool = False

    @property
    def broker(self) -> str:
        """The broker's id."""
        return self.deltas.broker

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Poll and record until `stop` is set."""
        pace, due = Pace(base=self.interval), time.monotonic() + self.begin_after
        begun, delay = due - self.interval, self.delay * self.interval
        try:
            while not stop.wait(max(0.0, due - time.monotonic())):
                begun = time.monotonic()
                scrape = self._poll(sink)
                took = time.monotonic() - begun
                self.tried.set()
                if scrape is not None:
                    self.deltas.take(scrape, sink)
                    # A failure does not slow the pace: a broker that is back is to be seen soon.
                    if pace.took(took):
                        self.deltas.granularity = pace.interval
                        self._report_pace(sink, pace, took)
                due, delay = pace.after(due, time.monotonic()) + delay, 0.0
            if not self._failing and time.monotonic() - begun > self.interval / 2:
                self._poll_last(sink)
        finally:
            self.close()

    def _poll_last(self, sink: Sink) -> None:
        scrape = self._poll(sink)
        if scrape is not None:
            self.deltas.take(scrape, sink)

    def _poll(self, sink: Sink) -> Scrape | None:
        try:
            scrape = self.ask()
        except SourceError as error:
            if not self._failing:
                sink.event(time.time_ns(), "scrape-failed", str(error))
            self._failing = True
            return None
        if self._failing:
            sink.event(scrape.time, "scrape-resumed", f"broker {self.broker} can be scraped again")
            self._failing = False
        return scrape

    def _report_pace(self, sink: Sink, pace: Pace, took: float) -> None:
        if pace.stretch == 1:
            text = f"broker {self.broker} responds quickly again: it is polled every {pace.interval:g} s as before"
            sink.event(time.time_ns(), "interval-restored", text)
            return
        text = (
            f"broker {self.broker} took {took:.1f} s to respond: it is polled every {pace.interval:g} s "
            f"instead of every {self.interval:g} s"
        )
        sink.event(time.time_ns(), "interval-stretched", text)


class Polling:
    """Pollers at work, each on a thread of its own."""

    def __init__(self, pollers: Iterable[Poller]) -> None:
        """Nothing is polled before `start`. Where they are many they take turns instead of all polling at once."""
        self._pollers = tuple(pollers)
        if len(self._pollers) > _MOST_AT_ONCE:
            for number, poller in enumerate(self._pollers):
                poller.begin_after, poller.delay = number * _APART, number / len(self._pollers) - 0.5
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, sink: Sink, patience: float) -> None:
        """Begin to poll; returns once every broker was polled once, or after so many seconds."""
        for poller in self._pollers:
            name = f"poll-{poller.broker}"
            thread = threading.Thread(target=poller.run, args=(sink, self._stop), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        until = time.monotonic() + patience
        for poller in self._pollers:
            poller.tried.wait(max(0.0, until - time.monotonic()))

    def stop(self) -> None:
        """Stop polling; what is under way is finished."""
        self._stop.set()
        while self._threads:
            self._threads.pop().join()


# After a long failure what is older than this is no longer fetched: it can be read as history.
_OLDEST_SECONDS: Final = 600.0


@dataclass(slots=True, kw_only=True)
class HistoryPoller:
    """Polls a source of history for what is new, as a live source.

    Attributes:
        history: the source.
        interval: seconds between polls.
        lateness: seconds after which its figures are taken to be available.
        lookback: seconds before the start that are fetched first.
    """

    history: HistorySource
    interval: float
    lateness: float = 0.0
    lookback: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failing: bool = False

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.history.title

    def start(self, sink: Sink) -> Self:
        """Begin to poll; after `stop` it may be started again."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(sink,), name="follow", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop polling; one under way is waited for, but not for longer than an interval."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self.interval)
            self._thread = None

    def _run(self, sink: Sink) -> None:
        reached = time.time_ns() - round((self.lateness + self.lookback) * SECOND)
        while not self._stop.is_set():
            until = time.time_ns() - round(self.lateness * SECOND)
            begin = max(reached, until - round(_OLDEST_SECONDS * SECOND))
            if until > begin and self._collected(sink, begin, until):
                reached = until
            self._stop.wait(self.interval)

    def _collected(self, sink: Sink, begin: int, until: int) -> bool:
        try:
            self.history.collect(sink, begin, until, lambda _: None)
        except SourceError as error:
            if not self._failing:
                sink.event(time.time_ns(), "metrics-unread", str(error))
            self._failing = True
            return False
        if self._failing:
            sink.event(time.time_ns(), "metrics-resumed", f"{self.title} answers again")
        self._failing = False
        return True
