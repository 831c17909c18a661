"""Blocks: points of many Series at the same times, in one row of a run file.

A scrape of a broker has thousands of points. In a row each they would take more room than their values do, so they are
kept by roster: the list of Series that a broker shows as long as it shows the same ones. Each flush writes what is new,
so that a kill loses seconds only; every 16 scrapes take the place of the rows that held them, which is smaller and
quicker to read. A Series that never had a value but NaN is not kept at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterload.model.series import SECOND, Floats, Kind, Nanoseconds
from clusterload.telemetry.runfile.format import pack, pack_times, unpack, unpack_times

if TYPE_CHECKING:
    import sqlite3

    from clusterload.model.points import Head, Points

MERGED: Final = 16
"""Scrapes of a roster that are put into one row in the end."""

# Fractions keep 17 significant bits, 1 in 130,000: more than brokers measure rates by, and a fifth of the room.
_DROPPED_BITS: Final = 52 - 16
_NO_SERIES: Final = -1
_NO_SPANS: Final = np.empty(0)
# A roster that was silent for so many of its intervals, while others were not, is over.
_LONG_SILENT: Final = 20


def rounded(values: Floats) -> Floats:
    """The values with 17 significant bits, which is more than five digits; whole numbers exactly as they are."""
    half, kept = np.int64(1 << (_DROPPED_BITS - 1)), np.int64(-1 << _DROPPED_BITS)
    near = ((values.view(np.int64) + half) & kept).view(np.float64)
    is_exact = ~np.isfinite(values) | (values == np.floor(values)) | ~np.isfinite(near)
    return np.where(is_exact, values, near)


class _Row(NamedTuple):
    """A row of the table of blocks, with its columns in order."""

    roster: int
    first: int
    last: int
    points: int
    times: bytes
    vals: bytes
    spans: bytes


@dataclass(slots=True, kw_only=True, eq=False)
class _Roster:
    """The Series of one tuple of heads, and their scrapes that are not in a merged row yet.

    Attributes:
        id: in the file.
        heads: the Series.
        series: their numbers in the file; `_NO_SERIES` as long as they had no value.
        granularity: the largest that was seen.
        scrapes: time, values and spans of each.
        written: how many of them are in the file, in the rows of `tail`.
        added: the row that was just written, if it is not a merged one.
        last: time of the last scrape.
    """

    id: int
    heads: tuple[Head, ...]
    series: NDArray[np.int64]
    granularity: float
    scrapes: list[tuple[int, Floats, Floats]] = field(default_factory=list)
    written: int = 0
    tail: list[int] = field(default_factory=list)
    added: int | None = None
    is_stored: bool = False
    last: int = 0

    @property
    def is_fresh(self) -> bool:
        return self.written < len(self.scrapes)

    @property
    def is_full(self) -> bool:
        return len(self.scrapes) >= MERGED

    def write(self, database: sqlite3.Connection) -> None:
        if not self.is_stored:
            kept = self.series[self.series != _NO_SERIES]
            database.execute("INSERT OR REPLACE INTO roster VALUES (?, ?)", (self.id, pack_times(kept)))
        if self.is_full:
            database.executemany("DELETE FROM block WHERE rowid = ?", [(row,) for row in self.tail])
        row = _row(self.id, self.scrapes if self.is_full else self.scrapes[self.written :])
        done = database.execute("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self.added = None if self.is_full else done.lastrowid

    def forget_written(self) -> None:
        if not self.is_fresh:
            return
        self.is_stored = True
        if self.is_full:
            self.scrapes.clear()
            self.tail.clear()
        elif self.added is not None:
            self.tail.append(self.added)
        self.written = len(self.scrapes)


class Blocks:
    """What is to be written as blocks. Its user makes sure that a single thread at a time uses it."""

    def __init__(self, number: Callable[[Head, float], int]) -> None:
        """Begin without any.

        Args:
            number: gives the number in the file of a Series with so many seconds between points, new or known.
        """
        self._number = number
        self._rosters: dict[int, _Roster] = {}
        self._replaced: list[_Roster] = []
        self._count = 0
        self._newest = 0

    def add(self, points: Points) -> None:
        """Take one point each of many Series."""
        roster = self._rosters.get(id(points.heads)) or self._begun(points)
        values = points.values
        is_new = (roster.series == _NO_SERIES) & ~np.isnan(values)
        if is_new.any() or points.granularity > roster.granularity:
            roster = self._grown(roster, np.flatnonzero(is_new), max(points.granularity, roster.granularity))
        kept = roster.series != _NO_SERIES
        if kept.any():
            roster.scrapes.append((points.time, rounded(values[kept]), points.spans[kept]))
        roster.last, self._newest = points.time, max(points.time, self._newest)

    @property
    def is_pending(self) -> bool:
        """Whether anything is not in the file."""
        return any(roster.is_fresh for roster in self._all())

    def write(self, database: sqlite3.Connection) -> None:
        """Write what is new, within a transaction of the caller's."""
        for roster in self._all():
            if roster.is_fresh:
                roster.write(database)

    def forget_written(self) -> None:
        """What was pending is in the file for good."""
        for roster in self._all():
            roster.forget_written()
        self._replaced.clear()
        # A broker that shows other Series by now has another roster: this one does not come back.
        self._rosters = {key: roster for key, roster in self._rosters.items() if not self._is_over(roster)}

    def _all(self) -> Iterator[_Roster]:
        yield from self._replaced
        yield from self._rosters.values()

    def _is_over(self, roster: _Roster) -> bool:
        return self._newest - roster.last > _LONG_SILENT * roster.granularity * SECOND

    def _begun(self, points: Points) -> _Roster:
        self._count += 1
        none = np.full(len(points.heads), _NO_SERIES, dtype=np.int64)
        roster = _Roster(id=self._count, heads=points.heads, series=none, granularity=points.granularity)
        self._rosters[id(points.heads)] = roster
        return roster

    def _grown(self, roster: _Roster, new: NDArray[np.int64], granularity: float) -> _Roster:
        """The roster with the Series that now have a first value, or of a source that has become slower."""
        series = roster.series.copy()
        if granularity > roster.granularity:
            new = np.union1d(new, np.flatnonzero(series != _NO_SERIES))
        series[new] = [self._number(roster.heads[place], granularity) for place in new.tolist()]
        if np.array_equal(series, roster.series):
            roster.granularity = granularity
            return roster
        self._replaced.append(roster)
        self._count += 1
        grown = _Roster(id=self._count, heads=roster.heads, series=series, granularity=granularity)
        self._rosters[id(roster.heads)] = grown
        return grown


def _row(roster: int, scrapes: Sequence[tuple[int, Floats, Floats]]) -> _Row:
    times = np.array([time for time, _, _ in scrapes], dtype=np.int64)
    # Of each Series all values side by side: those are alike.
    values, spans = (np.ascontiguousarray(np.stack([scrape[at] for scrape in scrapes], axis=1)) for at in (1, 2))
    return _Row(roster, int(times.min()), int(times.max()), len(times), pack_times(times), pack(values), pack(spans))


class Piece(NamedTuple):
    """Some points of one Series, of which more may be in other places."""

    times: Nanoseconds
    values: Floats
    spans: Floats


class _Stored(NamedTuple):
    """All that a roster holds: a row of values and of spans for each of its Series."""

    series: NDArray[np.int64]
    times: Nanoseconds
    values: Floats
    spans: Floats


def read_blocks(database: sqlite3.Connection) -> dict[int, Piece]:
    """All points that are in blocks, by the number of their Series."""
    gauges = {number for (number,) in database.execute("SELECT id FROM series WHERE kind = ?", (Kind.GAUGE.value,))}
    rosters = [stored for stored in _stored(database) if len(stored.times)]
    found: dict[int, Piece] = {}
    for of, numbers in _by_rosters(rosters).items():
        whole = _side_by_side([rosters[place] for place in of], numbers)
        for row, number in enumerate(numbers.tolist()):
            spans = _NO_SPANS if number in gauges else whole.spans[row]
            found[number] = Piece(whole.times, whole.values[row], spans)
    return found


def _stored(database: sqlite3.Connection) -> Iterator[_Stored]:
    for roster, packed in database.execute("SELECT id, series FROM roster ORDER BY id").fetchall():
        series = unpack_times(packed)
        columns = "SELECT times, vals, spans FROM block WHERE roster = ? ORDER BY first"
        rows = [_read(row, len(series)) for row in database.execute(columns, (roster,))]
        if rows:
            times = np.concatenate([row.times for row in rows])
            values, spans = (np.concatenate([row[at] for row in rows], axis=1) for at in (1, 2))
            yield _Stored(series, times, values, spans)


def _by_rosters(rosters: Sequence[_Stored]) -> dict[tuple[int, ...], NDArray[np.int64]]:
    """The Series that are in the very same rosters, by those: very many at once instead of one after the other."""
    of: dict[int, tuple[int, ...]] = {}
    for place, roster in enumerate(rosters):
        for number in roster.series.tolist():
            of[number] = (*of.get(number, ()), place)
    together: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, places in of.items():
        together[places].append(number)
    return {places: np.array(sorted(numbers), dtype=np.int64) for places, numbers in together.items()}


def _side_by_side(rosters: Sequence[_Stored], numbers: NDArray[np.int64]) -> _Stored:
    """The points of some Series in all of these rosters, in order of time."""
    rows = []
    for roster in rosters:
        order = np.argsort(roster.series)
        rows.append(order[np.searchsorted(roster.series, numbers, sorter=order)])
    times = np.concatenate([roster.times for roster in rosters])
    values = np.concatenate([roster.values[row] for roster, row in zip(rosters, rows, strict=True)], axis=1)
    spans = np.concatenate([roster.spans[row] for roster, row in zip(rosters, rows, strict=True)], axis=1)
    if np.all(times[1:] >= times[:-1]):
        return _Stored(numbers, times, values, spans)
    order = np.argsort(times, kind="stable")
    return _Stored(numbers, times[order], values[:, order], spans[:, order])


def _read(row: tuple[bytes, bytes, bytes], series: int) -> Piece:
    times, values, spans = row
    return Piece(unpack_times(times), unpack(values).reshape(series, -1), unpack(spans).reshape(series, -1))
