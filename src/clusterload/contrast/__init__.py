"""Contrast: groups of runs held side by side, each difference with its interval and what may be said of it. Pure."""

from clusterload.contrast.contrast import BY_CHANCE, Contrast, Contrasted, Difference, Ruling, contrasted, side_by_side
from clusterload.contrast.estimate import SURE, Estimate
from clusterload.contrast.figure import Better, Family, Figure
from clusterload.contrast.group import Group
from clusterload.contrast.reading import Doubt, Reading, reading_of
from clusterload.contrast.settings import Setting
from clusterload.contrast.words import amount, interval, sentence

__all__ = [
    "BY_CHANCE",
    "SURE",
    "Better",
    "Contrast",
    "Contrasted",
    "Difference",
    "Doubt",
    "Estimate",
    "Family",
    "Figure",
    "Group",
    "Reading",
    "Ruling",
    "Setting",
    "amount",
    "contrasted",
    "interval",
    "reading_of",
    "sentence",
    "side_by_side",
]
