"""Steady part: what of a baseline can be held against, where it went to another level within it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from clusterload.analysis.baseline.breaks import steadiness
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.model.run import Run

LEAST_SHARE: Final = 0.25
"""Share of a baseline that must lie before its first break to stand for it: what came first was there before."""


def steady_part(baseline: Run) -> tuple[Run, str]:
    """The part of a baseline in which load and saturation kept their levels, and in words why it is not all of it.

    What lies before the first break is taken, since a load that began within the baseline is what is looked for; where
    that is hardly anything, the longest part between two breaks.
    """
    found = steadiness(baseline)
    if found.steady:
        return baseline, ""
    borders = [baseline.start, *sorted({broken.time for broken in found.breaks}), baseline.end]
    parts = [(end - start, start, end) for start, end in pairwise(borders) if end > start]
    first = parts[0]
    _, start, end = first if first[0] >= LEAST_SHARE * (baseline.end - baseline.start) else max(parts)
    part = baseline.between(start, end)
    where = f"its first {units.duration(part.seconds)}" if start == baseline.start else units.duration(part.seconds)
    return part, f"{found.sentence}; only {where} of it are held against"
