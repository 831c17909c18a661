"""Gating: thresholds held against a run. Pure: it follows from the run and its usage alone."""

from clusterload.gating.judging import STOPPED, Answer, Judged, judged
from clusterload.gating.passage import Gate, gate, stopped_by
from clusterload.gating.scene import Scene

__all__ = ["STOPPED", "Answer", "Gate", "Judged", "Scene", "gate", "judged", "stopped_by"]
