"""Designs: which settings of the factors are measured, and in which order.

Every design contains the point where it hurts, from which something is taken away: level 0 of each factor. *One* at a
time changes one factor from there; *full* measures all combinations; *screen* is Plackett and Burman's, which tells the
main effects of many factors in few runs, and mixes them with how two factors act together.

The order is random, from a seed, within each repeat. The point where it hurts comes again and again in between, first
and last too, so that a drift of the machine or the cluster shows as one and is taken out.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.model.errors import ConfigurationError

if TYPE_CHECKING:
    from clusterload.model.series import Floats

Point = tuple[int, ...]
"""A level of each factor, by number; 0 is where it hurts."""

MOST_FULL: Final = 6
"""Factors above which not all combinations are measured."""

APART: Final = 4
"""Most other points between two measurements of the point where it hurts."""

_MIXED: Final = 0.05
_MOST_SCREENED: Final = 31
_SIZES: Final = (4, 8, 12, 16, 20, 24, 32)
# Of Plackett and Burman's published rows the first is read backwards, and of both the signs are exchanged.
_GENERATING: Final = {12: "-+-+++---+-", 20: "--++----+-+-++++--+"}


class DesignKind(StrEnum):
    """How points are chosen."""

    ONE = "one"
    FULL = "full"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorLevel:
    """What a factor can be set to.

    Attributes:
        text: as people read it: `record size 2,048 B`.
        number: NaN if it is none.
        act: what is done to get there from where it hurts, where the values do not say it: `holding back client a`.
    """

    text: str
    number: float = math.nan
    act: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """What is varied.

    Attributes:
        name: as it was asked for.
        noun: what it is called in a sentence.
        levels: two at least; the first is where it hurts.
    """

    name: str
    noun: str
    levels: tuple[FactorLevel, ...]

    def __post_init__(self) -> None:
        if len(self.levels) <= 1:
            raise ConfigurationError(f"factor {self.name} has one level only: name another one to compare it with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A main effect that cannot be told from how two other factors act together.

    Attributes:
        factor: whose effect it is.
        pairs: the two others, and which share of what they do together is counted as this factor's.
    """

    factor: str
    pairs: tuple[tuple[str, str, float], ...]

    @property
    def words(self) -> str:
        """In a sentence."""
        whole = [f"{first} x {second}" for first, second, share in self.pairs if abs(share) > 1 - _MIXED]
        part = len(self.pairs) - len(whole)
        told = [f"all of {' and of '.join(whole)}"] if whole else []
        told += [f"parts of {part} other pairs of factors"] if part else []
        return f"the effect of {self.factor} contains {', and '.join(told)}, if these act on each other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is measured.

    Attributes:
        kind: how the points were chosen.
        factors: what is varied.
        points: each once, the one where it hurts first.
    """

    kind: DesignKind
    factors: tuple[Factor, ...]
    points: tuple[Point, ...]

    @property
    def baseline(self) -> Point:
        """The point where it hurts."""
        return (0,) * len(self.factors)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What a screening mixes; nothing for the other designs."""
        return tuple(_aliases(self)) if self.kind is DesignKind.SCREEN else ()

    def describe(self, point: Point) -> str:
        """A point as people read it: `10 connections, record size 2,048 B`."""
        return ", ".join(factor.levels[level].text for factor, level in zip(self.factors, point, strict=True))


def make_design(factors: tuple[Factor, ...], kind: DesignKind | None = None) -> Design:
    """The design of a kind; by default one at a time, and a screening above six factors.

    Raises:
        ConfigurationError: there is not a factor, or this kind cannot be made of these.
    """
    if not factors:
        raise ConfigurationError("nothing is varied: name a factor, as in connections=10,20")
    chosen = kind or (DesignKind.SCREEN if len(factors) > MOST_FULL else DesignKind.ONE)
    points = {DesignKind.ONE: _one, DesignKind.FULL: _full, DesignKind.SCREEN: _screen}[chosen](factors)
    return Design(kind=chosen, factors=factors, points=tuple(points))


def _one(factors: tuple[Factor, ...]) -> list[Point]:
    baseline = (0,) * len(factors)
    changed = [
        (*baseline[:number], level, *baseline[number + 1 :])
        for number, factor in enumerate(factors)
        for level in range(1, len(factor.levels))
    ]
    return [baseline, *changed]


def _full(factors: tuple[Factor, ...]) -> list[Point]:
    if len(factors) > MOST_FULL:
        raise ConfigurationError(
            f"{len(factors)} factors are too many for all their combinations: use design screen, or one"
        )
    return list(itertools.product(*(range(len(factor.levels)) for factor in factors)))


def _screen(factors: tuple[Factor, ...]) -> list[Point]:
    for factor in factors:
        if len(factor.levels) > 2:  # noqa: PLR2004 (a screening is of two)
            raise ConfigurationError(f"design screen takes two levels a factor, and {factor.name} has more: name two")
    rows = _plackett_burman(len(factors))
    # +1 is where it hurts: its matrices have a row of ones only.
    return sorted({tuple(int(sign < 0) for sign in row) for row in rows})


def _plackett_burman(count: int) -> Floats:
    """Runs by factors, each +1 or -1: all columns of a Hadamard matrix but its first, as many as there are factors.

    The matrices of 4, 8, 12, 16, 20, 24 and 32 runs are built from rows by Plackett and Burman (Biometrika 33, 1946).
    """
    if count > _MOST_SCREENED:
        raise ConfigurationError(f"{count} factors are too many to be screened: name {_MOST_SCREENED} at most")
    runs = min(size for size in _SIZES if size > count)
    base = next((size for size in _GENERATING if runs % size == 0), 1)
    matrix = _cyclic(_GENERATING[base]) if base in _GENERATING else np.ones((1, 1))
    while len(matrix) < runs:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix[:, 1 : count + 1]


def _cyclic(signs: str) -> Floats:
    """The Hadamard matrix whose rows are all rotations of one, bordered by ones."""
    row = np.array([1.0 if sign == "+" else -1.0 for sign in signs])
    turned = np.stack([np.roll(row, places) for places in range(len(row))])
    return np.pad(turned, ((1, 0), (1, 0)), constant_values=1.0)


def _aliases(screening: Design) -> list[Alias]:
    signs = 1.0 - 2.0 * np.array(screening.points, dtype=float)
    names = [factor.name for factor in screening.factors]
    pairs = list(itertools.combinations(range(len(names)), 2))
    together = np.stack([signs[:, a] * signs[:, b] for a, b in pairs], axis=1) if pairs else np.empty((len(signs), 0))
    mains = np.column_stack([np.ones(len(signs)), signs])
    share = np.linalg.lstsq(mains, together, rcond=None)[0][1:]
    return [
        Alias(
            factor=name,
            pairs=tuple(
                (names[a], names[b], float(round(share, 3)))
                for (a, b), share in zip(pairs, row, strict=True)
                if abs(share) > _MIXED
            ),
        )
        for name, row in zip(names, share, strict=True)
        if np.any(np.abs(row) > _MIXED)
    ]


def run_order(made: Design, repeats: int, seed: int) -> tuple[Point, ...]:
    """The points in the order in which they are measured.

    Args:
        made: the design.
        repeats: how often each point is measured; the one where it hurts at least once more.
        seed: of the order.

    Raises:
        ConfigurationError: there is not even one repeat.
    """
    if repeats < 1:
        raise ConfigurationError(f"{repeats} repeats measure nothing: make one at least")
    chance = np.random.Generator(np.random.PCG64(seed))
    others = [point for point in made.points if point != made.baseline]
    rest = [others[place] for _ in range(repeats) for place in chance.permutation(len(others))]
    again = max(repeats + 1, math.ceil(len(rest) / APART) + 1)
    # Evenly between the others, first and last.
    cuts = [round(place * len(rest) / (again - 1)) for place in range(again)]
    order: list[Point] = [made.baseline]
    for begin, end in itertools.pairwise(cuts):
        order += [*rest[begin:end], made.baseline]
    return tuple(order)
