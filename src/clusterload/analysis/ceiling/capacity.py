"""Capacity: how far a load can grow, as predicted from its first step and as measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.ceiling.bound import Bound
from clusterload.analysis.ceiling.search import Ceiling
from clusterload.analysis.headroom import Headroom, headroom
from clusterload.analysis.headroom import first as first_of
from clusterload.model import units
from clusterload.model.resources import RESOURCES, Role, saturations
from clusterload.model.thresholds import LIMIT_LOAD
from clusterload.model.wording import in_sentence

if TYPE_CHECKING:
    from clusterload.analysis.headroom import Growth
    from clusterload.analysis.usage import Usage


DISAGREE: Final = 0.15
"""By which share predicted and measured may differ without a word on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the first, unscaled step says about all others.

    Attributes:
        headrooms: of each resource, the first to bind first.
        first: the one of those that a bound is about which binds first; None if none is known to.
        silent: the bounds that cannot be predicted.
        assumed: what was taken to grow.
    """

    headrooms: tuple[Headroom, ...]
    first: Headroom | None
    silent: tuple[Bound, ...]
    assumed: str

    @classmethod
    def of(cls, usage: Usage, bounds: tuple[Bound, ...], growth: Growth, idle: Mapping[str, float]) -> Prediction:
        """What the usage of a step says about how far it can grow within bounds.

        Args:
            usage: of the step.
            bounds: what may not be exceeded.
            growth: what grows with it.
            idle: by resource what the cluster uses without the load.
        """
        upper = [bound for bound in bounds if bound.op in {">", ">="}]
        shares = [bound.value for bound in upper if bound.figure == LIMIT_LOAD]
        busy = _busy(upper)
        found = headroom(usage, growth=growth, idle=idle, end=min(shares, default=1.0), busy=busy)
        limited = (
            {resource.name for resource in RESOURCES.values() if resource.role is Role.DIMENSION} if shares else set()
        )
        about = {*limited, *busy}
        silent = tuple(bound for bound in bounds if bound not in upper or not bound.needs_metrics)
        return cls(
            headrooms=found,
            first=first_of(headroom for headroom in found if headroom.resource in about),
            silent=silent,
            assumed=growth.words,
        )


def _busy(bounds: list[Bound]) -> dict[str, float]:
    """By resource how busy a broker may be, by the lowest bound that is about it."""
    found: dict[str, float] = {}
    every = [resource.name for resource in saturations()]
    for bound in bounds:
        for name in every if bound.figure == "saturation" else [bound.figure]:
            if name in every:
                found[name] = min(bound.value, found.get(name, math.inf))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How far a load can grow until a bound breaks.

    Attributes:
        cluster_id: of which cluster.
        lab: whether it is a lab, whose brokers share this machine.
        brokers: how many it has.
        name: what was raised: a dial or `mix`.
        first: the value that it began with; factors are of this.
        bounds: what broke a step.
        limits: the name of the table that a limit load was held against.
        ceiling: what was measured, in the unit of what was raised.
        prediction: of the first step; None if that could not be made.
        doubts: what a reader should know.
    """

    cluster_id: str
    lab: bool
    brokers: int
    name: str
    first: float
    bounds: tuple[Bound, ...]
    limits: str
    ceiling: Ceiling
    prediction: Prediction | None = None
    doubts: tuple[str, ...] = ()

    @property
    def factor(self) -> float:
        """How many times as large the load can be, as measured; NaN if that is not known."""
        return self.ceiling.middle / self.first

    @property
    def low(self) -> float:
        """From where that may lie: the lowest that held."""
        return self.ceiling.low / self.first

    @property
    def high(self) -> float:
        """To where: the highest that broke."""
        return self.ceiling.high / self.first

    @property
    def at_least(self) -> float:
        """What was carried, where it is not known how far it can grow."""
        return self.ceiling.at_least / self.first

    @property
    def off(self) -> float:
        """By which share of the measured factor the predicted one is off; NaN if one is not known."""
        first = self.predicted
        return math.nan if first is None else first.factor / self.factor - 1

    @property
    def disagreement(self) -> str:
        """That predicted and measured do not fit, and which to believe; nothing where they do, or one is not known."""
        first, slack = self.predicted, 1 + DISAGREE
        if first is None or not first.known or not first.factor:
            return ""
        ratio = (self.factor if self.ceiling.known else self.at_least) / first.factor
        further = ratio > slack and not first.at_least and (not self.ceiling.known or self.low > first.factor)
        shorter = self.ceiling.known and ratio < 1 / slack and self.high < first.factor
        if not further and not shorter:
            return ""
        times = f"{'' if self.ceiling.known else 'at least '}{units.number(ratio, 2)} times"
        return (
            f"Predicted and measured disagree: the load could grow to {times} what was predicted. The measured value "
            f"counts: the prediction takes {in_sentence(first.title)} to grow in proportion to the load"
        )

    @property
    def predicted(self) -> Headroom | None:
        """The resource that is predicted to bind first; None if none is known to."""
        return self.prediction.first if self.prediction else None

    @property
    def predicted_words(self) -> str:
        """As in `predicted 3.1 x (connections)`."""
        first = self.predicted
        return "predicted n/a" if first is None else f"predicted {first.words} ({in_sentence(first.title)})"

    @property
    def measured_words(self) -> str:
        """As in `measured 3 x, 2.9 to 3.1 (limit_load 91 %)`."""
        ended = "".join(f" ({why})" for why in self.ceiling.reasons[:1])  # each search says it in figures of its own
        if self.ceiling.known:
            low, high = units.number(self.low), units.number(self.high)
            return f"measured {units.number(self.factor)} x, {low} to {high}{ended}"
        if not self.at_least and self._below:
            return f"measured below {units.number(self._below)} x{ended}"
        return f"measured at least {units.number(self.at_least)} x{ended}"

    @property
    def _below(self) -> float:
        """The smallest load that broke, where none held; 0 if none broke."""
        broke = [search.found.broke for search in self.ceiling.searches if math.isfinite(search.found.broke)]
        return min(broke, default=0.0) / self.first

    @property
    def sentence(self) -> str:
        """Both side by side."""
        return f"{self.predicted_words}, {self.measured_words}"
