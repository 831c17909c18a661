"""Declared limits: what a cluster's brokers are set to allow, read once for each run and kept in its file."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from clusterload.kafka.configuration import in_words, read_declared
from clusterload.model.errors import ClusterloadError, ConfigurationError
from clusterload.model.limits import HOW_TO_NAME, NO_LIMITS, Limits
from clusterload.model.thresholds import Family
from clusterload.workflow.temporary_quota import outstanding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusterload.kafka.cluster import Cluster
    from clusterload.model.thresholds import Threshold

UNREAD: Final = "limits-unread"
"""The kind of the event that says why it is not known what the brokers declare."""

_DOCUMENT: Final = "limits"


class KeepsDocuments(Protocol):
    """A run file, as far as it is needed here."""

    def document(self, name: str, value: Any) -> None:
        """Keep plain values under a name."""

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened."""


def keep_declared(cluster: Cluster, recorder: KeepsDocuments) -> Limits | None:
    """Read what the brokers declare and keep it in a run file; what cannot be read is an event, and ends nothing.

    Returns:
        The table, which is empty where the brokers declare nothing; None if that is not known.
    """
    limits, missing = read_limits(cluster)
    if missing:
        recorder.event(time.time_ns(), UNREAD, f"not all that the brokers declare is known: {'; '.join(missing)}")
    if limits is not None:
        recorder.document(_DOCUMENT, limits.as_document())
    return limits


def read_limits(cluster: Cluster) -> tuple[Limits | None, tuple[str, ...]]:
    """The limits that the brokers declare, None if that is not known; and what could not be read, a line each."""
    if not cluster.answers:
        return None, ()  # that it is seen by its metrics alone is said where it is named
    try:
        found = read_declared(cluster)
    except ClusterloadError as error:
        return None, (str(error),)
    if not found.brokers:
        return None, found.missing
    ours = {in_words(lease.entity) for lease in outstanding(cluster)}
    quotas = {whose: values for whose, values in found.quotas.items() if whose not in ours}
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return Limits.declared(
        f"Declared by the brokers of {cluster.id}", found.brokers, quotas, as_of=today
    ), found.missing


def require_limits(thresholds: Iterable[Threshold], cluster: Cluster, limits: Limits | None) -> None:
    """See that there are limits where a threshold is about the limit load, before anything is loaded.

    Args:
        thresholds: those that a run is to be held against.
        cluster: which; its brokers are asked only if a threshold needs it and no limits were named.
        limits: that were named; None for what the brokers declare.

    Raises:
        ConfigurationError: a threshold could never be judged.
    """
    needing = [threshold for threshold in thresholds if threshold.measure.family is Family.LIMIT_LOAD]
    if needing and not (limits or read_limits(cluster)[0] or NO_LIMITS).known:
        raise ConfigurationError(
            f"{needing[0].text!r} needs limits, and no limits of cluster {cluster.id} are known: {HOW_TO_NAME}"
        )
