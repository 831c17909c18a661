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


_PLACEMENT: Final = ("partitions", "leaders", "under_replicated", "offline_partitions")

PRIVILEGES: Final = (
    Privilege(
        command="watch",
        operation="Describe",
        resource="Cluster",
        without="sizes of logs, and whether all topics are seen; groups are those that may be described",
        series=("log_bytes", *_PLACEMENT),
    ),
    Privilege(
        command="watch",
        operation="Describe",
        resource="Topic",
        without="partitions and leaders, since some of them are not the sum; lag and records of the hidden topics",
        series=(*_PLACEMENT, "consumer_lag", "records_by_partition"),
    ),
    Privilege(
        command="watch",
        operation="Describe",
        resource="Group",
        without="lag, members and their coming and going of the groups that may not be described",
        series=("consumer_lag", "group_members", "members_changed"),
    ),
    Privilege(
        command="limits",
        operation="DescribeConfigs",
        resource="Cluster",
        without="limits that the brokers declare, and client quotas",
    ),
    Privilege(
        command="describe topics",
        operation="Describe",
        resource="Topic",
        without="topics are left out, as if they did not exist",
    ),
    Privilege(
        command="describe groups",
        operation="Describe",
        resource="Group",
        without="groups are left out; those that the cluster lists are named in a warning",
    ),
    Privilege(
        command="describe groups",
        operation="Describe",
        resource="Topic",
        without="lag on these topics",
    ),
    Privilege(
        command="describe configs",
        operation="DescribeConfigs",
        resource="Cluster",
        without="settings of brokers: the command ends with an error",
    ),
    Privilege(
        command="describe configs --topic",
        operation="DescribeConfigs",
        resource="Topic",
        without="settings of topics: the command ends with an error",
    ),
    Privilege(
        command="describe quotas",
        operation="DescribeConfigs",
        resource="Cluster",
        without="client quotas: the command ends with an error",
    ),
    Privilege(
        command="bill --unlock-client-metrics",
        operation="DescribeConfigs",
        resource="Cluster",
        without="it is not seen whether a quota exists already: nothing is set, and the command ends with an error",
    ),
    Privilege(
        command="bill --unlock-client-metrics",
        operation="AlterConfigs",
        resource="Cluster",
        without="what each client costs: the command ends with an error; nor could cleanup remove the quota",
    ),
    Privilege(
        command="run (producers)",
        operation="Write",
        resource="Topic",
        names=OURS,
        without="the load: the topic seems not to exist",
    ),
    Privilege(
        command="run (producers)",
        operation="Create",
        resource="Topic",
        names=OURS,
        without="topics that do not exist yet: create them first",
    ),
    Privilege(
        command="run (consumers, groups, commits)",
        operation="Read",
        resource="Topic",
        names=OURS,
        without="the load",
    ),
    Privilege(
        command="run (consumers, groups, commits)",
        operation="Read",
        resource="Group",
        names=OURS,
        without="the load of groups and commits",
    ),
    Privilege(
        command="run (transactions)",
        operation="Write",
        resource="TransactionalId",
        names=OURS,
        without="the load",
    ),
    Privilege(
        command="run (transactions)",
        operation="Write",
        resource="Topic",
        names=OURS,
        without="the load",
    ),
    Privilege(
        command="cleanup",
        operation="Delete",
        resource="Topic",
        names=OURS,
        without="topics stay, and it says so",
    ),
    Privilege(
        command="cleanup",
        operation="Delete",
        resource="Group",
        names=OURS,
        without="groups stay, and it says so",
    ),
)
"""All of them, by command."""
