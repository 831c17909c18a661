"""What is to be calibrated and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clusterload.analysis.ceiling import DRIVES, Bound, drive_of
from clusterload.model.errors import ConfigurationError
from clusterload.workflow.step_search import Pace

SATURATION: Final = Bound.parsed("saturation > 90 %")
LATENCY: Final = Bound.parsed("latency.p99 > 50 ms")
"""What breaks a step unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders(Pace):
    """What is to be calibrated, and how.

    Attributes:
        resources: whose ceilings are searched for, in random order.
        bounds: what breaks a step; saturation and latency have defaults where none of theirs is given.
        topic: where records go; left empty, to topics of its own that are removed after each step.
    """

    resources: tuple[str, ...] = tuple(DRIVES)
    bounds: tuple[Bound, ...] = ()
    topic: str = ""

    def __post_init__(self) -> None:
        Pace.__post_init__(self)
        for resource in self.resources:
            drive_of(resource)
        if not self.resources or len(set(self.resources)) < len(self.resources):
            raise ConfigurationError("a calibration is of resources, each named once: name one at least")
