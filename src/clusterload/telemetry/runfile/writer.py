"""Writing a run file while the run goes."""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final, Self, TypeAlias

import numpy as np

from clusterload.model.errors import StoreError
from clusterload.model.ledger import Ledger
from clusterload.model.points import Head, Points
from clusterload.model.run import Event
from clusterload.model.series import Kind, Point, SeriesKey
from clusterload.telemetry.runfile.blocks import Blocks
from clusterload.telemetry.runfile.format import SCHEMA, pack, pack_times

SUFFIX: Final = ".run"
FLUSH_SECONDS: Final = 2.0


def new_id(now: float | None = None) -> str:
    """A run id: the time in UTC and six random hexadecimal digits, so that ids sort by time."""
    stamp = datetime.fromtimestamp(time.time() if now is None else now, tz=UTC)
    return f"{stamp:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


SeriesRow: TypeAlias = tuple[int, str, str, str, str, float]
"""A row of the table of Series, with its columns in order."""


def _series_row(number: int, head: Head | Point, granularity: float) -> SeriesRow:
    return number, head.name, head.unit.symbol, head.kind.value, json.dumps(dict(head.labels)), granularity


@dataclass(slots=True, kw_only=True)
class _Line:
    """A Series while it is being written point by point: what is not yet in the file."""

    id: int
    granularity: float
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    spans: list[float] = field(default_factory=list)

    def chunk(self) -> tuple[int, int, int, int, bytes, bytes, bytes]:
        times = np.array(self.times, dtype=np.int64)
        return (
            self.id,
            self.times[0],
            self.times[-1],
            len(times),
            pack_times(times),
            pack(np.array(self.values, dtype=np.float64)),
            pack(np.array(self.spans, dtype=np.float64)),
        )


class Recorder:
    """Writes a run file while the run goes; several threads may record at once.

    A disk that fills up does not stop the run: what cannot be written stays in memory, is tried again, and
    at the end goes to another file in the temporary folder.
    """

    def __init__(self, path: Path | str, *, run_id: str | None = None) -> None:
        """Begin a run file.

        Raises:
            StoreError: the file exists already, or its folder cannot be written to.
        """
        self.path = Path(path)
        self.id = run_id or new_id()
        self._lock = threading.RLock()
        self._numbers: dict[SeriesKey, int] = {}
        self._unsaved_series: dict[int, SeriesRow] = {}
        self._lines: dict[SeriesKey, _Line] = {}
        self._blocks = Blocks(self._number_of)
        self._events: list[Event] = []
        self._documents: dict[str, str] = {}
        self._unsaved: set[str] = set()
        self._full = ""
        self._stopping = threading.Event()
        self._database = _created(self.path, self.id)
        self._flusher = threading.Thread(target=self._flush_often, name="run-file", daemon=True)
        self._flusher.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def document(self, name: str, value: Any) -> None:
        """Keep plain values under a name as they are now; a later one replaces an earlier one."""
        text = json.dumps(value)  # here, where a value that is not plain fails its caller
        with self._lock:
            self._documents[name] = text
            self._unsaved.add(name)

    def ledgers(self, ledgers: Sequence[Ledger]) -> None:
        """Keep the accounts as they stand."""
        self.document("ledgers", [asdict(ledger) for ledger in ledgers])

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened, at Unix nanoseconds."""
        with self._lock:
            self._events.append(Event(time=time, kind=kind, text=text))

    def record(self, point: Point) -> None:
        """Keep one point of a Series; the Series begins with its first point. Delta spans are in seconds."""
        with self._lock:
            key = point.key
            line = self._lines.get(key)
            if line is None or point.granularity > line.granularity:  # a new Series, or a source that got slower
                number = self._number_of(point, point.granularity)
                line = self._lines.setdefault(key, _Line(id=number, granularity=point.granularity))
                line.granularity = point.granularity
            line.times.append(point.time)
            line.values.append(point.value)
            if point.kind is Kind.DELTA:
                line.spans.append(point.span)

    def record_all(self, points: Points) -> None:
        """Keep one point each of many Series; one of which no value is known begins with its first that is."""
        with self._lock:
            self._blocks.add(points)

    def flush(self) -> None:
        """Write what is new to the file. A failure is remembered and everything is kept for later."""
        with self._lock:
            try:
                with self._database:
                    self._write(self._database)
            except sqlite3.Error as error:
                if not self._full:
                    self._full = f"the run file {self.path} cannot be written ({error})"
                    self._events.append(Event(time=time.time_ns(), kind="disk-full", text=self._full))
            else:
                self._forget_written()
                self._fold_in()

    def close(self) -> None:
        """Write the rest and close. If the file cannot take it, `path` becomes one in the temporary folder.

        Raises:
            StoreError: no place took what was measured.
        """
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._flusher.join()
        self.flush()
        with self._lock:
            if self._pending():
                self._rescue()
            self._database.close()

    @property
    def trouble(self) -> str:
        """Why the file could not be written at some time, or nothing."""
        return self._full

    def _number_of(self, head: Head | Point, granularity: float) -> int:
        """The number of a Series, whose row is to be written, once more if the source got slower."""
        number = self._numbers.setdefault(head.key, len(self._numbers))
        self._unsaved_series[number] = _series_row(number, head, granularity)
        return number

    def _flush_often(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self.flush()

    def _pending(self) -> bool:
        lines = any(line.times for line in self._lines.values())
        return bool(self._unsaved or self._events or lines or self._blocks.is_pending)

    def _write(self, database: sqlite3.Connection) -> None:
        database.executemany(
            "INSERT OR REPLACE INTO document VALUES (?, ?)",
            [(name, self._documents[name]) for name in sorted(self._unsaved)],
        )
        fresh = [line for line in self._lines.values() if line.times]
        rows = list(self._unsaved_series.values())
        database.executemany("INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.executemany("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)", [line.chunk() for line in fresh])
        self._blocks.write(database)
        database.executemany(
            "INSERT INTO event VALUES (?, ?, ?)", [(event.time, event.kind, event.text) for event in self._events]
        )

    def _forget_written(self) -> None:
        self._unsaved.clear()
        self._unsaved_series.clear()
        self._events.clear()
        self._blocks.forget_written()
        for line in self._lines.values():
            for column in (line.times, line.values, line.spans):
                column.clear()

    def _fold_in(self) -> None:
        """Take the write-ahead log into the file, so that the one file holds all that is written."""
        # Passive: a reader is not waited for. What is not folded in stands in the log and is read from there.
        with contextlib.suppress(sqlite3.Error):
            self._database.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _rescue(self) -> None:
        """Put the file's content and what is still in memory into a new file elsewhere."""
        try:
            other = Path(gettempdir()) / f"clusterload-{self.id}{SUFFIX}"
            with contextlib.closing(sqlite3.connect(other)) as database:
                self._database.backup(database)
                self.event(time.time_ns(), "rescued", f"the whole run was kept in {other}")
                with database:
                    self._write(database)
        except (sqlite3.Error, OSError) as error:
            self._database.close()
            raise StoreError(
                f"{self._full}, nor can one in the temporary folder ({error}): free some room and run again"
            ) from None
        self.path = other


def require_free(path: Path) -> None:
    """Make sure that no file stands where a run file is to be; StoreError if one does."""
    if path.exists():
        raise StoreError(f"{path} exists already: give another name, or remove it")


def _created(path: Path, run_id: str) -> sqlite3.Connection:
    require_free(path)
    # Made under another name first, so that a reader finds a whole file or none.
    making = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(making)) as database:
            database.executescript(SCHEMA)
            with database:
                database.execute("INSERT INTO document VALUES (?, ?)", ("id", json.dumps(run_id)))
        making.rename(path)
        database = sqlite3.connect(path, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
    except (sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            making.unlink()
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(
            f"the run file {path} cannot be written: {reason}; free some room or give another folder"
        ) from None
    return database
