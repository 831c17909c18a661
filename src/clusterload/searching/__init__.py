"""Searching: something is driven up on a cluster by steps, each a load that is measured, until one breaks a bound."""

from clusterload.searching.pace import SETTLE, Pace
from clusterload.searching.raising import Making, Raising
from clusterload.searching.steps import Steps, climbed

__all__ = ["SETTLE", "Making", "Pace", "Raising", "Steps", "climbed"]
