"""Parquet: a table as DuckDB, Spark, pandas and others read it, by pyarrow where that is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clusterload.model.errors import ClusterloadError
from clusterload.report.export.json import head_of
from clusterload.report.export.tables import Block, Column, Of, blocks_of, columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.model.run import Run

# Rows that are put together before they are written: small groups of rows make a large file and slow queries.
_TOGETHER: Final = 200_000


def write_parquet(run: Run, path: Path, table: str) -> None:
    """Write a table of a run; what the run says of itself is in the file's metadata, under `clusterload`.

    Raises:
        ClusterloadError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise ClusterloadError("Parquet needs pyarrow: install it by pip install 'clusterload[export]'") from None
    of = columns_of(run, table)
    schema = pa.schema([(name, _type(pa, kind)) for name, kind in of.items()], metadata={"clusterload": _head(run)})
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        waiting: list[Any] = []
        for block in blocks_of(run, table):
            waiting.append(pa.table([_array(pa, block, name, kind) for name, kind in of.items()], schema=schema))
            if sum(table.num_rows for table in waiting) >= _TOGETHER:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        writer.write_table(pa.concat_tables(waiting) if waiting else schema.empty_table())


def _head(run: Run) -> str:
    told = {name: value for name, value in head_of(run).items() if name not in {"latencies", "events"}}
    return json.dumps(told, allow_nan=False)


def _type(pa: Any, kind: Of) -> Any:
    return {
        Of.TIME: pa.timestamp("ns", tz="UTC"),
        Of.TEXT: pa.string(),
        Of.NUMBER: pa.float64(),
        Of.COUNT: pa.int64(),
    }[kind]


def _array(pa: Any, block: Block, name: str, kind: Of) -> Any:
    column: Column = block.columns[name]
    if column is None:
        return pa.nulls(block.rows, _type(pa, kind))
    if isinstance(column, str):
        return pa.repeat(pa.scalar(column, _type(pa, kind)), block.rows)
    if kind is Of.NUMBER and isinstance(column, np.ndarray):
        # An unknown value is null, not a number, so that a mean leaves it out.
        return pa.array(column, _type(pa, kind), from_pandas=True)
    return pa.array(column, pa.int64()).cast(_type(pa, kind)) if kind is Of.TIME else pa.array(column, _type(pa, kind))
