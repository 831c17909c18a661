"""Outcome: what an experiment comes to, from its runs alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.achieved import achieved
from clusterload.analysis.bottleneck import GENERATOR, bottlenecks
from clusterload.analysis.effects.design import Alias, Design, DesignKind, Point
from clusterload.analysis.effects.effects import Effects, Observation, effects_on
from clusterload.analysis.effects.figures import LIMIT_LOAD, courses_of, figures_of
from clusterload.analysis.effects.settling import settled_after
from clusterload.analysis.effects.words import drift_words, interaction_words, sentence
from clusterload.analysis.host_cpu import crowded
from clusterload.analysis.usage import assess, tables_of
from clusterload.model.display import Displayed
from clusterload.model.limits import NO_LIMITS
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.series import Floats

MADE: Final = 0.95
"""Share of a dial that the generator must have made for a run to count."""

_HOUR: Final = 3600 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPoint:
    """One point of a design that was measured."""

    point: Point
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult(Displayed):
    """What an experiment found.

    Attributes:
        design: what was measured.
        effects: on each figure that was known, the limit load first.
        settle: seconds at the start of each run that were not judged.
        observed: each run that counts, in the order of time.
        left_out: runs that do not count, and why.
        conclusion: what it says of the question, where there was one.
        crowded: runs in which others than the brokers kept a host of theirs busy.
        limits: the title of the table that the limit load is of, or that no limits are known.
    """

    design: Design
    effects: tuple[Effects, ...]
    settle: float
    observed: tuple[Observation, ...]
    left_out: tuple[str, ...]
    crowded: int = 0
    conclusion: str = ""
    limits: str = ""

    def __str__(self) -> str:
        return f"Experiment: {next(iter(self.sentences), 'nothing was found')}"

    def on(self, figure: str) -> Effects | None:
        """The effects on a figure by its name; None if it was not known."""
        return next((effects for effects in self.effects if effects.figure.name == figure), None)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found: on each figure that something changes, and in any case on the first."""
        shown = [effects for number, effects in enumerate(self.effects) if number == 0 or _significant(effects)]
        first = (self.conclusion,) if self.conclusion else ()
        return (*first, *(line for effects in shown for line in (sentence(effects), *_together(effects))))

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What the design cannot tell apart."""
        return self.design.aliases

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know besides."""
        return tuple(_notes(self))


def evaluate(design: Design, made: Sequence[MeasuredPoint], limits: Limits | None) -> ExperimentResult:
    """What runs of a design come to. Pure: the same runs say the same anywhere.

    Args:
        design: what was to be measured.
        made: the runs, in the order of time.
        limits: what their limit load is held against; None for what their brokers declared.
    """
    doubts = [run_doubt(measured.run) for measured in made]
    good = [measured for measured, why in zip(made, doubts, strict=True) if not why]
    settle = settling_of(good, limits)
    observed = [
        Observation(measured.point, measured.run.start / _HOUR, figures_of(measured.run, limits, settle=settle))
        for measured in good
    ]
    every = dict.fromkeys((LIMIT_LOAD, *(figure for observation in observed for figure in observation.figures)))
    known = {
        figure for observation in observed for figure, value in observation.figures.items() if not math.isnan(value)
    }
    has_limits = any((limits or measured.run.declared or NO_LIMITS).known for measured in good)
    if has_limits or not known:
        known |= {LIMIT_LOAD}
    return ExperimentResult(
        design=design,
        effects=tuple(effects_on(figure, design, observed) for figure in every if figure in known),
        settle=settle,
        observed=tuple(observed),
        left_out=tuple(
            f"{design.describe(measured.point)}: {why}" for measured, why in zip(made, doubts, strict=True) if why
        ),
        limits=tables_of([measured.run for measured in made], limits),
        crowded=sum(bool(crowded(measured.run, assess(measured.run, limits))) for measured in good),
    )


def run_doubt(run: Run) -> str:
    """Why a run says nothing of the cluster; nothing if it does."""
    if not run.complete:
        return "the run was cut short"
    if any(event.kind == "clock-jumped" for event in run.events):
        return "the clock jumped during the run"
    return next(
        (
            bottleneck.words
            for bottleneck in bottlenecks(run)
            if bottleneck.who == GENERATOR and _missed(run, bottleneck.load)
        ),
        "",
    )


def _missed(run: Run, load: str) -> bool:
    """Whether much less of a Load was made than asked for: a point that was not set says nothing of it."""
    shares = [
        dial.value / dial.asked.value
        for dial in achieved(run)
        if dial.load == load and math.isfinite(dial.asked.value) and dial.asked.value
    ]
    return any(share < MADE for share in shares)


def settling_of(made: Sequence[MeasuredPoint], limits: Limits | None) -> float:
    """Seconds at the start of each of these runs until their figures stop trending.

    Each load of ours begins from nothing, so all are taken together. What is only watched begins where the point before
    it ended: these are taken point by point, for down and up would cancel each other.
    """
    curves: dict[tuple[str, Point], list[Floats]] = {}
    step = 1.0
    for measured in made:
        step, courses = courses_of(measured.run, limits)
        for name, course in courses.items():
            curves.setdefault((name, () if measured.run.plan else measured.point), []).append(course)
    return step * max((settled_after(of) for of in curves.values()), default=0)


def _significant(effects: Effects) -> bool:
    return any(effect.here.significant for effect in effects.effects)


def _together(effects: Effects) -> Iterator[str]:
    for interaction in effects.interactions:
        if interaction.more.significant:
            yield interaction_words(interaction, effects)


def _notes(outcome: ExperimentResult) -> Iterator[str]:
    if outcome.settle:
        yield f"the first {outcome.settle:g} s of each run settle, and are not judged"
    for effects in outcome.effects[:1]:
        if effects.drift.significant:
            yield f"{drift_words(effects)}, which is taken out"
        if effects.runs < len(outcome.observed):
            unseen = len(outcome.observed) - effects.runs
            yield f"in {unseen} of {len(outcome.observed)} runs the {effects.figure.title} was not seen"
        if not effects.degrees:
            yield f"{effects.runs} runs give no interval: measure more repeats"
        if outcome.design.kind is DesignKind.FULL and len(outcome.design.factors) > 1 and not effects.interactions:
            yield "too few runs tell how factors act on each other: measure more repeats"
    if outcome.crowded:
        yield (
            f"in {outcome.crowded} of {len(outcome.observed)} runs others kept the brokers' host busy: saturation and "
            "latency are not the brokers' alone"
        )
    if outcome.limits:
        yield f"limits: {outcome.limits}"
    yield from (alias.words for alias in outcome.aliases)
    yield from (f"left out: {line}" for line in outcome.left_out)
