"""Replayed files: CSV with the columns time, dial, value."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import Unit, parse, parse_duration
from clusterload.model.workload.schedule.held import Replay

_COLUMNS: Final = ["time", "dial", "value"]


def read_replay(path: Path | str, unit: Unit, dial: str = "") -> Replay:
    """What a dial did, read from a CSV file.

    The file begins with the line `time,dial,value`. A time is a duration since the start of the load (`10s`, or
    seconds); a value is in `unit` or says its own. Rows of other dials are passed over.

    Args:
        path: of the file.
        unit: of the values.
        dial: whose rows count; all rows if empty.

    Raises:
        ConfigurationError: the file cannot be read, or a line is malformed; the message names file and line.
    """
    points: list[tuple[float, float]] = []
    dials: set[str] = set()
    for number, row in _rows(path):
        dials.add(row[1])
        if dial in {"", row[1]}:
            points.append(_point(row, unit, points[-1][0] if points else -1.0, f"{path}, line {number}"))
    if not points:
        others = f": it has {', '.join(sorted(dials))}" if dials else ""
        raise ConfigurationError(f"{path} has no row of dial {dial!r}{others}{nearest(dial, dials)}")
    try:
        return Replay(tuple(moment for moment, _ in points), tuple(value for _, value in points))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _rows(path: Path | str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and the three fields of each line after the header."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be replayed: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} cannot be replayed: save it as UTF-8 text") from None
    lines = csv.reader(text.splitlines())
    header = [name.strip() for name in next(lines, [])]
    if header != _COLUMNS:
        raise ConfigurationError(f"{path} begins with {','.join(header)!r}: its first line must be time,dial,value")
    for row in lines:
        fields = [value.strip() for value in row]
        if any(fields):
            if len(fields) != len(_COLUMNS):
                raise ConfigurationError(
                    f"{path}, line {lines.line_num} has {len(fields)} fields: it must be time,dial,value"
                )
            yield lines.line_num, fields


def _point(row: list[str], unit: Unit, before: float, where: str) -> tuple[float, float]:
    try:
        moment, value = parse_duration(row[0]), parse(row[2], unit).value
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None
    if value < 0:
        raise ConfigurationError(f"{where}: the value is {value:g}: it must be 0 or above")
    if moment <= before:
        raise ConfigurationError(f"{where}: time {row[0]} does not come after the one before it: sort the rows by time")
    return moment, value
