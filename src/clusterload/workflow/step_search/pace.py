"""Pace: how long and how often steps are made, whatever is raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clusterload.model.errors import ConfigurationError

SETTLE: Final = 0.4
"""Share of a step at its start that is not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How searches are made.

    Attributes:
        repeats: how many searches for each thing.
        step_time: seconds of a step.
        precision: how far apart, as a share, the step that held and the one that broke may be in the end.
        tries: how often a step of which there is no telling is made.
        rest: most seconds to wait for the cluster to be at rest before each step.
        longest: seconds after which no further step is begun.
    """

    repeats: int = 3
    step_time: float = 5.0
    precision: float = 0.1
    tries: int = 3
    rest: float = 15.0
    longest: float = 3600.0

    def __post_init__(self) -> None:
        if self.repeats < 1 or not self.step_time >= 1.0:
            raise ConfigurationError(
                f"{self.repeats} repeats of steps of {self.step_time:g} s tell nothing: make one repeat at least, and "
                "steps of a second or longer"
            )
