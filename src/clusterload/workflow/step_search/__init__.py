"""Searching: something is driven up on a cluster by steps, each a load that is measured, until one breaks a bound."""

from clusterload.workflow.step_search.pace import SETTLE, Pace
from clusterload.workflow.step_search.raising import Making, Raising
from clusterload.workflow.step_search.steps import Steps, climbed

__all__ = ["SETTLE", "Making", "Pace", "Raising", "Steps", "climbed"]
