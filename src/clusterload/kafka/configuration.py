"""What brokers, topics and clients are set to: configuration with where it comes from, and quotas.

What is sensitive never leaves the brokers, which send no value for it; we leave its name out too.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from confluent_kafka.admin import ConfigResource, ConfigSource, ResourceType  # type: ignore[attr-defined]
from kio.schema.describe_client_quotas.v0 import DescribeClientQuotasRequest as RequestV0
from kio.schema.describe_client_quotas.v0 import DescribeClientQuotasResponse as ResponseV0
from kio.schema.describe_client_quotas.v1 import DescribeClientQuotasRequest as RequestV1
from kio.schema.describe_client_quotas.v1 import DescribeClientQuotasResponse as ResponseV1
from kio.schema.errors import ErrorCode

from clusterload.kafka.cluster import ANSWER_SECONDS, asking, awaited
from clusterload.kafka.properties import is_secret
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation, first_to_answer
from clusterload.kafka.protocol.security import security_of
from clusterload.model.errors import AuthorizationError, ClusterError

if TYPE_CHECKING:
    from confluent_kafka.admin import ConfigEntry  # type: ignore[attr-defined]

    from clusterload.kafka.cluster import Cluster

_LEAST_SECONDS: Final = 0.1
_SOURCES: Final = {
    ConfigSource.DEFAULT_CONFIG: "default",
    ConfigSource.STATIC_BROKER_CONFIG: "file",
    ConfigSource.DYNAMIC_BROKER_CONFIG: "broker",
    ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG: "all brokers",
    ConfigSource.DYNAMIC_TOPIC_CONFIG: "topic",
    ConfigSource.GROUP_CONFIG: "group",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting that is in force.

    Attributes:
        name: as Kafka calls it.
        value: as text; empty where nothing is set.
        source: `default`; `file` (the broker's own); set while it runs: `broker`, `all brokers`, `topic`, `group`;
            `unknown`.
    """

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a quota allows to whom.

    Attributes:
        entity: a name by each of `user`, `client-id` and `ip` that it is for; empty text stands for any that has
            none of its own.
        values: by Kafka's keys: `producer_byte_rate`, `consumer_byte_rate` (B/s a broker), `request_percentage` (%),
            `connection_creation_rate` (1/s), `controller_mutation_rate` (1/s).
    """

    entity: Mapping[str, str]
    values: Mapping[str, float]

    @property
    def whose(self) -> str:
        """Whom it is for, in words, as in `user alice, any client id`."""
        return in_words(self.entity)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredConfig:
    """What a cluster's operator declared, as `Limits.declared` takes it.

    Attributes:
        brokers: each broker's configuration by its id, with all that is in force.
        quotas: values by whose they are.
        missing: what could not be read and why; one line each.
    """

    brokers: Mapping[str, Mapping[str, str]]
    quotas: Mapping[str, Mapping[str, float]]
    missing: tuple[str, ...] = ()


def read_declared(cluster: Cluster) -> DeclaredConfig:
    """What the brokers are set to and which quotas there are; what we may not read is named in `missing`.

    Raises:
        ClusterError: the cluster does not answer.
    """
    missing: list[str] = []
    brokers: dict[str, dict[str, str]] = {}
    quotas: dict[str, Mapping[str, float]] = {}
    try:
        settings = broker_settings(cluster)
        brokers = {broker: {setting.name: setting.value for setting in found} for broker, found in settings.items()}
    except AuthorizationError as error:
        missing.append(str(error))
    try:
        quotas = {quota.whose: quota.values for quota in client_quotas(cluster)}
    except AuthorizationError as error:
        missing.append(str(error))
    return DeclaredConfig(brokers=brokers, quotas=quotas, missing=tuple(missing))


def broker_settings(cluster: Cluster) -> dict[str, tuple[Setting, ...]]:
    """What each broker (by id, as text) is set to, by name; what is sensitive is left out.

    Raises:
        AuthorizationError: it needs DescribeConfigs on the cluster.
        ClusterError: a broker does not answer.
    """
    return _settings(cluster, ResourceType.BROKER, [str(broker.id) for broker in cluster.brokers])


def topic_settings(cluster: Cluster, names: Iterable[str]) -> dict[str, tuple[Setting, ...]]:
    """What these topics are set to, by name.

    Raises:
        AuthorizationError: it needs DescribeConfigs on each topic.
        ClusterError: a topic does not exist, or the cluster does not answer.
    """
    return _settings(cluster, ResourceType.TOPIC, list(names))


def client_quotas(cluster: Cluster) -> tuple[Quota, ...]:
    """The quotas of clients, in the order of whose they are.

    Raises:
        AuthorizationError: it needs DescribeConfigs on the cluster.
        ClusterError: the cluster does not answer.
    """
    places = [Address(broker.host, broker.port) for broker in cluster.brokers]
    with first_to_answer(places, security_of(cluster.properties)) as broker:
        answer = _asked(broker)
    if answer.error_code is ErrorCode.cluster_authorization_failed:
        raise AuthorizationError(
            f"cluster {cluster.id} does not show its client quotas: DescribeConfigs on the cluster is missing; see "
            "docs/privileges.md"
        )
    if answer.error_code is not ErrorCode.none:
        raise ClusterError(
            f"cluster {cluster.id} does not show its client quotas: {answer.error_message or answer.error_code.name}"
        )
    quotas = (
        Quota(
            entity={part.entity_type: part.entity_name or "" for part in entry.entity},
            values={value.key: float(value.value) for value in entry.values},
        )
        for entry in answer.entries or ()
    )
    return tuple(sorted(quotas, key=operator.attrgetter("whose")))


def _asked(broker: Conversation) -> ResponseV0 | ResponseV1:
    if broker.spoken(RequestV1, RequestV0) is RequestV1:
        return broker.ask(RequestV1(components=(), strict=False), ResponseV1)
    return broker.ask(RequestV0(components=(), strict=False), ResponseV0)


def _settings(cluster: Cluster, kind: ResourceType, names: list[str]) -> dict[str, tuple[Setting, ...]]:
    give_up = time.monotonic() + ANSWER_SECONDS
    with asking(cluster.properties) as (admin, errors):
        # One call each: a broker's settings must be asked of that broker, so that the library takes only one a call.
        futures = {
            name: admin.describe_configs([ConfigResource(kind, name)], request_timeout=ANSWER_SECONDS) for name in names
        }
        found = {}
        for name, (future,) in ((name, asked.values()) for name, asked in futures.items()):
            left = max(_LEAST_SECONDS, give_up - time.monotonic())
            found[name] = awaited(future, admin, errors, cluster.properties, left)
    return {name: tuple(_setting(entry) for _, entry in sorted(found[name].items()) if _open(entry)) for name in names}


def _setting(entry: ConfigEntry) -> Setting:
    source = ConfigSource(entry.source)
    return Setting(name=entry.name, value=entry.value or "", source=_SOURCES.get(source, "unknown"))


def _open(entry: ConfigEntry) -> bool:
    return not entry.is_sensitive and not is_secret(entry.name)


def in_words(entity: Mapping[str, str]) -> str:
    """Whom a quota is for, as in `user alice, any client id`."""
    return ", ".join(_words(kind, name) for kind, name in sorted(entity.items(), reverse=True))


def _words(kind: str, name: str) -> str:
    called = kind.replace("-", " ")
    return f"{called} {name}" if name else f"any {called}"
