"""Shapes that hold each value until the next: step, spike, replay."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.schedule.shape import checked_peak, checked_seconds, checked_stretch, checked_value
from clusterload.model.workload.schedule.shape import seconds_text as _seconds
from clusterload.model.workload.schedule.shape import value_text as _value


@dataclass(frozen=True, slots=True)
class _Held:
    """Values that hold from their own time to the next one's; the last holds for good, and before the first is 0."""

    _times: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _levels: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _areas: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def _hold(self, what: str, points: tuple[tuple[float, float], ...]) -> None:
        """Keep the points, and the area at each; refuse what is not a shape."""
        if not points:
            raise ConfigurationError(f"{what} has no value: give at least one")
        for moment, value in points:
            checked_seconds(f"a time of {what}", moment)
            checked_value(f"a value of {what}", value)
        for (before, _), (other, _) in pairwise(points):
            if before >= other:
                raise ConfigurationError(
                    f"the times of {what} must rise: {_seconds(other)} stands after {_seconds(before)}"
                )
        checked_peak(f"the peak of {what}", max(value for _, value in points))
        whole = points if points[0][0] == 0 else ((0.0, 0.0), *points)
        grown = (value * (later - moment) for (moment, value), (later, _) in pairwise(whole))
        object.__setattr__(self, "_times", tuple(moment for moment, _ in whole))
        object.__setattr__(self, "_levels", tuple(value for _, value in whole))
        object.__setattr__(self, "_areas", tuple(accumulate(grown, initial=0.0)))

    @property
    def peak(self) -> float:
        """The highest value."""
        return max(self._levels)

    def at(self, elapsed: float) -> float:
        """The value at a moment."""
        return self._levels[max(0, bisect_right(self._times, elapsed) - 1)]

    def area(self, elapsed: float) -> float:
        """The integral from 0."""
        piece = max(0, bisect_right(self._times, elapsed) - 1)
        return self._areas[piece] + self._levels[piece] * (elapsed - self._times[piece])

    def reach(self, area: float) -> float:
        """The earliest moment with this area; infinity if the last value is 0 and it is not reached before."""
        if area <= 0:
            return 0.0
        piece = bisect_left(self._areas, area) - 1
        level = self._levels[piece]
        if not level:
            return math.inf
        moment = self._times[piece] + (area - self._areas[piece]) / level
        return min(moment, self._times[piece + 1]) if piece + 1 < len(self._times) else moment


def _points_text(points: tuple[tuple[float, float], ...]) -> str:
    return ",".join(f"{_value(value)}@{_seconds(moment)}" for moment, value in points)


@dataclass(frozen=True, slots=True)
class Step(_Held):
    """Steps of (at, value): each value holds from its own time in seconds to the next; before the first is 0."""

    steps: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        self._hold("a step", self.steps)

    def scaled(self, factor: float) -> Step:
        """The same, `factor` times as high."""
        return Step(tuple((moment, value * factor) for moment, value in self.steps))

    def as_text(self) -> str:
        """As in `step:100@0s,500@10s`."""
        return f"step:{_points_text(self.steps)}"


@dataclass(frozen=True, slots=True)
class Spike(_Held):
    """The value `base`, but `height` for `lasts` seconds from `at` on."""

    base: float
    height: float
    begin: float
    lasts: float

    def __post_init__(self) -> None:
        checked_seconds("the time of a spike", self.begin)
        checked_stretch("the length of a spike", self.lasts)
        end = self.begin + self.lasts
        before = () if self.begin == 0 else ((0.0, self.base),)
        self._hold("a spike", (*before, (self.begin, self.height), (end, self.base)))

    def scaled(self, factor: float) -> Spike:
        """The same, `factor` times as high."""
        return Spike(self.base * factor, self.height * factor, self.begin, self.lasts)

    def as_text(self) -> str:
        """As in `spike:500:5000:10s:3s`."""
        return f"spike:{_value(self.base)}:{_value(self.height)}:{_seconds(self.begin)}:{_seconds(self.lasts)}"


@dataclass(frozen=True, slots=True)
class Replay(_Held):
    """What was seen before: each of `values` holds from its time in seconds to the next; before the first is 0."""

    times: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.times) != len(self.values):
            raise ConfigurationError(
                f"a replay has {len(self.times)} times and {len(self.values)} values: give each value its time"
            )
        self._hold("a replay", tuple(zip(self.times, self.values, strict=True)))

    def scaled(self, factor: float) -> Replay:
        """The same, `factor` times as high."""
        return Replay(self.times, tuple(value * factor for value in self.values))

    def stretched(self, factor: float) -> Replay:
        """The same, taking `factor` times as long."""
        return Replay(tuple(moment * factor for moment in self.times), self.values)

    def as_text(self) -> str:
        """Its points, so that no file is needed any more: `points:100@0s,500@10s`."""
        return f"points:{_points_text(tuple(zip(self.times, self.values, strict=True)))}"
