"""Finding run files: by folder, pattern or list, and the repeats of a run in its folder."""

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
    from clusterload.telemetry.runfile.reader import Summary

MOST_REPEATS: Final = 20
"""The most repeats of a plan that are read, the latest ones."""


def run_files(folder: Path) -> tuple[Path, ...]:
    """The files of a folder with the suffix of run files, by name.

    Raises:
        StoreError: the folder does not exist.
    """
    if not folder.is_dir():
        raise StoreError(f"folder {folder} does not exist: name the one that the run files are in")
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
    found = tuple(sorted(Path(name) for name in glob(part) if Path(name).is_file()))  # noqa: PTH207 (also of absolute paths)
    if not found:
        raise UsageError(f"{part!r} names no run file: give a file, a folder, a pattern as 'runs/a*.run', or a list")
    return found


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def repeats_in_folder(runs: Sequence[Run], without: Collection[str]) -> tuple[Run, ...]:
    """The complete runs of the same plans in the folders of these run files, at most `MOST_REPEATS` of each plan.

    Files that cannot be read are skipped, and so are the runs with the ids `without`.
    """
    known = set(without) | {run.id for run in runs}
    found: list[Run] = []
    for folder in dict.fromkeys(run.path.parent for run in runs if run.path):
        complete = [summary for summary in _summaries(folder) if summary.complete]
        for kind in _kinds([run for run in runs if run.path and run.path.parent == folder]):
            alike = [summary for summary in complete if summary.id not in known and _alike(summary, kind)]
            for summary in sorted(alike, key=lambda summary: summary.start)[-MOST_REPEATS:]:
                known.add(summary.id)
                found.append(read_run(summary.path))
    return tuple(found)


def _kinds(runs: Sequence[Run]) -> list[Run]:
    """One run of each plan."""
    kinds: list[Run] = []
    for run in runs:
        if not any(run.is_repeat_of(kind) for kind in kinds):
            kinds.append(run)
    return kinds


def _alike(summary: Summary, run: Run) -> bool:
    # Two runs without a plan may have seen different loads.
    return summary.plan is not None and run.plan is not None and summary.plan.is_like(run.plan)


def _summaries(folder: Path) -> Iterator[Summary]:
    for path in run_files(folder):
        try:
            yield read_summary(path)
        except StoreError:
            continue
