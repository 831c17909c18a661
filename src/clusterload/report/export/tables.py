"""Tables: a run as columns. The points of all Series in one, and what else it has of which there are many.

A table comes in blocks of rows, so that a long run need not be in memory twice; all blocks have the same columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from clusterload.model.series import SECOND, Floats, Nanoseconds

if TYPE_CHECKING:
    from clusterload.model.run import Latency, Run
    from clusterload.model.series import Series

TABLES: Final = ("points", "latencies", "ledgers", "events")
"""What of a run is a table."""

_QUANTILES: Final = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p99_9_ms": 0.999, "max_ms": 1.0}


class Of(StrEnum):
    """What a column is of."""

    TIME = "time"
    """Unix nanoseconds."""
    TEXT = "text"
    NUMBER = "number"
    COUNT = "count"


Column: TypeAlias = "str | Sequence[str | None] | Floats | Nanoseconds | None"
"""Values of a block, or one text that all of its rows have; None is not a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some rows of a table.

    Attributes:
        rows: how many.
        columns: by name.
    """

    rows: int
    columns: Mapping[str, Column]


def columns_of(run: Run, table: str) -> dict[str, Of]:
    """The columns of a table, in order, with what each is of."""
    if table == "points":
        labels = dict.fromkeys(_label_columns(run).values(), Of.TEXT)
        fixed = {"time": Of.TIME, "name": Of.TEXT, "unit": Of.TEXT, "kind": Of.TEXT}
        return {**fixed, **labels, "value": Of.NUMBER, "span_s": Of.NUMBER}
    return {
        "latencies": {
            "time": Of.TIME,
            "load": Of.TEXT,
            "of": Of.TEXT,
            "second": Of.COUNT,
            "count": Of.COUNT,
            **dict.fromkeys((*_QUANTILES, "mean_ms"), Of.NUMBER),
        },
        "ledgers": {"load": Of.TEXT, "unit": Of.TEXT, **dict.fromkeys(_COUNTS, Of.COUNT)},
        "events": {"time": Of.TIME, "kind": Of.TEXT, "text": Of.TEXT},
    }[table]


def blocks_of(run: Run, table: str) -> Iterator[Block]:
    """The rows of a table: of points a block for each Series, of the others one."""
    if table == "points":
        labels = _label_columns(run)
        yield from (_points(series, labels) for series in run.series if len(series))
        return
    rows = {"latencies": _latencies, "ledgers": _ledgers, "events": _events}[table](run)
    if rows:
        names = list(columns_of(run, table))
        yield Block(rows=len(rows), columns={name: _column(rows, place) for place, name in enumerate(names)})


def _column(rows: Sequence[tuple[object, ...]], place: int) -> Column:
    values = [row[place] for row in rows]
    if isinstance(values[0], str):
        return [str(value) for value in values]
    return np.array(values)


def _label_columns(run: Run) -> dict[str, str]:
    """The column of each label; one that is called like another column has `label_` before it."""
    names = sorted({name for series in run.series for name in series.labels})
    taken = {"time", "name", "unit", "kind", "value", "span_s"}
    found: dict[str, str] = {}
    for name in names:
        column = name
        while column in taken:
            column = f"label_{column}"
        taken.add(column)
        found[name] = column
    return found


def _points(series: Series, labels: Mapping[str, str]) -> Block:
    spans = series.spans if len(series.spans) else np.full(len(series), math.nan)
    columns: dict[str, Column] = {
        "time": series.times,
        "name": series.name,
        "unit": series.unit.symbol,
        "kind": series.kind.value,
        **{column: series.labels.get(label) for label, column in labels.items()},
        "value": series.values,
        "span_s": spans,
    }
    return Block(rows=len(series), columns=columns)


def _latencies(run: Run) -> list[tuple[object, ...]]:
    return [row for latency in run.latencies for row in _seconds(latency)]


def _seconds(latency: Latency) -> Iterator[tuple[object, ...]]:
    for second in latency.seconds:
        kept = latency.at(second)
        figures = [kept.quantile(at) / 1e3 for at in _QUANTILES.values()]
        time = latency.start + second * SECOND
        yield time, latency.load, latency.of, second, kept.count, *figures, kept.mean / 1e3


_COUNTS: Final = ("scheduled", "acknowledged", "failed", "unknown", "dropped", "late", "acknowledged_bytes")


def _ledgers(run: Run) -> list[tuple[object, ...]]:
    return [(ledger.load, ledger.unit, *(getattr(ledger, name) for name in _COUNTS)) for ledger in run.ledgers]


def _events(run: Run) -> list[tuple[object, ...]]:
    return [(event.time, event.kind, event.text) for event in run.events]
