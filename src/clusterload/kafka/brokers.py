"""The brokers of a cluster, each asked over one connection that is kept; the client library has no part in it.

An admin client of the library ends the whole process where questions about groups time out (its issue 4605), so that
what watches a cluster must not use one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeAlias, TypeVar

from kio.schema.describe_log_dirs.v1 import DescribeLogDirsRequest as LogDirsRequestV1
from kio.schema.describe_log_dirs.v1 import DescribeLogDirsResponse as LogDirsResponseV1
from kio.schema.describe_log_dirs.v3 import DescribeLogDirsRequest as LogDirsRequestV3
from kio.schema.describe_log_dirs.v3 import DescribeLogDirsResponse as LogDirsResponseV3
from kio.schema.errors import ErrorCode
from kio.schema.metadata.v7.request import MetadataRequest
from kio.schema.metadata.v7.response import MetadataResponse, MetadataResponseTopic

from clusterload.kafka.cluster import ANSWER_SECONDS, Partition, Topic
from clusterload.kafka.properties import Properties
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import CLIENT_ID, Conversation
from clusterload.kafka.protocol.security import security_of
from clusterload.model.errors import (
    AuthorizationError,
    ClusterError,
    ClusterloadError,
    ConfigurationError,
    UnreachableError,
)

Answer = TypeVar("Answer")
Question: TypeAlias = Callable[[Conversation], Answer]
Failures: TypeAlias = dict[int, ClusterloadError]

_AT_ONCE: Final = 32


class Brokers:
    """Asks brokers in rounds, one conversation with each.

    A conversation that breaks is not opened again before the next round: a broker that is paused costs a round the
    patience of one answer, however many questions there are. For one thread; brokers are asked in parallel.

    Attributes:
        addresses: where each broker that is up listens, by its id; empty until `topics` was asked.
    """

    def __init__(self, properties: Properties, *, patience: float = ANSWER_SECONDS) -> None:
        """Nothing is asked yet.

        Args:
            properties: how a client reaches the cluster.
            patience: seconds that each answer may take, the connection and the login included.

        Raises:
            ConfigurationError: no bootstrap server is named, or the login is none that we have.
        """
        self._security = security_of(properties)
        own = properties.client("*")
        servers = own.get("bootstrap.servers") or own.get("metadata.broker.list", "")
        self._bootstrap = [Address.parsed(server) for server in servers.split(",") if server.strip()]
        if not self._bootstrap:
            raise ConfigurationError(f"{properties.origin} names no bootstrap.servers: add it")
        self._client_id, self._patience = own.get("client.id", CLIENT_ID), patience
        self.addresses: dict[int, Address] = {}
        self._turns = list(self._bootstrap)
        self._conversations: dict[Address, Conversation] = {}
        self._broken: dict[Address, ClusterloadError] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="brokers")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown()
        self._keep(frozenset())

    def begin_round(self) -> None:
        """Ask those again that did not answer."""
        self._broken.clear()

    def topics(self) -> dict[str, Topic]:
        """The topics that we may see, by name; which brokers are up is kept.

        Raises:
            Unreachable: no broker answers.
            ClusterError: one refused the login, or sent a malformed response.
        """
        found = self._first_answer()
        self.addresses = dict(found.brokers)
        places = self.addresses.values()
        self._turns = list(
            dict.fromkeys((*(address for address in self._turns if address in places), *places, *self._bootstrap))
        )
        self._keep(frozenset(places))
        return dict(found.topics)

    def ask(self, questions: Mapping[int, Question[Answer]]) -> tuple[dict[int, Answer], Failures]:
        """What brokers, by id, answer to a question each, and the errors of the others."""
        answers: dict[int, Answer] = {}
        failed: Failures = {}
        asked = {broker: self._pool.submit(self._of, broker, question) for broker, question in questions.items()}
        for broker, future in asked.items():
            try:
                answers[broker] = future.result()
            except ClusterloadError as error:
                failed[broker] = error
        return answers, failed

    def ask_each(self, question: Question[Answer]) -> tuple[dict[int, Answer], Failures]:
        """The same with one question for every broker."""
        return self.ask(dict.fromkeys(self.addresses, question))

    def _first_answer(self) -> Placement:
        """From brokers that answered before, first; one that does not is asked last from then on."""
        reasons = []
        # Two may be waited for: the rest of a large cluster that is all gone has its turn in later rounds.
        give_up = time.monotonic() + 1.5 * self._patience
        for address in tuple(self._turns):
            try:
                return self._at(address, read_placement)
            except ClusterloadError as error:
                self._turns.remove(address)
                self._turns.append(address)
                if not isinstance(error, UnreachableError):
                    raise
                reasons.append(str(error).partition(": ")[0])
            if time.monotonic() > give_up:
                break
        raise UnreachableError(f"{'; '.join(reasons)}: check the address, and that the brokers are up")

    def _of(self, broker: int, question: Question[Answer]) -> Answer:
        if broker not in self.addresses:
            raise UnreachableError(f"broker {broker} is not up: see that it starts")
        return self._at(self.addresses[broker], question)

    def _at(self, address: Address, question: Question[Answer]) -> Answer:
        if address in self._broken:
            raise self._broken[address]
        try:
            return question(self._conversation(address))
        except AuthorizationError:
            raise
        except ClusterloadError as error:
            conversation = self._conversations.get(address)
            if conversation is None or conversation.closed:
                self._broken[address] = error
            raise

    def _conversation(self, address: Address) -> Conversation:
        conversation = self._conversations.get(address)
        if conversation is None or conversation.closed:
            self._conversations.pop(address, None)
            conversation = Conversation(address, self._security, client_id=self._client_id, patience=self._patience)
            self._conversations[address] = conversation
        return conversation

    def _keep(self, addresses: frozenset[Address]) -> None:
        for address in self._conversations.keys() - addresses:
            self._conversations.pop(address).close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a broker knows of its cluster.

    Attributes:
        brokers: where those that are up listen, by id.
        topics: those that we may see, by name.
    """

    brokers: Mapping[int, Address]
    topics: Mapping[str, Topic]


def read_placement(broker: Conversation) -> Placement:
    """Brokers that are up and all topics that we may see; this creates no topic.

    Raises:
        ClusterError: the broker does not answer.
    """
    answer = broker.ask(MetadataRequest(topics=None, allow_auto_topic_creation=False), MetadataResponse)
    return Placement(
        brokers={int(broker.node_id): Address(str(broker.host), int(broker.port)) for broker in answer.brokers},
        topics={str(topic.name): _topic(topic) for topic in answer.topics if topic.error_code is ErrorCode.none},
    )


def _topic(found: MetadataResponseTopic) -> Topic:
    return Topic(
        name=str(found.name),
        partitions=tuple(
            Partition(
                id=int(partition.partition_index),
                leader=int(partition.leader_id),
                replicas=tuple(map(int, partition.replica_nodes)),
                isr=tuple(map(int, partition.isr_nodes)),
            )
            for partition in sorted(found.partitions, key=lambda partition: partition.partition_index)
        ),
    )


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
    answer = _log_dirs(broker)
    if answer.error_code is ErrorCode.cluster_authorization_failed:
        raise AuthorizationError(
            f"broker {broker.address} does not show the size of its logs: Describe on the cluster is missing"
        )
    if answer.error_code is not ErrorCode.none:
        raise ClusterError(f"broker {broker.address} does not show the size of its logs: {answer.error_code.name}")
    sizes: dict[str, int] = {}
    for directory in answer.results:
        for topic in directory.topics:
            sizes[topic.name] = sizes.get(topic.name, 0) + sum(
                partition.partition_size for partition in topic.partitions
            )
    failed = (directory.log_dir for directory in answer.results if directory.error_code is not ErrorCode.none)
    return Logs(sizes=sizes, failed=tuple(failed))


def _log_dirs(broker: Conversation) -> LogDirsResponseV3:
    if broker.spoken(LogDirsRequestV3, LogDirsRequestV1) is LogDirsRequestV3:
        return broker.ask(LogDirsRequestV3(topics=None), LogDirsResponseV3)
    # Before version 3 a broker said nothing at all to whom it refused.
    answer = broker.ask(LogDirsRequestV1(topics=None), LogDirsResponseV1)
    refused = ErrorCode.none if answer.results else ErrorCode.cluster_authorization_failed
    return LogDirsResponseV3(throttle_time=answer.throttle_time, error_code=refused, results=answer.results)  # type: ignore[arg-type]
