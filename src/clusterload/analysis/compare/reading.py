"""Reading: what one run comes to in each figure, and why it is not to be believed where it is not.

A run is one value of each figure, however many points it has: these are not independent of each other, and say nothing
of how runs differ. The plan's own warm-up is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis import effects
from clusterload.analysis.achieved import AchievedDial, achieved
from clusterload.analysis.bottleneck import GENERATOR, bottlenecks
from clusterload.analysis.changes.metric_keys import MetricKey, MetricLines, metric_infos
from clusterload.analysis.changes.yardstick import typical
from clusterload.analysis.compare.figure import Better, ComparedFigure, FigureFamily
from clusterload.analysis.diagnosis.doubts import doubts_of_generator
from clusterload.analysis.host_cpu import full_hosts
from clusterload.analysis.usage import assess
from clusterload.model import units
from clusterload.model.resources import RESOURCES, dimensions
from clusterload.model.series import SECOND, Kind

if TYPE_CHECKING:
    from clusterload.analysis.usage import Usage
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
"""Quantiles of latency that are compared."""

BEYOND: Final = 10
"""Latencies that must lie beyond a quantile for it to be told."""

_EVERYTHING: Final = frozenset(FigureFamily)
# A host that others fill slows brokers down, and makes clients batch more.
_BY_HOST: Final = frozenset({FigureFamily.SATURATION, FigureFamily.LATENCY, FigureFamily.COST})
_FROM: Final = {"due": "", "end_to_end": " until read"}
# Of the dials of a Load, the one that says best what it was to do.
_RATES: Final = ("record_rate", "transaction_rate", "request_rate", "connection_rate")
_BUCKETS: Final = 20
# Share of a run over which a single delta may reach.
_LONGEST: Final = 0.25
_LEAST_LEFT: Final = 1.0
_GAPS: Final = "it was not measured, or there are more gaps than figures"
_FEW: Final = f"fewer than {BEYOND} requests were slower"

_OF_BROKERS: Final = {
    "limit_load": (FigureFamily.LOAD, "Limit load"),
    "saturation.cpu": (FigureFamily.SATURATION, "Busiest host's CPU"),
    "saturation.handlers": (FigureFamily.SATURATION, "Busiest handlers"),
    "saturation.network": (FigureFamily.SATURATION, "Busiest network"),
    "latency.produce": (FigureFamily.LATENCY, "Produce in brokers, mean"),
    "latency.round_trip": (FigureFamily.LATENCY, "Round trip, median"),
}
_COUNTED: Final = ("records_in", "records_out")
_BY_PROVIDER: Final = {
    "cluster_load_percent": "Cluster load, by its provider",
    "cluster_load_percent_avg": "Its brokers' mean",
    "cluster_load_percent_max": "Its busiest broker",
}
_CPU: Final = "cpu_broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a run says nothing of some figures.

    Attributes:
        words: in a line.
        touches: of which.
    """

    words: str
    touches: frozenset[FigureFamily]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """What a run comes to.

    Attributes:
        run: which.
        figures: by figure; NaN where it is not known. One that the run has nothing of is not among them.
        gaps: why a figure is not known.
        doubts: why figures are not to be believed.
    """

    run: Run
    figures: Mapping[ComparedFigure, float]
    gaps: Mapping[ComparedFigure, str]
    doubts: tuple[Doubt, ...] = ()

    @property
    def name(self) -> str:
        """The run's file, or its id if it has none."""
        return self.run.path.name if self.run.path else self.run.id

    def doubted(self, figure: ComparedFigure) -> str:
        """Why a figure of it cannot be used; nothing if it can."""
        fitting = (doubt.words for doubt in self.doubts if figure.family in doubt.touches)
        return next(fitting, "") or self.gaps.get(figure, "")


def reading_of(run: Run, limits: Limits | None) -> RunFigures:
    """What a run comes to, held against limits."""
    kept = _warmed_up(run)
    told: dict[ComparedFigure, float | str] = {
        **dict(_achieved(kept)),
        **dict(_of_brokers(kept, limits)),
        **dict(_by_provider(kept, limits)),
        **dict(_latencies(kept)),
        **dict(_of_resources(kept)),
    }
    gaps = {
        figure: value if isinstance(value, str) else _GAPS for figure, value in told.items() if not _is_known(value)
    }
    return RunFigures(
        run=run,
        figures={figure: value if isinstance(value, float) else math.nan for figure, value in told.items()},
        gaps=gaps,
        doubts=tuple(_doubts(run, assess(run, limits))),
    )


def _is_known(value: float | str) -> bool:
    return isinstance(value, float) and not math.isnan(value)


def _warmed_up(run: Run) -> Run:
    start = run.start + round(run.plan.warm_up * SECOND) if run.plan else run.start
    return run.between(start, run.end) if start > run.start and run.end - start >= _LEAST_LEFT * SECOND else run


def _achieved(run: Run) -> Iterator[tuple[ComparedFigure, float]]:
    """Of each Load what was made of what was asked for, or how much there was where as much as possible was asked."""
    loads: dict[str, list[AchievedDial]] = {}
    for dial in achieved(run):
        if dial.asked.unit.per_second:
            loads.setdefault(dial.load, []).append(dial)
    for load, dials in loads.items():
        rates = {dial.dial: dial for dial in dials}
        told = next((rates[name] for name in _RATES if name in rates), dials[0])
        most = math.isinf(told.asked.value)
        title = told.dial.replace("_", " ").capitalize()
        figure = ComparedFigure(
            name=f"achieved.{told.dial} of {load}",
            title=f"{title} of {load}" + ("" if most else ", of what was asked"),
            unit=told.asked.unit if most else units.RATIO,
            family=FigureFamily.ACHIEVED,
            better=Better.MORE,
        )
        yield figure, told.value if most else told.value / told.asked.value


def _of_brokers(run: Run, limits: Limits | None) -> Iterator[tuple[ComparedFigure, float]]:
    for figure, value in effects.figures_of(run, limits).items():
        # That the limit load is not known is worth a word; of the others it says that nobody measures them.
        if figure.name in _OF_BROKERS and (figure is effects.LIMIT_LOAD or not math.isnan(value)):
            family, title = _OF_BROKERS[figure.name]
            yield (
                ComparedFigure(name=figure.name, title=title, unit=figure.unit, family=family, better=Better.LESS),
                value,
            )


def _latencies(run: Run) -> Iterator[tuple[ComparedFigure, float | str]]:
    """From when a request was due; one that hardly anything lies beyond is not told."""
    for latency in run.latencies:
        if latency.of not in _FROM:
            continue
        for name, at in QUANTILES.items():
            figure = ComparedFigure(
                name=f"{'latency' if latency.of == 'due' else 'read'}.{name} of {latency.load}",
                title=f"{name} of {latency.load}{_FROM[latency.of]}",
                unit=units.MILLISECONDS,
                family=FigureFamily.LATENCY,
                better=Better.LESS,
            )
            enough = latency.histogram.count * (1 - at) >= BEYOND
            yield figure, latency.histogram.quantile(at) / 1e3 if enough else _FEW


def _by_provider(run: Run, limits: Limits | None) -> Iterator[tuple[ComparedFigure, float]]:
    """What the provider says of the cluster's load; nothing where it says nothing."""
    for line in assess(run, limits).provider:
        name = line.resource.name
        yield (
            ComparedFigure(
                name=name,
                title=_BY_PROVIDER[name],
                unit=units.RATIO,
                family=FigureFamily.LOAD,
                better=Better.LESS,
            ),
            line.typical,
        )


def _of_resources(run: Run) -> Iterator[tuple[ComparedFigure, float]]:
    """What the cluster did and what a record cost it; as far as anything tells of it."""
    seen = {line.name for line in run.series if len(line)}
    wanted = [dimension.name for dimension in dimensions()] + [*_COUNTED, _CPU]
    rates = _Rates(run)
    found = {name: rates.of(name) for name in wanted if name in seen}
    for name, value in found.items():
        kind, unit = RESOURCES[name].kind, RESOURCES[name].unit
        if name != _CPU:
            yield (
                ComparedFigure(
                    name=f"resource.{name}",
                    title=RESOURCES[name].title,
                    unit=unit.rate() if kind is Kind.DELTA else unit,
                    family=FigureFamily.RESOURCE,
                    better=Better.NEITHER,
                ),
                value,
            )
        else:
            yield (
                ComparedFigure(
                    name=_CPU,
                    title="CPU of brokers, cores",
                    unit=units.CORES,
                    family=FigureFamily.SATURATION,
                    better=Better.LESS,
                ),
                value,
            )
    yield from _costs(found)


def _costs(rates: Mapping[str, float]) -> Iterator[tuple[ComparedFigure, float]]:
    """What one record that was produced took; nothing where there were none."""
    records = rates.get("records_in", 0.0)
    if records == 0:
        return
    for name, of, title, unit in (
        ("cost.cpu", _CPU, "Brokers' CPU a record", units.SECONDS),
        ("cost.bytes", "ingress", "Bytes a record", units.BYTES),
        ("cost.requests", "requests", "Requests a record", units.REQUESTS),
    ):
        if of in rates:
            yield (
                ComparedFigure(name=name, title=title, unit=unit, family=FigureFamily.COST, better=Better.LESS),
                rates[of] / records,
            )


class _Rates:
    """What resources of the whole cluster amount to in a run."""

    def __init__(self, run: Run) -> None:
        self._known = metric_infos([run])
        self._run = run
        self._lines = MetricLines(run, self._known, longest=_LONGEST * run.seconds)

    def of(self, name: str) -> float:
        """The rate of what is counted, the median of a level; NaN if too little of it is known."""
        measure = self._known[name]
        # In buckets of two points, one that comes late is not a gap.
        step = max(2 * measure.seconds, self._run.seconds / _BUCKETS)
        grid = self._lines.grid(name, step) or self._lines.grid(name, measure.seconds)
        if grid is None:
            return math.nan
        return typical(self._lines.values(MetricKey(name=name), grid), measure.kind)


def _doubts(run: Run, usage: Usage) -> Iterator[Doubt]:
    """Why figures of a run are not to be believed, the reason that touches most first."""
    if not run.complete:
        yield Doubt(words="the run was cut short", touches=_EVERYTHING)
    if any(event.kind == "clock-jumped" for event in run.events):
        yield Doubt(words="the clock jumped during the run", touches=_EVERYTHING)
    # What was achieved is what it is, unless it was the generator that was too slow.
    own = [bottleneck for bottleneck in bottlenecks(run) if bottleneck.who == GENERATOR]
    touches = _EVERYTHING if own else _EVERYTHING - {FigureFamily.ACHIEVED}
    yield from (Doubt(words=words, touches=touches) for words in doubts_of_generator(run))
    # Where as much as possible was asked for nothing was missed, and it is still the generator that was measured.
    yield from (Doubt(words=f"load {bottleneck.load!r}: {bottleneck.words}", touches=touches) for bottleneck in own)
    for host in full_hosts(run, usage):
        if not host.by_brokers:
            yield Doubt(words=host.doubt, touches=_BY_HOST)
