"""A temporary quota: set on a cluster for a while and restored exactly as it was, whatever becomes of this process.

Before anything is set, a lease is written to the state folder, and a watchdog process of its own starts: it restores
when this process is killed, and when the lease expires.
"""

from clusterload.workflow.temporary_quota.lease import Lease
from clusterload.workflow.temporary_quota.quota import Restored, outstanding, restore_abandoned, temporary_quota
from clusterload.workflow.temporary_quota.traces import own_quotas
from clusterload.workflow.temporary_quota.unlocking import Unlocking, unlocked

__all__ = [
    "Lease",
    "Restored",
    "Unlocking",
    "outstanding",
    "own_quotas",
    "restore_abandoned",
    "temporary_quota",
    "unlocked",
]
