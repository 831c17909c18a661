"""The labs that run now: one record a lab on disk, believed only while its supervisor lives."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from clusterload.lab import client_file, impairment
from clusterload.lab.description import LabBroker, LabInfo
from clusterload.model.paths import labs_dir, write_private

RECORD = "lab.json"
ORDERS = "supervisor.json"
KEEP_LOGS_OF = 5
_SAME_START = 2.0  # seconds that a clock correction may move a process's time of start
_BEING_MADE = 60.0  # seconds in which a folder without orders is taken for one that is just being filled
MARKER = "-Dclusterload.lab="
STORAGE = "--storage.tsdb.path="
"""Both words, each with a path in the lab's folder behind it, mark a process as the lab's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What stands on disk about a lab: the public part, and what is needed to reach and to clean it."""

    info: LabInfo
    ready: bool
    supervisor_created: float
    socket: Path

    @property
    def proxy_socket(self) -> Path:
        """Where its proxies are told what to do, if it has any."""
        return self.socket.with_name(impairment.SOCKET)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return plain

    @property
    def alive(self) -> bool:
        """Whether the supervisor of this record still runs, and not another process under its number."""
        try:
            process = psutil.Process(self.info.supervisor_pid)
            same = abs(process.create_time() - self.supervisor_created) < _SAME_START
            return same and runs(process)
        except psutil.Error:
            return False


def runs(process: psutil.Process) -> bool:
    """Whether the process lives, and is not one that only waits for its parent to ask for its exit code."""
    try:
        return process.is_running() and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def running_labs() -> list[LabInfo]:
    """All labs of this user that are up and ready, oldest first."""
    return [record.info for record in records() if record.ready]


def find_lab(cluster_id: str | None = None) -> LabInfo | None:
    """The running lab with this cluster id, or the newest one when none is given; None without a match."""
    fitting = [lab for lab in running_labs() if cluster_id in {None, lab.cluster_id}]
    return fitting[-1] if fitting else None


def records() -> list[Record]:
    """The records of all living labs, ready or still starting, oldest first; stale records are ignored."""
    found = (read(folder) for folder in sorted(labs_dir().iterdir()))
    return [record for record in found if record is not None and record.alive]


def read(folder: Path) -> Record | None:
    """The record in a lab's folder; None when there is none, or none that can be read."""
    try:
        plain = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return parse(plain)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def parse(plain: dict[str, Any]) -> Record:
    """The record made of the plain values that its `as_dict` gave."""
    info = plain["info"]
    brokers = tuple(LabBroker(**(each | {"log": Path(each["log"])})) for each in info["brokers"])
    directory = Path(info["directory"]) if info["directory"] else None
    return Record(
        info=LabInfo(
            **(info | {"brokers": brokers, "directory": directory, "listeners": tuple(info.get("listeners", ()))})
        ),
        ready=bool(plain["ready"]),
        supervisor_created=float(plain["supervisor_created"]),
        socket=Path(plain["socket"]),
    )


def write(folder: Path, record: Record) -> None:
    """Put the record into the lab's folder, whole or not at all, readable by its owner only."""
    write_private(folder / RECORD, json.dumps(record.as_dict(), indent=1))


def sweep() -> None:
    """Remove what dead labs left on disk, and all but the logs of the last few."""
    folders = [folder for folder in sorted(labs_dir().iterdir()) if folder.is_dir()]
    dead = [folder for folder in folders if not _in_use(folder)]
    for folder in dead:
        clear(folder)
    for folder in dead[:-KEEP_LOGS_OF]:
        shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    """Whether a lab runs in the folder, or its tool is about to start one."""
    if (record := read(folder)) is not None:
        return record.alive
    if (orders := _orders(folder)) is not None:
        return bool(psutil.pid_exists(orders["parent"]))
    try:
        return time.time() - folder.stat().st_mtime < _BEING_MADE
    except FileNotFoundError:
        return False


def _orders(folder: Path) -> dict[str, Any] | None:
    """What the tool told the supervisor to do; None when it did not come to that."""
    try:
        orders: dict[str, Any] = json.loads((folder / ORDERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return orders


def clear(folder: Path) -> None:
    """Remove all of a dead lab but its logs: record, orders, data, socket, untouched client file."""
    record = read(folder)
    if record is None and (orders := _orders(folder)) is not None:
        record = parse(orders["record"])
    if record is not None:
        shutil.rmtree(record.socket.parent, ignore_errors=True)
        client_file.remove(record.info)
    for name in ("data", "config"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (RECORD, ORDERS):
        (folder / name).unlink(missing_ok=True)
