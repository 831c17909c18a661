"""Gating: thresholds held against a run. Pure: it follows from the run and its usage alone."""

from clusterload.analysis.gates.judging import STOPPED, Answer, Judged, judged
from clusterload.analysis.gates.passage import Gate, check_thresholds, stopped_by
from clusterload.analysis.gates.scene import Scene

__all__ = ["STOPPED", "Answer", "Gate", "Judged", "Scene", "check_thresholds", "judged", "stopped_by"]
