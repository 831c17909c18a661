"""Figures that groups of runs are held side by side in, and which way of each is the better one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clusterload.model.units import Unit


class FigureFamily(StrEnum):
    """What a figure belongs to, in the order in which they are shown."""

    ACHIEVED = "achieved"
    LOAD = "limit load"
    SATURATION = "saturation"
    LATENCY = "latency"
    COST = "cost a record"
    RESOURCE = "resources"


class Better(StrEnum):
    """Which way of a figure is the better one."""

    LESS = "less"
    MORE = "more"
    NEITHER = "neither"
    """It follows from what is asked for: more of it is neither better nor worse."""


_WHOLE: Final = 1 / math.sqrt(12)
"""By how much a whole number misses what it stands for: the standard deviation of an even spread over 1."""

STEPS: Final = {"ratio": 0.005, "cores": 0.01, "time": 1e-6, "connections": _WHOLE, "partitions": _WHOLE}
"""What figures can be told apart by whatever their size: a standard deviation, in base units of what they measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFigure:
    """One thing that is compared.

    Attributes:
        name: short, to search for: `latency.p99 of sales`.
        title: as people read it.
        unit: of its values; per second for what is counted.
        family: what it belongs to.
        better: which way is the better one.
    """

    name: str
    title: str
    unit: Unit
    family: FigureFamily
    better: Better

    @property
    def step(self) -> float:
        """What two values can be told apart by, in its unit."""
        return STEPS.get(self.unit.thing, 0.0) / self.unit.factor
