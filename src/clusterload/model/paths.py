"""Where the lab keeps things on disk: downloads in a cache, running labs in a state directory."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The directory for what can be made again: jars, AOT caches. `CLUSTERLOAD_CACHE` overrides it."""
    return _made(os.environ.get("CLUSTERLOAD_CACHE") or platformdirs.user_cache_path("clusterload"))


def state_dir() -> Path:
    """The directory for what lasts longer than a command. `CLUSTERLOAD_STATE` overrides it."""
    return _made(os.environ.get("CLUSTERLOAD_STATE") or platformdirs.user_state_path("clusterload"))


def import_root() -> Path:
    """The directory from which this very package is imported, for a process that must import the same."""
    return Path(__file__).parents[2]


def labs_dir() -> Path:
    """The directory with one folder for each lab."""
    return _made(state_dir() / "labs")


def write_private(path: Path, text: str) -> None:
    """Replace the file at once by `text`, with mode 0600."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    scratch.replace(path)


def _made(path: Path | str) -> Path:
    made = Path(path).expanduser().resolve()
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made
