"""An open loop: what falls due does so by the clock, whether or not what came before was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from clusterload.model.workload.dials import shape_of
from clusterload.model.workload.schedule import pacer_of

if TYPE_CHECKING:
    from clusterload.generator.wire.counts import Counts
    from clusterload.generator.wire.population import WorkerSetting
    from clusterload.generator.wire.worker_messages import LoadPart
    from clusterload.model.workload import Level

LATE: Final = 250_000_000
"""Nanoseconds after its due time from which what is begun counts as late."""

DROP: Final = 2_000_000_000
"""Nanoseconds that what is due may wait for its turn; then it is dropped."""

QUEUE_FULL: Final = "_QUEUE_FULL"
"""The reason of what was dropped, as clients of Kafka call it."""

_SOON: Final = 1_000_000


def due_times(rate: Level, arrivals: str, setting: WorkerSetting, number: int = 0) -> Callable[[int], int]:
    """When each event of a rate falls due, in monotonic nanoseconds; `setting.end` for those after the load.

    Args:
        rate: events a second, all parts together.
        arrivals: the arrival process.
        setting: of this worker.
        number: of this rate among its Load's, so that chance is not the same for all.
    """
    pacer = pacer_of(shape_of(rate), arrivals, setting.seed + number)
    origin, duration, end = setting.origin, setting.duration, setting.end

    def due_time(index: int) -> int:
        when = pacer.when(index)
        return origin + round(when * 1e9) if when < duration else end

    return due_time


class Schedule:
    """One worker's share of what falls due at a rate: event k belongs to part k mod parts.

    Each event is scheduled when it is begun or dropped, so that a ledger balances as soon as what is under way is
    settled.
    """

    __slots__ = ("_due_time", "counts", "end", "index", "next_due", "parts")

    def __init__(self, part: LoadPart, counts: Counts) -> None:
        """Nothing is due before `begin`.

        Args:
            part: of the Load.
            counts: where what falls due is counted.
        """
        self.index = part.number
        self.parts = part.parts
        self.counts = counts
        self.next_due = self.end = 0

    def begin(self, rate: Level, arrivals: str, setting: WorkerSetting, number: int = 0) -> None:
        """The load begins: events fall due from `setting.origin` to `setting.end`.

        Args:
            rate: events a second, all parts together.
            arrivals: the arrival process.
            setting: of this worker.
            number: of this schedule among its Load's, so that chance is not the same for all.
        """
        self.end = setting.end
        self._due_time = due_times(rate, arrivals, setting, number)
        self.next_due = self._due_time(self.index)

    @property
    def waits(self) -> bool:
        """Whether anything of the load is still to be begun."""
        return self.next_due < self.end

    def due(self, now: int, room: Callable[[], object]) -> Iterator[tuple[int, int]]:
        """Number and due time of each event that is due; the caller begins it before it takes the next.

        Args:
            now: monotonic nanoseconds.
            room: whether one more can be begun; what is due without room waits, and is dropped after `DROP`.
        """
        counts = self.counts
        while self.next_due <= now and self.next_due < self.end:
            index, due = self.index, self.next_due
            if room():
                self._advance()
                counts.late += now - due > LATE
                yield index, due
            elif now - due > DROP:
                self._advance()
                counts.drop(QUEUE_FULL)
            else:
                return

    def close(self, now: int) -> None:
        """The load is over, perhaps before its time: nothing more falls due."""
        self.end = min(self.end, now)

    def abandon(self) -> None:
        """Drop what is still waiting."""
        while self.waits:
            self._advance()
            self.counts.drop(QUEUE_FULL)

    def wake(self, now: int) -> int:
        """When to look again: at the next due time, or soon if something waits for room."""
        if not self.waits:
            return self.end if self.end > now else now + 50 * _SOON
        return self.next_due if self.next_due > now else now + _SOON

    def _advance(self) -> None:
        self.counts.scheduled += 1
        self.index += self.parts
        self.next_due = self._due_time(self.index)
