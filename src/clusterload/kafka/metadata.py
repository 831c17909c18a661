"""Which brokers are up and who leads and holds what, asked of one broker by the protocol itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kio.schema.errors import ErrorCode
from kio.schema.metadata.v7.request import MetadataRequest
from kio.schema.metadata.v7.response import MetadataResponse, MetadataResponseTopic

from clusterload.kafka.cluster import Partition, Topic
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a broker knows of its cluster.

    Attributes:
        brokers: where those that are up listen, by id.
        topics: those that we may see, by name.
    """

    brokers: Mapping[int, Address]
    topics: Mapping[str, Topic]


def placement(broker: Conversation) -> Placement:
    """Brokers that are up and all topics that we may see; asking makes no topic.

    Raises:
        ClusterError: the broker does not answer.
    """
    answer = broker.ask(MetadataRequest(topics=None, allow_auto_topic_creation=False), MetadataResponse)
    return Placement(
        brokers={int(one.node_id): Address(str(one.host), int(one.port)) for one in answer.brokers},
        topics={str(one.name): _topic(one) for one in answer.topics if one.error_code is ErrorCode.none},
    )


def _topic(found: MetadataResponseTopic) -> Topic:
    return Topic(
        name=str(found.name),
        partitions=tuple(
            Partition(
                id=int(one.partition_index),
                leader=int(one.leader_id),
                replicas=tuple(map(int, one.replica_nodes)),
                isr=tuple(map(int, one.isr_nodes)),
            )
            for one in sorted(found.partitions, key=lambda one: one.partition_index)
        ),
    )
