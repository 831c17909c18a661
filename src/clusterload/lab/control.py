"""Speak to the supervisor of a lab, and end labs from outside."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from clusterload.lab import registry
from clusterload.lab.own_processes import exchanged
from clusterload.model.errors import LabError
from clusterload.model.paths import labs_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusterload.lab.description import LabInfo

PATIENCE = 20.0  # seconds for a supervisor to end its brokers


def ask(address: Path, do: str, broker: int | None = None, **more: object) -> dict[int, dict[str, Any]]:
    """Send one command; the answer has `pid`, `state` (running, paused, exited) and exit `code` by broker.

    Commands: status, ready, detach, stop; with a broker: start, terminate, kill, pause, resume, of which the
    supervisor undoes terminate, kill and pause by itself after `seconds`, if they are given; with `name` and `argv`:
    attach, which runs a process that ends with the lab; with `name`: end, which ends it before.

    Raises:
        LabError: the supervisor does not answer, or refuses.
    """
    try:
        answer = exchanged(address, {"do": do, "broker": broker, **more})
    except (OSError, ValueError) as error:
        raise LabError(f"the lab's supervisor does not answer '{do}': {error}; run 'clusterload lab down'") from error
    if "error" in answer:
        raise LabError(f"the lab's supervisor refused: {answer['error']}; see 'clusterload lab status'")
    return {int(key): state for key, state in answer["brokers"].items()}


def stop(record: registry.Record) -> None:
    """End a running lab and wait until its supervisor is gone."""
    with contextlib.suppress(LabError):
        ask(record.socket, "stop")
    with contextlib.suppress(psutil.NoSuchProcess):
        _end([psutil.Process(record.info.supervisor_pid)] if record.alive else [], patience=PATIENCE)


def down(lab_id: str | None = None, *, directory: Path | None = None, every: bool = False) -> list[LabInfo]:
    """Stop a lab of this user, then kill brokers whose supervisor is gone.

    Args:
        lab_id: as for `meant`.
        directory: likewise.
        every: likewise.

    Returns:
        The labs that were stopped.

    Raises:
        LabError: as `meant`.
    """
    chosen = meant(lab_id, directory=directory, every=every)
    for record in chosen:
        stop(record)
    kill_orphans()
    registry.sweep()
    return [record.info for record in chosen]


def meant(lab_id: str | None = None, *, directory: Path | None = None, every: bool = False) -> list[registry.Record]:
    """The lab that is to be stopped, if any runs.

    Args:
        lab_id: which; where it is left out, the only one that runs and belongs to no other command.
        directory: the one whose client.properties lies in this folder.
        every: all of them.

    Raises:
        LabError: no running lab is meant by that, or several run and it is not said which.
    """
    running = registry.records()
    if lab_id is not None:
        chosen, called = [record for record in running if record.info.id == lab_id], f"called {lab_id!r}"
    elif directory is not None:
        chosen = [record for record in running if _lies_in(record, directory)]
        called = f"with its client.properties in {directory}"
    else:
        # A lab without a folder belongs to the command or program that started it, and goes when that ends.
        return _single([record for record in running if every or record.info.directory is not None], every=every)
    if not chosen:
        raise LabError(f"no lab {called} runs; see 'clusterload lab status'")
    return chosen


def _single(running: list[registry.Record], *, every: bool) -> list[registry.Record]:
    if len(running) > 1 and not every:
        labs = ", ".join(record.info.id for record in running)
        raise LabError(f"{len(running)} labs run ({labs}): say which one to stop, or --all")
    return running


def _lies_in(record: registry.Record, directory: Path) -> bool:
    return record.info.directory is not None and record.info.directory.resolve() == directory.resolve()


def kill_orphans() -> None:
    """Kill brokers and other processes of labs that no living supervisor owns; their command lines mark them."""
    living = {record.info.id for record in registry.records()}
    _end(list(_orphans(living)), patience=0)


def _orphans(living: set[str]) -> Iterable[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = [lab for word in process.cmdline() if (lab := _lab_of(word))]
            if ours and process.uids().real == os.getuid() and ours[0] not in living:
                yield process


def _lab_of(word: str) -> str:
    """The lab that a word of a command line marks the process as belonging to; empty when it marks none."""
    for mark in (registry.MARKER, registry.STORAGE):
        if word.startswith(f"{mark}{labs_dir()}{os.sep}"):
            return Path(word.removeprefix(mark)).relative_to(labs_dir()).parts[0]
    return ""


def _end(processes: list[psutil.Process], patience: float) -> None:
    """Wait for processes to end, and kill those that do not; one that its parent never reaped has ended too."""
    _wait(processes, patience)
    for process in filter(registry.runs, processes):
        with contextlib.suppress(psutil.Error):
            process.kill()
    _wait(processes, 5)


def _wait(processes: list[psutil.Process], patience: float) -> None:
    deadline = time.monotonic() + patience
    while any(map(registry.runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
