"""Effects: designs of experiments, what factors do to a figure with an interval, and that in words. Pure."""

from clusterload.analysis.effects.design import (
    MOST_FULL,
    Alias,
    Design,
    DesignKind,
    Factor,
    FactorLevel,
    Point,
    make_design,
    run_order,
)
from clusterload.analysis.effects.effects import Effect, Effects, Interaction, Observation, effects_on
from clusterload.analysis.effects.figures import LIMIT_LOAD, Figure, figures_of
from clusterload.analysis.effects.result import ExperimentResult, MeasuredPoint, evaluate, run_doubt, settling_of
from clusterload.analysis.effects.settling import settled_after
from clusterload.analysis.effects.words import amount, change_words, estimate_words, sentence
from clusterload.analysis.estimate import SURE, Estimate

__all__ = [
    "LIMIT_LOAD",
    "MOST_FULL",
    "SURE",
    "Alias",
    "Design",
    "DesignKind",
    "Effect",
    "Effects",
    "Estimate",
    "ExperimentResult",
    "Factor",
    "FactorLevel",
    "Figure",
    "Interaction",
    "MeasuredPoint",
    "Observation",
    "Point",
    "amount",
    "change_words",
    "effects_on",
    "estimate_words",
    "evaluate",
    "figures_of",
    "make_design",
    "run_doubt",
    "run_order",
    "sentence",
    "settled_after",
    "settling_of",
]
