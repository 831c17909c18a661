"""Giving back: our quota is taken away, and what somebody else made of it meanwhile is left alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from clusterload.kafka.quotas import drop_quota, quota_of
from clusterload.model.errors import ClusterError

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.workflow.temporary_quota.loan import Loan

SEEN_SECONDS: Final = 8.0
"""How long brokers may take to show what was changed."""

_AGAIN_SECONDS: Final = 0.1


def returned(loan: Loan, cluster: Cluster) -> tuple[str, ...]:
    """Take a loan's quota away and wait until the brokers show that it is gone.

    Returns:
        The keys that are left alone: somebody has set them to another value since.

    Raises:
        ClusterError: the cluster refuses, does not answer, or still shows it.
    """
    now = quota_of(cluster, loan.entity)
    others = tuple(key for key, value in now.items() if value != loan.values.get(key, value))
    # Also what is not shown: a broker may not know yet of what was set a moment ago.
    ours = [key for key in loan.values if key not in others]
    drop_quota(cluster, loan.entity, ours)
    seen(lambda: not quota_of(cluster, loan.entity).keys() & set(ours), f"the {loan.words} is still there")
    return others


def seen(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until the brokers show what was changed.

    Raises:
        ClusterError: they do not in time.
    """
    give_up = time.monotonic() + SEEN_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise ClusterError(f"{otherwise} {SEEN_SECONDS:g} s after it was changed: see the brokers' logs")
        time.sleep(_AGAIN_SECONDS)
