"""The catalogue of causes, and which of them hold in a run."""

from clusterload.causes.catalogue import CAUSES, FAMILIES
from clusterload.causes.cause import Cause, Neighbour, Signs
from clusterload.causes.judging import judge

__all__ = ["CAUSES", "FAMILIES", "Cause", "Neighbour", "Signs", "judge"]
