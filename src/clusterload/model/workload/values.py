"""What a dial can be set to: numbers and stretches of time.

Each kind of value reads text, checks what Python gives, and writes it back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeGuard

from clusterload.model.errors import ConfigurationError
from clusterload.model.units import BYTES, COUNT, Quantity, Unit, number, parse, parse_duration, text
from clusterload.model.workload.schedule import Constant, Shape, parse_shape

MAX: Final[Literal["max"]] = "max"
"""A rate of as much as the cluster takes."""

Level = float | Shape
"""A number, or one that changes over time."""

Rate = float | Shape | Literal["max"]
"""A Level, or `MAX`."""


def is_shape(value: object) -> TypeGuard[Shape]:
    """Whether a value changes over time."""
    return hasattr(value, "reach") and hasattr(value, "as_text")


class Values(Protocol):
    """A kind of value."""

    @property
    def words(self) -> str:
        """What can be given, for the documentation."""
        ...

    def read(self, dial: str, given: object) -> Any:
        """The value that a plan or the command line gives; ConfigurationError names the dial."""
        ...

    def checked(self, dial: str, given: Any) -> Any:
        """The value that Python gives, in its one form; ConfigurationError names the dial."""
        ...

    def plain(self, value: Any) -> object:
        """What JSON takes and `read` reads back."""
        ...

    def text(self, value: Any, noun: str) -> str:
        """The value with its noun, for people."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number in a unit.

    Attributes:
        whole: whether it must be a whole number.
        zero: whether it may be 0.
        shape: whether it may change over time.
        unbounded: whether it may be `MAX`.
    """

    unit: Unit
    whole: bool = False
    zero: bool = False
    shape: bool = False
    unbounded: bool = False

    @property
    def words(self) -> str:
        """The unit, and what else can be given."""
        counted = "" if self.unit is COUNT else f" of {self.unit}"
        base = f"whole number{counted}" if self.whole else str(self.unit)
        return ", ".join([base, *["a shape"] * self.shape, *["`max`"] * self.unbounded])

    def read(self, dial: str, given: object) -> float | Shape | str:
        """A number with or without its unit, a shape's text, or `max`."""
        said = str(given).strip()
        if said == MAX and self.unbounded:
            return MAX
        with_name = f"dial {dial}: "
        try:
            if self.shape and ":" in said:
                return parse_shape(said, self.unit, dial)
            return parse(said, self.unit).value
        except ConfigurationError as error:
            raise ConfigurationError(f"{with_name}{str(error).removeprefix(with_name)}") from None

    def checked(self, dial: str, given: Any) -> Any:
        """The number, shape or `MAX`; a shape that never changes becomes its number."""
        value = self.read(dial, given) if isinstance(given, str) else given
        if value == MAX and self.unbounded:
            return MAX
        if isinstance(value, Constant):
            value = value.value
        if not isinstance(value, int | float):
            return self._checked_shape(dial, value)
        if not self.zero and not 0 < value < math.inf:
            raise ConfigurationError(f"dial {dial} is {value:g}: it must be above 0 and finite")
        if not 0 <= value < math.inf:
            raise ConfigurationError(f"dial {dial} is {value:g}: it must be 0 or above, and finite")
        if self.whole and value != int(value):
            raise ConfigurationError(f"dial {dial} is {value:g}: it must be a whole number")
        return int(value) if self.whole else value

    def _checked_shape(self, dial: str, value: Any) -> Shape:
        if not is_shape(value):
            raise ConfigurationError(f"dial {dial} is {value!r}: it must be a number in {self.unit}")
        if not self.shape:
            raise ConfigurationError(f"dial {dial} is {value.as_text()}: it takes no shape, only a number")
        if not 0 < value.peak < math.inf:
            raise ConfigurationError(f"dial {dial} is {value.as_text()}: it must rise above 0, and stay finite")
        return value

    def plain(self, value: Any) -> object:
        """The number, or the text of a shape or of `MAX`."""
        return value.as_text() if is_shape(value) else value

    def text(self, value: Any, noun: str) -> str:
        """As in `20 producers` or `record rate 500 records/s`."""
        if is_shape(value):
            return f"{noun} {value.as_text()}"
        if value == MAX:
            return f"{noun} {MAX}"
        if self.unit.thing == noun or self.unit is COUNT:
            return f"{number(value) if not self.whole else f'{value:,.0f}'} {noun}"
        amount = f"{value:,.0f} B" if self.unit is BYTES else text(Quantity(value, self.unit))
        return f"{noun} {amount}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A stretch of time in seconds.

    Attributes:
        zero: whether it may be 0.
    """

    zero: bool = False

    @property
    def words(self) -> str:
        """What it is."""
        return "duration, from 0" if self.zero else "duration"

    def read(self, dial: str, given: object) -> float:
        """Text such as `500ms` or `1m30s`, or seconds."""
        try:
            return parse_duration(str(given))
        except ConfigurationError as error:
            raise ConfigurationError(f"dial {dial}: {error}") from None

    def checked(self, dial: str, given: Any) -> float:
        """Seconds."""
        value = self.read(dial, given) if isinstance(given, str) else given
        if not isinstance(value, int | float) or not 0 <= value < math.inf or not (value or self.zero):
            least = "0 or above" if self.zero else "above 0"
            raise ConfigurationError(f"dial {dial} is {value:g}: it must be {least}, and finite")
        return float(value)

    def plain(self, value: Any) -> object:
        """Seconds."""
        return value

    def text(self, value: Any, noun: str) -> str:
        """As in `max wait 500 ms`."""
        return f"{noun} {number(value * 1e3)} ms" if 0 < value < 1 else f"{noun} {number(value)} s"
