"""The file of a history: its tables, how it is opened and written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clusterload.model.errors import StoreError

APPLICATION: Final = 0x636C6869  # "clhi", so that a history is told from any other database
VERSION: Final = 1
_SCHEMA: Final = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE line (id INTEGER PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL);
CREATE TABLE cell (line INTEGER, minute INTEGER, value, PRIMARY KEY (line, minute)) WITHOUT ROWID;
CREATE TABLE watched (minute INTEGER PRIMARY KEY, brokers INTEGER NOT NULL);
"""
_ADD: Final = "INSERT INTO cell VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"
_SET: Final = "INSERT INTO cell VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

Cell = tuple[int, int]
"""A line's id and a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A Series in the history: a resource's name and the labels that tell it from others of the name."""

    id: int
    name: str
    labels: Mapping[str, str]


def write(
    database: sqlite3.Connection,
    *,
    grown: Mapping[Cell, float],
    sampled: Mapping[Cell, float],
    watched: Mapping[int, int],
    lines: Iterable[Line],
) -> None:
    """Add what grew, put what was sampled, and say how many brokers were watched in which minute."""
    database.executemany(
        "INSERT INTO line VALUES (?, ?, ?)", [(line.id, line.name, json.dumps(line.labels)) for line in lines]
    )
    database.executemany(_ADD, [(*cell, value) for cell, value in grown.items()])
    database.executemany(_SET, [(*cell, value) for cell, value in sampled.items()])
    database.executemany("INSERT OR REPLACE INTO watched VALUES (?, ?)", watched.items())


def lines(database: sqlite3.Connection) -> Iterator[Line]:
    """The lines that a history knows."""
    for number, name, labels in database.execute("SELECT id, name, labels FROM line"):
        yield Line(id=number, name=name, labels=json.loads(labels))


def opened(path: Path) -> sqlite3.Connection:
    """Open a history, or begin one; no other process can until it is closed.

    Raises:
        StoreError: it cannot be written, is in use, or is not a history.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        database = sqlite3.connect(path, check_same_thread=False, timeout=1.0)
        # Two writers would count everything twice.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        _check(database, path)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(
                f"the history {path} is in use by another process: stop it, or name another file"
            ) from None
        raise StoreError(f"the history {path} cannot be written ({error}): free some room or name another") from None
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"the history {path} cannot be used ({error}): remove it, or name another file") from None
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        database.executescript(_SCHEMA)
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise StoreError(f"{path} is a database, but not a history of clusterload: name another file")
    if version > VERSION:
        raise StoreError(f"{path} has version {version}, this clusterload reads up to {VERSION}: update clusterload")
    # An empty transaction takes the lock now, not at the first flush.
    database.execute("BEGIN IMMEDIATE")
    database.execute("COMMIT")
