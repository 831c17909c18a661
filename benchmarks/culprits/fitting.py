"""Fitting to development seeds: what things cost, and how a score becomes a confidence. No reported seed is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from benchmarks.culprits.judge import LIMITS
from benchmarks.culprits.stored import TRUTH, Truth, load, recorded
from benchmarks.culprits.table import table
from clusterload.analysis.bill import Prices, fit_prices
from clusterload.analysis.causes.judging import explained_away, signs_of
from clusterload.analysis.causes.signature_figures import Scene
from clusterload.analysis.usage import assess
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.series import Floats

LEAST: Final = 0.05
"""Scores below this are left out: no finding is shown for them."""

SURE: Final = 0.9
"""From here on the curve says that a cause is all but certain; how certain it can be the runs' number bounds."""

_HELD: Final = 1.0  # how strongly constants are held at nothing, so that few runs cannot make them infinite


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A cause that was considered of a run.

    Attributes:
        score: of the cause, from 0 to 1.
        margin: how far that is above the next one's; negative where others score more.
        right: whether the cause is true.
    """

    score: float
    margin: float
    right: bool


def fitted(folder: Path) -> str:
    """What the development seeds of a folder say, as text with the constants to write down."""
    runs = [load(path) for path in recorded(folder) if not Truth.read(path / TRUTH).reported]
    if not runs:
        return f"no development run in {folder}: record some with --seeds 1-9"
    found = fit_prices([part for now, before, _ in runs for part in (before, now)])
    scored = [score for now, before, truth in runs for score in scores(now, before, truth)]
    return "\n\n".join([f"{len(runs)} development runs", _prices(found), _confidence(scored)])


def scores(now: Run, before: Run, truth: Truth) -> Iterator[Scored]:
    """All causes that a run was considered for."""
    scene = Scene(WindowStats(now, before), assess(now, Limits.named(LIMITS)))
    found = explained_away({name: signs.score for name, signs in signs_of(scene).items()})
    for name, score in found.items():
        others = max((value for other, value in found.items() if other != name), default=0.0)
        if score >= LEAST:
            yield Scored(score=score, margin=score - others, right=name in truth.causes)


def logistic(scored: Sequence[Scored]) -> tuple[float, float, float]:
    """Constant, slope and margin of the likeliest logistic curve, held near nothing by a weak normal prior."""
    features = np.array([[1.0, score.score, score.margin] for score in scored])
    right = np.array([score.right for score in scored])

    def unlikely(at: Floats) -> float:
        lines = features @ at
        return float(np.sum(np.logaddexp(0.0, np.where(right, -lines, lines))) + _HELD * at[1:] @ at[1:] / 200)

    found = minimize(unlikely, np.zeros(3)).x
    return float(found[0]), float(found[1]), float(found[2])


def surest(right: int, of: int) -> float:
    """The most that so many runs can show, where as many were right: Laplace's rule of succession."""
    return (right + 1) / (of + 2)


def _confidence(scored: Sequence[Scored]) -> str:
    at_nothing, slope, margin = logistic(scored)
    said = [1 / (1 + math.exp(-(at_nothing + slope * score.score + margin * score.margin))) for score in scored]
    sure = [score.right for value, score in zip(said, scored, strict=True) if value >= SURE]
    most = surest(sum(sure), len(sure))
    rows = []
    for low in np.arange(0, 1, 0.1):
        inside = [
            (most * value, score.right)
            for value, score in zip(said, scored, strict=True)
            if low <= most * value < low + 0.1
        ]
        if inside:
            mean, right = sum(value for value, _ in inside) / len(inside), sum(right for _, right in inside)
            rows.append((f"{low:.1f}-{low + 0.1:.1f}", f"{mean:.2f}", str(right), str(len(inside))))
    head = f"at_nothing = {at_nothing:.2f}\nslope = {slope:.2f}\nmargin = {margin:.2f}\nmost = {most:.2f}"
    return f"{head}\n\n{table(('confidence', 'said', 'right', 'of'), rows)}"


def _prices(found: Prices) -> str:
    rows = [
        (price.driver, price.words, f"{price.value:.3g}", f"{price.low:.3g}", f"{price.high:.3g}")
        for price in found.prices
    ]
    apart = "\n".join(
        "cannot be separated: " + ", ".join(f"{name} ({1e3 * found.together.get(name, 0.0):.2g})" for name in group)
        for group in found.inseparable
    )
    return "\n".join(
        [
            f"Prices: {found.basis}; {found.left_out} left out; off by {found.error:.0%} where not seen",
            table(("driver", "price", "value", "from", "to"), rows),
            apart,
        ]
    )
