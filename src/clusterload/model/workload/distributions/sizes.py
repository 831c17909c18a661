"""Sizes: how many bytes each value has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import BYTES, parse
from clusterload.model.workload.csv_file import rows_of

if TYPE_CHECKING:
    from random import Random

SIZES: Final = {
    "uniform": "uniform:SMALLEST:LARGEST",
    "lognormal": "lognormal:MEAN:SIGMA",
    "histogram": "histogram:FILE",
    "weighted": "weighted:SIZE@WEIGHT,SIZE@WEIGHT,...",
}
"""The spreads besides a bare size, each with how it is written."""

_MOST: Final = 2**31 - 1
"""Kafka counts the bytes of a value in 32 bits."""

_WIDEST: Final = 5
"""Sizes farther than this many sigmas above the median are cut to that: one in 3.5 million."""

_SIGMA_MOST: Final = 3
_HEAVIEST: Final = 1e15


class Sizes(Protocol):
    """How the sizes of values are distributed, in bytes."""

    @property
    def mean(self) -> float:
        """The mean size."""

    @property
    def largest(self) -> int:
        """No size is above it."""

    @property
    def fixed(self) -> int | None:
        """The size, if all are of one; else None."""

    def sample(self, n: int, rng: Random) -> list[int]:
        """Draw `n` sizes."""

    def as_text(self) -> str:
        """What `parse_sizes` reads back as equal sizes."""


@dataclass(frozen=True, slots=True)
class FixedSize:
    """All values of one size."""

    size: int

    def __post_init__(self) -> None:
        _checked("a size", self.size)

    @property
    def mean(self) -> float:
        """The size."""
        return float(self.size)

    @property
    def largest(self) -> int:
        """The size."""
        return self.size

    @property
    def fixed(self) -> int:
        """The size."""
        return self.size

    def sample(self, n: int, rng: Random) -> list[int]:  # noqa: ARG002 (nothing is left to chance)
        """The size, `n` times."""
        return [self.size] * n

    def as_text(self) -> str:
        """The size: `100`."""
        return str(self.size)


@dataclass(frozen=True, slots=True)
class UniformSizes:
    """Each whole size from `smallest` to `largest` equally often."""

    smallest: int
    largest: int

    def __post_init__(self) -> None:
        _checked("the smallest size", self.smallest)
        _checked("the largest size", self.largest)
        if self.smallest >= self.largest:
            raise ConfigurationError(
                f"uniform sizes from {self.smallest} to {self.largest} are not a range: give the smaller one first"
            )

    @property
    def mean(self) -> float:
        """The middle of the range."""
        return (self.smallest + self.largest) / 2

    @property
    def fixed(self) -> None:
        """There is not one size."""
        return

    def sample(self, n: int, rng: Random) -> list[int]:
        """Draw `n` sizes."""
        return rng.choices(range(self.smallest, self.largest + 1), k=n)

    def as_text(self) -> str:
        """As in `uniform:50:200`."""
        return f"uniform:{self.smallest}:{self.largest}"


@dataclass(frozen=True, slots=True)
class LognormalSizes:
    """Many small sizes and a few large ones, as real records have them.

    Attributes:
        average: the mean size in bytes.
        sigma: standard deviation of the size's natural logarithm; 0.5 is narrow, 2 is very wide.
    """

    average: float
    sigma: float

    def __post_init__(self) -> None:
        if not 1 <= self.average <= _MOST:
            raise ConfigurationError(f"the mean size is {self.average:g}: it must be 1 to {_MOST:,} bytes")
        if not 0 < self.sigma <= _SIGMA_MOST:
            raise ConfigurationError(f"sigma of sizes is {self.sigma:g}: it must be above 0 and at most {_SIGMA_MOST}")
        if self.largest > _MOST:
            raise ConfigurationError(f"{self.as_text()} draws sizes above {_MOST:,} bytes: give a smaller one")

    @property
    def mean(self) -> float:
        """The mean size."""
        return self.average

    @property
    def _median_logarithm(self) -> float:
        """Chosen so that the mean is right although the largest sizes are cut."""
        kept = math.exp(self.sigma**2 / 2) * _below(_WIDEST - self.sigma)
        cut = math.exp(_WIDEST * self.sigma) * _below(-_WIDEST)
        return math.log(self.average / (kept + cut))

    @property
    def largest(self) -> int:
        """Where the few largest sizes are cut."""
        return max(1, round(math.exp(self._median_logarithm + _WIDEST * self.sigma)))

    @property
    def fixed(self) -> None:
        """There is not one size."""
        return

    def sample(self, n: int, rng: Random) -> list[int]:
        """Draw `n` sizes, whole and at least 1."""
        median, sigma, largest = self._median_logarithm, self.sigma, self.largest
        draw = rng.lognormvariate
        return [min(max(1, round(draw(median, sigma))), largest) for _ in range(n)]

    def as_text(self) -> str:
        """As in `lognormal:1000:1.5`."""
        return f"lognormal:{self.average!r}:{self.sigma!r}"


@dataclass(frozen=True, slots=True)
class WeightedSizes:
    """Some sizes, each as often as its weight says; what a histogram file is read as."""

    sizes: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.sizes or len(self.sizes) != len(self.weights):
            raise ConfigurationError(
                f"weighted sizes are {len(self.sizes)} sizes and {len(self.weights)} weights: "
                "give at least one, each with its weight"
            )
        for size, weight in zip(self.sizes, self.weights, strict=True):
            _checked("a size", size)
            if not 0 < weight <= _HEAVIEST:
                raise ConfigurationError(
                    f"the weight of size {size} is {weight:g}: it must be above 0, and at most {_HEAVIEST:g}"
                )
        if len(set(self.sizes)) < len(self.sizes):
            raise ConfigurationError("weighted sizes name a size twice: add up its weights")

    @property
    def mean(self) -> float:
        """The mean size."""
        total = math.fsum(self.weights)
        return math.fsum(size * (weight / total) for size, weight in zip(self.sizes, self.weights, strict=True))

    @property
    def largest(self) -> int:
        """The largest size."""
        return max(self.sizes)

    @property
    def fixed(self) -> int | None:
        """The size, if there is one only."""
        return self.sizes[0] if len(self.sizes) == 1 else None

    def sample(self, n: int, rng: Random) -> list[int]:
        """Draw `n` sizes."""
        return rng.choices(self.sizes, cum_weights=list(accumulate(self.weights)), k=n)

    def as_text(self) -> str:
        """As in `weighted:100@3,4096@1`; no file is needed any more."""
        pairs = zip(self.sizes, self.weights, strict=True)
        return f"weighted:{','.join(f'{size}@{weight!r}' for size, weight in pairs)}"


def _below(deviations: float) -> float:
    """The share of a normal distribution below so many standard deviations."""
    return math.erfc(-deviations / math.sqrt(2)) / 2


def _checked(what: str, size: float) -> None:
    if not 1 <= size <= _MOST or size != int(size):
        raise ConfigurationError(f"{what} is {size:,.12g}: it must be a whole number of bytes, 1 to {_MOST:,}")


def parse_sizes(text: str) -> Sizes:
    """Read `100`, `4 KiB`, `uniform:1KiB:4KiB`, `lognormal:1000:1.5` or `histogram:sizes.csv`.

    A histogram's file is CSV that begins with the line `size,weight`.

    Raises:
        ConfigurationError: the text is not a size distribution, a size is out of range, or the file cannot be read.
    """
    name, colon, rest = text.strip().partition(":")
    if not colon:
        return FixedSize(_size(text))
    if name not in SIZES:
        raise ConfigurationError(f"unknown sizes {name!r}{nearest(name, SIZES)}; known: {', '.join(SIZES)}")
    if name == "histogram":
        return _read(rest)
    if name == "weighted":
        pairs = [_weighted(pair) for pair in rest.split(",")]
        return WeightedSizes(tuple(size for size, _ in pairs), tuple(weight for _, weight in pairs))
    return _parted(name, rest.split(":"))


def _parted(name: str, parts: list[str]) -> Sizes:
    if len(parts) != SIZES[name].count(":"):
        raise ConfigurationError(f"{name} sizes take 2 parts, not {len(parts)}: write {SIZES[name]}")
    if name == "uniform":
        return UniformSizes(_size(parts[0]), _size(parts[1]))
    return LognormalSizes(parse(parts[0], BYTES).value, _plain(parts[1], "sigma"))


def _size(text: str) -> int:
    size = parse(text, BYTES).value
    _checked("a size", size)
    return int(size)


def _plain(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{what} is {text!r}: it must be a number") from None


def _weighted(pair: str) -> tuple[int, float]:
    size, at, weight = pair.partition("@")
    if not at:
        raise ConfigurationError(f"{pair!r} is not a size with a weight: write {SIZES['weighted']}")
    return _size(size), _plain(weight, f"the weight of size {size}")


def _read(path: str) -> WeightedSizes:
    if not path:
        raise ConfigurationError(f"a histogram of sizes needs a file: write {SIZES['histogram']}")
    rows = [_row(where, row) for where, row in rows_of(path, "size,weight", f"histogram {path} cannot be read")]
    kept = [(size, weight) for size, weight in rows if weight]
    if not kept:
        raise ConfigurationError(f"histogram {path} has no size of a weight above 0: add a line size,weight")
    try:
        return WeightedSizes(tuple(size for size, _ in kept), tuple(weight for _, weight in kept))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _row(where: str, row: list[str]) -> tuple[int, float]:
    try:
        size, weight = parse(row[0], BYTES).value, _plain(row[1], "weight")
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None
    if size != int(size):
        raise ConfigurationError(f"{where}: size {row[0]} is not a whole number of bytes")
    if not 0 <= weight < math.inf:
        raise ConfigurationError(f"{where}: weight is {row[1]}: it must be 0 or above, and finite")
    return int(size), weight
