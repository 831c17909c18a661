"""Separation: which drivers move so much together that the data cannot tell what each of them costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from clusterload.model.series import Floats

MOST_INFLATION: Final = 10.0
"""From this factor on the variance of a price is so much larger for the company of others that it is no figure."""

_PART: Final = 0.25
"""Share of what the others tell of a driver that one of them must make up to be of its group."""


def inflation(columns: Floats) -> Floats:
    """By how much the variance of each column's price is larger than if it were alone, beside a constant.

    A column that never moves is beyond any: it cannot be told from the constant.
    """
    return np.array([_inflation(columns, number) for number in range(columns.shape[1])])


def _inflation(columns: Floats, number: int) -> float:
    own = columns[:, number] - np.mean(columns[:, number])
    whole = float(own @ own)
    if whole <= 1e-12 * max(1.0, float(np.sum(columns[:, number] ** 2))):
        return float("inf")
    _, left = _regressed(columns, number)
    return whole / left if left > 1e-12 * whole else float("inf")


def _regressed(columns: Floats, number: int) -> tuple[Floats, float]:
    """How much of a column each other one makes up, in standard deviations, and what is left of its squares."""
    centred = columns - np.mean(columns, axis=0)
    scale = np.sqrt(np.sum(centred**2, axis=0))
    scaled = centred / np.where(scale > 0, scale, 1.0)
    others = np.delete(scaled, number, axis=1)
    if not others.shape[1]:
        return np.empty(0), float(centred[:, number] @ centred[:, number])
    found, *_ = np.linalg.lstsq(others, scaled[:, number], rcond=None)
    left = scaled[:, number] - others @ found
    return np.insert(found, number, 0.0), float(left @ left) * float(scale[number]) ** 2


def groups(columns: Floats, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The drivers that cannot be told apart, in groups."""
    factors = inflation(columns)
    high = [number for number in range(len(names)) if factors[number] > MOST_INFLATION]
    return tuple(tuple(names[number] for number in sorted(group)) for group in _joined(columns, high))


def _joined(columns: Floats, members: Sequence[int]) -> Iterator[set[int]]:
    links = {number: _company(columns, number) for number in members}
    left = set(members)
    while left:
        group, front = set[int](), {min(left)}
        while front:
            group |= front
            near = {other for number in front for other in links.get(number, ())}
            near |= {other for other in members if links[other] & front}
            front = near - group
        left -= group
        yield group


def _company(columns: Floats, number: int) -> set[int]:
    """Whom a column moves with."""
    parts, _ = _regressed(columns, number)
    return {other for other in range(len(parts)) if other != number and abs(parts[other]) >= _PART}
