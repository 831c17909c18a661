"""CSV: a table as text, which a spreadsheet opens without running anything that stands in it."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.report.export.tables import Block, Column, Of, blocks_of, columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.model.run import Run

# What a spreadsheet takes for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_csv(run: Run, path: Path, table: str) -> None:
    """Write a table of a run; times are ISO-8601 in UTC, what is not known is empty."""
    of = columns_of(run, table)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([as_text(name) for name in of])
        for block in blocks_of(run, table):
            writer.writerows(zip(*_cells(block, of), strict=True))


def _cells(block: Block, of: dict[str, Of]) -> Iterator[Sequence[str] | repeat[str]]:
    for name, kind in of.items():
        yield _texts(block.columns[name], kind, block.rows)


def _texts(column: Column, kind: Of, rows: int) -> Sequence[str] | repeat[str]:
    if column is None or isinstance(column, str):
        return repeat(as_text(column or ""), rows)
    if not isinstance(column, np.ndarray):
        return [as_text(value or "") for value in column]
    if kind is Of.TIME:
        return [f"{text}Z" for text in np.datetime_as_string(column.astype("datetime64[ns]"))]
    return ["" if math.isnan(value) else repr(value) for value in column.tolist()]


def as_text(text: str) -> str:
    """A cell that no program takes for a formula: a text that looks like a formula gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) else text
