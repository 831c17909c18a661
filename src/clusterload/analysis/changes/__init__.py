"""Change: what moved between two stretches of a cluster's history, held against how far it usually does."""

from clusterload.analysis.changes.change import BY_CHANCE, ChangeSet, changes
from clusterload.analysis.changes.shift import Shift, ShiftState

__all__ = ["BY_CHANCE", "ChangeSet", "Shift", "ShiftState", "changes"]
