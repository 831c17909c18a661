"""Effects: designs of experiments, what factors do to a figure with an interval, and that in words. Pure."""

from clusterload.analysis.effects.design import MOST_FULL, Alias, Design, Factor, Kind, Level, Point, design, ordered
from clusterload.analysis.effects.effects import Effect, Effects, Interaction, Observation, effects_on
from clusterload.analysis.effects.figures import LIMIT_LOAD, Figure, figures_of
from clusterload.analysis.effects.outcome import Made, Outcome, doubt, judged, settling_of
from clusterload.analysis.effects.settling import settled
from clusterload.analysis.effects.words import amount, change_words, estimate_words, sentence
from clusterload.analysis.estimate import SURE, Estimate

__all__ = [
    "LIMIT_LOAD",
    "MOST_FULL",
    "SURE",
    "Alias",
    "Design",
    "Effect",
    "Effects",
    "Estimate",
    "Factor",
    "Figure",
    "Interaction",
    "Kind",
    "Level",
    "Made",
    "Observation",
    "Outcome",
    "Point",
    "amount",
    "change_words",
    "design",
    "doubt",
    "effects_on",
    "estimate_words",
    "figures_of",
    "judged",
    "ordered",
    "sentence",
    "settled",
    "settling_of",
]
