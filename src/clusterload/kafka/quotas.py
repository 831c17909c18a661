"""Client quotas set and taken away by the protocol itself: the client library has no call for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from kio.schema.alter_client_quotas import v0, v1
from kio.schema.alter_client_quotas.v0 import request as request_v0
from kio.schema.alter_client_quotas.v1 import request as request_v1
from kio.schema.errors import ErrorCode
from kio.static.primitive import f64

from clusterload.kafka.configuration import client_quotas, in_words
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation, first_to_answer
from clusterload.kafka.protocol.security import security_of
from clusterload.model.errors import AuthorizationError, ClusterError, UnreachableError

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster

_FORBIDDEN: Final = {ErrorCode.cluster_authorization_failed, ErrorCode.topic_authorization_failed}


def quota_of(cluster: Cluster, entity: Mapping[str, str]) -> dict[str, float]:
    """What is allowed to exactly this entity, by Kafka's keys; nothing where no quota is its own.

    Raises:
        AuthorizationError: it needs DescribeConfigs on the cluster.
        ClusterError: the cluster does not answer.
    """
    return next((dict(quota.values) for quota in client_quotas(cluster) if dict(quota.entity) == dict(entity)), {})


def set_quota(cluster: Cluster, entity: Mapping[str, str], values: Mapping[str, float]) -> None:
    """Allow an entity (a name by `user`, `client-id` or `ip`; empty text for any) so much, by Kafka's keys.

    Raises:
        AuthorizationError: it needs AlterConfigs on the cluster.
        ClusterError: the cluster refuses, or does not answer.
    """
    _alter(cluster, entity, {key: (value, False) for key, value in values.items()})


def drop_quota(cluster: Cluster, entity: Mapping[str, str], keys: Iterable[str]) -> None:
    """Take these keys of an entity's quota away; one that it has not does no harm.

    Raises:
        AuthorizationError: it needs AlterConfigs on the cluster.
        ClusterError: the cluster refuses, or does not answer.
    """
    _alter(cluster, entity, dict.fromkeys(keys, (0.0, True)))


def _alter(cluster: Cluster, entity: Mapping[str, str], changes: Mapping[str, tuple[float, bool]]) -> None:
    # A broker of before KRaft took this as the controller only; who comes later passes it on.
    brokers = sorted(cluster.brokers, key=lambda broker: not broker.controller)
    reasons = list[str]()
    for broker in brokers:
        try:
            with first_to_answer([Address(broker.host, broker.port)], security_of(cluster.properties)) as conversation:
                code, said = _asked(conversation, entity, changes)
        except UnreachableError as error:
            reasons.append(str(error))
            continue
        if code is ErrorCode.none:
            return
        if code is not ErrorCode.not_controller:
            raise _refused(cluster, entity, code, said)
        reasons.append(f"broker {broker.id} is not the controller")
    raise UnreachableError(
        f"the quota of {in_words(entity)} on cluster {cluster.id} was not changed: {'; '.join(reasons)}; "
        "see that the brokers are up"
    )


def _asked(
    broker: Conversation, entity: Mapping[str, str], changes: Mapping[str, tuple[float, bool]]
) -> tuple[ErrorCode, str]:
    """What the broker says, as a code and in its own words."""
    is_newer = broker.spoken(v1.AlterClientQuotasRequest, v0.AlterClientQuotasRequest) is v1.AlterClientQuotasRequest
    version: Any = request_v1 if is_newer else request_v0
    who = tuple(version.EntityData(entity_type=kind, entity_name=name or None) for kind, name in entity.items())
    ops = tuple(version.OpData(key=key, value=f64(float(value)), remove=gone) for key, (value, gone) in changes.items())
    request = version.AlterClientQuotasRequest(entries=(version.EntryData(entity=who, ops=ops),), validate_only=False)
    response: Any = v1.AlterClientQuotasResponse if is_newer else v0.AlterClientQuotasResponse
    answer = broker.ask(request, response).entries[0]
    return answer.error_code, answer.error_message or ""


def _refused(cluster: Cluster, entity: Mapping[str, str], code: ErrorCode, said: str) -> ClusterError:
    if code in _FORBIDDEN:
        return AuthorizationError(
            f"cluster {cluster.id} does not let us change client quotas: AlterConfigs on the cluster is missing; see "
            "docs/privileges.md"
        )
    return ClusterError(
        f"cluster {cluster.id} did not change the quota of {in_words(entity)}: {said or code.name.upper()}"
    )
