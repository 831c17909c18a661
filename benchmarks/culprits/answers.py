"""Answers: what a judge says of a recording, and whether that is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.culprits.stored import Truth

STATED: Final = 0.5
"""Confidence from which on a cause is said to hold."""

NONE: Final = "none"
"""The answer that nothing is wrong."""

_WHO: Final = frozenset({"client", "principal", "group", "topic", "partition"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A cause that a judge gives, with those that it blames.

    Attributes:
        cause: its id in the catalogue.
        confidence: from 0 to 1.
        culprits: kind and name, the first is blamed most.
    """

    cause: str
    confidence: float
    culprits: tuple[tuple[str, str], ...] = ()


def first_of(answers: Sequence[Answer]) -> str:
    """The cause that is said to hold before all others; `none` where none is."""
    return answers[0].cause if answers and answers[0].confidence >= STATED else NONE


def is_right(answers: Sequence[Answer], truth: Truth) -> bool:
    """Whether the first answer is true."""
    return first_of(answers) in (truth.causes or (NONE,))


def is_among(answers: Sequence[Answer], truth: Truth, most: int = 3) -> bool:
    """Whether a true cause is among the first few answers, however sure; of what is harmless as `is_right`."""
    if not truth.causes:
        return is_right(answers, truth)
    return any(answer.cause in truth.causes for answer in answers[:most])


def has_all(answers: Sequence[Answer], truth: Truth) -> bool:
    """Whether all true causes are said to hold."""
    return set(truth.causes) <= {answer.cause for answer in answers if answer.confidence >= STATED}


def blames_rightly(answers: Sequence[Answer], truth: Truth) -> bool:
    """Whether the answer with a true cause blames whom it should: nobody, where brokers cannot know who it is."""
    found = next((answer for answer in answers[:3] if answer.cause in truth.causes), None)
    if found is None:
        return False
    if not truth.named:
        return not any(kind in _WHO for kind, _ in found.culprits)
    return bool(found.culprits) and is_culprit(*found.culprits[0], truth)


def is_culprit(kind: str, name: str, truth: Truth) -> bool:
    """Whether this is one of those to blame; a partition is its topic's, principals cannot be told apart."""
    if kind == "partition":
        kind, name = "topic", name.rpartition("-")[0]
    return any((culprit["kind"], culprit["name"]) == (kind, name) for culprit in truth.culprits)
