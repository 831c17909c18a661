"""Run catalog: the run files of a folder, the outcome of each, and which of them to delete.

An outcome is computed when it is asked for and not stored: a better judgement gives a better one.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.model.errors import StoreError, UsageError
from clusterload.model.series import SECOND
from clusterload.telemetry.runfile import read_run, read_summary, run_files

if TYPE_CHECKING:
    import os

    from clusterload.model.limits import Limits
    from clusterload.telemetry.runfile import Summary

UNDER_WAY: Final = 60.0
"""Seconds since a file was last written in which a run that is not whole is taken to go on."""

# What SQLite keeps next to a file while it is written, and after a kill.
_SQLITE_SUFFIXES: Final = ("-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """One file of a folder.

    Attributes:
        path: of the file.
        size: in bytes, with what SQLite keeps next to it.
        changed: Unix seconds at which it was last written.
        summary: what it says of itself; None if it cannot be read.
        error: why it cannot be read; nothing if it can.
    """

    path: Path
    size: int
    changed: float
    summary: Summary | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """The outcome of a run.

    Attributes:
        state: of the verdict, in words; empty if its Series cannot be read.
        limit_load: typical share of the resource that binds, as a ratio; NaN if it is not known.
        limits: the name of the table that this is of; empty where no limits are known.
        error: why it cannot be told; nothing if it can.
    """

    state: str = ""
    limit_load: float = math.nan
    limits: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are meant; all by default.

    Attributes:
        labels: that a run must have, with these values; an empty value is any.
        plan: part of its plan's name; any if empty.
        since: Unix nanoseconds at which it must have begun, or later.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    plan: str = ""
    since: int = 0

    @property
    def all(self) -> bool:
        """Whether nothing narrows it down."""
        return not self.labels and not self.plan and not self.since

    def takes(self, summary: Summary) -> bool:
        """Whether a run is meant."""
        labelled = all(
            name in summary.labels and (not value or summary.labels[name] == value)
            for name, value in self.labels.items()
        )
        planned = not self.plan or (summary.plan is not None and self.plan.lower() in summary.plan.name.lower())
        return labelled and planned and summary.start >= self.since


def list_runs(folder: Path) -> tuple[RunFile, ...]:
    """All files of a folder that are called like run files, the latest first; then those that cannot be read, by name.

    Raises:
        StoreError: the folder does not exist.
    """
    found = [_run_file(path) for path in run_files(folder)]
    return tuple(sorted(found, key=lambda file: (file.summary is None, -file.summary.start if file.summary else 0)))


def _run_file(path: Path) -> RunFile:
    stats = list(_stats(path))
    size, changed = sum(stat.st_size for stat in stats), max((stat.st_mtime for stat in stats), default=0.0)
    try:
        return RunFile(path=path, size=size, changed=changed, summary=read_summary(path))
    except StoreError as error:
        return RunFile(path=path, size=size, changed=changed, error=str(error))


def _stats(path: Path) -> Iterator[os.stat_result]:
    for part in (path, *_companions(path)):
        # What is next to a file comes and goes with those who read it.
        with contextlib.suppress(FileNotFoundError):
            yield part.stat()


def _companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in _SQLITE_SUFFIXES]


def outcome_of(file: RunFile, limits: Limits | None) -> RunOutcome:
    """The outcome of a run against limits; it is read as a whole."""
    try:
        run = read_run(file.path)
    except StoreError as error:
        return RunOutcome(error=str(error))
    usage = assess(run, limits)
    verdict = diagnose(run, usage)
    named = usage.limits.name if usage.limits.known else ""
    return RunOutcome(state=str(verdict.state), limit_load=verdict.limit_load, limits=named)


def to_delete(
    files: Sequence[RunFile], *, older_than: float | None = None, keep: int | None = None, now: float | None = None
) -> tuple[RunFile, ...]:
    """Which runs of a folder to delete: those that ended long ago, except the latest ones that are kept.

    A file that is not a run file, is damaged or is of a newer version is never among them, nor is a run that goes on.

    Args:
        files: the latest first.
        older_than: seconds since a run ended; None deletes whatever its age.
        keep: how many of the latest stay; None keeps none for that.
        now: Unix seconds; by default as they are.

    Raises:
        UsageError: nothing says which.
    """
    if older_than is None and keep is None:
        raise UsageError("nothing says which runs to delete: add --older-than 30d, or --keep 20 for the latest ones")
    at = time.time() if now is None else now
    ours = [file for file in files if file.summary is not None]
    return tuple(
        file
        for number, file in enumerate(ours)
        if number >= (keep or 0) and not _goes_on(file, at) and _age(file, at) > (older_than or 0.0)
    )


def _age(file: RunFile, now: float) -> float:
    return now - file.summary.end / SECOND if file.summary else 0.0


def _goes_on(file: RunFile, now: float) -> bool:
    return file.summary is not None and not file.summary.complete and now - file.changed < UNDER_WAY


def remove(file: RunFile) -> None:
    """Delete a run file, with what SQLite keeps next to it.

    Raises:
        StoreError: it cannot be deleted.
    """
    try:
        for path in (file.path, *_companions(file.path)):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{file.path} cannot be removed: {error.strerror}") from None
