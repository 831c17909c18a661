"""Thresholds: what a run may not come to, as in `latency.p99 > 50 ms for 10 s`. Nothing is evaluated as code."""

from clusterload.model.thresholds.grammar import OPPOSITE, WORSE, ThresholdSyntaxError, quoted, read
from clusterload.model.thresholds.measures import AGGREGATES, ANY, LATENCIES, LIMIT_LOAD, MEASURES, Family, Measure
from clusterload.model.thresholds.threshold import Threshold, amount_text

__all__ = [
    "AGGREGATES",
    "ANY",
    "LATENCIES",
    "LIMIT_LOAD",
    "MEASURES",
    "OPPOSITE",
    "WORSE",
    "Family",
    "Measure",
    "Threshold",
    "ThresholdSyntaxError",
    "amount_text",
    "quoted",
    "read",
]
