"""The charts of a run: what loads the cluster over time, and latency by percentile and by second."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.usage import ResourceLine, Usage
from clusterload.model import units
from clusterload.model.limits import Scope
from clusterload.model.resources import limited, limited_by_name, saturations
from clusterload.model.run import Latency, Run
from clusterload.model.series import SECOND, Floats, Kind, Nanoseconds
from clusterload.model.units import Unit
from clusterload.report.chart import POINTS, Chart, Trace, thinned, thinned_indices
from clusterload.report.load import KINDS
from clusterload.report.tables import amount

if TYPE_CHECKING:
    from clusterload.model.histogram import Histogram
    from clusterload.model.run import Latency, Run
    from clusterload.model.series import Floats


MOST_LINES: Final = 8
"""Lines of a chart that can still be told apart; the highest are drawn."""

MOST_SECONDS: Final = 7_200
"""Seconds of which latency is drawn one by one: to read those of a whole day takes a minute."""

_MOST_MARKS: Final = 60
_HUES: Final = {resource.name: number for number, resource in enumerate(limited())}
_BUSY: Final = {resource.name: number for number, resource in enumerate(saturations())}
_QUANTILES: Final = {"median": 0.5, "p99": 0.99, "longest": 1.0}


def load_chart(run: Run, usage: Usage) -> Chart | None:
    """The limit load, each piece as the resource that binds there; None if no share is known at any time."""
    load = usage.limit_load
    if np.all(np.isnan(load)):
        return None
    resources = {share.title: share.resource for share in usage.shares}
    titles = tuple(resources)
    binder = _binders(usage, titles)
    chosen = thinned_indices(load, POINTS)
    x, y, who = usage.grid.elapsed[chosen], load[chosen], binder[chosen]
    hues = tuple(_HUES[resource.name] for resource in resources.values())
    return Chart(
        id="limit-load",
        title="Limit load",
        summary=_load_words(load, binder, titles),
        unit=units.RATIO,
        traces=tuple(_pieces(x, y, np.array(hues)[who])),
        whole=usage.grid.count,
        start=usage.grid.start,
        span=usage.grid.seconds * usage.grid.count,
        limit=1.0,
        names=titles,
        hues=hues,
        who=tuple(int(number) for number in who),
        marks=tuple(_marks(run, usage)),
    )


def _binders(usage: Usage, titles: Sequence[str]) -> Nanoseconds:
    """Which of `titles` has the largest share at each time; where a share is unknown one of the others."""
    shares = np.stack([np.where(np.isnan(share.values), -np.inf, share.values) for share in usage.shares])
    places = np.array([titles.index(share.title) for share in usage.shares])
    found: Nanoseconds = places[np.argmax(shares, axis=0)]
    return found


def _pieces(x: Floats, y: Floats, hues: Nanoseconds) -> Iterator[Trace]:
    """A line for each resource that binds at some time; a piece goes on to the point at which another one binds.

    The one that binds most often is drawn whole, others with dashes.
    """
    owns = {name: (hues == hue) & ~np.isnan(y) for name, hue in _HUES.items()}
    order = sorted((name for name, own in owns.items() if own.any()), key=lambda name: -int(owns[name].sum()))
    for number, name in enumerate(order):
        reached = owns[name] | np.concatenate([[False], owns[name][:-1]])
        title, hue = limited_by_name(name).title, _HUES[name]
        yield Trace(name=title, x=x, y=np.where(reached, y, np.nan), hue=hue, dash=number)


def _load_words(load: Floats, binder: Nanoseconds, titles: Sequence[str]) -> str:
    known = ~np.isnan(load)
    counts = np.bincount(binder[known], minlength=len(titles))
    order = [place for place in np.argsort(-counts, kind="stable") if counts[place]]
    bound = ", ".join(f"{titles[place]} {units.percent(counts[place] / known.sum())} of the time" for place in order)
    middle, highest = float(np.nanmedian(load)), float(np.nanmax(load))
    gaps = "" if known.all() else f"; unknown {units.percent(1 - float(np.mean(known)))} of the time"
    return f"Median {units.percent(middle)}, highest {units.percent(highest)}; binding: {bound}{gaps}."


def _marks(run: Run, usage: Usage) -> Iterator[tuple[float, str]]:
    for event in run.events[:_MOST_MARKS]:
        at = (event.time - usage.grid.start) / SECOND
        if 0 <= at <= usage.grid.seconds * usage.grid.count:
            yield at, event.kind


def shares_chart(usage: Usage) -> Chart | None:
    """Each resource as a share of its limit, the largest of them; None if none is known."""
    largest = sorted((share for share in usage.shares if share.known), key=lambda share: -share.typical)[:MOST_LINES]
    traces = [
        _trace(f"{share.title} of {share.limit.words}", share, usage, hue=_HUES[share.resource.name], dash=number)
        for number, share in enumerate(largest)
    ]
    return _course(usage, traces, id="shares", title="Shares of limits", summary=_ratios(largest, traces), limit=1.0)


def amount_charts(usage: Usage) -> Iterator[Chart]:
    """Each resource by itself, in its own unit, with the cluster's limit of it."""
    for line in usage.lines:
        resource, limit = line.resource, usage.limits.of(line.resource.name)
        unit = resource.unit.rate() if resource.kind is Kind.DELTA else resource.unit
        bound = limit.value.to(unit).value if limit and limit.scope is Scope.CLUSTER else math.nan
        words = f"Typically {amount(line, line.typical)}, {amount(line, line.peak)} at most"
        of = f"; the limit is {limit.words}" if limit and not math.isnan(bound) else ""
        traces = [_trace(resource.title, line, usage, hue=_HUES[resource.name])] if line.known else []
        chart = _course(
            usage,
            traces,
            id=f"amount-{resource.name}",
            title=resource.title,
            summary=f"{words}{of}.",
            unit=unit,
            limit=bound,
        )
        if chart is not None:
            yield chart


def busy_chart(usage: Usage) -> Chart | None:
    """How busy the brokers are, the busiest lines, with the provider's own figure if there is one; None if unknown."""
    busiest = sorted((line for line in usage.saturation if line.known), key=lambda line: -line.typical)[:MOST_LINES]
    brokers = sorted({line.broker for line in busiest})
    traces = [
        _trace(
            f"{line.resource.title}, broker {line.broker}" if line.broker else line.resource.title,
            line,
            usage,
            hue=_BUSY[line.resource.name],
            dash=brokers.index(line.broker),
        )
        for line in busiest
    ]
    own = usage.provider
    traces += [
        _trace(line.resource.title, line, usage, hue=len(_BUSY) + number, dash=number)
        for number, line in enumerate(own)
    ]
    return _course(
        usage, traces, id="busy", title="How busy the brokers are", summary=_ratios([*busiest, *own], traces)
    )


def _trace(name: str, line: ResourceLine, usage: Usage, *, hue: int, dash: int = 0) -> Trace:
    return Trace(name=name, x=usage.grid.elapsed, y=line.values, hue=hue, dash=dash)


def _ratios(lines: Sequence[ResourceLine], traces: Sequence[Trace]) -> str:
    words = (
        f"{trace.name}: typically {units.percent(line.typical)}, {units.percent(line.peak)} at most"
        for line, trace in zip(lines, traces, strict=True)
    )
    return f"{'; '.join(words)}."


def _course(
    usage: Usage,
    traces: list[Trace],
    *,
    id: str,  # noqa: A002 (what the page calls it)
    title: str,
    summary: str,
    unit: Unit = units.RATIO,
    limit: float = math.nan,
) -> Chart | None:
    """Lines on a usage's grid; None if there are none."""
    if not traces:
        return None
    return Chart(
        id=id,
        title=title,
        summary=summary,
        unit=unit,
        traces=thinned(traces),
        whole=usage.grid.count * len(traces),
        start=usage.grid.start,
        span=usage.grid.seconds * usage.grid.count,
        limit=limit,
    )


def latency_charts(run: Run) -> Iterator[Chart]:
    """Latency second by second, a chart for each Load; of a run that is longer than `MOST_SECONDS` none."""
    for number, (load, latency) in enumerate(leading(run).items()):
        if latency.encoded and len(latency.encoded) <= MOST_SECONDS:
            yield _latency_chart(number, load, latency)


def leading(run: Run) -> dict[str, Latency]:
    """Of each Load the latency that counts: from when a request was due, or in a closed loop from when it was sent."""
    found: dict[str, Latency] = {}
    for latency in run.latencies:
        traffic = run.traffic_of(latency.load)
        wanted = "sent" if traffic and traffic.closed_loop else "due"
        if latency.of == wanted:
            found[latency.load] = latency
    return found


def _latency_chart(number: int, load: str, latency: Latency) -> Chart:
    first, last = min(latency.seconds), max(latency.seconds)
    heights = {name: np.full(last + 1 - first, np.nan) for name in _QUANTILES}
    for second in latency.seconds:
        counted = latency.at(second)
        for name, quantile in _QUANTILES.items():
            heights[name][second - first] = counted.quantile(quantile) / 1e6
    x = np.arange(last + 1 - first, dtype=np.float64) + 0.5
    traces = [Trace(name=name, x=x, y=y, hue=place, dash=place) for place, (name, y) in enumerate(heights.items())]
    longest = float(np.nanmax(heights["longest"]))
    return Chart(
        id=f"latency-{number}",
        title=f"Latency of {load}, second by second",
        summary=f"The longest answer took {units.short(longest, units.SECONDS)}.",
        unit=units.SECONDS,
        traces=thinned(traces),
        whole=len(x) * len(traces),
        start=latency.start + first * SECOND,
        span=float(last + 1 - first),
    )


_HALVINGS: Final = 5
"""Points for each halving of what is above them, as HdrHistogram's own percentile output has them."""

_MOST_TRACES: Final = 12


def spectrum_chart(run: Run) -> Chart | None:
    """How long answers took, from due and from sent, by percentile; None if none were counted."""
    shown = [latency for latency in run.latencies if latency.histogram.count and not _pointless(run, latency)][
        :_MOST_TRACES
    ]
    if not shown:
        return None
    loads = list(dict.fromkeys(latency.load for latency in shown))
    traces = tuple(
        Trace(
            name=f"{latency.load}, {KINDS[latency.of]}",
            x=(x := _nines(latency.histogram.count)),
            y=_heights(latency.histogram, x),
            hue=loads.index(latency.load),
            dash=list(KINDS).index(latency.of),
        )
        for latency in shown
    )
    return Chart(
        id="spectrum",
        title="Latency by percentile",
        summary="; ".join(_words(trace.name, latency.histogram) for trace, latency in zip(traces, shown, strict=True))
        + ".",
        unit=units.SECONDS,
        traces=traces,
        whole=sum(latency.histogram.count for latency in shown),
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
    return np.array([counted.quantile(quantile) / 1e6 for quantile in quantiles])


def _words(name: str, counted: Histogram) -> str:
    figures = (
        f"p{100 * quantile:g} {units.short(counted.quantile(quantile) / 1e6, units.SECONDS)}"
        for quantile in (0.5, 0.99, 0.999)
    )
    return f"{name}: {', '.join(figures)}, longest {units.short(counted.maximum / 1e6, units.SECONDS)}"
