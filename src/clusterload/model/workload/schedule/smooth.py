"""Shapes with a formula of their own: constant, ramp, sine."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.schedule.shape import (
    checked_peak,
    checked_stretch,
    checked_value,
    seconds_text,
    value_text,
)

_ROUNDING: Final = 2.0**-52
_STEPS: Final = 200


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value all the time."""

    value: float

    def __post_init__(self) -> None:
        checked_peak("a constant", self.value)
        checked_value("a constant", self.value)

    @property
    def peak(self) -> float:
        """The value."""
        return self.value

    def at(self, elapsed: float) -> float:  # noqa: ARG002 (a constant asks for no time)
        """The value."""
        return self.value

    def area(self, elapsed: float) -> float:
        """The integral from 0."""
        return elapsed * self.value

    def reach(self, area: float) -> float:
        """The earliest moment with this area."""
        return area / self.value

    def scaled(self, factor: float) -> Constant:
        """The same, `factor` times as high."""
        return Constant(self.value * factor)

    def as_text(self) -> str:
        """The value: `500`."""
        return value_text(self.value)


@dataclass(frozen=True, slots=True)
class Ramp:
    """From `start` to `end` in a straight line over `over` seconds, then `end` for good."""

    start: float
    end: float
    over: float
    _slope: float = field(init=False, repr=False, compare=False)
    _area: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked_value("the start of a ramp", self.start)
        checked_value("the end of a ramp", self.end)
        checked_stretch("the length of a ramp", self.over)
        checked_peak("a ramp's peak", self.peak)
        object.__setattr__(self, "_slope", (self.end - self.start) / self.over)
        object.__setattr__(self, "_area", (self.start + self.end) / 2 * self.over)

    @property
    def peak(self) -> float:
        """The higher end."""
        return max(self.start, self.end)

    def at(self, elapsed: float) -> float:
        """The value at a moment."""
        if elapsed >= self.over:
            return self.end
        return self.start + self._slope * max(elapsed, 0.0)

    def area(self, elapsed: float) -> float:
        """The integral from 0."""
        if elapsed >= self.over:
            return self._area + self.end * (elapsed - self.over)
        return elapsed * (self.start + self._slope * elapsed / 2)

    def reach(self, area: float) -> float:
        """The earliest moment with this area; infinity if the ramp ends at 0 before it."""
        if area <= 0:
            return 0.0
        if area > self._area:
            return self.over + (area - self._area) / self.end if self.end else math.inf
        # The form of the quadratic's root that loses no digits, whichever way the ramp goes.
        root = math.sqrt(max(0.0, self.start * self.start + 2 * self._slope * area))
        below = self.start + root
        return min(self.over, 2 * area / below) if below else self.over

    def scaled(self, factor: float) -> Ramp:
        """The same, `factor` times as high."""
        return Ramp(self.start * factor, self.end * factor, self.over)

    def as_text(self) -> str:
        """As in `ramp:100:5000:20s`."""
        return f"ramp:{value_text(self.start)}:{value_text(self.end)}:{seconds_text(self.over)}"


@dataclass(frozen=True, slots=True)
class Sine:
    """Around `mean`, up and down by `amplitude`, once in `period` seconds; it begins at the mean and rises."""

    mean: float
    amplitude: float
    period: float

    def __post_init__(self) -> None:
        checked_peak("a sine's mean", self.mean)
        checked_value("the mean of a sine", self.mean)
        checked_value("the amplitude of a sine", self.amplitude)
        checked_stretch("the period of a sine", self.period)
        if self.amplitude > self.mean:
            raise ConfigurationError(
                f"a sine of mean {self.mean:g} and amplitude {self.amplitude:g} would go below 0: "
                "make the amplitude at most the mean"
            )

    @property
    def peak(self) -> float:
        """The crest."""
        return self.mean + self.amplitude

    @property
    def _swing(self) -> float:
        """The most that the area ever runs ahead of the mean's."""
        return self.amplitude * self.period / math.pi

    def at(self, elapsed: float) -> float:
        """The value at a moment."""
        angle = 2 * math.pi * math.fmod(elapsed, self.period) / self.period
        return max(0.0, self.mean + self.amplitude * math.sin(angle))

    def area(self, elapsed: float) -> float:
        """The integral from 0."""
        # 1 - cos(2x) as 2 sin(x)^2, which loses no digits where the sine begins.
        half = math.sin(math.pi * math.fmod(elapsed, self.period) / self.period)
        return self.mean * elapsed + self._swing * half * half

    def reach(self, area: float) -> float:
        """The earliest moment with this area."""
        if area <= 0:
            return 0.0
        cycle = self.mean * self.period
        cycles = area // cycle
        return cycles * self.period + self._within(area - cycles * cycle)

    def _within(self, area: float) -> float:
        """The moment of the first period with this area: Newton's steps, halving where they leave the bracket."""
        mean, bend, swing, turn = self.mean, self.amplitude, self._swing, math.pi / self.period
        low, high = max(0.0, (area - swing) / mean), min(self.period, area / mean)
        moment = (low + high) / 2
        for _ in range(_STEPS):
            half = math.sin(turn * moment)
            beyond = mean * moment + swing * half * half - area
            if beyond < 0:
                low = moment
            else:
                high = moment
            rate = mean + 2 * bend * half * math.cos(turn * moment)
            step = beyond / rate if rate > 0 else math.inf
            better = moment - step
            # What a further step could still change, from the sine's sharpest bend, is a rounding.
            if bend * turn * step * step <= _ROUNDING * moment * rate:
                return min(max(better, low), high)
            if not low < better < high:
                better = (low + high) / 2
                if not low < better < high:
                    return high
            moment = better
        return high

    def scaled(self, factor: float) -> Sine:
        """The same, `factor` times as high."""
        return Sine(self.mean * factor, self.amplitude * factor, self.period)

    def as_text(self) -> str:
        """As in `sine:1000:500:60s`."""
        return f"sine:{value_text(self.mean)}:{value_text(self.amplitude)}:{seconds_text(self.period)}"
