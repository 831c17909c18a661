"""An admin client that is kept for many questions, each within a bound in time."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined]

from clusterload.errors import ClusterError
from clusterload.kafka.client import explained, kafka_error, new_admin
from clusterload.kafka.cluster import ANSWER_SECONDS, awaited
from clusterload.kafka.properties import Properties

Asked = TypeVar("Asked", bound=Hashable)

_LEAST_SECONDS: Final = 0.1


class Questions:
    """An admin client to ask again and again; it keeps a connection to each broker that it asks.

    Attributes:
        admin: the client, which gives futures.
        patience: seconds that each question may take; give it to the client's methods as `request_timeout`.
    """

    def __init__(self, properties: Properties, *, patience: float = ANSWER_SECONDS) -> None:
        """Make the client; nothing is asked yet.

        Raises:
            ConfigurationError: a property is unknown or has a bad value.
        """
        self._properties, self.patience = properties, patience
        self._errors: list[KafkaError] = []
        self.admin: AdminClient = new_admin(properties, self._errors.append)

    def metadata(self) -> ClusterMetadata:
        """Brokers and all topics that we may describe.

        Raises:
            ClusterError: the cluster does not tell.
        """
        try:
            return self.admin.list_topics(timeout=self.patience)
        except KafkaException as error:
            servers = self._properties.values.get("bootstrap.servers", "")
            raise explained(kafka_error(error), servers, self._properties.origin) from None

    def answer(self, future: Future[Any]) -> Any:
        """What one question comes to.

        Raises:
            NotAllowed: a right is missing.
            ClusterError: the cluster refused, or did not answer in time.
        """
        self._errors.clear()
        return awaited(future, self.admin, self._errors, self._properties, self.patience)

    def answers(self, futures: Mapping[Asked, Future[Any]]) -> tuple[dict[Asked, Any], dict[Asked, ClusterError]]:
        """Answers to questions that were put at once, all within the one bound, and why others had none."""
        self._errors.clear()
        answers: dict[Asked, Any] = {}
        failures: dict[Asked, ClusterError] = {}
        give_up = time.monotonic() + self.patience
        for asked, future in futures.items():
            left = max(_LEAST_SECONDS, give_up - time.monotonic())
            try:
                answers[asked] = awaited(future, self.admin, self._errors, self._properties, left)
            except ClusterError as error:
                failures[asked] = error
        return answers, failures
