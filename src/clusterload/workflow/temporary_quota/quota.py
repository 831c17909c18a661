"""Quotas that are set for a while, and restored."""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.configuration import in_words
from clusterload.kafka.protocol.security import security_of
from clusterload.kafka.quotas import quota_of, set_quota
from clusterload.model.errors import ClusterError, ClusterloadError, ConfigurationError
from clusterload.model.paths import import_root
from clusterload.workflow.temporary_quota.lease import STAMP, Lease, leases, own_process, restore, wait_until_shown
from clusterload.workflow.temporary_quota.watchdog import READY, orders

_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 5.0


class QuotaNotRestoredError(ClusterError):
    """What we set on a cluster is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What became of a lease whose quota was to be restored.

    Attributes:
        lease: which.
        trouble: why its quota is still there, with the command that removes it by hand; empty if it is not.
    """

    lease: Lease
    trouble: str = ""


def _warn(line: str) -> None:
    sys.stderr.write(f"WARNING: {line}\n")
    sys.stderr.flush()


@contextmanager
def temporary_quota(
    cluster: Cluster,
    entity: Mapping[str, str],
    values: Mapping[str, float],
    *,
    why: str,
    seconds: float,
    warn: Callable[[str], None] = _warn,
) -> Iterator[Lease]:
    """Set a quota for as long as this lasts. The caller has asked for consent.

    Args:
        cluster: on which.
        entity: whom it is for: a name by `user`, `client-id` or `ip`, empty text for any.
        values: by Kafka's keys.
        why: what for, in words.
        seconds: after which it is restored in any case.
        warn: takes the line that says that restoring failed; by default to stderr.

    Raises:
        ConfigurationError: this entity has a quota already, which is never overwritten.
        ClusterError: the cluster refuses, or does not answer.
        QuotaNotRestoredError: it could not be removed again; the message has the command that does it by hand.
    """
    _require_none(cluster, entity)
    lease = _noted(cluster, entity, values, why, seconds)
    try:
        watchdog = _watchdog(lease, cluster)
    except BaseException:
        lease.end()
        raise
    try:
        set_quota(cluster, entity, values)
        wait_until_shown(lambda: quota_of(cluster, entity) == dict(values), f"the {lease.words} does not show")
        yield lease
    finally:
        _end(lease, cluster, watchdog, warn)


def outstanding(cluster: Cluster) -> tuple[Lease, ...]:
    """The leases of quotas on this cluster that are not restored, oldest first, those of living processes included."""
    return tuple(lease for lease in leases() if lease.cluster_id == cluster.id)


def restore_abandoned(cluster: Cluster) -> tuple[Restored, ...]:
    """Restore the quotas that processes which are gone left on a cluster; those of living ones are left alone."""
    return tuple(_restored(lease, cluster) for lease in outstanding(cluster) if not lease.held)


def _restored(lease: Lease, cluster: Cluster) -> Restored:
    try:
        restore(lease, cluster)
    except ClusterError as error:
        return Restored(lease=lease, trouble=_trouble(lease, error))
    lease.end()
    return Restored(lease=lease)


def _require_none(cluster: Cluster, entity: Mapping[str, str]) -> None:
    there = quota_of(cluster, entity)
    if not there:
        return
    figures = ", ".join(f"{key}={value:g}" for key, value in sorted(there.items()))
    ours = any(dict(lease.entity) == dict(entity) for lease in outstanding(cluster))
    advice = "clusterload set it: run 'clusterload cleanup'" if ours else "name another, or take it away first"
    raise ConfigurationError(
        f"{in_words(entity)} has a quota on cluster {cluster.id} already ({figures}), which is never overwritten: "
        f"{advice}"
    )


def _noted(cluster: Cluster, entity: Mapping[str, str], values: Mapping[str, float], why: str, seconds: float) -> Lease:
    now, (owner, started), security = time.time(), own_process(), security_of(cluster.properties)
    lease = Lease(
        id=f"{time.strftime(STAMP, time.gmtime(now))}-{secrets.token_hex(3)}",
        cluster_id=cluster.id,
        servers=cluster.servers,
        secured=security.protocol != "PLAINTEXT",
        entity=dict(entity),
        values=dict(values),
        why=why,
        until=now + seconds,
        owner=owner,
        owner_started=started,
    )
    lease.write()
    return lease


def _watchdog(lease: Lease, cluster: Cluster) -> subprocess.Popen[bytes]:
    """The process that watches over a lease, once it does."""
    package = str(import_root())
    path = {"PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}
    with lease.log.open("wb") as log:
        watchdog = subprocess.Popen(
            [sys.executable, "-m", "clusterload.workflow.temporary_quota.watchdog"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env=os.environ | path,
        )
    if not _watches(watchdog, orders(lease, cluster)):
        said = lease.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        watchdog.kill()
        _release(watchdog)
        raise ClusterloadError(
            f"no quota was set on cluster {lease.cluster_id}, for the watchdog process that removes it again did not "
            f"start ({said[0] if said else f'no answer within {_START_SECONDS:g} s'}): try again"
        )
    return watchdog


def _watches(watchdog: subprocess.Popen[bytes], known: str) -> bool:
    """Tell the watchdog what it has to know; whether it watches then."""
    assert watchdog.stdin is not None
    assert watchdog.stdout is not None
    with contextlib.suppress(BrokenPipeError), selectors.DefaultSelector() as selector:
        watchdog.stdin.write(known.encode())
        watchdog.stdin.flush()
        selector.register(watchdog.stdout, selectors.EVENT_READ)
        return bool(selector.select(_START_SECONDS)) and watchdog.stdout.readline() == READY
    return False


def _end(lease: Lease, cluster: Cluster, watchdog: subprocess.Popen[bytes], warn: Callable[[str], None]) -> None:
    outcome = _restored(lease, cluster)
    _release(watchdog)
    if outcome.trouble:
        warn(outcome.trouble)
        if sys.exc_info()[0] is None:
            raise QuotaNotRestoredError(outcome.trouble)


def _release(watchdog: subprocess.Popen[bytes]) -> None:
    """Leave the watchdog to itself: it finds no note and ends, or goes on trying."""
    for stream in (watchdog.stdin, watchdog.stdout):
        if stream is not None:
            stream.close()
    # What is still to be restored may take it long; nobody waits for that.
    give_up = time.monotonic() + _END_SECONDS
    while watchdog.poll() is None and time.monotonic() < give_up:
        time.sleep(0.02)
    # Popen would warn of a child that still runs: this one is meant to.
    watchdog.returncode = watchdog.returncode or 0


def _trouble(lease: Lease, error: ClusterError) -> str:
    return (
        f"the {lease.words} that clusterload set on cluster {lease.cluster_id} IS STILL THERE ({error}). A watchdog "
        f"retries for a while; to be sure run 'clusterload cleanup' on that cluster, or by hand: {lease.by_hand}"
    )
