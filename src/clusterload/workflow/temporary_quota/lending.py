"""Quotas that are set for a while, and given back."""

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
from clusterload.workflow.temporary_quota.keeper import READY, orders
from clusterload.workflow.temporary_quota.loan import Loan, notes, own_process
from clusterload.workflow.temporary_quota.returning import returned, seen

_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 5.0


class QuotaNotRestoredError(ClusterError):
    """What we set on a cluster is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What became of a loan that was to be given back.

    Attributes:
        loan: which.
        trouble: why it is still there, with the command that gives it back by hand; empty if it is not.
    """

    loan: Loan
    trouble: str = ""


def _shout(line: str) -> None:
    sys.stderr.write(f"WARNING: {line}\n")
    sys.stderr.flush()


@contextmanager
def lent(
    cluster: Cluster,
    entity: Mapping[str, str],
    values: Mapping[str, float],
    *,
    why: str,
    seconds: float,
    shout: Callable[[str], None] = _shout,
) -> Iterator[Loan]:
    """Set a quota for as long as this lasts. Consent is the caller's to have asked for.

    Args:
        cluster: on which.
        entity: whom it is for: a name by `user`, `client-id` or `ip`, empty text for any.
        values: by Kafka's keys.
        why: what for, in words.
        seconds: after which it is given back in any case.
        shout: takes the line that says that giving back failed; by default to stderr.

    Raises:
        ConfigurationError: this entity has a quota already, which is never overwritten.
        ClusterError: the cluster refuses, or does not answer.
        QuotaNotRestoredError: it could not be taken away again; the message has the command that does it by hand.
    """
    _require_none(cluster, entity)
    loan = _noted(cluster, entity, values, why, seconds)
    try:
        keeper = _keeper(loan, cluster)
    except BaseException:
        loan.forget()
        raise
    try:
        set_quota(cluster, entity, values)
        seen(lambda: quota_of(cluster, entity) == dict(values), f"the {loan.words} does not show")
        yield loan
    finally:
        _end(loan, cluster, keeper, shout)


def outstanding(cluster: Cluster) -> tuple[Loan, ...]:
    """What we set on this cluster and have not given back, oldest first, that of living processes included."""
    return tuple(one for one in notes() if one.cluster_id == cluster.id)


def give_back(cluster: Cluster) -> tuple[Returned, ...]:
    """Give back what was left on a cluster by processes that are gone; that of living ones is left alone."""
    return tuple(_returned(one, cluster) for one in outstanding(cluster) if not one.held)


def _returned(loan: Loan, cluster: Cluster) -> Returned:
    try:
        returned(loan, cluster)
    except ClusterError as error:
        return Returned(loan=loan, trouble=_trouble(loan, error))
    loan.forget()
    return Returned(loan=loan)


def _require_none(cluster: Cluster, entity: Mapping[str, str]) -> None:
    there = quota_of(cluster, entity)
    if not there:
        return
    figures = ", ".join(f"{key}={value:g}" for key, value in sorted(there.items()))
    ours = [one for one in outstanding(cluster) if dict(one.entity) == dict(entity)]
    advice = "clusterload set it: run 'clusterload cleanup'" if ours else "name another, or take it away first"
    raise ConfigurationError(
        f"{in_words(entity)} has a quota on cluster {cluster.id} already ({figures}), which is never overwritten: "
        f"{advice}"
    )


def _noted(cluster: Cluster, entity: Mapping[str, str], values: Mapping[str, float], why: str, seconds: float) -> Loan:
    now, (lender, began), security = time.time(), own_process(), security_of(cluster.properties)
    loan = Loan(
        id=f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}",
        cluster_id=cluster.id,
        servers=cluster.servers,
        secured=security.protocol != "PLAINTEXT",
        entity=dict(entity),
        values=dict(values),
        why=why,
        until=now + seconds,
        lender=lender,
        lender_began=began,
    )
    loan.write()
    return loan


def _keeper(loan: Loan, cluster: Cluster) -> subprocess.Popen[bytes]:
    """The process that watches over a loan, once it does."""
    package = str(import_root())
    way = {"PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}
    with loan.log.open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "clusterload.workflow.temporary_quota.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env=os.environ | way,
        )
    if not _begun(keeper, orders(loan, cluster)):
        said = loan.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        keeper.kill()
        _released(keeper)
        raise ClusterloadError(
            f"nothing was set on cluster {loan.cluster_id}, for the process that takes it away again did not start "
            f"({said[0] if said else f'no answer within {_START_SECONDS:g} s'}): try again"
        )
    return keeper


def _begun(keeper: subprocess.Popen[bytes], known: str) -> bool:
    """Tell the keeper what it has to know; whether it watches then."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with contextlib.suppress(BrokenPipeError), selectors.DefaultSelector() as selector:
        keeper.stdin.write(known.encode())
        keeper.stdin.flush()
        selector.register(keeper.stdout, selectors.EVENT_READ)
        return bool(selector.select(_START_SECONDS)) and keeper.stdout.readline() == READY
    return False


def _end(loan: Loan, cluster: Cluster, keeper: subprocess.Popen[bytes], shout: Callable[[str], None]) -> None:
    outcome = _returned(loan, cluster)
    _released(keeper)
    if outcome.trouble:
        shout(outcome.trouble)
        if sys.exc_info()[0] is None:
            raise QuotaNotRestoredError(outcome.trouble)


def _released(keeper: subprocess.Popen[bytes]) -> None:
    """Let the keeper go: it finds no note, or else goes on trying by itself."""
    for stream in (keeper.stdin, keeper.stdout):
        if stream is not None:
            stream.close()
    # What is still to be given back may take it long; nobody waits for that.
    give_up = time.monotonic() + _END_SECONDS
    while keeper.poll() is None and time.monotonic() < give_up:
        time.sleep(0.02)
    # Popen would warn of a child that still runs: this one is meant to.
    keeper.returncode = keeper.returncode or 0


def _trouble(loan: Loan, error: ClusterError) -> str:
    return (
        f"the {loan.words} that clusterload set on cluster {loan.cluster_id} IS STILL THERE ({error}). It is tried "
        f"again for a while; to be sure run 'clusterload cleanup' on that cluster, or by hand: {loan.by_hand}"
    )
