"""Shift: how one figure differs between two stretches, and what became of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from clusterload.analysis.changes.metric_keys import MetricInfo, MetricKey
from clusterload.analysis.changes.yardstick import Yardstick
from clusterload.analysis.estimate import Estimate
from clusterload.model import units
from clusterload.model.resources import RESOURCES
from clusterload.model.wording import in_sentence


class ShiftState(StrEnum):
    """What became of a figure."""

    MOVED = "moved"
    APPEARED = "appeared"
    """A topic, a client or the like that was nothing before."""
    GONE = "gone"
    """One that is nothing after."""
    USUAL = "usual"
    """It did not move beyond what is usual."""
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How one figure differs between two stretches.

    Attributes:
        figure: what and whose it is.
        measure: how its values are to be read.
        before: typical value, in the measure's unit; NaN if unknown.
        after: likewise.
        yardstick: what the difference was held against; None if it cannot be told.
        needed: usual spreads that it must differ by to be named, as many figures as there are.
        state: what became of it.
        share: the difference as a share of the cluster's total where that is larger; NaN if that is not known.
        doubt: why it cannot be told; nothing if it can.
    """

    figure: MetricKey
    measure: MetricInfo
    before: float = math.nan
    after: float = math.nan
    yardstick: Yardstick | None = None
    needed: float = math.nan
    state: ShiftState = ShiftState.UNKNOWN
    share: float = math.nan
    doubt: str = ""

    @property
    def difference(self) -> float:
        """After less before, in the measure's unit."""
        return self.after - self.before

    @property
    def estimate(self) -> Estimate:
        """The difference with the interval beyond which it is named; no interval where it cannot be told."""
        reach = self.needed * self.yardstick.spread if self.yardstick else math.nan
        return Estimate(value=self.difference, low=self.difference - reach, high=self.difference + reach)

    @property
    def ratio(self) -> float:
        """After over before; infinite from nothing, NaN if both are nothing or one is unknown."""
        if self.before:
            return self.after / self.before
        return math.inf if self.after > 0 else math.nan

    @property
    def spreads(self) -> float:
        """The difference in usual spreads, with its sign; NaN if unknown."""
        if self.yardstick is None:
            return math.nan
        return self.difference / self.yardstick.spread if self.yardstick.spread else 0.0

    @property
    def named(self) -> bool:
        """Whether it moved beyond the usual."""
        return self.state in {ShiftState.MOVED, ShiftState.APPEARED, ShiftState.GONE}

    @property
    def shows(self) -> bool:
        """Whether it showed anything in the stretches that could be told."""
        return self.yardstick is not None and bool(self.before or self.after or self.yardstick.spread)

    @property
    def title(self) -> str:
        """What and whose it is: `Ingress`, `Ingress, topic orders`."""
        resource = RESOURCES.get(self.figure.whole) or RESOURCES.get(self.figure.name)
        name = resource.title if resource else self.figure.name.replace("_", " ").capitalize()
        return f"{name}, {self.figure.who}" if self.figure.labels else name

    @property
    def words(self) -> str:
        """`connections +180 (x5.6, 41 usual spreads)`."""
        title = in_sentence(self.title)
        within = f"{units.times(self.ratio)}, {units.number(abs(self.spreads), 2)} usual spreads"
        if self.state in {ShiftState.APPEARED, ShiftState.GONE}:
            size = units.level(max(self.before, self.after), self.measure.unit)
            whole = "" if math.isnan(self.share) else f", {units.percent(self.share)} of all"
            return f"{title} {'appeared' if self.state is ShiftState.APPEARED else 'is gone'} ({size}{whole})"
        return f"{title} {units.signed(self.difference, self.measure.unit)} ({within})"
