"""History: what was scraped of a cluster, minute by minute, for days, in one SQLite file.

A history takes the points of a source. It keeps the amount of each delta in each minute, over all brokers, and
the last sample of each gauge in each minute, broker by broker. A delta that crosses minutes is split in
proportion to time, into whole numbers that add up to it. A line with labels of its own (a topic, a type of
request) has nothing in a minute in which it did not grow; lines of the whole cluster say zero then.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from clusterload.model.points import Points
from clusterload.model.series import SECOND, Floats, Kind, Nanoseconds, Point
from clusterload.server.metrics_api.history.file import Cell, Line, lines, opened, write

KEPT_MINUTES: Final = 7 * 24 * 60
"""How long a history reaches back."""

_FLUSH_SECONDS: Final = 5.0
_PRUNE_SECONDS: Final = 3600.0
_BROKER: Final = "broker"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """What one line says: `minutes` since 1970, rising, and a value for each; both of shape `(n,)`."""

    minutes: Nanoseconds
    values: Floats


class History:
    """The minutes of one cluster, in a file that only one process may have open.

    What is not yet in the file is at most a few seconds old, and is seen by every question.
    """

    def __init__(
        self,
        path: Path,
        *,
        brokers: Collection[str],
        names: Collection[str],
        on_event: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Open a history, or begin one.

        Args:
            path: of the file.
            brokers: those that are scraped from now on.
            names: of the resources to keep; points of others are passed over.
            on_event: gets one line for each thing that happens, such as a scrape that fails.

        Raises:
            StoreError: the file cannot be written, is in use, or is not a history.
        """
        self.path = path
        self._brokers, self._names, self._on_event = len(brokers), frozenset(names), on_event
        # Points come from the scrapers' threads and must not wait for a long question to the file.
        self._taking, self._filing = threading.Lock(), threading.Lock()
        self._grown: dict[Cell, float] = {}
        self._sampled: dict[Cell, float] = {}
        self._watched: set[int] = set()
        self._new: list[Line] = []
        self._trouble = ""
        self._database = opened(path)
        self._lines = {_key(line.name, line.labels): line for line in lines(self._database)}
        self._next_id = 1 + max((line.id for line in self._lines.values()), default=0)
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._keep, name="history", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, point: Point) -> None:
        """Take one point: a delta over the `span` seconds before `time` in Unix nanoseconds, or a gauge at it."""
        if point.name not in self._names or not math.isfinite(point.value):
            return
        if point.kind is Kind.GAUGE:
            self._take_gauge(point.name, point.labels, point.time // MINUTE, point.value)
        else:
            own = {key: text for key, text in point.labels.items() if key != _BROKER}
            # Most topics stand still most of the time: they need no line, and no work.
            if point.value or not own:
                self._take_delta(point.name, own, split(point.time, point.span, point.value))

    def record_all(self, points: Points) -> None:
        """Take one point each of many Series."""
        for point in points:
            self.record(point)

    def _take_gauge(self, name: str, labels: Mapping[str, str], minute: int, value: float) -> None:
        with self._taking:
            self._watched.add(minute)
            self._sampled[self._id(name, labels), minute] = value

    def _take_delta(self, name: str, labels: Mapping[str, str], shares: Iterable[tuple[int, float]]) -> None:
        with self._taking:
            line = self._id(name, labels)
            for minute, share in shares:
                self._watched.add(minute)
                if share or not labels:
                    self._grown[line, minute] = self._grown.get((line, minute), 0) + share

    def _id(self, name: str, labels: Mapping[str, str]) -> int:
        key = _key(name, labels)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(id=self._next_id, name=name, labels=dict(labels))
            self._next_id += 1
            self._new.append(line)
        return line.id

    def event(self, time: int, kind: str, text: str) -> None:  # noqa: ARG002 (a sink's signature)
        """Hand on what happened."""
        self._on_event(text)

    def names(self) -> set[str]:
        """The resources that were ever seen in the days that are kept."""
        with self._taking:
            return {line.name for line in self._lines.values()}

    def lines(self, name: str) -> list[Line]:
        """The lines of a resource."""
        with self._taking:
            return [line for line in self._lines.values() if line.name == name]

    def cells(self, line: Line, stretches: Sequence[Minutes]) -> Cells:
        """What a line says in some stretches of minutes, which are in order and do not overlap."""
        ask = "SELECT minute, value FROM cell WHERE line = ? AND minute >= ? AND minute < ?"
        rows = self._asked(ask, [(line.id, *stretch) for stretch in stretches])
        return Cells(
            minutes=np.array([row[0] for row in rows], dtype=np.int64),
            values=np.array([row[1] for row in rows], dtype=np.float64),
        )

    def brokers(self, stretches: Sequence[Minutes]) -> Cells:
        """How many brokers were to be scraped in each minute in which any was."""
        rows = self._asked("SELECT minute, brokers FROM watched WHERE minute >= ? AND minute < ?", stretches)
        return Cells(
            minutes=np.array([row[0] for row in rows], dtype=np.int64),
            values=np.array([row[1] for row in rows], dtype=np.float64),
        )

    def _asked(self, ask: str, stretches: Iterable[tuple[int, ...]]) -> list[tuple[int, float]]:
        with self._filing:
            return [row for stretch in stretches for row in self._database.execute(ask, stretch).fetchall()]

    def flush(self) -> None:
        """Write what is new to the file. A failure is told once, and everything is kept for the next time."""
        with self._filing:
            with self._taking:
                grown, sampled, watched, new = self._grown, self._sampled, self._watched, self._new
                self._grown, self._sampled, self._watched, self._new = {}, {}, set(), []
            try:
                with self._database as database:
                    write(
                        database,
                        grown=grown,
                        sampled=sampled,
                        watched=dict.fromkeys(watched, self._brokers),
                        lines=new,
                    )
                self._trouble = ""
            except sqlite3.Error as error:
                self._take_back(grown, sampled, watched, new)
                self._complain(f"the history {self.path} cannot be written ({error}): free some room")

    def _take_back(
        self, grown: dict[Cell, float], sampled: dict[Cell, float], watched: set[int], new: list[Line]
    ) -> None:
        with self._taking:
            for cell, value in self._grown.items():
                grown[cell] = grown.get(cell, 0) + value
            self._grown, self._sampled = grown, sampled | self._sampled
            self._watched, self._new = watched | self._watched, new + self._new

    def _complain(self, text: str) -> None:
        if text != self._trouble:
            self._on_event(text)
        self._trouble = text

    def prune(self, now: int) -> None:
        """Forget the minutes that are older than is kept, and lines that have none left; `now` in nanoseconds."""
        oldest = now // MINUTE - KEPT_MINUTES
        self.flush()
        with self._taking:
            known = list(self._lines.values())
        with self._filing, contextlib.suppress(sqlite3.Error), self._database as database:
            database.execute("DELETE FROM watched WHERE minute < ?", (oldest,))
            for line in known:
                database.execute("DELETE FROM cell WHERE line = ? AND minute < ?", (line.id, oldest))
            self._forget_empty(database)

    def _forget_empty(self, database: sqlite3.Connection) -> None:
        empty = "SELECT id FROM line WHERE NOT EXISTS (SELECT 1 FROM cell WHERE cell.line = line.id)"
        gone = {number for (number,) in database.execute(empty)}
        with self._taking:
            taken = {line for line, _ in (*self._grown, *self._sampled)}
            self._lines = {key: line for key, line in self._lines.items() if line.id not in gone - taken}
        database.executemany("DELETE FROM line WHERE id = ?", [(number,) for number in gone - taken])

    def _keep(self) -> None:
        prune = time.monotonic()
        while not self._closing.wait(_FLUSH_SECONDS):
            self.flush()
            if time.monotonic() >= prune:
                prune = time.monotonic() + _PRUNE_SECONDS
                self.prune(time.time_ns())

    def close(self) -> None:
        """Write the rest and close the file. Closing twice does no harm."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._writer.join()
        self.flush()
        self._database.close()


def _key(name: str, labels: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


MINUTE: Final = 60 * SECOND
"""Nanoseconds in a minute."""

Minutes = tuple[int, int]
"""A stretch of whole minutes since 1970, from the first up to, but without, the second."""


def split(end: int, span: float, value: float) -> Iterator[tuple[int, float]]:
    """Split what grew in the `span` seconds before `end` by minutes; whole numbers stay whole, and the sum stays."""
    start = end - round(span * SECOND)
    given, whole = 0.0, float(value).is_integer()
    for minute in range(start // MINUTE, max(start, end - 1) // MINUTE + 1):
        passed = min(end, (minute + 1) * MINUTE) - start
        until = value * passed / (end - start) if end > start else value
        until = round(until) if whole else until
        yield minute, until - given
        given = until
