"""Lending: what is set on a cluster for a while and given back exactly as it was, whatever becomes of us.

Before anything is set, a note of it lies in the state folder, and a small process of our own watches us: it gives back
when we are killed, and when the time is over.
"""

from clusterload.workflow.temporary_quota.lending import Returned, give_back, lent, outstanding
from clusterload.workflow.temporary_quota.loan import Loan
from clusterload.workflow.temporary_quota.unlocking import unlocked

__all__ = ["Loan", "Returned", "give_back", "lent", "outstanding", "unlocked"]
