"""What judging takes for granted: the bill's prices, and the rest from one data file."""

from __future__ import annotations

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
