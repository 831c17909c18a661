"""How large the logs of each broker are, asked of the broker itself: the library has no such question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kio.schema.describe_log_dirs.v1 import DescribeLogDirsRequest as RequestV1
from kio.schema.describe_log_dirs.v1 import DescribeLogDirsResponse as ResponseV1
from kio.schema.describe_log_dirs.v3 import DescribeLogDirsRequest as RequestV3
from kio.schema.describe_log_dirs.v3 import DescribeLogDirsResponse as ResponseV3
from kio.schema.errors import ErrorCode

from clusterload.kafka.protocol.conversation import Conversation
from clusterload.model.errors import AuthorizationError, ClusterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """The logs of one broker.

    Attributes:
        sizes: bytes on disk by topic, over all its partitions there, a copy that is being moved included.
        failed: directories that cannot be read; their logs are not in `sizes`.
    """

    sizes: Mapping[str, int]
    failed: tuple[str, ...]


def logs_of(broker: Conversation) -> Logs:
    """The logs of this broker, of all topics, also of those that we may not describe.

    Raises:
        AuthorizationError: it needs the right to describe the cluster.
        ClusterError: the broker does not answer.
    """
    answer = _asked(broker)
    if answer.error_code is ErrorCode.cluster_authorization_failed:
        raise AuthorizationError(
            f"broker {broker.address} does not tell the size of its logs: Describe on the cluster is missing"
        )
    if answer.error_code is not ErrorCode.none:
        raise ClusterError(f"broker {broker.address} does not tell the size of its logs: {answer.error_code.name}")
    sizes: dict[str, int] = {}
    for directory in answer.results:
        for topic in directory.topics:
            sizes[topic.name] = sizes.get(topic.name, 0) + sum(one.partition_size for one in topic.partitions)
    failed = (one.log_dir for one in answer.results if one.error_code is not ErrorCode.none)
    return Logs(sizes=sizes, failed=tuple(failed))


def _asked(broker: Conversation) -> ResponseV3:
    if broker.spoken(RequestV3, RequestV1) is RequestV3:
        return broker.ask(RequestV3(topics=None), ResponseV3)
    # Before version 3 a broker said nothing at all to whom it refused.
    answer = broker.ask(RequestV1(topics=None), ResponseV1)
    refused = ErrorCode.none if answer.results else ErrorCode.cluster_authorization_failed
    return ResponseV3(throttle_time=answer.throttle_time, error_code=refused, results=answer.results)  # type: ignore[arg-type]
