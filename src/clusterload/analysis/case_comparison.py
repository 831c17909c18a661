"""Comparison: what a changed dial did, from runs held side by side.

An effect is the ratio of typical values between a run and the baseline. It is told apart from chance by an interval
around "no change" and around the dial's own ratio, so that words are only used for what the data shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clusterload.analysis.estimate import Estimate
from clusterload.analysis.statistics import median_deviation
from clusterload.analysis.usage import ResourceLine, Usage
from clusterload.model import units
from clusterload.model.resources import dimensions
from clusterload.model.run import Run
from clusterload.model.series import Kind
from clusterload.model.workload import dial_noun, dial_number, dial_text

SIGMAS: Final = 3.0
"""An effect within this many standard deviations of a value is taken to be that value."""

FLOOR: Final = 0.02
"""Relative spread that two runs of equal plans show even where each is calm."""

_VERBS: Final = ((1.0, "changes nothing"), (0.5, "halves it"), (2.0, "doubles it"))

# Seconds after which one figure of a run says little about the next.
_MEMORY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DialChange:
    """One dial of one Load that differs between two plans."""

    dial: str
    before: object
    after: object

    @property
    def ratio(self) -> float:
        """After over before; NaN if they are no numbers, or before is nothing."""
        return dial_number(self.after) / (dial_number(self.before) or math.nan)

    @property
    def words(self) -> str:
        """`half the payload`, `twice the producers`, or the new value."""
        return f"{_times(self.ratio)} the {dial_noun(self.dial)}" if _times(self.ratio) else self.new_value

    @property
    def new_value(self) -> str:
        """The dial as it was set to."""
        return dial_text(self.dial, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEffect:
    """What happened to one figure when dials changed.

    Attributes:
        name: a dimension, or `limit load`.
        before: the baseline's typical value.
        after: the typical value with the change.
        spread: relative standard deviation of the ratio that chance explains.
    """

    name: str
    before: float
    after: float
    spread: float

    @property
    def ratio(self) -> float:
        """After over before; NaN if before is nothing."""
        return self.after / self.before if self.before else math.nan

    @property
    def estimate(self) -> Estimate:
        """The ratio, with the interval of what chance makes look like it."""
        reach = SIGMAS * self.spread
        high = self.ratio / (1 - reach) if reach < 1 else math.inf
        return Estimate(value=self.ratio, low=self.ratio / (1 + reach), high=high)

    @property
    def words(self) -> str:
        """What the change did: `changes nothing`, `halves it`, or from where to where."""
        if math.isnan(self.ratio):
            return "changes nothing" if self.after == self.before else "cannot be told"
        fitting = [verb for ratio, verb in _VERBS if self.estimate.contains(ratio)]
        if fitting:
            # Figures so restless that nothing and half of it look alike do not say that nothing changed.
            return fitting[0] if len(fitting) == 1 else "cannot be told"
        verb = "raises" if self.ratio > 1 else "lowers"
        return f"{verb} it from {units.percent(self.before)} to {units.percent(self.after)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseComparison:
    """A run against a baseline: what was changed, and what that did to each dimension and the limit load."""

    changes: tuple[DialChange, ...]
    effects: tuple[CaseEffect, ...]
    limit_load: CaseEffect
    unnamed: str = "the same plan again"

    @property
    def sentence(self) -> str:
        """`half the producers halves it`, where *it* is the limit load."""
        changed = " and ".join(change.words for change in self.changes) or self.unnamed
        return f"{changed} {self.limit_load.words}"

    def effect(self, resource: str) -> CaseEffect | None:
        """The effect on a dimension, or None if one of the runs did not measure it."""
        return next((effect for effect in self.effects if effect.name == resource), None)


def compare_with_baseline(baseline: Run, before: Usage, run: Run, after: Usage) -> CaseComparison:
    """Hold a run against a baseline run; the usages must come from the same limits."""
    effects = {
        dimension.name: _effect(dimension.name, old, new, _spread(dimension.name, baseline, old, run, new))
        for dimension in dimensions()
        if (old := before.line(dimension.name)) is not None and (new := after.line(dimension.name)) is not None
    }
    # What binds may change with the dial, so the limit load is as uncertain as the worse of the two.
    binding = {usage.binding.resource.name for usage in (before, after) if usage.binding}
    spread = max((effects[name].spread for name in binding & effects.keys()), default=FLOOR)
    return CaseComparison(
        changes=dial_changes(baseline, run),
        effects=tuple(effects.values()),
        limit_load=CaseEffect(name="limit load", before=before.typical_load, after=after.typical_load, spread=spread),
        unnamed="the same plan again" if run.is_repeat_of(baseline) else "another plan",
    )


def dial_changes(baseline: Run, run: Run) -> tuple[DialChange, ...]:
    """The dials that differ, for each Load that both plans have by name."""
    if baseline.plan is None or run.plan is None:
        return ()
    later = {load.name: load.dials.chosen() for load in run.plan.loads}
    return tuple(
        DialChange(dial=name, before=value, after=after)
        for load in baseline.plan.loads
        for name, value in load.dials.chosen().items()
        if (after := later.get(load.name, {}).get(name)) is not None and after != value
    )


def _effect(name: str, old: ResourceLine, new: ResourceLine, spread: float) -> CaseEffect:
    return CaseEffect(name=name, before=old.typical, after=new.typical, spread=spread)


def _spread(name: str, baseline: Run, old: ResourceLine, run: Run, new: ResourceLine) -> float:
    parts = [FLOOR, _chance(name, baseline), _chance(name, run), _restless(old), _restless(new)]
    return math.sqrt(sum(part**2 for part in parts))


def _chance(name: str, run: Run) -> float:
    """The relative spread that the clients' own random picks give a figure, as predicted when it was made."""
    predicted = run.environment.get("predicted", {}).get(name)
    return predicted["deviation"] / predicted["mean"] if predicted else 0.0


def _restless(line: ResourceLine) -> float:
    """The relative standard error of a line's typical value, with neighbours in time not counted as independent."""
    values = line.values[~np.isnan(line.values)]
    middle = line.typical
    if not len(values) or not middle:
        return 0.0
    deviation = median_deviation(values, middle)
    of_median = 1.2533 if line.resource.kind is Kind.GAUGE else 1.0  # a median is less certain than a mean
    return of_median * deviation / abs(middle) / math.sqrt(max(1, len(values) / _MEMORY))


def _times(ratio: float) -> str:
    return {0.5: "half", 2.0: "twice"}.get(round(ratio, 3), "")


def story(verdict: str, comparisons: Sequence[CaseComparison]) -> str:
    """A verdict and what each change did to it, as one sentence."""
    return "; ".join([verdict, *(comparison.sentence for comparison in comparisons)])
