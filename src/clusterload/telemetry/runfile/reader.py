"""Reading a run file, also one whose writer was killed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from clusterload.model.errors import ClusterloadError, StoreError
from clusterload.model.histogram import Histogram
from clusterload.model.ledger import Ledger
from clusterload.model.run import Event, Generator, Latency, Run, Traffic
from clusterload.model.series import Kind, Series
from clusterload.model.units import by_symbol
from clusterload.model.workload import Plan
from clusterload.telemetry.runfile.format import APPLICATION, VERSION, unpack, unpack_times
from clusterload.telemetry.runfile.summary import Summary


def read_run(path: Path | str) -> Run:
    """Read a run file, also one whose writer was killed.

    Raises:
        StoreError: it is missing, no run file, damaged, or of a newer version.
    """
    with opened(Path(path)) as database:
        return _run(database, Path(path))


def read_summary(path: Path | str) -> Summary:
    """Read what a run file says of itself, without its Series: in no time, however large it is.

    Raises:
        StoreError: as `read_run`; of a file whose Series are damaged nothing is noticed.
    """
    with opened(Path(path)) as database:
        return _summary(database, Path(path))


@contextlib.contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A run file's database, if it is one; whatever is wrong with it, and with what is read of it, is one error.

    Raises:
        StoreError: it is missing, no run file, damaged, or of a newer version.
    """
    if not file.is_file():
        raise StoreError(f"there is no run file {file}")
    try:
        with contextlib.closing(_connected(file)) as database:
            _check(database, file)
            yield database
    except StoreError:
        raise
    except (sqlite3.Error, zlib.error, ClusterloadError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise StoreError(f"{file} is damaged or no run file ({error})") from None


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
    asked = "SELECT name, json FROM document WHERE name IN ('id', 'plan', 'window', 'labels')"
    documents = {name: json.loads(text) for name, text in database.execute(asked)}
    window = documents.get("window", {})
    first, last = database.execute("SELECT min(first), max(last) FROM chunk").fetchone()
    start = int(window.get("start") or first or 0)
    return Summary(
        path=file,
        id=documents["id"],
        plan=Plan.parsed(documents["plan"]) if documents.get("plan") else None,
        start=start,
        end=int(window.get("end") or last or start),
        complete=bool(window.get("complete")),
        labels=_labels(documents),
    )


def _labels(documents: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in documents.get("labels", {}).items()}


def _run(database: sqlite3.Connection, file: Path) -> Run:
    documents = {name: json.loads(text) for name, text in database.execute("SELECT name, json FROM document")}
    events = [
        Event(time=at, kind=kind, text=text) for at, kind, text in database.execute("SELECT * FROM event ORDER BY time")
    ]
    series = tuple(_series(database))
    window = documents.get("window", {})
    points = [one.times for one in series if len(one)]
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
            Traffic(**{**_known(Traffic, told), "load": load}) for load, told in documents.get("wire", {}).items()
        ),
        generator=Generator(**_known(Generator, documents["generator"])) if documents.get("generator") else None,
        labels=_labels(documents),
        path=file,
    )


def _latencies(whole: Mapping[str, Any], seconds: Mapping[str, Any], start: int) -> Iterator[Latency]:
    for load, kinds in whole.items():
        for of, text in kinds.items():
            each = seconds.get(load, {}).get(of, {})
            encoded = {int(second): one for second, one in each.items()}
            yield Latency(load=load, of=of, histogram=Histogram.decode(text), encoded=encoded, start=start)


def _known(cls: type, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a class has room for; a newer engine may tell more."""
    names = {one.name for one in fields(cls)}
    return {name: value for name, value in told.items() if name in names}


def _series(database: sqlite3.Connection) -> Iterator[Series]:
    chunks = "SELECT times, vals, spans FROM chunk WHERE series = ? ORDER BY first"
    for number, name, unit, kind, labels, granularity in database.execute("SELECT * FROM series").fetchall():
        rows = database.execute(chunks, (number,)).fetchall()
        if rows:
            yield Series(
                name=name,
                unit=by_symbol(unit),
                kind=Kind(kind),
                labels=json.loads(labels),
                granularity=granularity,
                times=np.concatenate([unpack_times(row[0]) for row in rows]),
                values=np.concatenate([unpack(row[1]) for row in rows]),
                spans=np.concatenate([unpack(row[2]) for row in rows]),
            )
