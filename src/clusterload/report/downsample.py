"""Sampling: which of many points are drawn, so that no peak and no gap is lost."""

from __future__ import annotations

from typing import Final

import numpy as np

from clusterload.model.series import Floats, Nanoseconds

FEWEST: Final = 4
"""A stretch takes up to four points: its lowest and highest figure, and a gap after each of them."""


def kept(values: Floats, most: int) -> Nanoseconds:
    """The indices of the points that stand for all of a line, rising; of a short line all of them.

    The line is cut into stretches of equal numbers of points, and of each the lowest and the highest stay, in their
    order. Where points between two that stay are missing (NaN), one of these stays as well, so that the line is broken
    there. So a drawn gap may be longer than it was, by up to a stretch on each side, and never shorter.

    Args:
        values: the line, NaN in gaps; shape `(n,)`.
        most: how many points may stay.

    Raises:
        ValueError: `most` leaves no room for the extremes of one stretch.
    """
    if most < FEWEST:
        raise ValueError(f"{most} points cannot keep the extremes and gaps of a line: allow {FEWEST} or more")
    if len(values) <= most:
        return np.arange(len(values), dtype=np.int64)
    extremes = _extremes(values, most // FEWEST)
    missing = np.flatnonzero(np.isnan(values))
    # What is missing before the first or after the last of them breaks nothing.
    between = np.searchsorted(extremes, missing)
    inside = (between > 0) & (between < len(extremes))
    _, first = np.unique(between[inside], return_index=True)
    return np.union1d(extremes, missing[inside][first]).astype(np.int64)


def _extremes(values: Floats, count: int) -> Nanoseconds:
    """The first lowest and the first highest point of each of `count` stretches; none of one without any figure."""
    starts = np.linspace(0, len(values), count, endpoint=False).astype(np.int64)
    stretch = np.repeat(np.arange(count), np.diff(starts, append=len(values)))
    found = []
    for blank, extreme in ((np.inf, np.minimum), (-np.inf, np.maximum)):
        filled = np.where(np.isnan(values), blank, values)
        here = np.flatnonzero((filled == extreme.reduceat(filled, starts)[stretch]) & ~np.isnan(values))
        _, first = np.unique(stretch[here], return_index=True)
        found.append(here[first])
    return np.union1d(*found).astype(np.int64)
