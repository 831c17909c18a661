"""Groups of consumers and their coordinators."""

from __future__ import annotations

from typing import Final

from clusterload.model import units
from clusterload.model.resources.resource import Resource, sign
from clusterload.model.series_kind import Kind

GROUPS: Final[tuple[Resource, ...]] = (
    sign("group_rebalances", "Rebalances of groups", units.COUNT, Kind.DELTA, trap="completed ones, of all groups"),
    sign("offset_commits", "Offsets committed", units.COUNT, Kind.DELTA, trap="a commit of ten partitions counts ten"),
    sign(
        "coordinator_queue_time",
        "Queue time of group coordinator events",
        units.MILLISECONDS,
        Kind.GAUGE,
        trap="the 99th percentile since the broker's last readings, so that an idle coordinator shows its last event's",
    ),
    sign(
        "share_acknowledgements",
        "Records acknowledged by share groups",
        units.RECORDS,
        Kind.DELTA,
        "acknowledgement",
        trap="by what became of them: accept, release, reject or renew",
    ),
    sign(
        "members_changed",
        "Members that joined or left",
        units.COUNT,
        Kind.DELTA,
        "group",
        trap="since the last poll, so members that came and went between are missed; a group in a rebalance counts one",
    ),
    sign("groups", "Consumer groups", units.COUNT, Kind.GAUGE, trap="only those that the user may describe"),
    sign("group_members", "Members of groups", units.COUNT, Kind.GAUGE, "group"),
    sign(
        "consumer_lag",
        "Lag of consumer groups",
        units.RECORDS,
        Kind.GAUGE,
        "group",
        "topic",
        trap="in offsets, so transactions' markers and compacted records count; of committed offsets, not of fetches",
    ),
    sign(
        "offset_commits_by_group",
        "Offsets committed by group",
        units.COUNT,
        Kind.DELTA,
        "group",
        trap="by an exporter that reads the offsets topic; a commit of ten partitions counts ten",
    ),
    sign(
        "records_committed",
        "Records consumed by group",
        units.RECORDS,
        Kind.DELTA,
        "group",
        "topic",
        trap="by committed offsets: a group that commits rarely seems to consume in bursts; a seek counts as well",
    ),
)
