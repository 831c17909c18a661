"""CSV files that a plan names: a header that must be as it is expected, and rows of so many fields."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from clusterload.model.errors import ConfigurationError


def rows_of(path: Path | str, columns: str, refusal: str) -> Iterator[tuple[str, list[str]]]:
    """Where each row after the header stands (`peak.csv, line 3`), and its fields; empty lines are left out.

    Args:
        path: of the file.
        columns: its first line, as in `time,dial,value`.
        refusal: what a file that cannot be read is refused with, as in `peak.csv cannot be replayed`.

    Raises:
        ConfigurationError: the file cannot be read, or has other columns; the message names file and line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{refusal}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{refusal}: save it as UTF-8 text") from None
    lines = csv.reader(text.splitlines())
    header = ",".join(name.strip() for name in next(lines, []))
    if header != columns:
        raise ConfigurationError(f"{path} begins with {header!r}: its first line must be {columns}")
    for row in lines:
        fields, where = [field.strip() for field in row], f"{path}, line {lines.line_num}"
        if any(fields):
            if len(fields) != columns.count(",") + 1:
                raise ConfigurationError(f"{where} has {len(fields)} fields: it must be {columns}")
            yield where, fields
