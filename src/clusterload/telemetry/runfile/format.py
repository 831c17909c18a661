"""What a run file looks like: a SQLite schema, and how columns of points are packed."""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np

from clusterload.model.series import Floats, Nanoseconds

VERSION: Final = 2
"""Version 2 added rosters and blocks; version 1 had all points in chunks of one Series."""

# Marks the file as ours in SQLite's header, so that a foreign database is told apart. "clrn" in ASCII.
APPLICATION: Final = 0x636C726E

SCHEMA: Final = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE document (name TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE series (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    labels TEXT NOT NULL, granularity REAL NOT NULL
);
CREATE TABLE chunk (
    series INTEGER NOT NULL REFERENCES series, first INTEGER NOT NULL, last INTEGER NOT NULL,
    points INTEGER NOT NULL, times BLOB NOT NULL, vals BLOB NOT NULL, spans BLOB NOT NULL
);
CREATE INDEX chunk_of_series ON chunk (series, first);
CREATE INDEX chunk_start ON chunk (first);
CREATE INDEX chunk_end ON chunk (last);
CREATE TABLE roster (id INTEGER PRIMARY KEY, series BLOB NOT NULL);
CREATE TABLE block (
    roster INTEGER NOT NULL REFERENCES roster, first INTEGER NOT NULL, last INTEGER NOT NULL,
    points INTEGER NOT NULL, times BLOB NOT NULL, vals BLOB NOT NULL, spans BLOB NOT NULL
);
CREATE INDEX block_of_roster ON block (roster, first);
CREATE INDEX block_start ON block (first);
CREATE INDEX block_end ON block (last);
CREATE TABLE event (time INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
"""


def pack(values: Floats | Nanoseconds) -> bytes:
    """A column of eight-byte numbers, compressed."""
    # Bytes of equal weight side by side compress far better than whole numbers do.
    planes = np.frombuffer(values.tobytes(), dtype=np.uint8).reshape(-1, 8).T
    return zlib.compress(planes.tobytes(), 3)


def _unpacked(blob: bytes) -> bytes:
    return np.frombuffer(zlib.decompress(blob), dtype=np.uint8).reshape(8, -1).T.tobytes()


def unpack(blob: bytes) -> Floats:
    """The floats that `pack` was given."""
    return np.frombuffer(_unpacked(blob), dtype=np.float64)


def pack_times(times: Nanoseconds) -> bytes:
    """A column of rising times, as differences, compressed."""
    return pack(np.diff(times, prepend=0))


def unpack_times(blob: bytes) -> Nanoseconds:
    """The times that `pack_times` was given."""
    return np.cumsum(np.frombuffer(_unpacked(blob), dtype=np.int64))
