"""A Kafka cluster as its clients see it: brokers, topics, offsets."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType  # type: ignore[attr-defined]

from clusterload.kafka.client import explained, kafka_error, new_admin, new_producer
from clusterload.kafka.properties import Properties
from clusterload.model.errors import AuthorizationError, ClusterError, ConfigurationError, UnreachableError

if TYPE_CHECKING:
    from confluent_kafka.admin import ClusterMetadata  # type: ignore[attr-defined]

ANSWER_SECONDS: Final = 8.0
"""How long a cluster may take to answer before it counts as unreachable."""

# After the client has found every broker down it is given this long, since a broker may just be starting.
_DOWN_SECONDS: Final = 2.0
_TOPIC_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 0.2
# Answers of a broker whose partitions are just being led by another one.
_MOVING: Final = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
}


_FORBIDDEN: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}


class _TransientError(ClusterError):
    """A refusal that may pass by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """One broker as the cluster describes it."""

    id: int
    id_string: str
    host: str
    port: int
    rack: str
    controller: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition of a topic, by broker ids; the leader is -1 if there is none."""

    id: int
    leader: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]

    @property
    def out_of_sync(self) -> tuple[int, ...]:
        """Replicas that are not in sync."""
        return tuple(broker for broker in self.replicas if broker not in self.isr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic with its partitions in order."""

    name: str
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that answered, and how to talk to it; or that is known by its metrics alone. Holds no connection.

    Attributes:
        id: of the cluster; empty if only its metrics are known.
        brokers: that it consists of, as far as is known.
        properties: of the client.
        answers: whether Kafka itself can be asked.
    """

    id: str
    brokers: tuple[Broker, ...]
    properties: Properties
    answers: bool = True

    @classmethod
    def connect(cls, properties: Properties, *, timeout: float = ANSWER_SECONDS) -> Cluster:
        """Ask the bootstrap servers who the cluster is.

        Args:
            properties: must name `bootstrap.servers`.
            timeout: seconds until it counts as unreachable.

        Raises:
            ConfigurationError: no bootstrap server, or a property that the client does not take.
            Unreachable: no broker answered in time.
            ClusterError: the login or TLS failed.
        """
        with asking(properties) as (admin, errors):
            future = admin.describe_cluster(request_timeout=timeout)
            described = awaited(future, admin, errors, properties, timeout)
        controller = described.controller.id if described.controller else None
        return cls(
            id=described.cluster_id,
            brokers=tuple(
                Broker(
                    id=node.id,
                    id_string=node.id_string,
                    host=node.host,
                    port=node.port,
                    rack=node.rack or "",
                    controller=node.id == controller,
                )
                for node in sorted(described.nodes, key=lambda node: node.id)
            ),
            properties=properties,
        )

    @property
    def servers(self) -> str:
        """The bootstrap servers, for messages."""
        return _servers(self.properties)

    @property
    def title(self) -> str:
        """What it is called, for people: `cluster 7nRPq0dTQ6u3`, `3 brokers known by their metrics`."""
        if self.id:
            return f"cluster {self.id}"
        count = len(self.brokers)
        return f"{count} broker{'' if count == 1 else 's'} known by their metrics" if count else "a cluster's metrics"

    def topics(self, names: Iterable[str] = ()) -> tuple[Topic, ...]:
        """Topics with their partitions, all of them or those named.

        Raises:
            ClusterError: a named topic does not exist, or the cluster does not answer.
        """
        known = topics_of(self._metadata())
        wanted = list(names) or sorted(known)
        for name in wanted:
            if name not in known:
                raise ClusterError(f"topic {name!r} does not exist on cluster {self.id}: check its name")
        return tuple(known[name] for name in wanted)

    def use_topic(self, name: str) -> tuple[Topic, bool]:
        """A topic as a first use leaves it: created by the cluster, if the cluster does that.

        Returns:
            The topic, once each partition has a leader, and whether this use created it.

        Raises:
            ClusterError: it does not exist and the cluster did not create it.
        """
        known = topics_of(self._metadata())
        if name in known:
            return known[name], False
        self._ask_for(name)
        give_up = time.monotonic() + _TOPIC_SECONDS
        while time.monotonic() < give_up:
            topic = topics_of(self._metadata()).get(name)
            if topic and all(partition.leader >= 0 for partition in topic.partitions):
                return topic, True
            if topic is None and not _creates_topics(self._broker_config()):
                break
            time.sleep(0.1)
        raise self._not_created(name)

    def topic_on_first_use(self, name: str) -> tuple[int | None, int | None]:
        """The partitions and the `max.message.bytes` that a first use would give a topic; None where we may not ask.

        Raises:
            ClusterError: the cluster does not create topics on first use.
        """
        config = self._broker_config()
        if not _creates_topics(config):
            raise self._not_created(name)
        return _as_int(config.get("num.partitions")), _as_int(config.get("message.max.bytes"))

    def _not_created(self, name: str) -> ClusterError:
        return ClusterError(
            f"topic {name!r} does not exist and cluster {self.id} does not create topics on first use: create it first"
        )

    def end_offsets(self, topic: Topic) -> dict[int, int]:
        """The offset after the last record of each partition.

        Leaders that are just moving are waited for, within the bound of an answer.

        Raises:
            ClusterError: the cluster does not answer.
        """
        give_up = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                return self._end_offsets(topic)
            except _TransientError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(_AGAIN_SECONDS)

    def _end_offsets(self, topic: Topic) -> dict[int, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        with asking(self.properties) as (admin, errors):
            asked = admin.list_offsets(
                {TopicPartition(topic.name, partition.id): latest for partition in topic.partitions}
            )
            return {
                place.partition: awaited(future, admin, errors, self.properties, ANSWER_SECONDS).offset
                for place, future in asked.items()
            }

    def largest_message(self, topic: str) -> int | None:
        """The topic's `max.message.bytes`, or None if we may not ask."""
        return _as_int(self._config(ResourceType.TOPIC, topic).get("max.message.bytes"))

    def _broker_config(self) -> dict[str, str]:
        return self._config(ResourceType.BROKER, str(self.brokers[0].id) if self.brokers else "0")

    def _config(self, kind: ResourceType, name: str) -> dict[str, str]:
        resource = ConfigResource(kind, name)
        with asking(self.properties) as (admin, errors):
            (future,) = admin.describe_configs([resource]).values()
            try:
                entries = awaited(future, admin, errors, self.properties, ANSWER_SECONDS)
            except UnreachableError:
                raise
            except ClusterError:
                return {}
        return {key: entry.value for key, entry in entries.items()}

    def _metadata(self) -> ClusterMetadata:
        with asking(self.properties) as (admin, _):
            try:
                return admin.list_topics(timeout=ANSWER_SECONDS)
            except KafkaException as error:
                raise explained(kafka_error(error), self.servers, self.properties.origin) from None

    def _ask_for(self, topic: str) -> None:
        # A producer's metadata request is a first use: an admin client's never creates a topic.
        producer = new_producer(self.properties, {"client.id": "clusterload-admin"})
        try:
            producer.list_topics(topic, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            raise explained(kafka_error(error), self.servers, self.properties.origin) from None


def _creates_topics(config: Mapping[str, str]) -> bool:
    return config.get("auto.create.topics.enable", "true") == "true"


def _as_int(text: str | None) -> int | None:
    return int(text) if text else None


def has_servers(properties: Properties) -> bool:
    """Whether a client configuration says where Kafka is."""
    return bool(_servers(properties))


def _servers(properties: Properties) -> str:
    return properties.values.get("bootstrap.servers") or properties.values.get("metadata.broker.list", "")


def topics_of(metadata: ClusterMetadata) -> dict[str, Topic]:
    """The topics in the library's words as ours, by name; those with an error are left out."""
    return {
        name: Topic(
            name=name,
            partitions=tuple(
                Partition(
                    id=partition.id,
                    leader=partition.leader,
                    replicas=tuple(partition.replicas),
                    isr=tuple(partition.isrs),
                )
                for _, partition in sorted(topic.partitions.items())
            ),
        )
        for name, topic in metadata.topics.items()
        if topic.error is None
    }


@contextmanager
def asking(properties: Properties) -> Iterator[tuple[AdminClient, list[KafkaError]]]:
    """An admin client that lives for one question, so that it is never counted among a load's connections.

    Raises:
        ConfigurationError: nothing says where Kafka is.
    """
    if not has_servers(properties):
        raise ConfigurationError(
            f"{properties.origin} names no bootstrap.servers, and metrics alone do not do here: add it, or use "
            "--bootstrap-server"
        )
    errors: list[KafkaError] = []
    try:
        yield new_admin(properties, errors.append), errors
    except SystemError as error:
        # What interrupts the client's C code comes out of it wrapped.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def awaited(
    future: Future[Any], admin: AdminClient, errors: list[KafkaError], properties: Properties, timeout: float
) -> Any:
    """What a question comes to, within a bound.

    Raises:
        AuthorizationError: a right is missing.
        ClusterError: the cluster refused, or did not answer.
    """
    give_up = time.monotonic() + timeout
    down: float | None = None
    while not future.done():
        admin.poll(0.05)
        now = time.monotonic()
        for error in errors:
            if error.code() in {KafkaError._AUTHENTICATION, KafkaError._SSL}:
                raise explained(error, _servers(properties), properties.origin)
            if error.code() == KafkaError._ALL_BROKERS_DOWN:
                down = down or now
        if now > give_up or (down is not None and now - down > _DOWN_SECONDS):
            telling = [error for error in errors if error.code() != KafkaError._ALL_BROKERS_DOWN]
            last = telling[-1] if telling else KafkaError(KafkaError._TIMED_OUT, "no answer")
            raise explained(last, _servers(properties), properties.origin)
    try:
        return future.result()
    except KafkaException as error:
        inner = kafka_error(error)
        said = f"cluster at {_servers(properties)} refused: {inner.str()}"
        if inner.code() in _FORBIDDEN:
            raise AuthorizationError(f"{said}; see docs/privileges.md") from None
        passing = inner.retriable() or inner.code() in _MOVING
        raise (_TransientError if passing else ClusterError)(said) from None
