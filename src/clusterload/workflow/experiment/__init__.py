"""Experiments: what each factor does to a cluster, from runs that differ in it, or with a suspect held back."""

from clusterload.workflow.experiment.factors import VariedDial, baseline_values, read_factor
from clusterload.workflow.experiment.run import RunProgress, run_experiment
from clusterload.workflow.experiment.spec import ExperimentSpec
from clusterload.workflow.experiment.suspects import Suspect, SuspectTest, evaluate_suspect, hold_back

__all__ = [
    "ExperimentSpec",
    "RunProgress",
    "Suspect",
    "SuspectTest",
    "VariedDial",
    "baseline_values",
    "evaluate_suspect",
    "hold_back",
    "read_factor",
    "run_experiment",
]
