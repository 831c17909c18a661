"""Consent: load on a cluster that is not our lab needs a yes for that very cluster, and stays within caps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from clusterload.errors import ConfigurationError, ConsentError, nearest
from clusterload.plan import Load, Plan

CAPS: Final = {"record_rate": 10_000.0, "byte_rate": 50e6, "producers": 200.0, "duration": 900.0}
"""Most that load on somebody's cluster may do unless it is raised on purpose: records/s, B/s, clients, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person's yes.

    Attributes:
        cluster_id: the cluster that it is for; empty is no yes.
        caps: those of `CAPS` that were set on purpose.
    """

    cluster_id: str = ""
    caps: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.caps:
            if name not in CAPS:
                raise ConfigurationError(f"no cap {name!r}{nearest(name, CAPS)}; known: {', '.join(CAPS)}")


def require(consent: Consent, plan: Plan, cluster_id: str) -> None:
    """Make sure that a plan may run on a cluster that is not ours.

    Raises:
        ConsentError: there is no yes for this cluster, it has no id, or the plan goes beyond a cap.
    """
    if not cluster_id:
        raise ConsentError("the cluster does not say its id, so no yes can be for it: load one that does")
    if consent.cluster_id != cluster_id:
        asked = f", not {consent.cluster_id}" if consent.cluster_id else ""
        raise ConsentError(
            f"cluster {cluster_id} is not a lab of ours{asked}: add --yes-cluster {cluster_id} to load it"
        )
    asked_for = totals(plan)
    for name, most in {**CAPS, **consent.caps}.items():
        if not asked_for[name] <= most:  # so that a cap of NaN lets nothing through
            raise ConsentError(
                f"plan {plan.name!r} asks for {name} {asked_for[name]:,.0f}, above the cap of {most:,.0f} for "
                f"clusters that are not labs: lower it, or add --cap {name}={math.ceil(asked_for[name])}"
            )


def totals(plan: Plan) -> dict[str, float]:
    """What a plan does at most, in the terms of `CAPS`."""

    def added(of: str) -> float:
        return sum(_of(load, of) for load in plan.loads)

    return {
        "record_rate": added("record_rate"),
        "byte_rate": sum(_of(load, "record_rate") * _of(load, "payload_size") for load in plan.loads),
        "producers": added("producers"),
        "duration": plan.duration,
    }


def _of(load: Load, dial: str) -> float:
    return load.dials.chosen().get(dial, 0.0)
