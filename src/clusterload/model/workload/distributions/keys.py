"""Keys: which key each record has, and how often each comes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import COUNT, RATIO, parse

KEYS: Final = {
    "unique": "unique",
    "none": "none",
    "uniform": "uniform:COUNT",
    "zipf": "zipf:COUNT:EXPONENT",
    "weights": "weights:WEIGHT,WEIGHT,...",
    "hot": "hot:COUNT:SHARE",
}
"""The spreads of keys, each with how it is written."""

_MOST: Final = 10_000_000
_HEAVIEST: Final = 1e15


class Keys(Protocol):
    """Which keys records have."""

    @property
    def count(self) -> int:
        """How many different keys come again and again; 0 if none does (`unique`, `none`)."""

    def weights(self) -> list[float]:
        """The share of records of each key; they add up to 1. Empty if `count` is 0."""

    def as_text(self) -> str:
        """What `parse_keys` reads back as equal keys."""


@dataclass(frozen=True, slots=True)
class UniqueKeys:
    """Each record has a key of its own."""

    @property
    def count(self) -> int:
        """None comes again."""
        return 0

    def weights(self) -> list[float]:
        """None."""
        return []

    def as_text(self) -> str:
        """The word `unique`."""
        return "unique"


@dataclass(frozen=True, slots=True)
class NoKeys:
    """No record has a key."""

    @property
    def count(self) -> int:
        """There is none."""
        return 0

    def weights(self) -> list[float]:
        """None."""
        return []

    def as_text(self) -> str:
        """The word `none`."""
        return "none"


@dataclass(frozen=True, slots=True)
class UniformKeys:
    """`count` keys, each equally often."""

    count: int

    def __post_init__(self) -> None:
        _checked_count(self.count, 1)

    def weights(self) -> list[float]:
        """The share of records of each key."""
        return [1 / self.count] * self.count

    def as_text(self) -> str:
        """As in `uniform:100`."""
        return f"uniform:{self.count}"


@dataclass(frozen=True, slots=True)
class ZipfKeys:
    """`count` keys; the share of the n-th is as 1 to n to the power of `exponent` (0: all alike, 1: Zipf's law)."""

    count: int
    exponent: float

    def __post_init__(self) -> None:
        _checked_count(self.count, 1)
        if not 0 <= self.exponent <= 10:  # noqa: PLR2004 (beyond it, all but the first key vanish)
            raise ConfigurationError(f"the exponent of zipf keys is {self.exponent:g}: it must be 0 to 10")

    def weights(self) -> list[float]:
        """The share of records of each key, the most frequent first."""
        return _shares([rank**-self.exponent for rank in range(1, self.count + 1)])

    def as_text(self) -> str:
        """As in `zipf:1000:1.1`."""
        return f"zipf:{self.count}:{self.exponent!r}"


@dataclass(frozen=True, slots=True)
class WeightedKeys:
    """A key for each weight, as often as it says: weights 3, 1, 1 are shares of 60, 20 and 20 %."""

    given: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.given:
            raise ConfigurationError(f"weighted keys have no weight: write {KEYS['weights']}")
        for weight in self.given:
            if not 0 < weight <= _HEAVIEST:
                raise ConfigurationError(
                    f"the weight of a key is {weight:g}: it must be above 0, and at most {_HEAVIEST:g}"
                )

    @property
    def count(self) -> int:
        """As many as weights."""
        return len(self.given)

    def weights(self) -> list[float]:
        """The share of records of each key."""
        return _shares(list(self.given))

    def as_text(self) -> str:
        """As in `weights:3,1,1`."""
        return f"weights:{','.join(repr(weight) for weight in self.given)}"


@dataclass(frozen=True, slots=True)
class HotKeys:
    """`count` keys, of which the first has `share` of all records; the others share the rest evenly."""

    count: int
    share: float

    def __post_init__(self) -> None:
        _checked_count(self.count, 2)
        if not 0 < self.share < 1:
            raise ConfigurationError(f"the share of the hot key is {self.share:g}: it must be between 0 and 1, as 80%")

    def weights(self) -> list[float]:
        """The share of records of each key, the hot one first."""
        return [self.share, *[(1 - self.share) / (self.count - 1)] * (self.count - 1)]

    def as_text(self) -> str:
        """As in `hot:100:0.8`."""
        return f"hot:{self.count}:{self.share!r}"


def _checked_count(count: float, least: int) -> None:
    if not least <= count <= _MOST or count != int(count):
        raise ConfigurationError(f"the number of keys is {count:,.12g}: it must be whole, {least} to {_MOST:,}")


def _shares(weights: list[float]) -> list[float]:
    whole = math.fsum(weights)
    return [weight / whole for weight in weights]


def parse_keys(text: str) -> Keys:
    """Read `unique`, `none`, `uniform:100`, `zipf:1000:1.1`, `weights:3,1,1` or `hot:100:80%`.

    Raises:
        ConfigurationError: the text is not a key distribution, or a number is out of range.
    """
    name, _, rest = text.strip().partition(":")
    parts = rest.split(":") if rest else []
    if name not in KEYS:
        raise ConfigurationError(f"unknown keys {name!r}{nearest(name, KEYS)}; known: {', '.join(KEYS)}")
    if len(parts) != KEYS[name].count(":"):
        raise ConfigurationError(f"{text!r} is not a key distribution of kind {name}: write {KEYS[name]}")
    return _known(name, parts)


def _known(name: str, parts: list[str]) -> Keys:
    match name:
        case "unique":
            return UniqueKeys()
        case "none":
            return NoKeys()
        case "weights":
            return WeightedKeys(tuple(_number(weight) for weight in parts[0].split(",")))
        case "uniform":
            return UniformKeys(_count(parts[0], 1))
        case "zipf":
            return ZipfKeys(_count(parts[0], 1), _number(parts[1]))
        case _:
            return HotKeys(_count(parts[0], 2), parse(parts[1], RATIO).value)


def _count(text: str, least: int) -> int:
    count = parse(text, COUNT).value
    _checked_count(count, least)
    return int(count)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a number: write one, as in 1.5") from None
