"""Replayed files: CSV with the columns time, dial, value."""

from __future__ import annotations

from pathlib import Path

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import Unit, parse, parse_duration
from clusterload.model.workload.csv_file import rows_of
from clusterload.model.workload.schedule.held import Replay


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
    for where, row in rows_of(path, "time,dial,value", f"{path} cannot be replayed"):
        dials.add(row[1])
        if dial in {"", row[1]}:
            points.append(_point(row, unit, points[-1][0] if points else -1.0, where))
    if not points:
        others = f": it has {', '.join(sorted(dials))}" if dials else ""
        raise ConfigurationError(f"{path} has no row of dial {dial!r}{others}{nearest(dial, dials)}")
    try:
        return Replay(tuple(moment for moment, _ in points), tuple(value for _, value in points))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


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
