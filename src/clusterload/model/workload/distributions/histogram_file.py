"""Histogram files: CSV with the columns size, weight."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.units import BYTES, parse

_COLUMNS: Final = ["size", "weight"]


def read_sizes(path: Path | str) -> list[tuple[int, float]]:
    """Sizes in bytes with their weights; a weight of 0 is left out.

    Raises:
        ConfigurationError: the file cannot be read, or a line is malformed; the message names file and line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"histogram {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"histogram {path} cannot be read: save it as UTF-8 text") from None
    lines = csv.reader(text.splitlines())
    header = [name.strip() for name in next(lines, [])]
    if header != _COLUMNS:
        raise ConfigurationError(f"{path} begins with {','.join(header)!r}: its first line must be size,weight")
    rows = [_row(row, f"{path}, line {lines.line_num}") for row in lines if any(row)]
    found = [(size, weight) for size, weight in rows if weight]
    if not found:
        raise ConfigurationError(f"histogram {path} has no size of a weight above 0: add a line size,weight")
    return found


def _row(row: list[str], where: str) -> tuple[int, float]:
    if len(row) != len(_COLUMNS):
        raise ConfigurationError(f"{where} has {len(row)} fields: it must be size,weight")
    try:
        size, weight = parse(row[0], BYTES).value, float(row[1])
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None
    except ValueError:
        raise ConfigurationError(f"{where}: weight {row[1]!r} is not a number") from None
    if size != int(size):
        raise ConfigurationError(f"{where}: size {row[0]} is not a whole number of bytes")
    if not 0 <= weight < math.inf:
        raise ConfigurationError(f"{where}: weight is {row[1]}: it must be 0 or above, and finite")
    return int(size), weight
