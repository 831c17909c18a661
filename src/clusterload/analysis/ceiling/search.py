"""Searching for a ceiling: which step comes next, when the search is over, and what several searches say together.

Steps grow by a factor up to the first that breaks, or shrink by it down to the first that holds; then the stretch
between the highest that held and the lowest that broke is halved, in ratios, until it is narrow enough. All of it
follows from the steps made so far: no clock, no cluster, no chance.

One search leaves the highest step that held and the lowest that broke; the ceiling lies between. Of several, the
interval goes from the lowest that held to the highest that broke: that assumes no distribution. What another search
would find in the middle lies in it with a chance of 1 - 2^(1-n) at least: 50 % with two searches, 75 % with three.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from clusterload.model.errors import ConfigurationError

if TYPE_CHECKING:
    from clusterload.model.units import Unit


class StepOutcome(StrEnum):
    """The result of a step."""

    HELD = "held"
    """The load was made as asked, within all bounds."""
    BROKE = "broke"
    """A bound was broken, or the cluster did not let the load be made."""
    UNSURE = "unsure"
    """It did not hold, and that may not be the cluster's doing."""


class SearchEnd(StrEnum):
    """Why a staircase is over, or that it is not."""

    OPEN = "not over"
    PRECISE = "known to the precision asked for"
    MOST = "the highest step that may be made held"
    NOTHING = "not even the lowest step held"
    UNSURE = "inconclusive, also when tried again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that was made.

    Attributes:
        value: what the dial was set to.
        outcome: its result.
        why: the figures that say so.
        used: what was really used of the thing that is searched for, by the cluster's count; NaN if unknown.
        figures: what was measured, by name.
    """

    value: float
    outcome: StepOutcome
    why: str = ""
    used: float = math.nan
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """What steps say so far.

    Attributes:
        held: the highest value that held below all that broke; 0 if none did.
        broke: the lowest value that broke; infinite if none did.
        end: why no further step is made.
    """

    held: float
    broke: float
    end: SearchEnd

    @property
    def bracketed(self) -> bool:
        """Whether the most that holds is known from both sides."""
        return self.held > 0 and math.isfinite(self.broke)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """How to search for the most that holds.

    Attributes:
        first: the value to begin at.
        least: no step is made below this; above 0.
        most: no step is made above this.
        factor: from one step to the next until one breaks; above 1.
        precision: how far the lowest that broke may be above the highest that held, as a share of it.
        whole: whether values are whole numbers.
        tries: how often an inconclusive step is made.
        breaks: how often a step must break: one that holds when it is made again was disturbed before.
    """

    first: float
    least: float
    most: float = math.inf
    factor: float = 2.0
    precision: float = 0.1
    whole: bool = False
    tries: int = 2
    breaks: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.most:
            raise ConfigurationError(
                f"there are no steps from {self.least:g} to {self.most:g}: begin above 0, end above that"
            )
        if not (self.factor > 1 and 0 < self.precision < 1 and self.tries >= 1 and self.breaks >= 1):
            raise ConfigurationError(
                f"factor {self.factor:g}, precision {self.precision:g} and {self.tries} tries end no search: a factor "
                "is above 1, a precision between 0 and 1, and one try and break at least"
            )

    def next(self, steps: Sequence[Step]) -> float | None:
        """The value of the next step after those that were made; None when the search is over."""
        if not steps:
            return self._whole(min(max(self.first, self.least), self.most))
        last = self._settled(steps, steps[-1].value)
        if last is None:
            return steps[-1].value
        if last is StepOutcome.UNSURE:
            return None
        held, broke = self._borders(steps)
        if not math.isfinite(broke):
            return self._whole(min(held * self.factor, self.most)) if held < self._whole(self.most) else None
        if not held:
            return self._whole(max(broke / self.factor, self.least)) if broke > self._whole(self.least) else None
        return None if self._narrow(held, broke) else self._between(held, broke)

    def found(self, steps: Sequence[Step]) -> Bracket:
        """What the steps made so far come to."""
        held, broke = self._borders(steps)
        return Bracket(held=held, broke=broke, end=self._end(steps, held, broke))

    def _end(self, steps: Sequence[Step], held: float, broke: float) -> SearchEnd:
        if self.next(steps) is not None:
            return SearchEnd.OPEN
        if self._settled(steps, steps[-1].value) is StepOutcome.UNSURE:
            return SearchEnd.UNSURE
        if not math.isfinite(broke):
            return SearchEnd.MOST
        return SearchEnd.PRECISE if held else SearchEnd.NOTHING

    def _settled(self, steps: Sequence[Step], value: float) -> StepOutcome | None:
        """The result at a value over all tries; None while it must be tried again."""
        seen = [step.outcome for step in steps if step.value == value]
        if StepOutcome.HELD in seen:
            return StepOutcome.HELD
        if seen.count(StepOutcome.BROKE) >= self.breaks:
            return StepOutcome.BROKE
        return StepOutcome.UNSURE if seen.count(StepOutcome.UNSURE) >= self.tries else None

    def _borders(self, steps: Sequence[Step]) -> tuple[float, float]:
        """The highest value that held, and the lowest that broke."""
        known = {value: self._settled(steps, value) for value in {step.value for step in steps}}
        broke = min((value for value, outcome in known.items() if outcome is StepOutcome.BROKE), default=math.inf)
        held = max(
            (value for value, outcome in known.items() if outcome is StepOutcome.HELD and value < broke), default=0.0
        )
        return held, broke

    def _narrow(self, held: float, broke: float) -> bool:
        if self.whole and broke - held <= 1:
            return True
        # What is rounded may coincide: a step between the two must be one of its own.
        return broke - held <= self.precision * held * (1 + 1e-9) or not held < self._between(held, broke) < broke

    def _between(self, held: float, broke: float) -> float:
        middle = math.sqrt(held * broke)
        return min(max(round(middle), held + 1), broke - 1) if self.whole else middle

    def _whole(self, value: float) -> float:
        return math.floor(value) if self.whole and math.isfinite(value) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search that was made.

    Attributes:
        steps: in the order in which they were made.
        found: what they come to.
        cut: why it was broken off before its end, or nothing.
        top: why no step above the highest may be made, or nothing.
    """

    steps: tuple[Step, ...]
    found: Bracket
    cut: str = ""
    top: str = ""

    @property
    def held(self) -> float:
        """What was really used at the highest step that held; 0 if none did, what was asked for where none counted."""
        if not self.found.held:
            return 0.0
        used = [step.used for step in self.steps if step.value == self.found.held and step.outcome is StepOutcome.HELD]
        return used[-1] if not math.isnan(used[-1]) else self.found.held

    @property
    def broke(self) -> float:
        """The same for the lowest step that broke, had it been made as asked; infinite if none did."""
        # How much more is used than is asked for is known from what held: what broke was not made.
        return self.found.broke * (self.held / self.found.held if self.found.held else 1.0)

    @property
    def why(self) -> str:
        """What ended it: why the lowest step broke, or why there is none that did."""
        if self.found.bracketed or self.found.end is SearchEnd.NOTHING:
            broke = [
                step for step in self.steps if step.value == self.found.broke and step.outcome is StepOutcome.BROKE
            ]
            return broke[-1].why
        if self.cut:
            return self.cut
        return self.steps[-1].why if self.found.end is SearchEnd.UNSURE else self.top or self.found.end.value


def climb(
    staircase: Staircase, make: Callable[[float], Step], *, cut: Callable[[float], str] = lambda _: "", top: str = ""
) -> Search:
    """Make steps until a search is over.

    Args:
        staircase: which step comes next.
        make: makes a step.
        cut: why a step of this value may not be made any more, or nothing.
        top: why no step above the highest may be made.
    """
    steps: list[Step] = []
    why = ""
    while not why and (value := staircase.next(steps)) is not None:
        why = cut(value)
        if not why:
            steps.append(make(value))
    return Search(steps=tuple(steps), found=staircase.found(steps), cut=why, top=top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """What several searches for the same say together.

    Attributes:
        resource: the name of a dimension, or of what was raised.
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
        return tuple(search for search in self.searches if search.found.bracketed)

    @property
    def stopped(self) -> tuple[Search, ...]:
        """The searches that something else than the ceiling ended, but for those that were only broken off."""
        return tuple(search for search in self.searches if not search.found.bracketed and not search.cut)

    @property
    def known(self) -> bool:
        """Whether most searches found it, and none of the others went beyond what they found."""
        if len(self.telling) <= len(self.stopped):
            return False
        return max((search.held for search in self.stopped), default=0.0) <= self._highest

    @property
    def value(self) -> float:
        """The median of what held; NaN if it is not known."""
        return median(search.held for search in self.telling) if self.known else math.nan

    @property
    def middle(self) -> float:
        """The median of the middles, in ratios, between what held and what broke; NaN if it is not known."""
        return median(math.sqrt(search.held * search.broke) for search in self.telling) if self.known else math.nan

    @property
    def low(self) -> float:
        """The lowest of what held; NaN if it is not known."""
        return min(search.held for search in self.telling) if self.known else math.nan

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
            return min(search.held for search in self.telling)
        return max((search.held for search in self.searches), default=0.0)

    @property
    def chance(self) -> float:
        """How likely, at least, the interval holds the middle of what further searches would find."""
        return 1 - 2.0 ** (1 - len(self.telling)) if self.known else math.nan

    @property
    def reasons(self) -> tuple[str, ...]:
        """What ended the searches, each reason once; of an unknown ceiling what left it unknown."""
        chosen = self.telling if self.known else self.stopped or self.searches
        return tuple(dict.fromkeys(search.why for search in chosen))

    @property
    def _highest(self) -> float:
        return max(search.broke for search in self.telling)
