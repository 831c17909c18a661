"""Reading a run file, also one whose writer was killed; its summary, and its labels."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from clusterload.model.errors import ClusterloadError, StoreError, UsageError
from clusterload.model.histogram import Histogram
from clusterload.model.ledger import Ledger
from clusterload.model.limits import Limits
from clusterload.model.run import Event, Generator, Latency, Run, Traffic
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import by_symbol
from clusterload.model.workload import Plan
from clusterload.telemetry.runfile.blocks import Piece, read_blocks
from clusterload.telemetry.runfile.format import APPLICATION, VERSION, unpack, unpack_times

if TYPE_CHECKING:
    from clusterload.model.workload import Plan


# The first version that has them.
_WITH_BLOCKS: Final = 2


def read_run(path: Path | str) -> Run:
    """Read a run file, also one whose writer was killed.

    Raises:
        StoreError: it is missing, not a run file, damaged, or of a newer version.
    """
    with opened(Path(path)) as database:
        return _run(database, Path(path))


def read_summary(path: Path | str) -> Summary:
    """Read a run file's summary, without its Series: quick, however large it is.

    Raises:
        StoreError: as `read_run`; damaged Series are not noticed.
    """
    with opened(Path(path)) as database:
        return _summary(database, Path(path))


@contextlib.contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A run file's database; whatever is wrong with it, or with what the block reads of it, is one error.

    Raises:
        StoreError: it is missing, not a run file, damaged, or of a newer version.
    """
    if not file.is_file():
        raise StoreError(f"run file {file} does not exist")
    try:
        with contextlib.closing(_connected(file)) as database:
            _check(database, file)
            yield database
    except StoreError:
        raise
    except (
        sqlite3.Error,
        zlib.error,
        msgspec.MsgspecError,
        ClusterloadError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise StoreError(f"{file} is damaged or not a run file ({error})") from None


def _connected(file: Path) -> sqlite3.Connection:
    # Not read-only: after a kill the write-ahead log must be taken in, which SQLite does on opening. Where
    # the folder is read-only, `immutable` still reads all that was taken in before.
    database = sqlite3.connect(file)
    try:
        database.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        database.close()
        database = sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, file: Path) -> None:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise StoreError(f"{file} is a database, but not a run file of clusterload")
    if version > VERSION:
        raise StoreError(f"{file} has version {version}, this clusterload reads up to {VERSION}: update clusterload")


def _summary(database: sqlite3.Connection, file: Path) -> Summary:
    query = "SELECT name, json FROM document WHERE name IN ('id', 'plan', 'window', 'labels')"
    documents = {name: json.loads(text) for name, text in database.execute(query)}
    window = documents.get("window", {})
    start = int(window.get("start") or _outermost(database, "min(first)") or 0)
    return Summary(
        path=file,
        id=documents["id"],
        plan=Plan.parsed(documents["plan"]) if documents.get("plan") else None,
        start=start,
        end=int(window.get("end") or _outermost(database, "max(last)") or start),
        complete=bool(window.get("complete")),
        labels=_labels(documents),
    )


def _outermost(database: sqlite3.Connection, what: str) -> int | None:
    """The first or last time of all points; None if there are none."""
    tables = ("chunk", "block") if _has_blocks(database) else ("chunk",)
    found = [database.execute(f"SELECT {what} FROM {table}").fetchone()[0] for table in tables]  # noqa: S608 (our own words)
    known = [time for time in found if time is not None]
    return (min if what.startswith("min") else max)(known, default=None)


def _has_blocks(database: sqlite3.Connection) -> bool:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return bool(version >= _WITH_BLOCKS)


def _labels(documents: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in documents.get("labels", {}).items()}


def _run(database: sqlite3.Connection, file: Path) -> Run:
    documents = {name: json.loads(text) for name, text in database.execute("SELECT name, json FROM document")}
    events = [
        Event(time=at, kind=kind, text=text) for at, kind, text in database.execute("SELECT * FROM event ORDER BY time")
    ]
    series = tuple(_series(database))
    window = documents.get("window", {})
    points = [line.times for line in series if len(line)]
    start = window.get("start") or min((int(times[0]) for times in points), default=0)
    end = window.get("end") or max((int(times[-1]) for times in points), default=start)
    return Run(
        id=documents["id"],
        plan=Plan.parsed(documents["plan"]) if documents.get("plan") else None,
        start=start,
        end=end,
        complete=bool(window.get("complete")),
        environment=documents.get("environment", {}),
        ledgers=tuple(Ledger(**ledger) for ledger in documents.get("ledgers", [])),
        series=series,
        events=tuple(events),
        latencies=tuple(_latencies(documents.get("latency", {}), documents.get("latency_intervals", {}), start)),
        traffic=tuple(
            Traffic(**{**_known(Traffic, values), "load": load}) for load, values in documents.get("wire", {}).items()
        ),
        generator=Generator(**_known(Generator, documents["generator"])) if documents.get("generator") else None,
        labels=_labels(documents),
        declared=Limits.from_document(documents["limits"]) if documents.get("limits") else None,
        path=file,
    )


def _latencies(whole: Mapping[str, Any], seconds: Mapping[str, Any], start: int) -> Iterator[Latency]:
    for load, kinds in whole.items():
        for of, text in kinds.items():
            each = seconds.get(load, {}).get(of, {})
            encoded = {int(second): histogram for second, histogram in each.items()}
            yield Latency(load=load, of=of, histogram=Histogram.decode(text), encoded=encoded, start=start)


def _known(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a class has fields for; a newer engine may record more."""
    names = {field.name for field in fields(cls)}
    return {name: value for name, value in values.items() if name in names}


def _series(database: sqlite3.Connection) -> Iterator[Series]:
    pieces = _pieces(database)
    known = dict[str, str]().setdefault
    for number, name, unit, kind, labels, granularity in database.execute("SELECT * FROM series"):
        own = pieces.pop(number, ())
        if own:
            times, values, spans = _joined(own)
            yield Series(
                name=known(name, name),
                unit=by_symbol(unit),
                kind=Kind(kind),
                # The same few texts are the labels of very many Series.
                labels={known(label, label): known(text, text) for label, text in _labels_of(labels).items()},
                granularity=granularity,
                times=times,
                values=values,
                spans=spans,
            )


_labels_of: Final = msgspec.json.Decoder(dict[str, str]).decode


def _pieces(database: sqlite3.Connection) -> dict[int, list[Piece]]:
    """The points of each Series, by its number, in as many pieces as they were written in."""
    blocks = read_blocks(database) if _has_blocks(database) else {}
    found = {series: [piece] for series, piece in blocks.items()}
    for series, *columns in database.execute("SELECT series, times, vals, spans FROM chunk ORDER BY series, first"):
        times, values, spans = columns
        found.setdefault(series, []).append(Piece(unpack_times(times), unpack(values), unpack(spans)))
    return found


def _joined(pieces: Sequence[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    times = np.concatenate([piece.times for piece in pieces])
    values = np.concatenate([piece.values for piece in pieces])
    spans = np.concatenate([piece.spans for piece in pieces])
    if np.all(times[1:] >= times[:-1]):
        return Piece(times, values, spans)
    order = np.argsort(times, kind="stable")
    return Piece(times[order], values[order], spans[order] if len(spans) == len(times) else spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run file without its Series.

    Attributes:
        path: of the file.
        id: of the run.
        plan: what load was requested; None if none was.
        start: Unix nanoseconds at which the load, or what was recorded, began.
        end: Unix nanoseconds at which it ended.
        complete: False if the run was cut short or is under way.
        labels: written on it by people.
    """

    path: Path
    id: str
    plan: Plan | None
    start: int
    end: int
    complete: bool
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.start) / SECOND


LONGEST: Final = 200
"""Characters that a label's name or its value may have."""


def parsed_label(text: str) -> tuple[str, str]:
    """A label's name and value, of `name=value`; the value may be empty, and may have more equals signs in it.

    Raises:
        UsageError: it is malformed.
    """
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name:
        raise UsageError(f"{text!r} is not a label: write it as in build=42")
    if max(len(name), len(value)) > LONGEST:
        raise UsageError(f"label {name[:20]!r} is longer than {LONGEST} characters: write less")
    return name, value


def write_labels(path: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """Write labels on a run file; one with an empty value is taken off. Also while the run goes on.

    Returns:
        All labels that it has now.

    Raises:
        StoreError: it is not a run file, or cannot be written to.
    """
    with opened(path) as database:
        try:
            # Two processes that label at once lose nothing.
            database.execute("BEGIN IMMEDIATE")
            row = database.execute("SELECT json FROM document WHERE name = 'labels'").fetchone()
            known = {**(json.loads(row[0]) if row else {}), **changes}
            kept = {name: value for name, value in known.items() if value}
            database.execute("INSERT OR REPLACE INTO document VALUES ('labels', ?)", (json.dumps(kept),))
            database.commit()
        except sqlite3.OperationalError as error:
            raise StoreError(f"{path} cannot be labelled: {error}") from None
    return kept
