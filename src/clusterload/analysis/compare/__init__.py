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
from clusterload.analysis.compare.figure import Better, ComparedFigure, FigureFamily
from clusterload.analysis.compare.group import RunGroup
from clusterload.analysis.compare.reading import Doubt, RunFigures, reading_of
from clusterload.analysis.compare.settings import Setting
from clusterload.analysis.estimate import SURE, Estimate

__all__ = [
    "BY_CHANCE",
    "SURE",
    "Better",
    "ComparedFigure",
    "Comparison",
    "Difference",
    "Doubt",
    "Estimate",
    "FigureFamily",
    "GroupComparison",
    "Ruling",
    "RunFigures",
    "RunGroup",
    "Setting",
    "amount",
    "compare",
    "interval",
    "reading_of",
    "sentence",
    "side_by_side",
]
