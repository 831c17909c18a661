"""Poisson arrivals: events that know nothing of each other, as those of many independent users."""

from __future__ import annotations

import math
import struct
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import shake_128
from itertools import accumulate
from typing import Final

from clusterload.model.workload.schedule.shape import Shape

_BLOCK: Final = 512
_KEPT: Final = 4
_UNIFORM: Final = 2.0**-64


@dataclass(frozen=True, slots=True)
class Poisson:
    """The area between an event and the next is exponential with mean 1; the same seed gives the same times.

    Chance is a hash of the seed and a number, so the schedule needs no generator's state and any stretch of it
    can be asked for. Events come in blocks. How much area a block takes is drawn by itself (a sum of
    exponentials is a gamma variate), so that to count an hour's events it is enough to draw its blocks.
    """

    shape: Shape
    seed: int
    _starts: array[float] = field(default_factory=lambda: array("d", [0.0]), init=False, repr=False, compare=False)
    _blocks: dict[int, list[float]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def when(self, index: int) -> float:
        """Seconds after the start at which event `index` is due; infinity if it never is."""
        block, place = divmod(index, _BLOCK)
        return (self._blocks.get(block) or self._times(block))[place]

    def due(self, elapsed: float) -> int:
        """How many events are due after `elapsed` seconds, that moment included."""
        if elapsed < 0:
            return 0
        area = self.shape.area(elapsed)
        while self._starts[-1] <= area:
            self._draw_start()
        block = bisect_right(self._starts, area) - 1
        # The area can be a rounding error off; the times have the last word.
        while block and self._times(block)[0] > elapsed:
            block -= 1
        while self._times(block)[-1] <= elapsed:
            block += 1
        return block * _BLOCK + bisect_right(self._times(block), elapsed)

    def total(self, duration: float) -> int:
        """How many events fall due within `duration` seconds, its end left out."""
        count = self.due(duration)
        while count and self.when(count - 1) >= duration:
            count -= 1
        return count

    def _start(self, block: int) -> float:
        """The area at which a block begins, which is that of the last event before it."""
        while len(self._starts) <= block:
            self._draw_start()
        return self._starts[block]

    def _draw_start(self) -> None:
        self._starts.append(self._starts[-1] + _gamma(_BLOCK, f"{self.seed}/block/{len(self._starts)}"))

    def _times(self, block: int) -> list[float]:
        """When the events of a block are due, never falling."""
        if block not in self._blocks:
            while len(self._blocks) >= _KEPT:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[block] = self._drawn(block)
        return self._blocks[block]

    def _drawn(self, block: int) -> list[float]:
        begin, end = self._start(block), self._start(block + 1)
        sums = list(accumulate(map(math.log, _uniforms(_BLOCK, f"{self.seed}/events/{block}"))))
        scale = (end - begin) / sums[-1]
        first, last = self.shape.reach(begin), self.shape.reach(end)
        moments = [*map(self.shape.reach, [begin + scale * part for part in sums[:-1]]), last]
        # Events a rounding apart may have changed places; blocks must not overlap either.
        moments.sort()
        if moments[0] < first or moments[-1] > last:
            moments = [min(max(moment, first), last) for moment in moments]
        return moments


def _uniforms(count: int, name: str) -> list[float]:
    """Numbers in (0, 1] that depend on the name alone."""
    words = struct.unpack(f">{count}Q", shake_128(name.encode()).digest(8 * count))
    return [(word + 1) * _UNIFORM for word in words]


def _gamma(count: int, name: str) -> float:
    """The sum of `count` exponential variates of mean 1, without drawing each (Marsaglia and Tsang)."""
    most = count - 1 / 3
    attempt = 0
    while True:
        first, other, chance = _uniforms(3, f"{name}/{attempt}")
        normal = math.sqrt(-2 * math.log(first)) * math.cos(2 * math.pi * other)
        cube = (1 + normal / math.sqrt(9 * most)) ** 3
        if cube > 0 and math.log(chance) < normal * normal / 2 + most * (1 - cube + math.log(cube)):
            return most * cube
        attempt += 1
