"""What of each resource grows as a load is raised, by what its plans ask for before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from clusterload.analysis.headroom import Growth
from clusterload.model.resources import saturations
from clusterload.model.workload import Plan, Totals, totals_of

if TYPE_CHECKING:
    from clusterload.analysis.usage import Usage

_SIZES: Final = ("record_size", "payload_size")
_RATES: Final = ("request_rate", "record_rate", "byte_rate", "connection_rate")


def growth_of_mix(now: Plan, twice: Plan, usage: Usage, idle: Mapping[str, float]) -> Growth:
    """What grows when all rates of a plan do: all but partitions, and connections that do not follow from a rate.

    Args:
        now: the plan as it was measured.
        twice: the same twice as large.
        usage: of it.
        idle: by resource what the cluster uses without it.
    """
    own = _Own(usage, idle)
    once, two = _together(now), _together(twice)
    return Growth(
        words="all rates of the plan grow together; partitions and what connections do not follow from a rate stay",
        still={
            "partitions": 1.0,
            "connections": own.still("connections", two.connections - once.connections),
            "connection_attempts": own.still("connection_attempts", two.connection_rate - once.connection_rate),
        },
    )


def growth_of_dial(now: Plan, twice: Plan, dial: str, usage: Usage, idle: Mapping[str, float]) -> Growth:
    """What grows when one dial of a plan does; what that costs where several things move apart is not known.

    Args:
        now: the plan as it was measured.
        twice: the same with the dial twice as high.
        dial: as `record_rate` or `load.record_rate`.
        usage: of the plan.
        idle: by resource what the cluster uses without it.
    """
    own = _Own(usage, idle)
    once, two = _together(now), _together(twice)
    written = two.byte_rate - once.byte_rate
    # Where values only get longer, what is around each of them stays as it is.
    longer = dial.endswith(_SIZES)
    ingress = own.still("ingress", written) if longer else _share_still(written, once.byte_rate)
    reads = any(load.kind in {"consume", "group"} for load in now.loads)
    asks_freely = any(load.engine == "client" for load in now.loads) or (reads and written > 0)
    doubled = _all_doubled(once, two)
    return Growth(
        words=f"{dial} alone grows; what does not follow from it stays",
        still={
            "partitions": 1.0,
            "connections": own.still("connections", two.connections - once.connections),
            "connection_attempts": own.still("connection_attempts", two.connection_rate - once.connection_rate),
            "requests": math.nan if asks_freely else own.still("requests", _asking(two) - _asking(once)),
            "ingress": ingress,
            "egress": ingress if not dial.endswith("fan_out") else 0.0,
            **{each.name: 0.0 if doubled else math.nan for each in saturations()},
        },
    )


def _together(plan: Plan) -> Totals:
    return sum((totals_of(load, plan.duration) for load in plan.loads), Totals())


def _asking(together: Totals) -> float:
    """Requests a second: of a connection that comes and goes its greeting is one."""
    return together.request_rate + together.connection_rate


def _all_doubled(once: Totals, two: Totals) -> bool:
    """Whether the whole load doubled, so that what it costs does too."""
    rates = [(getattr(once, name), getattr(two, name)) for name in _RATES]
    return any(was for was, _ in rates) and all(math.isclose(becomes, 2 * was) for was, becomes in rates)


def _share_still(grown: float, asked: float) -> float:
    if not asked:
        return 1.0
    return math.nan if not math.isfinite(asked) else 1 - min(1.0, grown / asked)


class _Own:
    """What a plan itself uses of each resource."""

    def __init__(self, usage: Usage, idle: Mapping[str, float]) -> None:
        self.usage, self.idle = usage, idle

    def still(self, resource: str, grown: float) -> float:
        """The share that stays where so much is added as the load doubles, in the resource's unit a second."""
        line = self.usage.line(resource)
        if line is None:
            return 1.0
        own = line.typical - self.idle.get(resource, 0.0)
        if not own > 0 or not math.isfinite(grown):
            return math.nan if grown else 1.0
        return 1 - min(1.0, max(0.0, grown / own))
