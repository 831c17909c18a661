"""What is to be calibrated and how, and the steps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clusterload.ceiling import DRIVES, Bound, Drive, Step, drive_of
from clusterload.errors import ConfigurationError

SATURATION: Final = Bound.parsed("saturation > 90 %")
LATENCY: Final = Bound.parsed("latency.p99 > 50 ms")
"""What breaks a step unless told otherwise."""

SETTLE: Final = 0.4
"""Share of a step at its start that is not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be calibrated, and how.

    Attributes:
        resources: whose ceilings are searched for.
        bounds: what breaks a step; saturation and latency have defaults where none of theirs is given.
        repeats: how many searches for each, in random order.
        step_time: seconds of a step.
        precision: how far apart, as a share, the step that held and the one that broke may be in the end.
        tries: how often a step of which there is no telling is made.
        rest: most seconds to wait for the cluster to be at rest before each step.
        longest: seconds after which no further step is begun.
        topic: where records go; left empty, to topics of its own that are removed after each step.
    """

    resources: tuple[str, ...] = tuple(DRIVES)
    bounds: tuple[Bound, ...] = ()
    repeats: int = 3
    step_time: float = 5.0
    precision: float = 0.1
    tries: int = 3
    rest: float = 15.0
    longest: float = 3600.0
    topic: str = ""

    def __post_init__(self) -> None:
        for resource in self.resources:
            drive_of(resource)
        if not self.resources or len(set(self.resources)) < len(self.resources):
            raise ConfigurationError("a calibration is of resources, each named once: name one at least")
        if self.repeats < 1 or not self.step_time >= 1.0:
            raise ConfigurationError(
                f"{self.repeats} repeats of steps of {self.step_time:g} s tell nothing: make one repeat at least, and "
                "steps of a second or longer"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A step that is about to be made, or was.

    Attributes:
        drive: what is driven.
        repeat: which search of this resource it is of, from 1.
        number: which step of the search, from 1.
        value: what the resource is driven to, in the drive's unit.
        step: what became of it; None before.
    """

    drive: Drive
    repeat: int
    number: int
    value: float
    step: Step | None = None
