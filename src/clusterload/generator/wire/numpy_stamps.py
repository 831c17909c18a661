"""Numbers put into the many records of a request: a few numpy assignments instead of a loop over the records.

Records of one size stand a fixed number of bytes apart, but for a step where their offset delta gets a byte longer:
each such run is a strided view. Records of many sizes are reached by an index into a view of every byte as the
start of a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from clusterload.generator.wire.keys import DrawnKeys
from clusterload.generator.wire.record_batch import STAMP, Places

Numbers = np.ndarray[Any, np.dtype[np.uint64]]
Assignment = tuple[Numbers, Any, Numbers]
"""A view of a request, what of it is meant, and the numbers that go there."""

_RUN: Final = 64
"""Reaching so many numbers by their index costs as much more as one more assignment to a strided view."""

_FEWEST: Final = 4
"""So many runs are never too many: records of one size make two or three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Numbers that are the same number of bytes apart.

    Attributes:
        first: which of all numbers is its first.
        count: how many.
        at: where the first is.
        stride: bytes from one to the next.
    """

    first: int
    count: int
    at: int
    stride: int


def runs_of(places: Sequence[int]) -> list[Run]:
    """Places in runs as long as they go, in order."""
    runs: list[Run] = []
    first = 0
    while first < len(places):
        stride = places[first + 1] - places[first] if first + 1 < len(places) else STAMP
        last = first
        while last + 1 < len(places) and places[last + 1] - places[last] == stride:
            last += 1
        runs.append(Run(first=first, count=last - first + 1, at=places[first], stride=stride))
        first = last + 1
    return runs


class Strides:
    """One kind of number in the requests of one shape: where it goes, and the array that it comes from.

    Args:
        places: where each number is in a request.
        source: as many numbers, or a single one for all places. It is read at each assignment.
    """

    __slots__ = ("_index", "_runs", "_source")

    def __init__(self, places: Sequence[int], source: Numbers) -> None:
        runs = runs_of(places)
        scattered = len(runs) > max(_FEWEST, len(places) // _RUN)
        self._source = source
        self._runs = [] if scattered else runs
        self._index = [np.array(places, dtype=np.intp)] if scattered else []

    def on(self, buffer: bytearray) -> list[Assignment]:
        """What puts the numbers into one request."""
        everywhere: Numbers = np.ndarray((len(buffer) - STAMP + 1,), ">u8", buffer, strides=(1,))
        return [(everywhere, index, self._source) for index in self._index] + [
            (np.ndarray((run.count,), ">u8", buffer, run.at, (run.stride,)), ..., self._part(run)) for run in self._runs
        ]

    def _part(self, run: Run) -> Numbers:
        """The numbers of a run."""
        return self._source[run.first : run.first + run.count] if self._source.ndim else self._source


class RecordNumbers:
    """The numbers of records: a first one plus each record's index."""

    __slots__ = ("_first", "_indexes", "numbers")

    def __init__(self, indexes: Sequence[int]) -> None:
        self._indexes: Numbers = np.array(indexes, dtype=np.uint64)
        self._first: Numbers = np.zeros((), dtype=np.uint64)
        self.numbers: Numbers = np.zeros(len(indexes), dtype=np.uint64)

    def count_from(self, first: int) -> None:
        """Set the numbers."""
        self._first[()] = first
        np.add(self._indexes, self._first, self.numbers)


class NumpyStamping:
    """Many records, each with its own number as key, or without keys."""

    __slots__ = ("_counted", "_due", "_strides")

    def __init__(self, places: Places) -> None:
        self._due: Numbers = np.zeros((), dtype=np.uint64)
        self._strides = [Strides(places.dues, self._due)]
        self._counted: dict[tuple[int, ...], RecordNumbers] = {}
        for numbered in self._numbered(places):
            indexes = tuple(index for index, _ in numbered)
            counted = self._counted.setdefault(indexes, RecordNumbers(indexes))
            self._strides.append(Strides([at for _, at in numbered], counted.numbers))

    def _numbered(self, places: Places) -> tuple[tuple[tuple[int, int], ...], ...]:
        """What the records' numbers go to."""
        return (places.keys, places.stamps)

    def on(self, buffer: bytearray) -> NumpyStamps:
        """Stamps of one request."""
        return NumpyStamps(self, [assignment for strides in self._strides for assignment in strides.on(buffer)])

    def number(self, _partition: int, stamp: int, due_ns: int) -> None:
        """Set the numbers of the next request that is stamped."""
        self._due[()] = due_ns
        for counted in self._counted.values():
            counted.count_from(stamp)


class NumpyKeyedStamping(NumpyStamping):
    """The same with drawn keys."""

    __slots__ = ("_keys", "_turns")

    def __init__(self, places: Places, turns: KeyTurns) -> None:
        super().__init__(places)
        self._turns = turns
        self._keys: Numbers = np.zeros(len(places.keys), dtype=np.uint64)
        self._strides.append(Strides([at for _, at in places.keys], self._keys))

    def _numbered(self, places: Places) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Keys have numbers of their own."""
        return (places.stamps,)

    def number(self, partition: int, stamp: int, due_ns: int) -> None:
        """See ManyStamping."""
        super().number(partition, stamp, due_ns)
        self._keys[...] = self._turns.take(partition, len(self._keys))


class KeyTurns:
    """For each partition its keys' numbers, over and over."""

    __slots__ = ("_drawn", "_next")

    def __init__(self, draws: DrawnKeys, partitions: int) -> None:
        self._drawn: list[Numbers] = [np.array(draws.of(number), dtype=np.uint64) for number in range(partitions)]
        self._next = [0] * partitions

    def take(self, partition: int, count: int) -> Numbers:
        """The next so many."""
        drawn, first = self._drawn[partition], self._next[partition]
        last = first + count
        self._next[partition] = last % len(drawn)
        return drawn[first:last] if last <= len(drawn) else drawn.take(range(first, last), mode="wrap")


class NumpyStamps:
    """Assigns the numbers to the views of one request."""

    __slots__ = ("_assignments", "_stamping")

    def __init__(self, stamping: NumpyStamping, assignments: list[Assignment]) -> None:
        self._stamping = stamping
        self._assignments = assignments

    def put(self, partition: int, stamp: int, due_ns: int) -> None:
        """See Stamps."""
        self._stamping.number(partition, stamp, due_ns)
        for view, which, numbers in self._assignments:
            view[which] = numbers
