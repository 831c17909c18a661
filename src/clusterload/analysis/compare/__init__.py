"""Comparison: groups of runs side by side, each difference with its interval and what may be said of it. Pure."""

from clusterload.analysis.compare.comparison import (
    BY_CHANCE,
    Comparison,
    Difference,
    GroupComparison,
    Ruling,
    amount,
    compare,
    interval,
    sentence,
    side_by_side,
)
from clusterload.analysis.compare.figure import Better, Family, Figure
from clusterload.analysis.compare.group import Group
from clusterload.analysis.compare.reading import Doubt, Reading, reading_of
from clusterload.analysis.compare.settings import Setting
from clusterload.analysis.estimate import SURE, Estimate

__all__ = [
    "BY_CHANCE",
    "SURE",
    "Better",
    "Comparison",
    "Difference",
    "Doubt",
    "Estimate",
    "Family",
    "Figure",
    "Group",
    "GroupComparison",
    "Reading",
    "Ruling",
    "Setting",
    "amount",
    "compare",
    "interval",
    "reading_of",
    "sentence",
    "side_by_side",
]
