"""Ceilings: the most that holds, searched for by steps of which each is judged. Pure: it follows from runs alone."""

from clusterload.analysis.ceiling.bound import QUANTITIES, Bound, bounds_of
from clusterload.analysis.ceiling.ceiling import Ceiling, Search
from clusterload.analysis.ceiling.drive import DRIVES, Drive, drive_of
from clusterload.analysis.ceiling.staircase import End, Found, Outcome, Staircase, Step
from clusterload.analysis.ceiling.trial import Trial, not_begun, settled_part
from clusterload.model.thresholds import LIMIT_LOAD

__all__ = [
    "DRIVES",
    "LIMIT_LOAD",
    "QUANTITIES",
    "Bound",
    "Ceiling",
    "Drive",
    "End",
    "Found",
    "Outcome",
    "Search",
    "Staircase",
    "Step",
    "Trial",
    "bounds_of",
    "drive_of",
    "not_begun",
    "settled_part",
]
