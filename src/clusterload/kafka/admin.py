"""What a run leaves on a cluster: topics and consumer groups, found and removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from confluent_kafka import TopicCollection

from clusterload.kafka.brokers import Brokers
from clusterload.kafka.cluster import ANSWER_SECONDS, Cluster, asking, awaited
from clusterload.kafka.groups.reading import listed
from clusterload.model.errors import ClusterError, ConfigurationError

_REMOVAL_SECONDS: Final = 30.0


def topic_ids(cluster: Cluster, names: Iterable[str]) -> dict[str, str]:
    """The ids of those topics that exist, by name. A topic that is deleted and created again has another id.

    Raises:
        ClusterError: the cluster does not answer.
    """
    known = {topic.name for topic in cluster.topics()}
    wanted = [name for name in names if name in known]
    if not wanted:
        return {}
    with asking(cluster.properties) as (admin, errors):
        asked = admin.describe_topics(TopicCollection(wanted))
        return {
            name: str(awaited(future, admin, errors, cluster.properties, ANSWER_SECONDS).topic_id)
            for name, future in asked.items()
        }


def allowed_operations(cluster: Cluster, topics: Iterable[str]) -> dict[str, frozenset[str]]:
    """What the client may do on topics that exist, as names of ACL operations (`WRITE`); else absent.

    Raises:
        ClusterError: the cluster does not answer.
    """
    wanted = list(topics)
    if not wanted:
        return {}
    with asking(cluster.properties) as (admin, errors):
        asked = admin.describe_topics(TopicCollection(wanted), include_authorized_operations=True)
        described = {
            name: awaited(future, admin, errors, cluster.properties, ANSWER_SECONDS) for name, future in asked.items()
        }
    return {
        name: frozenset(operation.name for operation in topic.authorized_operations)
        for name, topic in described.items()
        if topic.authorized_operations
    }


def groups(cluster: Cluster) -> tuple[str, ...]:
    """The consumer groups that we may describe.

    Raises:
        ClusterError: the cluster does not answer.
    """
    try:
        brokers = Brokers(cluster.properties)
    except ConfigurationError:
        # A login that only the client library has. Else it is not asked: with a broker down, it may end the process.
        return _groups_by_library(cluster)
    with brokers:
        brokers.topics()
        listing = listed(brokers)
    for broker, error in listing.failures.items():
        raise ClusterError(f"broker {broker} of cluster {cluster.id} does not list its consumer groups: {error}")
    return listing.names


def _groups_by_library(cluster: Cluster) -> tuple[str, ...]:
    with asking(cluster.properties) as (admin, errors):
        found = awaited(admin.list_consumer_groups(), admin, errors, cluster.properties, ANSWER_SECONDS)
    if found.errors:
        raise ClusterError(f"cluster {cluster.id} does not list its consumer groups: {found.errors[0].args[0].str()}")
    return tuple(sorted(group.group_id for group in found.valid))


def absent_groups(cluster: Cluster, names: Iterable[str]) -> list[str]:
    """Those groups that do not exist yet, so that the command that makes them may remove them.

    Raises:
        ClusterError: the cluster does not answer.
    """
    wanted = list(dict.fromkeys(names))
    present = groups(cluster) if wanted else ()
    return [name for name in wanted if name not in present]


def remove_topic(cluster: Cluster, name: str) -> None:
    """Delete a topic with all that is in it.

    Raises:
        ClusterError: the cluster refused.
    """
    with asking(cluster.properties) as (admin, errors):
        (future,) = admin.delete_topics([name], operation_timeout=_REMOVAL_SECONDS).values()
        awaited(future, admin, errors, cluster.properties, _REMOVAL_SECONDS)


def remove_group(cluster: Cluster, name: str) -> None:
    """Delete a consumer group with its offsets.

    Raises:
        ClusterError: the cluster refused, as it does while the group has members.
    """
    with asking(cluster.properties) as (admin, errors):
        (future,) = admin.delete_consumer_groups([name]).values()
        awaited(future, admin, errors, cluster.properties, ANSWER_SECONDS)
