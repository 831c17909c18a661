"""What is to be raised, until which bound breaks, and how."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from clusterload.analysis.ceiling import LIMIT_LOAD, Bound
from clusterload.model import units
from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import watched
from clusterload.workflow.capacity.mix import FACTOR, MIX, is_whole, scaled, unit_of, value_of, with_value
from clusterload.workflow.step_search import SETTLE, Pace, Raising

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.workload import Plan

MOST: Final = 1e6
"""How many times as large as given a load may become."""

LEAST: Final = 1 / 64
"""How small it may become when it does not hold as it is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders(Pace):
    """What is to be raised, until which bound breaks.

    Attributes:
        plan: the load to begin with; its duration and its warm-up give way to those of a step.
        dial: what is raised, as `record_rate` or `load.record_rate`; empty for the whole mix.
        bounds: what breaks a step.
        limits: what a bound on the limit load is held against, and what is predicted for.
    """

    plan: Plan
    bounds: tuple[Bound, ...]
    limits: Limits
    dial: str = ""
    precision: float = 0.05
    longest: float = 600.0

    def __post_init__(self) -> None:
        Pace.__post_init__(self)
        if not self.bounds:
            raise ConfigurationError("nothing says when to stop: add --until, as in 'limit_load > 90 %'")
        if self.plan.faults:
            raise ConfigurationError(f"plan {self.plan.name!r} has faults: a step is a load that stays as it is")
        if any(bound.figure == LIMIT_LOAD for bound in self.bounds) and not self.limits.limits:
            raise ConfigurationError(f"limit table {self.limits.name} has no limits: a limit load needs another one")
        self._check_latency()
        self.at(self.first)
        self.at(2 * self.first)  # what contradicts itself as it grows is told before anything is loaded

    def _check_latency(self) -> None:
        for bound in self.bounds:
            if bound.quantity.startswith("latency.") and not watched(self.plan):
                raise ConfigurationError(
                    f"bound {bound.as_text!r} needs a load whose latency is measured: one of engine wire with a rate"
                )

    @property
    def name(self) -> str:
        """What is raised."""
        return self.dial or MIX

    @property
    def first(self) -> float:
        """The value to begin with: of a mix 1, of a dial what it is set to."""
        return value_of(self.plan, self.dial) if self.dial else 1.0

    def at(self, value: float) -> Plan:
        """The load of a step.

        Raises:
            ConfigurationError: no such load can be made.
        """
        made = with_value(self.plan, self.dial, value) if self.dial else scaled(self.plan, value)
        return replace(
            made,
            name=f"{self.name} {units.number(value, 4)}",
            duration=self.step_time,
            warm_up=SETTLE * self.step_time,
        )

    def raising(self, made_anew: frozenset[str]) -> Raising:
        """What is driven up.

        Args:
            made_anew: topics of the plan that each step makes anew.
        """
        whole = bool(self.dial) and is_whole(self.dial)
        least = max(1.0, math.floor(self.first * LEAST)) if whole else self.first * LEAST
        return Raising(
            name=self.name,
            unit=unit_of(self.dial) if self.dial else FACTOR,
            first=self.first,
            least=least,
            most=self.first * MOST,
            plan=self.at,
            watched=watched(self.plan),
            whole=whole,
            opens=self.dial.rpartition(".")[2] == "connections",
            topics=made_anew,
        )
