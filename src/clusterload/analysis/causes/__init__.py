"""The catalogue of causes, and which of them hold in a run."""

from clusterload.analysis.causes.catalogue import CAUSES, FAMILIES
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.judging import judge_causes, unseen_causes

__all__ = ["CAUSES", "FAMILIES", "Cause", "Signs", "judge_causes", "unseen_causes"]
