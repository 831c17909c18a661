"""Readers of a topic: how many there are, their positions, over which connection it reads what."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.dials import peak_of

if TYPE_CHECKING:
    from clusterload.model.workload import Load

SETTLE: Final = 500_000_000
"""Nanoseconds without a record after the load, after which readers that see the end of the log have seen all."""

DRAIN: Final = 5_000_000_000
"""Nanoseconds after the load in which readers without a fetch_rate may still catch up."""

UNKNOWN: Final = -1
"""The offset of a cursor that must be looked up first."""


@dataclass(slots=True, kw_only=True, eq=False)
class Cursor:
    """A reader's position in a partition.

    Attributes:
        offset: the next one to read.
        busy: whether a request about it is in flight, so that nothing is read twice when leaders move.
        not_before: monotonic nanoseconds before which nothing is fetched, after an error.
        leader: broker id, -1 while there is none.
        caught_up: whether the reader has seen the end of the log when the load was over and all was quiet.
    """

    partition: int
    offset: int = UNKNOWN
    busy: bool = False
    not_before: int = 0
    leader: int = -1
    caught_up: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class FetchInFlight:
    """A request in flight about cursors, which are busy until it is released.

    Attributes:
        cursors: by partition.
        due: monotonic nanoseconds; 0 for a request that is not in the ledger.
        sent: monotonic nanoseconds.
    """

    cursors: dict[int, Cursor]
    due: int
    sent: int

    @classmethod
    def about(cls, cursors: Iterable[Cursor], due: int, now: int) -> FetchInFlight:
        """A request that is sent now."""
        request = cls(cursors={cursor.partition: cursor for cursor in cursors}, due=due, sent=now)
        for cursor in request.cursors.values():
            cursor.busy = True
        return request

    def release(self) -> None:
        """It was answered, or will not be."""
        for cursor in self.cursors.values():
            cursor.busy = False


class Drain:
    """After a load: readers without a fetch_rate read on, until they see the end of the log and all is quiet.

    Attributes:
        since: monotonic nanoseconds at which the load was over; 0 until then.
    """

    __slots__ = ("_quiet_from", "since")

    def __init__(self) -> None:
        self.since = self._quiet_from = 0

    def begin(self, now: int) -> None:
        """The load is over."""
        self.since = self._quiet_from = now

    def lasts(self, now: int) -> bool:
        """Whether more may be read."""
        return not self.since or now < self.since + DRAIN

    def saw(self, cursor: Cursor, records: int, high_watermark: int, sent: int, now: int) -> None:
        """A fetch that was sent at `sent` gave so many records of a cursor's partition."""
        if not self.since:
            return
        if records:
            self._quiet_from = now
        elif sent > self._quiet_from + SETTLE:
            cursor.caught_up = cursor.offset >= high_watermark


class Readers:
    """The readers of one worker, each with a cursor in all partitions.

    Attributes:
        cursors: by reader.
        homes: reader and broker of each connection, by its number.
    """

    def __init__(self, readers: Iterable[int], partitions: int) -> None:
        self.cursors = {reader: [Cursor(partition=number) for number in range(partitions)] for reader in readers}
        self.homes: dict[int, tuple[int, int]] = {}
        self._shares: dict[int, deque[Cursor]] = {}

    def settle(self, brokers: Sequence[int], connections: int, readers: int) -> None:
        """Say where each connection goes, one after the other to all brokers and by all of the `readers` there are."""
        for number in range(connections):
            reader = number // len(brokers) % readers
            if reader in self.cursors:
                self.homes[number] = (reader, brokers[number % len(brokers)])

    def lead(self, leaders: Sequence[int]) -> None:
        """Share out the partitions by their leaders, each to one of its reader's connections to that broker."""
        self._shares = {number: deque() for number in self.homes}
        for reader, cursors in self.cursors.items():
            for cursor in cursors:
                leader = leaders[cursor.partition]
                if leader != cursor.leader:
                    cursor.leader, cursor.not_before = leader, 0
                takers = [number for number, home in self.homes.items() if home == (reader, leader)]
                if takers:
                    self._shares[takers[cursor.partition % len(takers)]].append(cursor)

    def unreached(self, brokers: Iterable[int]) -> list[int]:
        """New connections, where a reader has none to one of these brokers though it leads some of its partitions."""
        made = []
        wanted = set(brokers)
        for reader, cursors in self.cursors.items():
            reached = {broker for owner, broker in self.homes.values() if owner == reader}
            for broker in sorted(({cursor.leader for cursor in cursors} & wanted) - reached):
                made.append(max(self.homes, default=0) + 1)
                self.homes[made[-1]] = (reader, broker)
        return made

    def ready(self, number: int, now: int) -> list[Cursor]:
        """What a connection may fetch now. Each time another partition comes first, so that none is starved."""
        share = self._shares.get(number)
        if not share:
            return []
        share.rotate(-1)
        return [cursor for cursor in share if not cursor.busy and cursor.not_before <= now and not cursor.caught_up]

    def every(self) -> list[Cursor]:
        """All cursors."""
        return [cursor for cursors in self.cursors.values() for cursor in cursors]


def connections_of(load: Load, leading: int) -> tuple[int, int]:
    """How many readers a Load has, and how many connections, where so many brokers lead partitions of its topic.

    Each reader has a connection to every leading broker. More connections share a reader's partitions, or where
    there is a fetch_rate and no fan_out, are more readers.

    Raises:
        ConfigurationError: `connections` is too low.
    """
    dials = load.dials
    wanted = round(peak_of(dials.connections))
    unbound = dials.fetch_rate is not None and not dials.fan_out
    readers = max(1, wanted // leading) if unbound else int(dials.fan_out or 1)
    needed = readers * leading
    if wanted and wanted < needed:
        raise ConfigurationError(
            f"load {load.name!r}: {readers} x every byte read from {leading} leading brokers = {needed} connections, "
            f"but connections is {wanted}: leave it out, or set {needed} or more"
        )
    return readers, max(wanted, needed)


def milliseconds(nanoseconds: float) -> int:
    """Whole milliseconds, rounded up, none below 0."""
    return max(0, math.ceil(nanoseconds / 1e6))
