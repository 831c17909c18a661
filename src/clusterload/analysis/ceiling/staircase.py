"""Staircase: which step comes next on the way to the most that holds, and when that is known.

Steps grow by a factor up to the first that breaks, or shrink by it down to the first that holds; then the stretch
between the highest that held and the lowest that broke is halved, in ratios, until it is narrow enough. All of it
follows from the steps made so far: no clock, no cluster, no chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from clusterload.model.errors import ConfigurationError


class Outcome(StrEnum):
    """What became of a step."""

    HELD = "held"
    """The load was made as asked, within all bounds."""
    BROKE = "broke"
    """A bound was broken, or the cluster did not let the load be made."""
    UNSURE = "unsure"
    """It did not hold, and that may not be the cluster's doing."""


class End(StrEnum):
    """Why a staircase is over, or that it is not."""

    OPEN = "not over"
    PRECISE = "known to the precision asked for"
    MOST = "the highest step that may be made held"
    NOTHING = "not even the lowest step held"
    UNSURE = "no telling, also when tried again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that was made.

    Attributes:
        value: what the dial was set to.
        outcome: what became of it.
        why: the figures that say so.
        used: what was really used of the thing that is searched for, by the cluster's count; NaN if unknown.
        figures: what was seen, by name.
    """

    value: float
    outcome: Outcome
    why: str = ""
    used: float = math.nan
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What steps say so far.

    Attributes:
        held: the highest value that held below all that broke; 0 if none did.
        broke: the lowest value that broke; infinite if none did.
        end: why no further step is made.
    """

    held: float
    broke: float
    end: End

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
        tries: how often a step of which there is no telling is made.
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
                f"steps from {self.least:g} to {self.most:g} are none: begin above 0, end above that"
            )
        if not (self.factor > 1 and 0 < self.precision < 1 and self.tries >= 1 and self.breaks >= 1):
            raise ConfigurationError(
                f"factor {self.factor:g}, precision {self.precision:g} and {self.tries} tries lead nowhere: a factor "
                "is above 1, a precision between 0 and 1, and one try and break at least"
            )

    def next(self, steps: Sequence[Step]) -> float | None:
        """The value of the next step after those that were made; None when the search is over."""
        if not steps:
            return self._whole(min(max(self.first, self.least), self.most))
        last = self._settled(steps, steps[-1].value)
        if last is None:
            return steps[-1].value
        if last is Outcome.UNSURE:
            return None
        held, broke = self._borders(steps)
        if not math.isfinite(broke):
            return self._whole(min(held * self.factor, self.most)) if held < self._whole(self.most) else None
        if not held:
            return self._whole(max(broke / self.factor, self.least)) if broke > self._whole(self.least) else None
        return None if self._narrow(held, broke) else self._between(held, broke)

    def found(self, steps: Sequence[Step]) -> Found:
        """What the steps made so far come to."""
        held, broke = self._borders(steps)
        return Found(held=held, broke=broke, end=self._end(steps, held, broke))

    def _end(self, steps: Sequence[Step], held: float, broke: float) -> End:
        if self.next(steps) is not None:
            return End.OPEN
        if self._settled(steps, steps[-1].value) is Outcome.UNSURE:
            return End.UNSURE
        if not math.isfinite(broke):
            return End.MOST
        return End.PRECISE if held else End.NOTHING

    def _settled(self, steps: Sequence[Step], value: float) -> Outcome | None:
        """What became of a value, however often it was tried; None while it must be tried again."""
        seen = [step.outcome for step in steps if step.value == value]
        if Outcome.HELD in seen:
            return Outcome.HELD
        if seen.count(Outcome.BROKE) >= self.breaks:
            return Outcome.BROKE
        return Outcome.UNSURE if seen.count(Outcome.UNSURE) >= self.tries else None

    def _borders(self, steps: Sequence[Step]) -> tuple[float, float]:
        """The highest value that held, and the lowest that broke."""
        known = {value: self._settled(steps, value) for value in {step.value for step in steps}}
        broke = min((value for value, outcome in known.items() if outcome is Outcome.BROKE), default=math.inf)
        held = max(
            (value for value, outcome in known.items() if outcome is Outcome.HELD and value < broke), default=0.0
        )
        return held, broke

    def _narrow(self, held: float, broke: float) -> bool:
        if self.whole and broke - held <= 1:
            return True
        # What is rounded may lie just beside: a step between the two must be one of its own.
        return broke - held <= self.precision * held * (1 + 1e-9) or not held < self._between(held, broke) < broke

    def _between(self, held: float, broke: float) -> float:
        middle = math.sqrt(held * broke)
        return min(max(round(middle), held + 1), broke - 1) if self.whole else middle

    def _whole(self, value: float) -> float:
        return math.floor(value) if self.whole and math.isfinite(value) else value
