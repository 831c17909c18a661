"""Comparing: what of two stretches can be held side by side, and whose rise is beyond what all rise and fall by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.statistics import median_deviation, reach
from clusterload.analysis.tellers import tellers_of
from clusterload.analysis.window_stats import Pair, WindowStats, known

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series

FEWEST: Final = 8
"""As many of a kind are needed to tell by how much all of them rise and fall."""

BY_CHANCE: Final = 0.05
"""How likely chance makes anybody at all stand out, at most (Bonferroni's bound)."""

# All vary by themselves: in a laboratory clients of a constant rate differ by so much from minute to minute.
_LEAST_SPREAD: Final = 0.03
# Doubling hardly anything is nothing: ratios are of what somebody uses and this share of what the middle one uses.
_FLOOR: Final = 0.5
_BROKER: Final = "broker"


def comparable(now: Run, before: Run) -> tuple[Run, Run]:
    """Two stretches without what only one of them could see of a broker.

    A broker that gave a figure in one stretch only would seem to have risen from nothing, or to be gone. A figure that
    one of the stretches lacks altogether stays: it can be shown, but not compared.
    """
    in_now, in_before = tellers_of(now), tellers_of(before)

    def both(run: Run) -> Run:
        return replace(run, series=tuple(line for line in run.series if _in_both(line, in_now, in_before)))

    return both(now), both(before)


def _in_both(series: Series, first: Mapping[str, set[str]], second: Mapping[str, set[str]]) -> bool:
    if series.name not in first or series.name not in second:
        return True
    broker = series.labels.get(_BROKER, "")
    return broker in first[series.name] and broker in second[series.name]


def are_too_few(pairs: Mapping[str, Pair]) -> bool:
    """Whether there were too few of them in the baseline to tell by how much they rise and fall."""
    return sum(known(pair.before) > 0 for pair in pairs.values()) < FEWEST


def standing_out(pairs: Mapping[str, Pair]) -> frozenset[str]:
    """Who changed by a factor that is beyond those of most others; all of them where they are too few to tell.

    Factors are used, for who is larger varies by more. The spread is that of the median, so that those who stand out
    do not widen it.
    """
    if are_too_few(pairs):
        return frozenset(pairs)
    usual = [pair.before for pair in pairs.values() if known(pair.before) > 0]
    floor = _FLOOR * float(np.median(usual))
    names = list(pairs)
    factors = np.array(
        [math.log((known(pairs[who].now) + floor) / (known(pairs[who].before) + floor)) for who in names]
    )
    there = factors[[known(pairs[who].before) > 0 for who in names]]
    spread = max(_LEAST_SPREAD, median_deviation(there))
    beyond = reach(BY_CHANCE / len(names), len(there) - 1) * spread
    return frozenset(who for who, factor in zip(names, factors, strict=True) if abs(factor) > beyond)


def hardest_hit(facts: WindowStats, name: str, whole: str, **labels: str) -> tuple[str, float]:
    """The broker that somebody's rise is the largest share of, and that share; empty and NaN where none is known.

    Args:
        facts: the window and its baseline.
        name: of the Series by client, topic or the like.
        whole: of the Series with all that a broker used.
        labels: whose.
    """
    shares = {}
    for broker, pair in facts.per_broker(name, **labels).items():
        used = facts.total(whole, broker=broker).now
        if used > 0 and not math.isnan(pair.now):
            shares[broker] = (pair.now - known(pair.before)) / used
    if not shares:
        return "", math.nan
    most = max(shares, key=lambda broker: shares[broker])
    return most, shares[most]
