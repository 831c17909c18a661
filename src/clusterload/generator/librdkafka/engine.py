"""The engine `client` (librdkafka): this thread drives producers; groups and transactions have threads of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clusterload.generator.librdkafka.group import GroupLoad
from clusterload.generator.librdkafka.produce import FLUSH_SECONDS, Producers, new_producers
from clusterload.generator.librdkafka.series import LoadCounts, OnCounts
from clusterload.generator.librdkafka.threads import Clock
from clusterload.generator.librdkafka.transact import TransactLoad
from clusterload.generator.progress import GeneratedLoad, LoadProgress, OnProgress, Progress
from clusterload.kafka.properties import Properties
from clusterload.model.ledger import Ledger
from clusterload.model.series import SECOND
from clusterload.model.workload import Load

CUT_SHORT_SECONDS: Final = 1.0
"""How long producers and transactions may take to end when the load is interrupted."""

_PROGRESS_SECONDS: Final = 0.2
_POLL_SECONDS: Final = 0.05


ThreadedLoad = GroupLoad | TransactLoad
"""A Load that threads of its own make."""


def generate_load(
    loads: Iterable[Load],
    duration: float,
    properties: Properties,
    *,
    seed: int,
    on_progress: OnProgress,
    on_statistics: Callable[[str], None] | None = None,
    begin: Callable[[], int] = time.time_ns,
    on_counts: OnCounts = lambda *_: None,
    on_written: Callable[[], None] = lambda: None,
    on_end: Callable[[GeneratedLoad], None] = lambda _: None,
) -> GeneratedLoad:
    """Make all Loads for `duration` seconds, end them within a bound, and account for everything.

    Args:
        loads: of this engine.
        duration: seconds.
        properties: of the cluster's clients.
        seed: of all chance.
        on_progress: called five times a second.
        on_statistics: gets librdkafka's JSON of each client every second, from any thread.
        begin: called when all is ready; gives the Unix nanoseconds at which the load begins, now or soon.
        on_counts: gets what each group and each transactional Load has moved, about once a second.
        on_written: called when all that was written here is delivered, before groups read to the end; it may wait for
            other writers.
        on_end: gets the account also when the load is interrupted.

    Raises:
        ConfigurationError: a property or a dial that cannot be used.
        ClusterError: the brokers refused a group or transactions before the load began.
    """
    making = _Making.of(tuple(loads), duration, properties, seed, on_statistics, on_counts)
    making.prepare()
    clock = making.clock = Clock.starting(begin(), duration)
    end, clean = 0, False
    try:
        clock.wait()
        making.begin()
        making.drive(on_progress)
        end = clock.now
        making.deliver(FLUSH_SECONDS)
        on_written()
        clean = True
    finally:
        end = end or clock.now
        making.finish(clean=clean)
        made = making.made(clock.start, end)
        on_end(made)
    on_progress(making.progress(duration))
    return made


@dataclass(slots=True, kw_only=True)
class _Making:
    """All Loads of this engine while they are made."""

    order: tuple[str, ...]
    producing: list[Producers]
    writing: list[TransactLoad]
    reading: list[GroupLoad]
    on_counts: OnCounts
    clock: Clock = field(init=False)
    figures: dict[str, Mapping[str, float]] = field(default_factory=dict)
    last: dict[str, tuple[float, LoadCounts]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        loads: Sequence[Load],
        duration: float,
        properties: Properties,
        seed: int,
        on_statistics: Callable[[str], None] | None,
        on_counts: OnCounts,
    ) -> _Making:
        order = tuple(load.name for load in loads)
        making = cls(order=order, producing=[], writing=[], reading=[], on_counts=on_counts)
        for number, load in enumerate(loads, seed):
            if load.kind == "group":
                making.reading.append(GroupLoad(load, properties, seed=number, on_statistics=on_statistics))
            elif load.kind == "transact":
                making.writing.append(TransactLoad(load, properties, seed=number, on_statistics=on_statistics))
            else:
                making.producing.append(new_producers(load, duration, properties, number, on_statistics))
        return making

    @property
    def threaded(self) -> tuple[ThreadedLoad, ...]:
        """All Loads with threads; writers before readers."""
        return (*self.writing, *self.reading)

    def prepare(self) -> None:
        try:
            for threaded in self.threaded:
                threaded.prepare()
        except BaseException:
            # Also Ctrl-C: threads that wait for brokers need not.
            for threaded in self.threaded:
                threaded.interrupt()
            raise

    def begin(self) -> None:
        for threaded in self.threaded:
            self._count(threaded, self.clock.start)
            threaded.begin(self.clock)

    def drive(self, on_progress: OnProgress) -> None:
        """Send what is due and report progress, until the load's end."""
        next_poll = next_progress = 0.0
        next_second = 1.0
        while True:
            elapsed = self.clock.elapsed
            for producers in self.producing:
                producers.send_due(elapsed, self.clock.start)
            if elapsed >= self.clock.duration and all(
                producers.sent >= producers.total for producers in self.producing
            ):
                return
            if elapsed >= next_poll:
                next_poll = elapsed + _POLL_SECONDS
                self._poll()
            if elapsed >= next_progress:
                next_progress = elapsed + _PROGRESS_SECONDS
                on_progress(self.progress(elapsed))
            if elapsed >= next_second:
                next_second += 1.0
                self._count_all()
            time.sleep(self._pause(self.clock.elapsed, next_poll))

    def _poll(self) -> None:
        for producers in self.producing:
            producers.poll()
        for threaded in self.threaded:
            threaded.check()

    def _count_all(self) -> None:
        for threaded in self.threaded:
            self._count(threaded, self.clock.now)

    def _count(self, threaded: ThreadedLoad, now: int) -> None:
        counts, elapsed = threaded.counts, (now - self.clock.start) / SECOND
        self.on_counts(threaded.load.name, now, counts)
        then, before = self.last.get(threaded.load.name, (elapsed, counts))
        self.last[threaded.load.name] = (elapsed, counts)
        if elapsed > then:
            rate = (counts["load_records"] - before["load_records"]) / (elapsed - then)
            self.figures[threaded.load.name] = {"record_rate": rate}

    def _pause(self, elapsed: float, next_poll: float) -> float:
        due = [producers.pacer.when(producers.sent) for producers in self.producing if producers.sent < producers.total]
        end = max(self.clock.duration, elapsed)
        return min(max(0.0, min([*due, next_poll, end]) - elapsed), _POLL_SECONDS)

    def deliver(self, seconds: float) -> None:
        """End all writers, within a bound."""
        for producers in self.producing:
            producers.finish(seconds)
        for transactional in self.writing:
            transactional.finish(seconds)

    def finish(self, *, clean: bool) -> None:
        """End all; readers last, so that they can read everything."""
        if not clean:
            for threaded in self.threaded:
                threaded.interrupt()
            self.deliver(CUT_SHORT_SECONDS)
        for reading in self.reading:
            reading.finish(FLUSH_SECONDS)
        self._count_all()

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """The accounts in the order of the Loads."""
        known = {producers.load.name: producers.book.ledger() for producers in self.producing}
        known |= {threaded.load.name: threaded.ledger for threaded in self.threaded}
        return tuple(known[name] for name in self.order)

    def made(self, start: int, end: int) -> GeneratedLoad:
        extra = {load.load.name: load.extra_offsets for load in self.writing}
        return GeneratedLoad(start=start, end=end, ledgers=self.ledgers, extra_offsets=extra)

    def progress(self, elapsed: float) -> Progress:
        ledgers, duration = self.ledgers, self.clock.duration
        return Progress(
            elapsed=min(elapsed, duration),
            duration=duration,
            ledger=Ledger.total(ledgers),
            loads=tuple(LoadProgress(ledger=ledger, figures=self.figures.get(ledger.load, {})) for ledger in ledgers),
        )
