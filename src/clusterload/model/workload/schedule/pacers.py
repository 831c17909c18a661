"""Pacer: which event is due when; the even one, and a share of any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.workload.schedule.poisson import Poisson
from clusterload.model.workload.schedule.shape import Shape


class Pacer(Protocol):
    """A schedule of events, counted from 0.

    Its three answers agree to the last digit: `due(t)` is the number of events with `when(index) <= t`.
    """

    def when(self, index: int) -> float:
        """Seconds after the start at which event `index` is due; infinity if it never is."""

    def due(self, elapsed: float) -> int:
        """How many events are due after `elapsed` seconds, that moment included."""

    def total(self, duration: float) -> int:
        """How many events fall due within `duration` seconds, its end left out."""


@dataclass(frozen=True, slots=True)
class Even:
    """Event k falls due when the area under the rate reaches k; so the first is due at the start."""

    shape: Shape

    def when(self, index: int) -> float:
        """Seconds after the start at which event `index` is due; infinity if it never is."""
        return self.shape.reach(index)

    def due(self, elapsed: float) -> int:
        """How many events are due after `elapsed` seconds, that moment included."""
        if elapsed < 0:
            return 0
        reach = self.shape.reach
        count = int(self.shape.area(elapsed)) + 1
        # The area can be a rounding error off (0.3 * 10 < 3); `when` has the last word.
        while reach(count) <= elapsed:
            count += 1
        while count and reach(count - 1) > elapsed:
            count -= 1
        return count

    def total(self, duration: float) -> int:
        """How many events fall due within `duration` seconds, its end left out."""
        return _before(self, duration)


@dataclass(frozen=True, slots=True)
class Share:
    """Every `parts`-th event of a schedule from event `part` on.

    Workers that take part 0, 1, 2 ... of one schedule keep it together to the event, however many they are.
    """

    whole: Pacer
    part: int
    parts: int

    def __post_init__(self) -> None:
        if not 0 <= self.part < self.parts:
            raise ConfigurationError(f"part {self.part} of {self.parts} does not exist: parts count from 0")

    def when(self, index: int) -> float:
        """Seconds after the start at which event `index` of this share is due; infinity if it never is."""
        return self.whole.when(self.part + self.parts * index)

    def due(self, elapsed: float) -> int:
        """How many events of this share are due after `elapsed` seconds, that moment included."""
        return (self.whole.due(elapsed) + self.parts - 1 - self.part) // self.parts

    def total(self, duration: float) -> int:
        """How many events of this share fall due within `duration` seconds, its end left out."""
        return (self.whole.total(duration) + self.parts - 1 - self.part) // self.parts


def _before(pacer: Pacer, duration: float) -> int:
    count = pacer.due(duration)
    while count and pacer.when(count - 1) >= duration:
        count -= 1
    return count


def pacer_of(shape: Shape, arrivals: str, seed: int) -> Pacer:
    """The schedule of a rate with `even` or `poisson` arrivals.

    Raises:
        ConfigurationError: arrivals of another name.
    """
    if arrivals == "even":
        return Even(shape)
    if arrivals == "poisson":
        return Poisson(shape, seed)
    known = ("even", "poisson")
    raise ConfigurationError(f"unknown arrivals {arrivals!r}: use {' or '.join(known)}{nearest(arrivals, known)}")
