"""JSON: all of a run in one document, for programs; written Series by Series, however long the run was."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from clusterload.model.run import clock_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clusterload.model.run import Run
    from clusterload.model.series import Series


def write_json(run: Run, path: Path, table: str) -> None:  # noqa: ARG001 (it has all tables)
    """Write a run; times are Unix microseconds, which every program reads exactly; what is not known is null."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(_parts(run))


def _parts(run: Run) -> Iterator[str]:
    head = json.dumps(head_of(run), allow_nan=False)
    yield f'{head[:-1]}, "series": ['
    for number, series in enumerate(run.series):
        yield ",\n" if number else "\n"
        yield json.dumps(_series(series), allow_nan=False)
    yield "\n]}\n"


def head_of(run: Run) -> dict[str, Any]:
    """All of a run but its Series, as plain values."""
    return {
        "id": run.id,
        "start": clock_time(run.start),
        "end": clock_time(run.end),
        "start_us": run.start // 1000,
        "end_us": run.end // 1000,
        "complete": run.complete,
        "labels": dict(run.labels),
        "plan": run.plan.as_document() if run.plan else None,
        "environment": dict(run.environment),
        "ledgers": [asdict(ledger) for ledger in run.ledgers],
        "traffic": [asdict(traffic) for traffic in run.traffic],
        "generator": asdict(run.generator) if run.generator else None,
        "events": [{"time_us": event.time // 1000, "kind": event.kind, "text": event.text} for event in run.events],
        # As other HdrHistogram tools read it: in microseconds, compressed, base64.
        "latencies": [
            {"load": latency.load, "of": latency.of, "histogram_us": latency.histogram.encode()}
            for latency in run.latencies
        ],
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "unit": series.unit.symbol,
        "kind": series.kind.value,
        "labels": dict(series.labels),
        "granularity_s": series.granularity,
        "times_us": (series.times // 1000).tolist(),
        "values": [value if math.isfinite(value) else None for value in series.values.tolist()],
        "spans_s": series.spans.tolist(),
    }
