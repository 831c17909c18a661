"""Many questions to an admin client at once, within a bound in time."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from clusterload.kafka.client import new_admin
from clusterload.kafka.cluster import ANSWER_SECONDS, awaited
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ClusterError

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
