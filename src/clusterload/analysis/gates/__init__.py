"""Gating: thresholds held against a run. Pure: it follows from the run and its usage alone."""

from clusterload.analysis.gates.judged_run import JudgedRun
from clusterload.analysis.gates.judging import STOPPED, ThresholdResult, ThresholdState, judge_threshold
from clusterload.analysis.gates.passage import Gate, check_thresholds, stopped_by

__all__ = [
    "STOPPED",
    "Gate",
    "JudgedRun",
    "ThresholdResult",
    "ThresholdState",
    "check_thresholds",
    "judge_threshold",
    "stopped_by",
]
