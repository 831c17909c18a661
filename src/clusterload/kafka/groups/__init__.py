"""Consumer groups: who is in them, what they committed, and how far behind that is."""

from clusterload.kafka.groups.answers import Committed
from clusterload.kafka.groups.group import Group, Listing, Member, Place, lags
from clusterload.kafka.groups.reading import committed_offsets, describe_groups, ends, groups_of, listed

__all__ = [
    "Committed",
    "Group",
    "Listing",
    "Member",
    "Place",
    "committed_offsets",
    "describe_groups",
    "ends",
    "groups_of",
    "lags",
    "listed",
]
