"""What each command may not do without which right, in one table.

`docs/privileges.md`, `clusterload describe privileges` and the tests are made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OURS: Final = "clusterload-*"
"""Topics, groups and transactional ids of ours, unless a plan names others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Privilege:
    """A right that a command needs, as an ACL grants it.

    Attributes:
        command: without `clusterload`.
        operation: as Kafka's tools write it.
        resource: `Cluster`, `Topic`, `Group` or `TransactionalId`.
        names: of the resource: all (`*`), those of a prefix, or the cluster's only one.
        without: what is missing where the right is.
        series: names of Series that are missing then.
    """

    command: str
    operation: str
    resource: str
    names: str = "*"
    without: str
    series: tuple[str, ...] = ()

    @property
    def acl(self) -> str:
        """The right in short, as in `Describe on Topic *`."""
        return f"{self.operation} on {self.resource}{'' if self.resource == 'Cluster' else f' {self.names}'}"


def _right(
    command: str, operation: str, resource: str, without: str, *, names: str = "*", series: tuple[str, ...] = ()
) -> Privilege:
    return Privilege(
        command=command, operation=operation, resource=resource, names=names, without=without, series=series
    )


_PLACEMENT: Final = ("partitions", "leaders", "under_replicated", "offline_partitions")

PRIVILEGES: Final = (
    _right(
        "watch",
        "Describe",
        "Cluster",
        "sizes of logs, and whether all topics are seen; groups are those that may be described",
        series=("log_bytes", *_PLACEMENT),
    ),
    _right(
        "watch",
        "Describe",
        "Topic",
        "partitions and leaders, since some of them are not the sum; lag and records of the hidden topics",
        series=(*_PLACEMENT, "consumer_lag", "records_by_partition"),
    ),
    _right(
        "watch",
        "Describe",
        "Group",
        "lag, members and their coming and going of the groups that may not be described",
        series=("consumer_lag", "group_members", "members_changed"),
    ),
    _right(
        "limits",
        "DescribeConfigs",
        "Cluster",
        "limits that the brokers declare: none are known, an event says so, and the run goes on",
    ),
    _right("describe topics", "Describe", "Topic", "topics are left out, as if they did not exist"),
    _right(
        "describe groups",
        "Describe",
        "Group",
        "groups are left out; those that the cluster lists are named in a warning",
    ),
    _right("describe groups", "Describe", "Topic", "lag on these topics"),
    _right("describe configs", "DescribeConfigs", "Cluster", "settings of brokers: the command ends with an error"),
    _right(
        "describe configs --topic", "DescribeConfigs", "Topic", "settings of topics: the command ends with an error"
    ),
    _right("describe quotas", "DescribeConfigs", "Cluster", "client quotas: the command ends with an error"),
    _right(
        "bill --unlock-client-metrics",
        "DescribeConfigs",
        "Cluster",
        "it is not seen whether a quota exists already: nothing is set, and a warning says so",
    ),
    _right(
        "bill --unlock-client-metrics",
        "AlterConfigs",
        "Cluster",
        "what each client costs: a warning says so; nor could cleanup remove the quota",
    ),
    _right("run (producers)", "Write", "Topic", "the load: the topic seems not to exist", names=OURS),
    _right("run (producers)", "Create", "Topic", "topics that do not exist yet: create them first", names=OURS),
    _right("run (consumers, groups, commits)", "Read", "Topic", "the load", names=OURS),
    _right("run (consumers, groups, commits)", "Read", "Group", "the load of groups and commits", names=OURS),
    _right("run (transactions)", "Write", "TransactionalId", "the load", names=OURS),
    _right("run (transactions)", "Write", "Topic", "the load", names=OURS),
    _right("cleanup", "Delete", "Topic", "topics stay, and it says so", names=OURS),
    _right("cleanup", "Delete", "Group", "groups stay, and it says so", names=OURS),
)
"""All of them, by command."""
