"""Live: how a run stands while it goes. A `feed` makes a snapshot each second, which all who show it draw from."""

from clusterload.workflow.live.feed import Feed
from clusterload.workflow.live.snapshot import Snapshot

__all__ = ["Feed", "Snapshot"]
