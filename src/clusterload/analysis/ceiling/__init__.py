"""Ceilings: the most that holds, searched for by steps of which each is judged. Pure: it follows from runs alone."""

from clusterload.analysis.ceiling.bound import QUANTITIES, Bound, bounds_of
from clusterload.analysis.ceiling.calibration import Calibration
from clusterload.analysis.ceiling.capacity import Capacity, Prediction
from clusterload.analysis.ceiling.growth import growth_of_dial, growth_of_mix
from clusterload.analysis.ceiling.resource_load import DRIVES, Drive, drive_of
from clusterload.analysis.ceiling.search import (
    Bracket,
    Ceiling,
    Search,
    SearchEnd,
    Staircase,
    Step,
    StepOutcome,
    climb,
)
from clusterload.analysis.ceiling.trial import Trial, not_begun, settled_part
from clusterload.model.thresholds import LIMIT_LOAD

__all__ = [
    "DRIVES",
    "LIMIT_LOAD",
    "QUANTITIES",
    "Bound",
    "Bracket",
    "Calibration",
    "Capacity",
    "Ceiling",
    "Drive",
    "Prediction",
    "Search",
    "SearchEnd",
    "Staircase",
    "Step",
    "StepOutcome",
    "Trial",
    "bounds_of",
    "climb",
    "drive_of",
    "growth_of_dial",
    "growth_of_mix",
    "not_begun",
    "settled_part",
]
