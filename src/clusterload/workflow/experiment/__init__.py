"""Experiments: what each factor does to a cluster, from runs that differ in it, or with a suspect taken away."""

from clusterload.workflow.experiment.factors import Varied, hurting, varied
from clusterload.workflow.experiment.orders import Orders
from clusterload.workflow.experiment.stages import Stage, experiment
from clusterload.workflow.experiment.suspects import Removal, Suspect, doubts, fallen, removed_for_a_while

__all__ = [
    "Orders",
    "Removal",
    "Stage",
    "Suspect",
    "Varied",
    "doubts",
    "experiment",
    "fallen",
    "hurting",
    "removed_for_a_while",
    "varied",
]
