"""Settling: how long after its start a load's figures stop trending.

The curves of all runs are averaged, each against where it ends up (Welch): what is alike in all of them stays, chance
goes. Of the mean curve so much of the beginning is cut that the mean of the rest is known best (the marginal standard
error rule), half of it at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from clusterload.model.series import Floats

FEWEST: Final = 6
"""Figures of a run below which none of them can be said to be settling."""

_SLACK: Final = 1.5


def settled_after(curves: Sequence[Floats]) -> int:
    """How many figures at the beginning are left out, the same for all curves.

    Args:
        curves: one for each run, from its start; NaN where nothing is known.
    """
    length = min((len(curve) for curve in curves), default=0)
    if length < FEWEST:
        return 0
    ended = [curve[:length] - _mean(curve[length // 2 : length]) for curve in curves]
    together = np.stack([curve for curve in ended if not np.isnan(curve).all()] or [np.zeros(length)])
    return _cut(np.array([_mean(column) for column in together.T]))


def _cut(curve: Floats) -> int:
    """The shortest cut after which the mean is known nearly as well as after the best one."""
    errors = np.array([_error(curve[cut:]) for cut in range(len(curve) // 2 + 1)])
    if np.isnan(errors).all():
        return 0
    return int(np.flatnonzero(errors <= _SLACK * np.nanmin(errors))[0])


def _error(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.var(known) / len(known)) if len(known) >= FEWEST // 2 else float("nan")


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if len(known) else float("nan")
