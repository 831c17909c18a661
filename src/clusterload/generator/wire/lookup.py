"""Who leads what, asked of a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode
from kio.schema.metadata.v7.response import MetadataResponse

from clusterload.generator.wire.frames import metadata_request
from clusterload.generator.wire.routes import Routes
from clusterload.kafka.protocol.address import Address
from clusterload.model.errors import ClusterError

if TYPE_CHECKING:
    from clusterload.kafka.protocol.conversation import Conversation


def look_up(conversation: Conversation, topics: tuple[str, ...]) -> Routes:
    """Where the brokers are and who leads the partitions of these topics.

    Raises:
        ClusterError: a topic does not exist or may not be read, or the broker does not answer.
    """
    answer = conversation.ask(metadata_request(topics), MetadataResponse)
    leaders: dict[str, tuple[int, ...]] = {}
    for topic in answer.topics:
        if topic.error_code not in {ErrorCode.none, ErrorCode.leader_not_available}:
            raise ClusterError(f"topic {topic.name!r}: {topic.error_code.name.upper()}; check that it exists")
        ordered = sorted(topic.partitions, key=lambda one: one.partition_index)
        leaders[str(topic.name)] = tuple(int(one.leader_id) for one in ordered)
    brokers = {int(one.node_id): Address(str(one.host), int(one.port)) for one in answer.brokers}
    return Routes(brokers=brokers, leaders=leaders)
