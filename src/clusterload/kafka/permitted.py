"""What a login may do, found out without doing it: brokers are asked to check and not to carry out.

Creating a topic and setting a quota have such a flag (`validate_only`). A broker refuses who may not write before it
looks whether the topic exists: a request without any record to a topic that nobody has tells the right to write.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING, Any, Final

from kio.schema.alter_client_quotas.v1 import AlterClientQuotasRequest, AlterClientQuotasResponse
from kio.schema.alter_client_quotas.v1.request import EntityData, EntryData, OpData
from kio.schema.create_topics.v5 import CreateTopicsRequest, CreateTopicsResponse
from kio.schema.create_topics.v5.request import CreatableTopic
from kio.schema.describe_cluster.v0 import DescribeClusterRequest, DescribeClusterResponse
from kio.schema.errors import ErrorCode
from kio.schema.produce.v9 import ProduceRequest, ProduceResponse
from kio.schema.produce.v9.request import PartitionProduceData, TopicProduceData
from kio.static.primitive import f64, i16, i32, i32Timedelta

from clusterload.model.errors import ClusterError
from clusterload.model.workload import PREFIX

if TYPE_CHECKING:
    from clusterload.kafka.protocol.conversation import Conversation

_REFUSED: Final = {
    ErrorCode.topic_authorization_failed,
    ErrorCode.cluster_authorization_failed,
    ErrorCode.group_authorization_failed,
}
_NO_SUCH_TOPIC: Final = {ErrorCode.unknown_topic_or_partition, ErrorCode.none}
# The bits that Kafka's AclOperation has in an answer.
_OPERATIONS: Final = {
    3: "Read", 4: "Write", 5: "Create", 6: "Delete", 7: "Alter", 8: "Describe", 9: "ClusterAction",
    10: "DescribeConfigs", 11: "AlterConfigs", 12: "IdempotentWrite",
}  # fmt: skip
_WAIT: Final = i32Timedelta.parse(dt.timedelta(seconds=3))
_FREE: Final = 1e15


def cluster_operations(broker: Conversation) -> frozenset[str] | None:
    """What may be done with the cluster as a whole, in Kafka's words; None where the broker does not say.

    It says nothing to who may not describe the cluster, though other rights may be there.

    Raises:
        ClusterError: the broker does not answer, or does not know the question (before Kafka 2.8).
    """
    request = DescribeClusterRequest(include_cluster_authorized_operations=True)
    answer = broker.ask(request, DescribeClusterResponse)
    bits = int(answer.cluster_authorized_operations)
    if answer.error_code is not ErrorCode.none or bits <= 0:
        return None
    return frozenset(name for bit, name in _OPERATIONS.items() if bits >> bit & 1)


def may_create_topics(broker: Conversation) -> bool:
    """Whether topics of our prefix may be created; none is.

    Raises:
        ClusterError: the broker does not answer, or says neither yes nor no.
    """
    topic: Any = CreatableTopic(
        name=_made_up(),  # type: ignore[arg-type]
        num_partitions=i32(1),
        replication_factor=i16(1),
        assignments=(),
        configs=(),
    )
    request = CreateTopicsRequest(topics=(topic,), timeout=_WAIT, validate_only=True)
    (answer,) = broker.ask(request, CreateTopicsResponse).topics
    # A policy of the cluster may refuse this very topic, which is not the lack of a right.
    return _is_yes(answer.error_code, frozenset({ErrorCode.none, ErrorCode.policy_violation}), "create topics")


def may_write(broker: Conversation) -> bool:
    """Whether topics of our prefix may be written to; nothing is written.

    Raises:
        ClusterError: the broker does not answer, or says neither yes nor no.
    """
    partition = PartitionProduceData(index=i32(0), records=None)
    topic: Any = TopicProduceData(name=_made_up(), partition_data=(partition,))  # type: ignore[arg-type]
    request = ProduceRequest(transactional_id=None, acks=i16(1), timeout=_WAIT, topic_data=(topic,))
    (answer,) = broker.ask(request, ProduceResponse).responses
    return _is_yes(answer.partition_responses[0].error_code, frozenset(_NO_SUCH_TOPIC), "write")


def may_alter_quotas(broker: Conversation) -> bool:
    """Whether client quotas may be set; none is.

    Raises:
        ClusterError: the broker does not answer, or says neither yes nor no.
    """
    entity = EntityData(entity_type="client-id", entity_name=_made_up())
    op = OpData(key="producer_byte_rate", value=f64(_FREE), remove=False)
    request = AlterClientQuotasRequest(entries=(EntryData(entity=(entity,), ops=(op,)),), validate_only=True)
    answer = broker.ask(request, AlterClientQuotasResponse).entries[0]
    return _is_yes(answer.error_code, frozenset({ErrorCode.none}), "set quotas")


def _is_yes(code: ErrorCode, yes: frozenset[ErrorCode], what: str) -> bool:
    if code in yes:
        return True
    if code in _REFUSED:
        return False
    raise ClusterError(f"whether we may {what} is not known: the broker answers {code.name.upper()}")


def _made_up() -> str:
    return f"{PREFIX}-doctor-{secrets.token_hex(8)}"
