"""This machine: what a load, a recording and a lab need of it."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

from clusterload._version import __version__
from clusterload.lab import java
from clusterload.model import units
from clusterload.model.errors import LabError
from clusterload.model.units import Quantity
from clusterload.workflow.doctor.check import Area, Check, State

# A load of the case study has a few hundred connections, and workers some files of their own.
_FEW_FILES: Final = 1_024
# A worker process takes some 60 MB, and a command with its libraries 150.
_LITTLE_MEMORY: Final = 512e6
# An hour of three brokers takes a few MB; of a hundred brokers with many clients a GB.
_LITTLE_DISK: Final = 1e9
# Linux has 28,232 by default; each connection to one broker takes one of them.
_FEW_PORTS: Final = 10_000
_BUSY: Final = 0.8
_LOOK_SECONDS: Final = 0.3
_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def checked_machine(runs: Path) -> tuple[Check, ...]:
    """What this machine has, against what commands need of it.

    Args:
        runs: the folder in which run files are kept; it need not exist.
    """
    return (_files(), _ports(), _memory(), _cores(), _disk(runs), _versions(), _java())


def _check(name: str, state: State, finding: str, remedy: str = "") -> Check:
    return Check(area=Area.MACHINE, name=name, state=state, finding=finding, remedy="" if state is State.OK else remedy)


def _files() -> Check:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = "without a limit" if hard == resource.RLIM_INFINITY else f"{hard:,}"
    few = hard != resource.RLIM_INFINITY and hard < _FEW_FILES
    return _check(
        "open files",
        State.WARNING if few else State.OK,
        f"{most} a process: each connection of a load's worker takes one",
        "raise the hard limit (ulimit -Hn 65536, as root), or share a load with --workers",
    )


def _ports() -> Check:
    try:
        least, most = map(int, _PORTS.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return _check(
            "ports", State.OK, "their number is not known on this system: it bounds connections to one broker"
        )
    count = most - least + 1
    return _check(
        "ports",
        State.WARNING if count < _FEW_PORTS else State.OK,
        f"{count:,}: so many connections can a load keep open to one broker",
        "widen the range: sysctl net.ipv4.ip_local_port_range='10000 65535'",
    )


def _memory() -> Check:
    memory = psutil.virtual_memory()
    return _check(
        "memory",
        State.WARNING if memory.available < _LITTLE_MEMORY else State.OK,
        f"{_bytes(memory.available)} of {_bytes(memory.total)} free",
        "end other programs: below 0.5 GB a load's workers may be killed by the system",
    )


def _cores() -> Check:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    busy = psutil.cpu_percent(_LOOK_SECONDS) / 100
    return _check(
        "cores",
        State.WARNING if busy > _BUSY else State.OK,
        f"{count}, {units.percent(busy)} busy just now",
        "load it from a machine that has nothing else to do: its own waiting would be measured as latency",
    )


def _disk(runs: Path) -> Check:
    place = next(folder for folder in (runs.absolute(), *runs.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK):
        finding = f"{place} may not be written to, so that no run file can be kept in {runs}"
        return _check("disk", State.WARNING, finding, "give a folder that may be, by --out FILE")
    remedy = "delete old runs (clusterload runs --delete), or write elsewhere by --out FILE"
    state = State.WARNING if free < _LITTLE_DISK else State.OK
    return _check("disk", state, f"{_bytes(free)} free where runs are kept ({runs})", remedy)


def _versions() -> Check:
    library = version("confluent-kafka")
    words = f"clusterload {__version__}, Python {platform.python_version()}, librdkafka by confluent-kafka {library}"
    return _check("versions", State.OK, words)


def _java() -> Check:
    for which in ("bundled", "path"):
        try:
            found = java.find(which)
        except LabError:
            continue
        how = "" if which == "bundled" else ", by --java path"
        return _check("Java", State.OK, f"{found.version}{how}: for a lab")
    finding = "none: a lab cannot be started, everything else works without"
    return _check("Java", State.MISSING, finding, "pip install 'clusterload[lab]'")


def _bytes(amount: float) -> str:
    return units.text(Quantity(amount, units.BYTES), 2)
