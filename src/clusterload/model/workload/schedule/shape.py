"""Shape: a level or a rate over time, and what all shapes refuse."""

from __future__ import annotations

import math
from typing import Final, Protocol, Self

from clusterload.model.errors import ConfigurationError

MOST: Final = 1e12
"""No shape goes higher: a day of it is as much as a float counts one by one."""


class Shape(Protocol):
    """A value that depends on the seconds since the start, never on anything else."""

    @property
    def peak(self) -> float:
        """The highest value that it ever has."""

    def at(self, elapsed: float) -> float:
        """The value at a moment."""

    def area(self, elapsed: float) -> float:
        """The integral of the value from 0 to a moment: of a rate, how much it amounts to."""

    def reach(self, area: float) -> float:
        """The earliest moment with at least this area; infinity if there is none."""

    def scaled(self, factor: float) -> Self:
        """The same shape, `factor` times as high."""

    def as_text(self) -> str:
        """What `parse_shape` reads back as an equal shape, in the dial's own unit."""


def checked_value(what: str, value: float) -> None:
    """Refuse a value that no dial can have.

    Raises:
        ConfigurationError: it is negative, no number, or above `MOST`.
    """
    if not 0 <= value <= MOST:
        raise ConfigurationError(f"{what} is {value:g}: it must be 0 or above, and at most {MOST:g}")


def checked_peak(what: str, value: float) -> None:
    """Refuse a shape that never rises above 0."""
    if not value > 0:
        raise ConfigurationError(f"{what} of {value:g} makes no load: give a value above 0")


def checked_seconds(what: str, seconds: float) -> None:
    """Refuse a moment that is not a finite time after the start."""
    if not 0 <= seconds < math.inf:
        raise ConfigurationError(f"{what} is {seconds:g} s: it must be 0 or above, and finite")


def checked_stretch(what: str, seconds: float) -> None:
    """Refuse a stretch of time without a length."""
    if not 0 < seconds < math.inf:
        raise ConfigurationError(f"{what} is {seconds:g} s: it must be above 0 and finite")


def value_text(value: float) -> str:
    """A number that reads back as the same float."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))  # noqa: PLR2004


def seconds_text(seconds: float) -> str:
    """A time that reads back as the same float: `20s`."""
    text = value_text(seconds)
    return text if "e" in text else f"{text}s"
