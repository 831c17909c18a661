"""Live: how a run stands while it goes. A `feed` makes a snapshot each second, which all who show it draw from."""

from clusterload.live.feed import Feed
from clusterload.live.snapshot import Snapshot

__all__ = ["Feed", "Snapshot"]
