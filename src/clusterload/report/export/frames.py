"""Frames: a run's tables as polars or pandas frames, whichever is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clusterload.model.errors import ClusterloadError, UsageError, nearest
from clusterload.report.export.tables import TABLES, Block, Of, blocks_of, columns_of

if TYPE_CHECKING:
    from clusterload.model.run import Run

LIBRARIES: Final = ("polars", "pandas")
"""Libraries of frames, the preferred one first."""


def frame(run: Run, table: str = "points", *, library: str = "") -> Any:
    """A table of a run as a frame.

    Points are a row each, with the Series' name, unit and kind, a column for each label, the value, and for what is
    counted the seconds that it covers. Times are UTC.

    Args:
        run: which.
        table: `points`, `latencies` (each second of each Load), `ledgers` or `events`.
        library: `polars` or `pandas`; by default polars if it is installed, else pandas.

    Returns:
        A `polars.DataFrame` or a `pandas.DataFrame`.

    Raises:
        UsageError: no such table or library.
        ClusterloadError: the library is not installed.
    """
    if table not in TABLES:
        raise UsageError(f"no table {table!r}{nearest(table, TABLES)}; known: {', '.join(TABLES)}")
    if library and library not in LIBRARIES:
        raise UsageError(f"no frames of {library!r}{nearest(library, LIBRARIES)}; known: {', '.join(LIBRARIES)}")
    of, blocks = columns_of(run, table), list(blocks_of(run, table))
    columns = {name: _whole(blocks, name, kind) for name, kind in of.items()}
    name, module = _library((library,) if library else LIBRARIES)
    return _polars(module, columns, of) if name == "polars" else _pandas(module, columns, of)


def _library(names: tuple[str, ...]) -> tuple[str, Any]:
    for name in names:
        try:
            return name, import_module(name)
        except ModuleNotFoundError:
            continue
    raise ClusterloadError(f"frames need {' or '.join(names)}: install it by pip install {names[0]}")


def _whole(blocks: list[Block], name: str, kind: Of) -> Any:
    """A column of all blocks: texts in a list, anything else in an array."""
    if kind is Of.TEXT:
        return [text for block in blocks for text in _texts(block, name)]
    parts = [np.asarray(block.columns[name]) for block in blocks]
    empty = np.empty(0, dtype=np.float64 if kind is Of.NUMBER else np.int64)
    return np.concatenate(parts) if parts else empty


def _texts(block: Block, name: str) -> list[str | None]:
    column = block.columns[name]
    if column is None or isinstance(column, str):
        return [column] * block.rows
    return [None if value is None else str(value) for value in column]


def _polars(polars: Any, columns: dict[str, Any], of: dict[str, Of]) -> Any:
    types = {
        Of.TIME: polars.Int64,
        Of.TEXT: polars.String,
        Of.NUMBER: polars.Float64,
        Of.COUNT: polars.Int64,
    }
    made = polars.DataFrame(columns, schema={name: types[kind] for name, kind in of.items()}, nan_to_null=True)
    times = [
        polars.from_epoch(name, time_unit="ns").dt.replace_time_zone("UTC").alias(name)
        for name, kind in of.items()
        if kind is Of.TIME
    ]
    return made.with_columns(times)


def _pandas(pandas: Any, columns: dict[str, Any], of: dict[str, Of]) -> Any:
    return pandas.DataFrame(
        {
            name: pandas.to_datetime(column, unit="ns", utc=True) if of[name] is Of.TIME else column
            for name, column in columns.items()
        }
    )
