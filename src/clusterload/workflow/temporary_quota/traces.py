"""Traces: the quotas of ours that a run was made under or soon after, kept in its environment for the analysis.

A quota of ours makes brokers publish figures of clients, throttles whom it is for, and leaves both behind for a while:
none of that is the cluster's own doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from clusterload.model.series import SECOND
from clusterload.workflow.temporary_quota.lease import ended_leases, leases

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster

OWN_QUOTAS: Final = "own_quotas"
"""The entry of a run's environment."""


def own_quotas(cluster: Cluster) -> dict[str, list[dict[str, Any]]]:
    """The entry of a run's environment that names our quotas on a cluster: those that hold, and those of the last hour.

    Each has `entity` (whom it is for, as `Quota.entity`), `values`, `why`, and `start` and `end` in Unix nanoseconds;
    `end` is None while it holds. Nothing where there was none.
    """
    found = sorted(_found(cluster), key=lambda quota: (quota["start"], str(quota["entity"])))
    return {OWN_QUOTAS: found} if found else {}


def _found(cluster: Cluster) -> Iterator[dict[str, Any]]:
    holding = ((lease, None) for lease in leases())
    for lease, ended in (*ended_leases(), *holding):
        if lease.cluster_id == cluster.id:
            yield {
                "entity": dict(lease.entity),
                "values": dict(lease.values),
                "why": lease.why,
                "start": round(lease.since * SECOND),
                "end": None if ended is None else round(ended * SECOND),
            }
