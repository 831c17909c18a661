"""Step search: a load is raised on a cluster step by step, each step is measured, until one breaks a bound.

`find_capacity` raises a plan, `calibrate` one resource after the other. Which step comes next, and what became of one,
is decided by `analysis.ceiling`; here steps are made.
"""

from clusterload.workflow.step_search.runner import StepRunner
from clusterload.workflow.step_search.stepped_load import SETTLE, SearchOptions, SteppedLoad, StepProgress

__all__ = ["SETTLE", "SearchOptions", "StepProgress", "StepRunner", "SteppedLoad"]
