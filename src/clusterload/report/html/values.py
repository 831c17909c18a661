"""Values: charts and Series as plain values, which the page's script reads as JSON."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clusterload.model import units
from clusterload.model.series import FRESH, SECOND, Floats, Kind, Series
from clusterload.model.units import Unit
from clusterload.report.chart import thinned_indices
from clusterload.report.plain import visible

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.report.chart import Chart, Trace

MOST_SERIES: Final = 2_000
"""Series that a page can show; the run file has all."""

_EVERY: Final = 300_000  # points of all Series together
_MOST, _FEWEST = 600, 100  # points of one
_DIGITS: Final = 5
_LATE: Final = 0.5  # of an interval by which a stretch may begin after the one before it


def unit_values(unit: Unit) -> dict[str, Any]:
    """How the script writes amounts of a unit, which is how `units` does."""
    return {
        "symbol": unit.symbol,
        "ratio": unit.thing == "ratio",
        "factor": unit.factor,
        "steps": [list(step) for step in units.steps(unit)],
        "rate": "/s" if unit.per_second else "",
    }


def chart_values(chart: Chart) -> dict[str, Any]:
    """A chart; what is not known is null."""
    return {
        "id": chart.id,
        "title": visible(chart.title),
        "unit": unit_values(chart.unit),
        "spectrum": chart.spectrum,
        "start": chart.start // 1_000_000,
        "span": chart.span,
        "limit": None if math.isnan(chart.limit) else chart.limit,
        "traces": [_trace_values(trace) for trace in chart.traces],
        "names": [visible(name) for name in chart.names],
        "hues": list(chart.hues),
        "who": list(chart.who),
        "marks": [[round(at, 3), visible(text)] for at, text in chart.marks],
    }


def _trace_values(trace: Trace) -> dict[str, Any]:
    return {
        "name": visible(trace.name),
        "hue": trace.hue,
        "dash": trace.dash,
        "x": _places(trace.x),
        "y": _figures(trace.y),
    }


def every_series(run: Run) -> list[dict[str, Any]]:
    """The Series of a run by name, each with what is left of it when the page has room for all."""
    named = sorted((series for series in run.series if len(series)), key=lambda series: series.key)[:MOST_SERIES]
    most = max(_FEWEST, min(_MOST, _EVERY // max(1, len(named))))
    return [_series_values(series, run, most) for series in named]


def _series_values(series: Series, run: Run, most: int) -> dict[str, Any]:
    x, y = course(series.between(run.start, run.end), run.start)
    chosen = thinned_indices(y, most)
    delta = series.kind is Kind.DELTA
    unit = replace(series.unit, symbol=f"{series.unit.symbol}/s", per_second=True) if delta else series.unit
    return {
        "name": visible(str(series)),
        "unit": unit_values(unit),
        "whole": int(np.sum(~np.isnan(y))),
        "x": _places(x[chosen]),
        "y": _figures(y[chosen]),
    }


def course(series: Series, start: int) -> tuple[Floats, Floats]:
    """A Series as it is drawn: seconds since `start`, and levels or rates per second, with a NaN in each gap.

    A delta stands in the middle of its stretch. What it is known for only much longer than the source means is a gap.
    """
    ends = (series.times - start) / SECOND
    if series.kind is Kind.DELTA:
        begins, x = ends - series.spans, ends - series.spans / 2
        fine = (series.spans > 0) & (series.spans <= FRESH * series.granularity)
        y = np.where(fine, series.values / np.where(fine, series.spans, 1.0), np.nan)
        apart = begins[1:] - ends[:-1] > _LATE * series.granularity
    else:
        x, y = ends, series.values
        apart = np.diff(ends) > FRESH * series.granularity
    gaps = np.flatnonzero(apart) + 1
    return np.insert(x, gaps, (x[gaps - 1] + x[gaps]) / 2), np.insert(y, gaps, np.nan)


def _places(values: Floats) -> list[float]:
    return [_short(round(value, 3)) for value in values.tolist()]


def _figures(values: Floats) -> list[float | None]:
    return [_short(float(f"{value:.{_DIGITS}g}")) if math.isfinite(value) else None for value in values.tolist()]


def _short(value: float) -> float:
    """A whole number without its point, which takes room in each of a hundred thousand figures."""
    return int(value) if value.is_integer() else value
