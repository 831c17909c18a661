"""The brokers' own answers about their logs: a kept conversation with each of them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from clusterload.errors import ClusterloadError, NotAllowed
from clusterload.kafka.log_dirs import Logs, logs_of
from clusterload.protocol.address import Address
from clusterload.protocol.conversation import Conversation
from clusterload.protocol.security import security_of

if TYPE_CHECKING:
    from clusterload.kafka import Properties

_AT_ONCE: Final = 8

Told = dict[str, Logs]
Failed = dict[str, ClusterloadError]


class BrokersLogs:
    """Asks each broker how large its logs are, over one connection to each that is kept."""

    def __init__(self, properties: Properties, patience: float) -> None:
        """Nothing is asked yet; `patience` is in seconds for each answer.

        Raises:
            ConfigurationError: the properties want a login that we do not have.
        """
        self._security, self._patience = security_of(properties), patience
        self._conversations: dict[str, Conversation] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="logs")

    def ask(self, places: Iterable[tuple[str, Address]]) -> tuple[Told, Failed]:
        """The logs of these brokers by id, and why others told nothing."""
        told: Told = {}
        failed: Failed = {}
        asked = {broker: self._pool.submit(self._logs, broker, address) for broker, address in places}
        for broker, future in asked.items():
            try:
                told[broker] = future.result()
            except ClusterloadError as error:
                failed[broker] = error
        return told, failed

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown()
        for one in self._conversations.values():
            one.close()
        self._conversations.clear()

    def _logs(self, broker: str, address: Address) -> Logs:
        one = self._conversations.get(broker)
        if one is None or one.closed or one.address != address:
            if one is not None:
                one.close()
            one = self._conversations[broker] = Conversation(address, self._security, patience=self._patience)
        return logs_of(one)


def refusal(failed: Failed) -> NotAllowed | None:
    """The missing right, if that is why a broker told nothing."""
    return next((error for error in failed.values() if isinstance(error, NotAllowed)), None)
