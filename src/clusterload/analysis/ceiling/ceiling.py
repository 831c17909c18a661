"""Ceiling: the most of a resource that a cluster carried within bounds, with an interval, from repeated searches.

One search leaves the highest step that held and the lowest that broke; the ceiling lies between. Of several, the
interval goes from the lowest that held to the highest that broke: that assumes no distribution. What another search
would find in the middle lies in it with a chance of 1 - 2^(1-n) at least: 50 % with two searches, 75 % with three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from clusterload.analysis.ceiling.staircase import End, Found, Outcome, Step

if TYPE_CHECKING:
    from clusterload.model.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One staircase that was climbed.

    Attributes:
        steps: in the order in which they were made.
        found: what they come to.
        cut: why it was broken off before its end, or nothing.
        top: why no step above the highest may be made, or nothing.
    """

    steps: tuple[Step, ...]
    found: Found
    cut: str = ""
    top: str = ""

    @property
    def held(self) -> float:
        """What was really used at the highest step that held; 0 if none did, what was asked for where none counted."""
        if not self.found.held:
            return 0.0
        used = [step.used for step in self.steps if step.value == self.found.held and step.outcome is Outcome.HELD]
        return used[-1] if not math.isnan(used[-1]) else self.found.held

    @property
    def broke(self) -> float:
        """The same for the lowest step that broke, had it been made as asked; infinite if none did."""
        # How much more is used than is asked for is known from what held: what broke was not made.
        return self.found.broke * (self.held / self.found.held if self.found.held else 1.0)

    @property
    def why(self) -> str:
        """What ended it: why the lowest step broke, or why there is none that did."""
        if self.found.bracketed or self.found.end is End.NOTHING:
            broke = [one for one in self.steps if one.value == self.found.broke and one.outcome is Outcome.BROKE]
            return broke[-1].why
        if self.cut:
            return self.cut
        return self.steps[-1].why if self.found.end is End.UNSURE else self.top or self.found.end.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """What several searches for the same say together.

    Attributes:
        resource: a dimension's name, or that of what was raised.
        unit: of all values.
        searches: those that were made, whole or in part.
        wanted: how many were to be made.
    """

    resource: str
    unit: Unit
    searches: tuple[Search, ...]
    wanted: int

    @property
    def telling(self) -> tuple[Search, ...]:
        """The searches that found it, from both sides."""
        return tuple(one for one in self.searches if one.found.bracketed)

    @property
    def stopped(self) -> tuple[Search, ...]:
        """The searches that something else than the ceiling ended, but for those that were only broken off."""
        return tuple(one for one in self.searches if not one.found.bracketed and not one.cut)

    @property
    def known(self) -> bool:
        """Whether most searches found it, and none of the others went beyond what they found."""
        if len(self.telling) <= len(self.stopped):
            return False
        return max((one.held for one in self.stopped), default=0.0) <= self._highest

    @property
    def value(self) -> float:
        """The median of what held; NaN if it is not known."""
        return median(one.held for one in self.telling) if self.known else math.nan

    @property
    def middle(self) -> float:
        """The median of the middles, in ratios, between what held and what broke; NaN if it is not known."""
        return median(math.sqrt(one.held * one.broke) for one in self.telling) if self.known else math.nan

    @property
    def low(self) -> float:
        """The lowest of what held; NaN if it is not known."""
        return min(one.held for one in self.telling) if self.known else math.nan

    @property
    def high(self) -> float:
        """The highest of what broke; NaN if it is not known."""
        return self._highest if self.known else math.nan

    @property
    def at_least(self) -> float:
        """What was carried, where the ceiling is not known; NaN where it is."""
        if self.known:
            return math.nan
        if self.telling:
            return min(one.held for one in self.telling)
        return max((one.held for one in self.searches), default=0.0)

    @property
    def chance(self) -> float:
        """How likely, at least, the interval holds the middle of what further searches would find."""
        return 1 - 2.0 ** (1 - len(self.telling)) if self.known else math.nan

    @property
    def reasons(self) -> tuple[str, ...]:
        """What ended the searches, each reason once; of an unknown ceiling what left it unknown."""
        chosen = self.telling if self.known else self.stopped or self.searches
        return tuple(dict.fromkeys(one.why for one in chosen))

    @property
    def _highest(self) -> float:
        return max(one.broke for one in self.telling)
