"""Export: a run written into a file in the format that its name or somebody asks for."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import ClusterloadError, UsageError, nearest
from clusterload.report.export.csv import write_csv
from clusterload.report.export.hdr_log import write_hdr_log
from clusterload.report.export.json import write_json
from clusterload.report.export.openmetrics import write_openmetrics
from clusterload.report.export.parquet import write_parquet
from clusterload.report.export.tables import TABLES

if TYPE_CHECKING:
    from clusterload.model.run import Run

Write = Callable[["Run", Path, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format.

    Attributes:
        suffixes: of files in it; the first is usual.
        write: writes a run, of which it may take one table.
        tables: whether it takes one table, and not the whole run.
    """

    suffixes: tuple[str, ...]
    write: Write
    tables: bool = False


FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format(suffixes=(".csv",), write=write_csv, tables=True),
    "json": Format(suffixes=(".json",), write=write_json),
    "parquet": Format(suffixes=(".parquet", ".pq"), write=write_parquet, tables=True),
    "openmetrics": Format(suffixes=(".openmetrics", ".om"), write=write_openmetrics),
    "hdr": Format(suffixes=(".hlog", ".hdr"), write=write_hdr_log),
}
"""All formats by name."""


def format_of(path: Path, name: str = "") -> Format:
    """The format of this name, or that which a file's name ends in.

    Raises:
        UsageError: there is no such format, or the name tells of none.
    """
    if name:
        if name not in FORMATS:
            raise UsageError(f"no format {name!r}{nearest(name, FORMATS)}; known: {', '.join(FORMATS)}")
        return FORMATS[name]
    found = next((known for known in FORMATS.values() if path.suffix.lower() in known.suffixes), None)
    if found is None:
        suffixes = ", ".join(known.suffixes[0] for known in FORMATS.values())
        raise UsageError(f"{path.name} does not say its format: let it end in one of {suffixes}, or add --format")
    return found


def export(run: Run, path: Path | str, *, format: str = "", table: str = "") -> Path:  # noqa: A002 (what people call it)
    """Write a run into a file; one that is there is replaced, once the new one is whole.

    Args:
        run: which.
        path: of the file.
        format: one of `FORMATS`; by default that of the file's suffix.
        table: one of `TABLES`, for a format that takes one; by default its points.

    Raises:
        UsageError: no format, no such table, or the file is the run's own.
        ClusterloadError: a library that is needed is missing, there is nothing to write, or it cannot be written.
    """
    file = Path(path)
    chosen = format_of(file, format)
    if table and not chosen.tables:
        raise UsageError("this format has all of a run: leave out the table, or use csv or parquet")
    if table and table not in TABLES:
        raise UsageError(f"no table {table!r}{nearest(table, TABLES)}; known: {', '.join(TABLES)}")
    if run.path is not None and file.resolve() == run.path.resolve():
        raise UsageError(f"{file} is the run file itself: give another name")
    making = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        chosen.write(run, making, table or TABLES[0])
        making.replace(file)
    except OSError as error:
        raise ClusterloadError(f"{file} cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            making.unlink(missing_ok=True)
    return file
