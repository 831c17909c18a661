"""Unlocking client metrics: brokers tell what each client costs only while some client quota exists, so one is set."""

from __future__ import annotations

import math
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.own_quotas import UNLOCK_PREFIX
from clusterload.kafka.configuration import client_quotas
from clusterload.kafka.protocol.security import security_of
from clusterload.lab.registry import find_lab
from clusterload.model import units
from clusterload.model.errors import ClusterloadError
from clusterload.model.points import Points
from clusterload.model.series import Point
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.source import LiveSource
from clusterload.workflow.temporary_quota.quota import temporary_quota

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.workflow.consent import Consent

UNLOCKED: Final = "client-metrics-unlocked"
LOCKED: Final = "client-metrics-locked"
"""Kinds of the events that say whether a run's brokers were made to tell of every client."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocking:
    """Whether brokers tell clients apart.

    Attributes:
        why_not: why they were not made to; empty if they tell.
    """

    why_not: str = ""

    @property
    def events(self) -> tuple[tuple[str, str], ...]:
        """What a run should keep of it: kind and text."""
        if self.why_not:
            return ((LOCKED, f"client metrics were not unlocked: {self.why_not}"),)
        return ((UNLOCKED, "client metrics are unlocked: brokers tell of every client"),)


@contextmanager
def unlocked(
    cluster: Cluster,
    *,
    consented: Consent,
    most_clients: int | None = None,
    seconds: float = _HELD_SECONDS,
    sources: Sequence[LiveSource] | None = None,
    say: Callable[[str], None] = _to_stderr,
    warn: Callable[[str], None] = _to_stderr,
) -> Iterator[Unlocking]:
    """Have the brokers tell thread time and bytes of each client for as long as this lasts, if that can be had.

    A quota on a made-up client id binds nobody and unlocks the figures of all; where users log in it is on a made-up
    user and client id, which tells them by both. Where the figures are there already, nothing is set. It begins once
    they show and a full window of the brokers' is counted, after about a quarter of a minute. Where it cannot be had, a
    warning says why, and whatever needed it goes on without.

    Args:
        cluster: whose brokers.
        consented: what is needed where the cluster is not a lab.
        most_clients: the most connections for which it is done: each may be a client of its own, and brokers keep
            the figures of each for an hour. By default `MOST_CLIENTS`, and not where their number is not known.
        seconds: after which it is restored in any case.
        sources: by which it is seen that the figures show, not started yet; by default a lab's exporters. Without any
            they are given the time that it usually takes.
        say: takes lines for people: how many clients there may be, and what does not show.
        warn: takes the line that says why it could not be had.

    Raises:
        ConsentError: this cluster was not consented to.
        QuotaNotRestoredError: the quota could not be removed again.
    """
    lab = find_lab(cluster.id)
    if lab is None:
        consented.require_for(cluster.id, TO)
    with ExitStack() as stack:
        state = _tried(stack, cluster, most_clients, seconds, sources, say)
        if state.why_not:
            warn(f"client metrics are not unlocked: {state.why_not}; going on without them")
        yield state


def _tried(
    stack: ExitStack,
    cluster: Cluster,
    most_clients: int | None,
    seconds: float,
    sources: Sequence[LiveSource] | None,
    say: Callable[[str], None],
) -> Unlocking:
    """Unlock until the stack ends; what fails on the way there is why not."""
    seen, watching = _Seen(len(cluster.brokers)), _exporters(cluster) if sources is None else sources
    with ExitStack() as looking:
        try:
            for source in watching:
                source.start(seen)
                looking.callback(source.stop)
            if watching:
                _wait(_COUNT_SECONDS, lambda: seen.counted)
            if why_not := _too_many(seen, most_clients, say):
                return Unlocking(why_not=why_not)
            # Figures alone may be a remnant: they fall to nothing only seconds after the last quota is gone.
            if seen.showing and client_quotas(cluster):
                return Unlocking()
            stack.enter_context(
                temporary_quota(cluster, _entity(cluster), _FREE, why="clients' metrics", seconds=seconds)
            )
        except ClusterloadError as error:
            return Unlocking(why_not=str(error))
        _until_shown(seen, say, watched=bool(watching))
    return Unlocking()


def _entity(cluster: Cluster) -> dict[str, str]:
    lab = find_lab(cluster.id)
    users = bool(security_of(cluster.properties).mechanism) or bool(lab and lab.listeners)
    made_up = f"{UNLOCK_PREFIX}{secrets.token_hex(8)}"
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


def _too_many(seen: _Seen, most: int | None, say: Callable[[str], None]) -> str:
    """Why it is not unlocked, by how many clients there may be; nothing if it may be."""
    connections = seen.connections
    kept = "brokers keep the figures of each client id for an hour"
    if math.isnan(connections):
        unknown = f"how many clients there are is not known, and {kept}"
        if most is None:
            return f"{unknown}: allow it with --most-clients N"
        say(unknown)
        return ""
    if connections > (MOST_CLIENTS if most is None else most):
        return (
            f"there are {units.number(connections, 4)} connections, each of which may be a client id of its own, and "
            f"{kept}: allow it with --most-clients {math.ceil(connections)}"
        )
    say(f"up to {connections:.0f} client ids (connections): {kept}")
    return ""


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
