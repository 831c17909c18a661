"""Diagnosis: a run and its usage judged, in one of three states, with the causes that hold.

*Within limits*, *limited by X because of Y*, or *inconclusive* with what was missing. The generator and the path of the
metrics are suspected first: a load that was not made, or was not seen, proves nothing about the cluster.
"""

from clusterload.analysis.diagnosis.verdict import LIKELY, State, Verdict, diagnose

__all__ = ["LIKELY", "State", "Verdict", "diagnose"]
