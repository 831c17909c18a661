"""Judging recordings offline: by the tool's own diagnosis, and by the simple rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from benchmarks.culprits import simple
from benchmarks.culprits.answers import NONE, Answer, is_right
from benchmarks.culprits.stored import TRUTH, Truth, alone, load, recorded
from clusterload.analysis.diagnosis import Verdict, diagnose
from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.series import SECOND

WINDOWS: Final = (4, 6, 8, 10, 12, 15, 20, 25, 30)
"""Seconds from the onset after which it is judged, to see how soon the answer is right."""

LIMITS: Final = "confluent-dedicated"
"""What usage is held against: a tier that no run comes near, so that causes have to be found below all limits."""

Early = Callable[[int], tuple[Answer, ...]]
"""What a judge says of the first so many seconds from the onset on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A recording with what was said of it.

    Attributes:
        truth: what is true.
        state: of the verdict.
        answers: of the tool, the likeliest first.
        simple: of the simple rule.
        early: of the tool, of the first few seconds only.
        unbased: of the tool, where no baseline is given.
        right_after: seconds from the onset from which on the first answer was right and stayed so; None is never.
        simple_right_after: the same of the simple rule.
        names: how many clients, groups, topics and brokers there were to blame.
    """

    truth: Truth
    state: str
    answers: tuple[Answer, ...]
    simple: tuple[Answer, ...]
    right_after: float | None
    simple_right_after: float | None
    names: int
    early: tuple[Answer, ...] = ()
    unbased: tuple[Answer, ...] = ()


def verdict(now: Run, before: Run | None) -> Verdict:
    """What the tool's diagnosis says."""
    return diagnose(now, assess(now, Limits.named(LIMITS)), before)


def answers(said: Verdict) -> tuple[Answer, ...]:
    """The causes of a verdict."""
    return tuple(
        Answer(
            cause=finding.cause,
            confidence=finding.confidence,
            culprits=tuple((culprit.kind, culprit.name) for culprit in finding.culprits),
        )
        for finding in said.findings
        if finding.cause != NONE
    )


def judge(path: Path) -> Judged:
    """Judge one recording."""
    now, before, truth = load(path)
    said = verdict(now, before)

    @cache
    def tool(seconds: int) -> tuple[Answer, ...]:
        return answers(verdict(_first(now, seconds), before))

    def rule(seconds: int) -> tuple[Answer, ...]:
        return simple.answers(_first(now, seconds), before)

    return Judged(
        truth=truth,
        state=str(said.state),
        answers=answers(said),
        simple=simple.answers(now, before),
        right_after=_right_after(tool, truth),
        simple_right_after=_right_after(rule, truth),
        names=len(_names(now)),
        early=tool(WINDOWS[0]),
        unbased=answers(verdict(alone(now), None)),
    )


def judge_all(folder: Path, seeds: Collection[int], *, part: slice = slice(None), processes: int = 2) -> list[Judged]:
    """Judge the recordings of these seeds, or a part of them in the order of their names."""
    chosen = [path for path in recorded(folder) if Truth.read(path / TRUTH).seed in seeds]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(judge, chosen[part]))


def write(judged: Iterable[Judged], path: Path) -> None:
    """Keep what was said."""
    path.write_text(json.dumps([asdict(judgement) for judgement in judged], indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> list[Judged]:
    """What was said, from its file."""
    return [_parsed(document) for document in json.loads(path.read_text(encoding="utf-8"))]


def _parsed(given: dict[str, Any]) -> Judged:
    lists = ("answers", "simple", "early", "unbased")
    answers = {key: tuple(_answer(answer) for answer in given[key]) for key in lists}
    return Judged(**given | answers | {"truth": Truth.parsed(given["truth"])})


def _answer(given: dict[str, Any]) -> Answer:
    return Answer(**given | {"culprits": tuple((kind, name) for kind, name in given["culprits"])})


def _first(run: Run, seconds: int) -> Run:
    return run.between(run.start, min(run.end, run.start + seconds * SECOND))


def _right_after(by: Early, truth: Truth) -> float | None:
    """From how many seconds on the answer is right; looked at from the end, so that it stays so."""
    found: float | None = None
    for seconds in reversed(WINDOWS):
        if not is_right(by(seconds), truth):
            break
        found = float(seconds)
    return found


def _names(run: Run) -> set[tuple[str, str]]:
    return set(_labelled(run))


def _labelled(run: Run) -> Iterator[tuple[str, str]]:
    for series in run.series:
        for kind in ("client", "group", "topic", "broker"):
            if kind in series.labels:
                yield kind, series.labels[kind]
