"""Consent: load on a cluster that is not a lab needs its id to be confirmed, and stays within caps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from clusterload.model.errors import ConfigurationError, ConsentError, nearest
from clusterload.model.workload import MAX, Plan, Totals, totals_of

CAPS: Final = {
    "record_rate": 10_000.0,
    "byte_rate": 50e6,
    "request_rate": 10_000.0,
    "connections": 500.0,
    "connection_rate": 50.0,
    "producers": 200.0,
    "members": 100.0,
    "partitions": 100.0,
    "bytes_written": 10e9,
    "duration": 900.0,
}
"""Most that load on a cluster that is not a lab may do unless it is raised on purpose.

In records/s, B/s, requests/s, connections, connections/s, clients, partitions, B of values before replication, and
seconds.
"""


_TOGETHER: Final = ("bytes_written", "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person's consent to load a cluster that is not a lab.

    Attributes:
        cluster_id: of the cluster that it is for, as confirmed; empty for none.
        caps: those of `CAPS` that were set on purpose.
    """

    cluster_id: str = ""
    caps: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.caps:
            if name not in CAPS:
                raise ConfigurationError(f"no cap {name!r}{nearest(name, CAPS)}; known: {', '.join(CAPS)}")

    def require_for(self, cluster_id: str, to: str = "load it") -> None:
        """Make sure that this is consent for a cluster that is not a lab.

        Raises:
            ConsentError: it is not, or the cluster has no id.
        """
        if not cluster_id:
            raise ConsentError("the cluster does not tell its id, so it cannot be confirmed: name a cluster that does")
        if self.cluster_id != cluster_id:
            given = f", and the id that was given is {self.cluster_id}" if self.cluster_id else ""
            raise ConsentError(f"cluster {cluster_id} is not a lab{given}: add --yes-cluster {cluster_id} to {to}")


def require(consent: Consent, plan: Plan, cluster_id: str) -> None:
    """Make sure that a plan may run on a cluster that is not a lab.

    Raises:
        ConsentError: the cluster's id is not confirmed or missing, or the plan goes beyond a cap.
    """
    consent.require_for(cluster_id)
    _check_caps(consent, plan)


def require_together(consent: Consent, plans: Sequence[Plan], cluster_id: str) -> None:
    """Make sure that plans may run one after the other; the caps on bytes and time hold for all of them together.

    Raises:
        ConsentError: the cluster's id is not confirmed or missing, or a plan, or all together, go beyond a cap.
    """
    for plan in plans:
        require(consent, plan, cluster_id)
    caps = {**CAPS, **consent.caps}
    for name in _TOGETHER:
        together = sum(asked(plan)[name] for plan in plans)
        if not together <= caps[name]:
            raise ConsentError(
                f"all {len(plans)} runs together ask for {name} {together:,.0f}, above the cap of {caps[name]:,.0f} "
                f"for clusters that are not labs: make fewer or shorter ones, or add --cap {name}={together:.0f}"
            )


def _check_caps(consent: Consent, plan: Plan) -> None:
    asked_for = asked(plan)
    caps = {**CAPS, **consent.caps}
    # Written so that a cap of NaN lets nothing through.
    beyond = [name for name, most in caps.items() if not asked_for[name] <= most]
    if beyond:
        figures = ", ".join(f"{name} {_said(asked_for[name])}, above the cap of {_said(caps[name])}" for name in beyond)
        raising = " ".join(f"--cap {name}={_enough(asked_for[name])}" for name in beyond)
        raise ConsentError(
            f"plan {plan.name!r} asks for {figures} for clusters that are not labs: lower it, or add {raising}"
        )


def asked(plan: Plan) -> dict[str, float]:
    """What a plan does at most, in the terms of `CAPS`; infinite where it takes as much as there is."""
    together = asdict(sum((totals_of(load, plan.duration) for load in plan.loads), Totals()))
    return {**{name: together[name] for name in CAPS if name in together}, "duration": plan.duration}


def _said(value: float) -> str:
    return MAX if value == math.inf else f"{value:,.0f}"


def _enough(value: float) -> str:
    return "inf" if value == math.inf else str(math.ceil(value))
