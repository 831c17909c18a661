"""A lease: the note of a temporary quota in the state folder, and how its quota is restored."""

from __future__ import annotations

import calendar
import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from clusterload.kafka.configuration import in_words
from clusterload.kafka.quotas import drop_quota, quota_of
from clusterload.model.errors import ClusterError
from clusterload.model.paths import state_dir, write_private

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster

STAMP: Final = "%Y%m%d-%H%M%S"
"""How the time stands in a lease's id, in UTC."""

SHOWN_SECONDS: Final = 8.0
"""How long brokers may take to show what was changed."""

REMEMBERED_SECONDS: Final = 3600.0
"""How long a quota that is gone is remembered: brokers keep figures of its clients for an hour."""

_AGAIN_SECONDS: Final = 0.1
_TYPES: Final = {"user": "users", "client-id": "clients", "ip": "ips"}
_SAME_START: Final = 2.0  # seconds that a clock correction may move a process's time of start
# The names of earlier versions, whose leases must still be found: the folder, and keys of a lease.
_FOLDER: Final = "lent"
_ENDED: Final = "ended"
_OLD_KEYS: Final = {"lender": "owner", "lender_began": "owner_started"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A quota that was set for a while.

    Attributes:
        id: unique in the state folder.
        cluster_id: of the cluster that it is on.
        servers: the cluster's bootstrap servers, for the command that removes it by hand.
        secured: whether a login or TLS is needed to reach them.
        entity: whom the quota is for, as in `Quota.entity`.
        values: by Kafka's keys.
        why: what it is for, in words.
        until: Unix seconds at which it expires, even if it is still in use.
        owner: process id of the process that set it.
        owner_started: Unix seconds at which that process started.
    """

    id: str
    cluster_id: str
    servers: str
    secured: bool
    entity: Mapping[str, str]
    values: Mapping[str, float]
    why: str
    until: float
    owner: int
    owner_started: float

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"quota of {in_words(self.entity)}"

    @property
    def since(self) -> float:
        """Unix seconds at which it was set; 0 where its id does not tell."""
        try:
            return float(calendar.timegm(time.strptime(self.id.rpartition("-")[0], STAMP)))
        except ValueError:
            return 0.0

    @property
    def held(self) -> bool:
        """Whether the process that set it still runs."""
        try:
            process = psutil.Process(self.owner)
            same = abs(process.create_time() - self.owner_started) < _SAME_START
            return same and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        except psutil.Error:
            return False

    @property
    def by_hand(self) -> str:
        """The command of Kafka's own tool that removes the quota."""
        words = ["kafka-configs.sh", "--bootstrap-server", self.servers]
        words += ["--command-config", "admin.properties"] if self.secured else []
        words += ["--alter", "--delete-config", ",".join(self.values)]
        for kind, name in sorted(self.entity.items(), reverse=True):
            words += ["--entity-type", _TYPES[kind], *(["--entity-name", name] if name else ["--entity-default"])]
        return shlex.join(words)

    @property
    def note(self) -> Path:
        """The file that stands for the lease until its quota is restored."""
        return _folder() / f"{self.id}.json"

    @property
    def log(self) -> Path:
        """The log of its watchdog."""
        return _folder() / f"{self.id}.log"

    def write(self) -> None:
        """Write the note, readable by its owner only."""
        write_private(self.note, json.dumps(asdict(self), indent=1))

    def end(self) -> None:
        """The quota is restored: remove note and log, and remember for a while that there was one."""
        if self.note.exists():
            write_private(_ended_folder() / self.note.name, json.dumps({**asdict(self), _ENDED: time.time()}))
        self.note.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)

    @classmethod
    def parsed(cls, plain: Mapping[str, Any]) -> Lease:
        """The lease in a note, also in that of an earlier version."""
        return cls(**{_OLD_KEYS.get(key, key): value for key, value in plain.items()})


def own_process() -> tuple[int, float]:
    """This process's id, and Unix seconds at which it started."""
    return os.getpid(), psutil.Process().create_time()


def leases() -> Iterator[Lease]:
    """All leases whose quota is not restored yet, oldest first; a malformed note is skipped."""
    for path in sorted(_folder().glob("*.json")):
        try:
            yield Lease.parsed(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue


def ended_leases() -> Iterator[tuple[Lease, float]]:
    """Leases whose quota was restored within the last hour, oldest first, with when that was, in Unix seconds."""
    for path in sorted(_ended_folder().glob("*.json")):
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            ended = float(plain.pop(_ENDED))
            lease = Lease.parsed(plain)
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            continue
        if ended < time.time() - REMEMBERED_SECONDS:
            path.unlink(missing_ok=True)
        else:
            yield lease, ended


def _ended_folder() -> Path:
    made = _folder() / _ENDED
    made.mkdir(mode=0o700, exist_ok=True)
    return made


def _folder() -> Path:
    made = state_dir() / _FOLDER
    made.mkdir(mode=0o700, exist_ok=True)
    return made


def restore(lease: Lease, cluster: Cluster) -> tuple[str, ...]:
    """Remove a lease's quota and wait until the brokers show that it is gone.

    Returns:
        The keys that are left alone: somebody has set them to another value since.

    Raises:
        ClusterError: the cluster refuses, does not answer, or still shows it.
    """
    now = quota_of(cluster, lease.entity)
    others = tuple(key for key, value in now.items() if value != lease.values.get(key, value))
    # Also what is not shown: a broker may not know yet of what was set a moment ago.
    ours = [key for key in lease.values if key not in others]
    drop_quota(cluster, lease.entity, ours)
    wait_until_shown(
        lambda: not quota_of(cluster, lease.entity).keys() & set(ours), f"the {lease.words} is still there"
    )
    return others


def wait_until_shown(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until the brokers show what was changed.

    Raises:
        ClusterError: they do not in time; the message begins with `otherwise`.
    """
    give_up = time.monotonic() + SHOWN_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise ClusterError(f"{otherwise} {SHOWN_SECONDS:g} s after it was changed: see the brokers' logs")
        time.sleep(_AGAIN_SECONDS)
