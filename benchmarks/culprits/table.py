"""The tables of the culprit benchmark, each figure compared with chance and the simple rule."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final, Protocol, TypeVar

from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from benchmarks.culprits.answers import Answer, blames_rightly, first_of, has_all, is_among, is_right
from benchmarks.culprits.judge import WINDOWS, Judged
from benchmarks.culprits.stored import Truth

CAUSES: Final = 23
"""Causes that a scenario makes; with `none` there are so many answers and one more."""

BINS: Final = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
"""Borders of the confidences that are held against how often they were right."""

TARGETS: Final = {"top-1": 0.95, "top-3": 1.0, "culprit": 0.95, "specificity": 0.95, "both of a double": 0.8}
"""The share that each figure has to reach."""

_WITHIN_SECONDS: Final = 30.0

Answers = Callable[[Judged], Sequence[Answer]]


class HasTruth(Protocol):
    """Something that was judged, of which the truth is known."""

    @property
    def truth(self) -> Truth:
        """What is true of it."""


T = TypeVar("T", bound=HasTruth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How often something was right, and of how many.

    Attributes:
        right: how often.
        of: of how many.
    """

    right: int
    of: int

    @property
    def share(self) -> float:
        """The share that was right; NaN of none."""
        return self.right / self.of if self.of else math.nan

    @property
    def words(self) -> str:
        """As in `0.95 (42 of 44)`."""
        return f"{self.share:.2f} ({self.right} of {self.of})" if self.of else "-"

    @property
    def interval(self) -> str:
        """The 95 % interval of the share (Wilson's), as in `0.85 to 0.99`."""
        if not self.of:
            return "-"
        low, high = proportion_confint(self.right, self.of, method="wilson")
        return f"{low:.2f} to {high:.2f}"


def score(of: Iterable[bool]) -> Score:
    """How many of these are true."""
    listed = list(of)
    return Score(right=sum(listed), of=len(listed))


def _by_tool(judgement: Judged) -> Sequence[Answer]:
    return judgement.answers


def _by_rule(judgement: Judged) -> Sequence[Answer]:
    return judgement.simple


def scores(judged: Sequence[T], by: Callable[[T], Sequence[Answer]]) -> dict[str, Score]:
    """The figures that have targets."""
    guilty = [judgement for judgement in judged if judgement.truth.causes]
    single = [judgement for judgement in guilty if judgement.truth.kind != "double"]
    return {
        "top-1": score(is_right(by(judgement), judgement.truth) for judgement in single),
        "top-3": score(is_among(by(judgement), judgement.truth) for judgement in single),
        "culprit": score(blames_rightly(by(judgement), judgement.truth) for judgement in single),
        "specificity": score(
            is_right(by(judgement), judgement.truth) for judgement in judged if not judgement.truth.causes
        ),
        "both of a double": score(
            has_all(by(judgement), judgement.truth) for judgement in guilty if judgement.truth.kind == "double"
        ),
    }


def chances(judged: Sequence[Judged]) -> dict[str, float]:
    """What guessing blindly comes to."""
    named = [judgement for judgement in judged if judgement.truth.named and judgement.truth.kind != "double"]
    every = CAUSES + 1
    return {
        "top-1": 1 / every,
        "top-3": 3 / every,
        "culprit": _mean([len(judgement.truth.culprits) / max(1, judgement.names) for judgement in named]),
        "specificity": 1 / every,
        "both of a double": 2 / (every * (every - 1)),
    }


def calibration(judged: Iterable[T], by: Callable[[T], Sequence[Answer]]) -> list[tuple[str, float, Score]]:
    """For each bin of confidence: its borders, the mean of what was said, and how often it was right."""
    found = [
        (answer.confidence, answer.cause in judgement.truth.causes) for judgement in judged for answer in by(judgement)
    ]
    rows = []
    for low, high in pairwise(BINS):
        inside = [(confidence, right) for confidence, right in found if low <= confidence < high]
        said = _mean([confidence for confidence, _ in inside])
        rows.append((f"{low:.1f}-{min(high, 1):.1f}", said, score(right for _, right in inside)))
    return rows


def tables(judged: Sequence[Judged]) -> str:
    """All tables as text."""
    parts = [
        _counted(judged),
        _summary(judged),
        _soonness(judged),
        _calibrated(judged),
        _by_scenario(judged),
        _pairs(judged),
    ]
    return "\n\n".join(part for part in parts if part)


def _counted(judged: Sequence[Judged]) -> str:
    kinds = Counter(judgement.truth.kind for judgement in judged)
    seeds = sorted({judgement.truth.seed for judgement in judged})
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f"{len(judged)} runs ({counts}) of the seeds {', '.join(map(str, seeds))}" if judged else "no runs"


def _summary(judged: Sequence[Judged]) -> str:
    tool, rule, chance = scores(judged, _by_tool), scores(judged, _by_rule), chances(judged)
    rows = [
        (name, tool[name].words, tool[name].interval, f"{chance[name]:.2f}", rule[name].words, f"{target:.2f}")
        for name, target in TARGETS.items()
    ]
    return table(("", "clusterload", "95 % interval", "chance", "largest deviation", "target"), rows)


After = Callable[[Judged], float | None]


def _after(judged: Iterable[Judged], by: After) -> list[float | None]:
    return [by(judgement) for judgement in judged if judgement.truth.causes and judgement.truth.kind != "double"]


def within(judged: Iterable[Judged], by: After) -> Score:
    """How often the answer was right within half a minute of the onset, and stayed so."""
    return score(time is not None and time <= _WITHIN_SECONDS for time in _after(judged, by))


def _soonness(judged: Sequence[Judged]) -> str:
    ways: dict[str, After] = {
        "clusterload": lambda judgement: judgement.right_after,
        "largest deviation": lambda judgement: judgement.simple_right_after,
    }
    rows = [(who, _spread(_after(judged, by)), within(judged, by).words) for who, by in ways.items()]
    return table(("seconds until right", "median, 90 of 100", f"within {_WITHIN_SECONDS:.0f} s"), rows)


def _spread(times: Iterable[float | None]) -> str:
    known = sorted(time for time in times if time is not None)
    return f"{median(known):.0f}, {known[math.ceil(0.9 * len(known)) - 1]:.0f}" if known else "-"


def _calibrated(judged: Sequence[Judged]) -> str:
    """The usual case and two in which less can be known, so that middling confidences are given often."""
    ways: dict[str, Answers] = {
        "usual": _by_tool,
        f"the first {WINDOWS[0]} s": lambda judgement: judgement.early,
        "no baseline": lambda judgement: judgement.unbased,
    }
    columns = [
        [(bin_, f"{said:.2f}: {right.words}" if right.of else "-") for bin_, said, right in calibration(judged, by)]
        for by in ways.values()
    ]
    rows = [(cells[0][0], *(cell for _, cell in cells)) for cells in zip(*columns, strict=True)]
    shown = [row for row in rows if set(row[1:]) != {"-"}]
    return table(("confidence", *(f"{way}: said, right" for way in ways)), shown)


def _by_scenario(judged: Sequence[Judged]) -> str:
    names = sorted({(judgement.truth.kind, judgement.truth.scenario) for judgement in judged})
    rows = []
    for kind, name in names:
        mine = [judgement for judgement in judged if judgement.truth.scenario == name]
        said = sorted(
            {first_of(judgement.answers) for judgement in mine if not is_right(judgement.answers, judgement.truth)}
        )
        rows.append(
            (
                kind,
                name,
                score(is_right(judgement.answers, judgement.truth) for judgement in mine).words,
                score(
                    blames_rightly(judgement.answers, judgement.truth) for judgement in mine if judgement.truth.causes
                ).words,
                score(is_right(judgement.simple, judgement.truth) for judgement in mine).words,
                ", ".join(said),
            )
        )
    return table(("", "scenario", "top-1", "culprit", "largest deviation", "said instead"), rows)


def _pairs(judged: Sequence[Judged]) -> str:
    words = sorted({judgement.truth.pair for judgement in judged if judgement.truth.pair})
    rows = [
        (
            word,
            score(
                is_right(judgement.answers, judgement.truth) for judgement in judged if judgement.truth.pair == word
            ).words,
        )
        for word in words
    ]
    return table(("matched pair", "told apart"), rows) if rows else ""


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of text under a head, in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
