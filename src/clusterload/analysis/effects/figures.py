"""What an effect is on: limit load, saturation, time of brokers' CPU and latency, of one run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.usage import assess
from clusterload.model import units
from clusterload.model.resources import dimensions
from clusterload.model.series import SECOND, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusterload.analysis.usage import ResourceLine, Usage
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.series import Floats
    from clusterload.model.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing on which factors may have an effect.

    Attributes:
        name: short, to search for.
        title: as people read it in a sentence, after an article.
        unit: of its values; a ratio is told in points of a hundred.
    """

    name: str
    title: str
    unit: Unit


LIMIT_LOAD: Final = Figure(name="limit_load", title="limit load", unit=units.RATIO)

_SATURATION: Final = {
    "cpu_host": Figure(name="saturation.cpu", title="busiest host's CPU", unit=units.RATIO),
    "request_handler_busy": Figure(name="saturation.handlers", title="busiest request handlers", unit=units.RATIO),
    "network_thread_busy": Figure(name="saturation.network", title="busiest network threads", unit=units.RATIO),
}
_CPU: Final = Figure(name="cpu_broker", title="CPU of all brokers", unit=units.CORES)
_PRODUCE: Final = Figure(name="latency.produce", title="mean time of a produce request", unit=units.MILLISECONDS)
_ROUND_TRIP: Final = Figure(name="latency.round_trip", title="round trip of a small request", unit=units.MILLISECONDS)
_TRAFFIC: Final = {
    "requests": Figure(name="requests", title="requests", unit=units.REQUESTS_PER_SECOND),
    "ingress": Figure(name="ingress", title="ingress", unit=units.MEGABYTES_PER_SECOND),
    "egress": Figure(name="egress", title="egress", unit=units.MEGABYTES_PER_SECOND),
    "connections": Figure(name="connections", title="connections", unit=units.CONNECTIONS),
    "connection_attempts": Figure(
        name="connection_attempts", title="connection attempts", unit=units.CONNECTIONS_PER_SECOND
    ),
}
_QUANTILES: Final = {"p50": 0.5, "p99": 0.99}

_SEEN: Final = 0.5
_COARSER: Final = (3.0, 1.0)

_LEAST_LEFT: Final = 1.0
_MOST: Final = 0.7  # of a run that its edges may be taken off: two readings of eight, not the one minute of three


def figures_of(run: Run, limits: Limits | None, *, settle: float = 0.0) -> dict[Figure, float]:
    """What a run comes to after its first `settle` seconds; NaN for what is not known.

    Args:
        run: with or without a load of ours.
        limits: what it is held against.
        settle: seconds at the start that do not count; the plan's own warm-up is left out in any case.
    """
    kept = _kept(run, settle)
    usage = _assessed(kept, limits)
    found = {LIMIT_LOAD: usage.typical_load}
    for name, figure in _SATURATION.items():
        found[figure] = max((line.typical for line in _lines(usage, name)), default=math.nan)
    found[_CPU] = _mean(_cores(kept, usage))
    found[_PRODUCE] = _produce_time(kept)
    found[_ROUND_TRIP] = _median_of(kept, "round_trip_time")
    return {**found, **dict(_latencies(kept)), **({} if run.plan else dict(_traffic(usage)))}


def courses_of(run: Run, limits: Limits | None) -> tuple[float, dict[str, Floats]]:
    """The judged figures over time, by which it is seen when they have settled: seconds a step, and values."""
    usage = assess(run, limits)
    courses = {LIMIT_LOAD.name: usage.limit_load}
    for name, figure in _SATURATION.items():
        lines = [line.values for line in _lines(usage, name)]
        if lines:
            courses[figure.name] = np.mean(np.stack(lines), axis=0)
    return usage.grid.seconds, courses


def _assessed(run: Run, limits: Limits | None) -> Usage:
    """A run against limits in as fine steps as its metrics allow: brokers without time tell less often."""
    usage = finest = assess(run, limits)
    for parts in _COARSER:
        if float(np.mean(~np.isnan(usage.limit_load))) >= _SEEN:
            return usage
        usage = assess(run, limits, granularity=run.seconds / parts)
    return finest if math.isnan(usage.typical_load) else usage


def _kept(run: Run, settle: float) -> Run:
    """The run after it settled, without its edges where what is left is most of it.

    A reading across an edge tells of both sides together. Split by time it makes the load too small: by up to an eighth
    of one that is read eight times.
    """
    skipped, edge = max(settle, run.plan.warm_up if run.plan else 0.0), _edge(run)
    start, end = run.start + round(max(skipped, edge) * SECOND), run.end - round(edge * SECOND)
    if end - start >= max(_LEAST_LEFT * SECOND, _MOST * (run.end - run.start - skipped * SECOND)):
        return run.between(start, end)
    start = run.start + round(skipped * SECOND)
    return run.between(start, run.end) if skipped and run.end - start >= _LEAST_LEFT * SECOND else run


def _edge(run: Run) -> float:
    """Seconds between readings of what limits are about."""
    names = {dimension.name for dimension in dimensions()}
    return max((line.granularity for line in run.series if line.name in names), default=0.0)


def _lines(usage: Usage, name: str) -> list[ResourceLine]:
    return [line for line in usage.saturation if line.resource.name == name and not math.isnan(line.typical)]


def _cores(run: Run, usage: Usage) -> Floats:
    return joined(run.named("cpu_broker"), usage.grid) / usage.grid.seconds


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if len(known) else math.nan


def _produce_time(run: Run) -> float:
    """What Produce requests took in the brokers, on average over the run."""
    totals = [
        sum(
            float(np.nansum(line.between(run.start, run.end).values))
            for line in run.named(name)
            if line.labels.get("request") == "Produce"
        )
        for name in ("request_time", "requests_by_type")
    ]
    return totals[0] / totals[1] if totals[1] else math.nan


def _median_of(run: Run, name: str) -> float:
    values = [line.between(run.start, run.end).values for line in run.named(name)]
    every = np.concatenate(values) if values else np.empty(0)
    known = every[~np.isnan(every)]
    return float(np.median(known)) if len(known) else math.nan


def _traffic(usage: Usage) -> Iterator[tuple[Figure, float]]:
    """What others do to the cluster; what we do ourselves is not an effect."""
    for name, figure in _TRAFFIC.items():
        line = usage.line(name)
        if line is not None:
            yield figure, line.typical / figure.unit.factor


def _latencies(run: Run) -> Iterator[tuple[Figure, float]]:
    """Of each Load of the wire engine, from when a request was due."""
    due = [latency for latency in run.latencies if latency.of == "due"]
    for latency in due:
        of = f" of {latency.load}" if len(due) > 1 else ""
        for name, at in _QUANTILES.items():
            figure = Figure(name=f"latency.{name}{of}", title=f"latency {name}{of}", unit=units.MILLISECONDS)
            yield figure, latency.histogram.quantile(at) / 1e3
