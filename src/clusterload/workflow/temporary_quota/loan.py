"""A loan: a quota that is ours for a while, and the note of it in the state folder."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from clusterload.kafka.configuration import in_words
from clusterload.model.paths import state_dir, write_private

_TYPES: Final = {"user": "users", "client-id": "clients", "ip": "ips"}
_SAME_START: Final = 2.0  # seconds that a clock correction may move a process's time of start


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """A quota that was set for a while.

    Attributes:
        id: unique in the state folder.
        cluster_id: of the cluster that it is on.
        servers: the cluster's bootstrap servers, for the command that gives it back by hand.
        secured: whether a login or TLS is needed to reach them.
        entity: whom the quota is for, as in `Quota.entity`.
        values: by Kafka's keys.
        why: what it is for, in words.
        until: Unix seconds at which it is given back, whoever still wants it.
        lender: process id of who set it.
        lender_began: Unix seconds at which that process began.
    """

    id: str
    cluster_id: str
    servers: str
    secured: bool
    entity: Mapping[str, str]
    values: Mapping[str, float]
    why: str
    until: float
    lender: int
    lender_began: float

    @property
    def words(self) -> str:
        """What it is, for people."""
        return f"quota of {in_words(self.entity)}"

    @property
    def held(self) -> bool:
        """Whether the process that set it still runs."""
        try:
            process = psutil.Process(self.lender)
            same = abs(process.create_time() - self.lender_began) < _SAME_START
            return same and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        except psutil.Error:
            return False

    @property
    def by_hand(self) -> str:
        """The command of Kafka's own tool that gives it back."""
        words = ["kafka-configs.sh", "--bootstrap-server", self.servers]
        words += ["--command-config", "admin.properties"] if self.secured else []
        words += ["--alter", "--delete-config", ",".join(self.values)]
        for kind, name in sorted(self.entity.items(), reverse=True):
            words += ["--entity-type", _TYPES[kind], *(["--entity-name", name] if name else ["--entity-default"])]
        return shlex.join(words)

    @property
    def note(self) -> Path:
        """The file that tells of it for as long as it is not given back."""
        return _folder() / f"{self.id}.json"

    @property
    def log(self) -> Path:
        """What the process that watches over it has to say."""
        return _folder() / f"{self.id}.log"

    def write(self) -> None:
        """Leave the note, readable by us only."""
        write_private(self.note, json.dumps(asdict(self), indent=1))

    def forget(self) -> None:
        """It was given back: take the note away."""
        self.note.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)

    @classmethod
    def parsed(cls, plain: Mapping[str, Any]) -> Loan:
        """The loan of which a note tells."""
        return cls(**plain)


def own_process() -> tuple[int, float]:
    """This process's id, and Unix seconds at which it began."""
    return os.getpid(), psutil.Process().create_time()


def notes() -> Iterator[Loan]:
    """All loans that are not given back yet, oldest first; a note that is none is passed over."""
    for path in sorted(_folder().glob("*.json")):
        try:
            yield Loan.parsed(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue


def _folder() -> Path:
    made = state_dir() / "lent"
    made.mkdir(mode=0o700, exist_ok=True)
    return made
