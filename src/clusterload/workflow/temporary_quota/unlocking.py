"""Unlocking client metrics: brokers tell what each client costs only while some client quota exists, so one is set."""

from __future__ import annotations

import math
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from clusterload.kafka.configuration import client_quotas
from clusterload.kafka.protocol.security import security_of
from clusterload.lab.registry import find_lab
from clusterload.model import units
from clusterload.model.errors import ConfigurationError
from clusterload.model.points import Points
from clusterload.model.series import Point
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.source import LiveSource
from clusterload.workflow.temporary_quota.quota import temporary_quota

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.temporary_quota.lease import Lease

PREFIX: Final = "clusterload-unlock-"
"""What the made-up client ids, and users, begin with."""

MOST_CLIENTS: Final = 1000
"""Connections, of which each may be a client of its own, from which on nothing is unlocked unless told to."""

TO: Final = "set a quota on a made-up client id for a while, so that its brokers tell what each client costs"

# So much that it would bind nobody, and whole numbers, as brokers want them.
_FREE: Final = {"producer_byte_rate": 1e15, "consumer_byte_rate": 1e15, "request_percentage": 1e9}
_BY_CLIENT: Final = "thread_time_by_client"
_COUNTED: Final = "connections"
_LOOK_SECONDS: Final = 0.1
_COUNT_SECONDS: Final = 10.0
_SHOW_SECONDS: Final = 30.0
_REST_SECONDS: Final = 3.0
# Brokers reckon with eleven pieces of a second, and take those that there were not yet for empty ones.
_FILLED_SECONDS: Final = 11.0
_HELD_SECONDS: Final = 3600.0


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@contextmanager
def unlocked(
    cluster: Cluster,
    *,
    consented: Consent,
    most_clients: int = MOST_CLIENTS,
    seconds: float = _HELD_SECONDS,
    sources: Sequence[LiveSource] | None = None,
    say: Callable[[str], None] = _to_stderr,
) -> Iterator[None]:
    """Have the brokers tell thread time and bytes of each client for as long as this lasts.

    A quota on a made-up client id binds nobody and unlocks the figures of all; where users log in it is on a made-up
    user and client id, which tells them by both. Where the figures are there already, nothing is set. It begins once
    they show and a full window of the brokers' is counted, after about a quarter of a minute.

    Args:
        cluster: whose brokers.
        consented: what is needed where the cluster is not a lab.
        most_clients: the most connections for which it is done: each may be a client of its own, and brokers keep
            the figures of each for an hour.
        seconds: after which it is restored in any case.
        sources: by which it is seen that the figures show, not started yet; by default a lab's exporters. Without any
            they are given the time that it usually takes.
        say: takes lines for people: how many clients there may be, and what does not show.

    Raises:
        ConsentError: this cluster was not consented to.
        ConfigurationError: there are too many connections.
        ClusterError: the cluster refuses, or does not answer.
    """
    lab = find_lab(cluster.id)
    if lab is None:
        consented.require_for(cluster.id, TO)
    seen = _Seen(len(cluster.brokers))
    watching = _exporters(cluster) if sources is None else sources
    try:
        for source in watching:
            source.start(seen)
        if watching:
            _wait(_COUNT_SECONDS, lambda: seen.counted)
        _count(seen, most_clients, say)
        users = bool(security_of(cluster.properties).mechanism) or bool(lab and lab.listeners)
        # Figures alone may be a remnant: they fall to nothing only seconds after the last quota is gone.
        there = seen.showing and bool(client_quotas(cluster))
        quota: AbstractContextManager[Lease | None] = (
            nullcontext()
            if there
            else temporary_quota(cluster, _entity(users=users), _FREE, why="clients' metrics", seconds=seconds)
        )
        with quota:
            if not there:
                _until_shown(seen, say, watched=bool(watching))
            for source in watching:
                source.stop()
            watching = ()
            yield
    finally:
        for source in watching:
            source.stop()


def _entity(*, users: bool) -> dict[str, str]:
    made_up = f"{PREFIX}{secrets.token_hex(8)}"
    return {"user": made_up, "client-id": made_up} if users else {"client-id": made_up}


def _exporters(cluster: Cluster) -> tuple[LiveSource, ...]:
    lab = find_lab(cluster.id)
    if lab is None:
        return ()
    at = {str(broker.id): broker.exporter_url for broker in lab.brokers}
    return (ExporterSource(at, interval=1.0, client_listeners=lab.client_listeners, names=None),)


class _Seen:
    """What sources tell of clients' figures and of connections; takes points as any sink does."""

    def __init__(self, brokers: int) -> None:
        self._brokers = brokers
        self._lock = threading.Lock()
        self._connections: dict[str, float] = {}
        self._telling: dict[str, float] = {}

    def record(self, point: Point) -> None:
        """Keep what is of clients."""
        broker = point.labels.get("broker", "")
        with self._lock:
            if point.name == _COUNTED and not math.isnan(point.value):
                self._connections[broker] = point.value
            # Of a quota that is gone the figures stay for an hour, at 0.
            elif point.name == _BY_CLIENT and point.value > 0:
                self._telling[broker] = point.value

    def record_all(self, points: Points) -> None:
        """Take one point each of many Series."""
        for point in points:
            self.record(point)

    def event(self, time: int, kind: str, text: str) -> None:
        """What happens to a source is the recording's to tell."""

    @property
    def counted(self) -> bool:
        """Whether all brokers have told of their connections."""
        with self._lock:
            return len(self._connections) >= self._brokers

    @property
    def connections(self) -> float:
        """Connections of all brokers that told; NaN if none did."""
        with self._lock:
            return sum(self._connections.values()) if self._connections else math.nan

    @property
    def showing(self) -> bool:
        """Whether any broker tells of clients."""
        with self._lock:
            return bool(self._telling)

    @property
    def all_showing(self) -> bool:
        """Whether all brokers do."""
        with self._lock:
            return len(self._telling) >= self._brokers


def _count(seen: _Seen, most: int, say: Callable[[str], None]) -> None:
    connections = seen.connections
    if math.isnan(connections):
        say("how many client ids there are is not known: brokers keep the figures of each for an hour")
    elif connections > most:
        raise ConfigurationError(
            f"there are {units.number(connections, 4)} connections, and each may be a client id of its own, of which "
            f"brokers keep figures for an hour: allow them by --most-clients {math.ceil(connections)}"
        )
    else:
        say(f"up to {connections:.0f} client ids (connections): brokers keep the figures of each for an hour")


def _until_shown(seen: _Seen, say: Callable[[str], None], *, watched: bool) -> None:
    if not watched:
        # A source of the past tells later whether they show: they are given the time that it usually takes.
        time.sleep(_REST_SECONDS + _FILLED_SECONDS)
        return
    if not _wait(_SHOW_SECONDS, lambda: seen.showing):
        say(f"no client showed within {_SHOW_SECONDS:g} s: none asks anything, or the source does not read its figures")
        return
    # A broker that no client asks has none to tell of.
    _wait(_REST_SECONDS, lambda: seen.all_showing)
    time.sleep(_FILLED_SECONDS)


def _wait(seconds: float, condition: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
