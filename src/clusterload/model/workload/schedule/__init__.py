"""Pacers: pure functions from elapsed time to how much is due.

A `Shape` is a level or a rate over time; a `Pacer` lays events on it. A schedule is absolute. What is due at
a moment follows from the moment alone, so a late sender catches up instead of drifting, and the same plan
gives the same schedule on every machine.
"""

from clusterload.model.workload.schedule.held import Replay, Spike, Step
from clusterload.model.workload.schedule.pacers import Even, Pacer, Share, pacer_of
from clusterload.model.workload.schedule.poisson import Poisson
from clusterload.model.workload.schedule.shape import Shape
from clusterload.model.workload.schedule.smooth import Constant, Ramp, Sine
from clusterload.model.workload.schedule.text import SHAPES, parse_shape

__all__ = [
    "SHAPES",
    "Constant",
    "Even",
    "Pacer",
    "Poisson",
    "Ramp",
    "Replay",
    "Shape",
    "Share",
    "Sine",
    "Spike",
    "Step",
    "pacer_of",
    "parse_shape",
]
