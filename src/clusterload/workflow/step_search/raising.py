"""Raising: what is driven up step by step, and the load that each value of it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clusterload.analysis.ceiling import Step
from clusterload.model.units import Unit
from clusterload.model.workload import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Raising:
    """What is driven up.

    Attributes:
        name: of files and lines: a resource, a dial or `mix`.
        unit: of the values.
        first: where a search begins.
        least: where it ends when nothing holds.
        most: where it ends when everything holds.
        plan: the load of a value; its warm-up is not judged.
        watched: Loads with the kind of their latency that tells how the cluster serves; of several the worst counts.
        resource: the dimension whose use brokers count as it is driven; empty where what was asked for counts.
        whole: whether values are whole numbers.
        opens: whether a value is so many connections, each a file of this process.
        topics: those of the plan that each step makes anew, so that nothing of the step before is in them.
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
class Making:
    """A step that is about to be made, or was.

    Attributes:
        raising: what is driven up.
        repeat: which search for it this is of, from 1.
        number: which step of the search, from 1.
        value: what it is driven to, in its unit.
        step: what became of it; None before.
    """

    raising: Raising
    repeat: int
    number: int
    value: float
    step: Step | None = None
