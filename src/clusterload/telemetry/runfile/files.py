"""Which run files a folder, a pattern or a list names, and which repeats lie beside a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import StoreError, UsageError
from clusterload.telemetry.runfile.reader import read_run, read_summary
from clusterload.telemetry.runfile.writer import SUFFIX

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.telemetry.runfile.summary import Summary

MOST_REPEATS: Final = 20
"""Runs of a plan that are looked for beside others of it, the latest ones."""


def run_files(folder: Path) -> tuple[Path, ...]:
    """The run files of a folder, by name; what merely is called like one is among them.

    Raises:
        StoreError: there is no such folder.
    """
    if not folder.is_dir():
        raise StoreError(f"there is no folder {folder}: name the one that the run files are in")
    return tuple(sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file()))


def files_of(text: str) -> tuple[Path, ...]:
    """The run files that a text names: a file, a folder of them, a pattern as `runs/a*.run`, or several with commas.

    Raises:
        UsageError: a part of it names no file.
    """
    # A name may have a comma or a bracket in it: what is there under its very name is meant.
    parts = [text] if Path(text).exists() else text.split(",")
    return tuple(dict.fromkeys(path for part in parts for path in _files(part)))


def _files(part: str) -> tuple[Path, ...]:
    path = Path(part)
    if path.is_dir() and part:
        found = run_files(path)
        if not found:
            raise UsageError(f"folder {path} has no run files: name another one")
        return found
    if path.is_file() or (path.suffix == SUFFIX and not _is_pattern(part)):
        return (path,)
    found = tuple(sorted(Path(one) for one in glob(part) if Path(one).is_file()))  # noqa: PTH207 (also of absolute paths)
    if not found:
        raise UsageError(f"{part!r} names no run file: give a file, a folder, a pattern as 'runs/a*.run', or a list")
    return found


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def repeats_beside(runs: Sequence[Run], without: Collection[str]) -> tuple[Run, ...]:
    """Whole runs of the same plans in the folders of some run files; the latest, at most so many a plan.

    What cannot be read there is passed over.

    Args:
        runs: whose plans and folders.
        without: ids of runs that are not to be among them.
    """
    known = set(without) | {run.id for run in runs}
    found: list[Run] = []
    for folder in dict.fromkeys(run.path.parent for run in runs if run.path):
        there = [one for one in _summaries(folder) if one.complete]
        for kind in _kinds([run for run in runs if run.path and run.path.parent == folder]):
            alike = [one for one in there if one.id not in known and _alike(one, kind)]
            for one in sorted(alike, key=lambda one: one.start)[-MOST_REPEATS:]:
                known.add(one.id)
                found.append(read_run(one.path))
    return tuple(found)


def _kinds(runs: Sequence[Run]) -> list[Run]:
    """One run of each plan."""
    kinds: list[Run] = []
    for run in runs:
        if not any(run.is_repeat_of(one) for one in kinds):
            kinds.append(run)
    return kinds


def _alike(one: Summary, run: Run) -> bool:
    # Of what was only watched nothing says that the same went on.
    return one.plan is not None and run.plan is not None and one.plan.is_like(run.plan)


def _summaries(folder: Path) -> Iterator[Summary]:
    for path in run_files(folder):
        try:
            yield read_summary(path)
        except StoreError:
            continue
