"""Finding: one thing that the data says, with the figures that say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What holds of a run.

    Attributes:
        cause: what it is put down to, in a few words.
        sentence: what holds, in a line.
        evidence: the figures, with their unit and source.
        advised: whether it only goes against a guideline: nothing keeps more from being let through.
    """

    cause: str
    sentence: str
    evidence: tuple[str, ...] = ()
    advised: bool = False
