"""Spectrum: latency by percentile, from the shortest answer to the longest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.model import units
from clusterload.report.chart import Chart, Trace
from clusterload.report.load import KINDS

if TYPE_CHECKING:
    from clusterload.model.histogram import Histogram
    from clusterload.model.run import Latency, Run
    from clusterload.model.series import Floats

_HALVINGS: Final = 5
"""Points for each halving of what is above them, as HdrHistogram's own percentile output has them."""

_MOST_TRACES: Final = 12


def spectrum_chart(run: Run) -> Chart | None:
    """How long answers took, from due and from sent, by percentile; None if none were counted."""
    told = [one for one in run.latencies if one.histogram.count and not _pointless(run, one)][:_MOST_TRACES]
    if not told:
        return None
    loads = list(dict.fromkeys(one.load for one in told))
    traces = tuple(
        Trace(
            name=f"{one.load}, {KINDS[one.of]}",
            x=(x := _nines(one.histogram.count)),
            y=_heights(one.histogram, x),
            hue=loads.index(one.load),
            dash=list(KINDS).index(one.of),
        )
        for one in told
    )
    return Chart(
        id="spectrum",
        title="Latency by percentile",
        summary="; ".join(_words(trace.name, one.histogram) for trace, one in zip(traces, told, strict=True)) + ".",
        unit=units.SECONDS,
        traces=traces,
        whole=sum(one.histogram.count for one in told),
        span=max(float(trace.x[-1]) for trace in traces),
        spectrum=True,
    )


def _pointless(run: Run, latency: Latency) -> bool:
    """Whether it says nothing: in a closed loop all is due when it is sent. Delays are no answers."""
    traffic = run.traffic_of(latency.load)
    return latency.of == "delay" or bool(traffic and traffic.closed_loop and latency.of == "due")


def _nines(count: int) -> Floats:
    """Percentiles as the number of their nines (2 is p99), up to the one that only the longest answer exceeds."""
    most = math.log10(max(2, count))
    steps = math.ceil(most / math.log10(2) * _HALVINGS)
    return np.linspace(0, most, steps + 1)


def _heights(counted: Histogram, x: Floats) -> Floats:
    """Seconds at each percentile, the longest at the last."""
    quantiles = [*(1 - 10**-nines for nines in x[:-1]), 1.0]
    return np.array([counted.quantile(one) / 1e6 for one in quantiles])


def _words(name: str, counted: Histogram) -> str:
    figures = (
        f"p{100 * one:g} {units.short(counted.quantile(one) / 1e6, units.SECONDS)}" for one in (0.5, 0.99, 0.999)
    )
    return f"{name}: {', '.join(figures)}, longest {units.short(counted.maximum / 1e6, units.SECONDS)}"
