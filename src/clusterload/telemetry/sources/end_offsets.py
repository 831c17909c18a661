"""Records by partition from end offsets that every replica shows: each partition is told once, by one of its replicas.

Replicas are not added up: they hold the same records. One of them tells a partition as long as it is scraped and keeps
up; in sync, its end offset grows as the leader's does. Which of them leads is not asked: no usual metric says it.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clusterload.model.series import SECOND, Floats, Nanoseconds

SERIES: Final = frozenset({"records_by_partition"})
"""What is the cluster's and not a broker's, though its brokers show it."""

# Looks after which a replica that shows less than another did before it is known to be behind: one may be chance, since
# a scrape takes a while and its time is only about that of each figure in it.
_STRIKES: Final = 3
_NOBODY: Final = -1
_Places = NDArray[np.int64]


@dataclass(slots=True)
class EndOffsets:
    """What all brokers of a source showed of their replicas' ends. Their threads may use it at once."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _places: dict[Hashable, int] = field(default_factory=dict)
    _brokers: dict[str, int] = field(default_factory=dict)
    # Of each partition: who tells it, when and to which end it was told last.
    _teller: _Places = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _time: Nanoseconds = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _end: Floats = field(default_factory=lambda: np.empty(0))
    # The furthest end that another replica showed since, whose it is and when; how often the teller was behind it.
    _other: _Places = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _other_end: Floats = field(default_factory=lambda: np.empty(0))
    _strikes: _Places = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def places(self, partitions: Sequence[Hashable]) -> _Places:
        """A number for each of these partitions, which stays."""
        with self._lock:
            found = [self._places.setdefault(partition, len(self._places)) for partition in partitions]
            self._make_room(len(self._places) - len(self._teller))
        return np.array(found, dtype=np.int64)

    def told(
        self, broker: str, places: _Places, ends: Floats, now: int, patience: int
    ) -> tuple[_Places, Floats, Floats]:
        """What this broker is to tell of partitions.

        Args:
            broker: its id.
            places: of the partitions that it shows, each once.
            ends: their end offsets, NaN where unknown.
            now: Unix nanoseconds of the scrape.
            patience: nanoseconds without a word from a partition's teller after which another one takes over.

        Returns:
            Of which of these partitions, by how many records each grew, in how many seconds.
        """
        with self._lock:
            me = self._brokers.setdefault(broker, len(self._brokers))
            known = np.flatnonzero(~np.isnan(ends))
            at, end = places[known], ends[known]
            is_new = self._teller[at] == _NOBODY
            self._begin(at[is_new], me, now, end[is_new])
            mine, later = (self._teller[at] == me) & ~is_new, now > self._time[at]
            takes_over = ~mine & ~is_new & (now - self._time[at] > patience)
            tells = (mine & later) | takes_over
            before, began = self._end[at], self._time[at]
            # A topic that was made again, or lost records with its leader, ends earlier: nothing has grown.
            grown = tells & (end >= before)
            self._watch(at, end, me, mine=mine & later, aside=~mine & ~is_new & ~takes_over, later=later)
            self._begin(at[takes_over], me, now, end[takes_over])
            self._time[at[tells]], self._end[at[tells]] = now, end[tells]
            return known[grown], (end - before)[grown], ((now - began) / SECOND)[grown]

    def _watch(
        self,
        at: _Places,
        end: Floats,
        me: int,
        *,
        mine: NDArray[np.bool_],
        aside: NDArray[np.bool_],
        later: NDArray[np.bool_],
    ) -> None:
        """Give the word to another replica where the teller is behind it."""
        behind = mine & (self._other[at] != _NOBODY) & (self._other_end[at] > end)
        # Read from the past, one broker after the other: further at an earlier time than the teller at a later one.
        ahead = aside & ~later & (end > self._end[at])
        self._strikes[at[mine & ~behind]] = 0
        self._strikes[at[behind | ahead]] += 1
        gives = behind & (self._strikes[at] >= _STRIKES)
        takes = ahead & (self._strikes[at] >= _STRIKES)
        self._teller[at[gives]], self._teller[at[takes]] = self._other[at[gives]], me
        self._strikes[at[gives | takes]] = 0
        self._other[at[mine]] = _NOBODY
        further = aside & later & ((self._other[at] == _NOBODY) | (end > self._other_end[at]))
        self._other[at[further]], self._other_end[at[further]] = me, end[further]

    def _begin(self, at: _Places, me: int, now: int, ends: Floats) -> None:
        self._teller[at], self._time[at], self._end[at] = me, now, ends
        self._other[at], self._strikes[at] = _NOBODY, 0

    def _make_room(self, more: int) -> None:
        if more > 0:
            nobody, zero = np.full(more, _NOBODY, dtype=np.int64), np.zeros(more, dtype=np.int64)
            self._teller, self._other = np.append(self._teller, nobody), np.append(self._other, nobody)
            self._time, self._strikes = np.append(self._time, zero), np.append(self._strikes, zero)
            self._end, self._other_end = (
                np.append(self._end, np.zeros(more)),
                np.append(self._other_end, np.zeros(more)),
            )
