"""Weights: how much a figure supports a cause, from 0 to 1, and the prices and constants that judging rests on."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files
from typing import Final

from clusterload.analysis.bill import Prices

_FILE: Final = tomllib.loads((files("clusterload.analysis.causes") / "constants.toml").read_text(encoding="utf-8"))

PRICES: Final[dict[str, float]] = {
    **_FILE["prices"],
    **{price.driver: 1e3 * price.seconds for price in Prices.default().prices},
}
"""Milliseconds of a core for each thing."""

CONFIDENCE: Final[dict[str, float]] = _FILE["confidence"]
"""How a score becomes a confidence."""


def between(value: float, nothing: float, whole: float) -> float:
    """From 0 at `nothing` to 1 at `whole`, straight, and no further; 0 where it is not known."""
    if math.isnan(value):
        return 0.0
    return min(1.0, max(0.0, (value - nothing) / (whole - nothing)))


def by_size(value: float, nothing: float, whole: float) -> float:
    """As `between`, by orders of magnitude: halfway is the geometric mean."""
    if math.isnan(value):
        return 0.0
    low = min(nothing, whole) * 1e-3
    return between(math.log(min(max(value, low), 1e300)), math.log(nothing), math.log(whole))


def either(*weights: float) -> float:
    """Several reasons for the same thing: 1 when one of them is."""
    return 1 - math.prod(1 - min(1.0, max(0.0, weight)) for weight in weights)
