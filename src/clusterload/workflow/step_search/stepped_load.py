"""Stepped loads: what is raised step by step, and how long and how often that is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clusterload.analysis.ceiling import Step
from clusterload.model.errors import ConfigurationError
from clusterload.model.units import Unit
from clusterload.model.workload import Plan

SETTLE: Final = 0.4
"""Share of a step at its start that is not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How long and how often steps are made, whatever is raised.

    Attributes:
        repeats: searches for each thing.
        step_time: seconds of a step.
        precision: how far apart, as a share, the step that held and the one that broke may be in the end.
        tries: how often an inconclusive step is made.
        rest: most seconds to wait for the cluster to be idle before each step.
        longest: seconds after which no further step begins.
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
                f"{self.repeats} repeats of steps of {self.step_time:g} s are too little to measure: make one repeat "
                "at least, and steps of a second or longer"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedLoad:
    """A load of one value, which a search raises.

    Attributes:
        name: of files and lines: a resource, a dial or `mix`.
        unit: of the values.
        first: where a search begins.
        least: where it ends when nothing holds.
        most: where it ends when everything holds.
        plan: the load at a value; its warm-up is not judged.
        watched: Loads with the kind of their latency by which steps are judged; of several the worst counts.
        resource: the dimension whose use brokers count meanwhile; empty where the value itself counts.
        whole: whether values are whole numbers.
        opens: whether a value is so many connections, each a file descriptor of this process.
        topics: topics of the plan that each step creates for itself, so that nothing of the step before is in them.
    """

    name: str
    unit: Unit
    first: float
    least: float
    most: float
    plan: Callable[[float], Plan]
    watched: tuple[tuple[str, str], ...]
    resource: str = ""
    whole: bool = False
    opens: bool = False
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """A step that is about to be made, or was.

    Attributes:
        load: what is raised.
        repeat: which search for it this is, from 1.
        number: which step of the search, from 1.
        value: in the load's unit.
        step: its result; None before.
    """

    load: SteppedLoad
    repeat: int
    number: int
    value: float
    step: Step | None = None
