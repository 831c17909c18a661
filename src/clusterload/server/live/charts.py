"""Courses: how figures of a run went until now, as charts that grow by a point a second and stay of a bounded size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clusterload.model import units
from clusterload.model.limits import Scope
from clusterload.model.resources import limited, saturations
from clusterload.model.series import SECOND, Floats
from clusterload.report.chart import FEWEST_POINTS, Chart, Trace, thinned_indices
from clusterload.report.html.values import chart_values

if TYPE_CHECKING:
    from clusterload.model.units import Unit
    from clusterload.workflow.live import Snapshot
    from clusterload.workflow.live.snapshot import DialNow, LevelNow, LoadNow, Metrics

MOST_POINTS: Final = 4_000
"""Points of a chart that are kept; when there are more, half of them go: of each stretch lowest and highest stay."""

MOST_LOADS: Final = 6
"""Loads that have a chart of their own, and lines in the chart of latency."""

SHORTEST: Final = 60.0
"""Seconds that a chart goes across at least, where nobody knows how long the run will last."""

_DIALS: Final = ("request_rate", "record_rate", "connection_rate", "fetch_rate", "transaction_rate", "connections")
"""Of a Load the first of these that has a figure is its chart."""

_ORDER: Final = ("limit-load", "load-", "latency", "shares", "busy")

_HUES: Final = {resource.name: number for number, resource in enumerate(limited())}
_BUSY: Final = {resource.name: number for number, resource in enumerate(saturations())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a chart gets at one moment.

    Attributes:
        chart: its id.
        title: above it.
        unit: of the height.
        x: seconds since the start.
        y: how high each line is, by its name; NaN in gaps.
        hues: colour of each line, by its name.
        limit: a height that is marked; NaN if none is.
        who: what binds, in a line's name; empty where it does not apply.
    """

    chart: str
    title: str
    unit: Unit
    x: float
    y: dict[str, float]
    hues: dict[str, int]
    limit: float = math.nan
    who: str = ""


def points(snapshot: Snapshot) -> Iterator[Point]:
    """What each chart gets of a snapshot."""
    if snapshot.metrics is not None:
        seen = (snapshot.metrics.time - snapshot.start) / SECOND
        # What figures tell of the time before a load is not of it.
        yield from _of_metrics(snapshot.metrics, seen) if seen >= 0 else ()
    if snapshot.elapsed < snapshot.duration:
        # What is over has no last second any more.
        yield from _of_loads(snapshot.loads[:MOST_LOADS], snapshot.at)


def _of_metrics(metrics: Metrics, x: float) -> Iterator[Point]:
    if metrics.shares:
        yield _limit_load(metrics, x)
    if metrics.busy:
        levels = metrics.saturation
        yield Point(
            chart="busy",
            title="How busy the busiest broker is",
            unit=units.RATIO,
            x=x,
            y={level.resource.title: level.now for level in levels},
            hues={level.resource.title: _BUSY[level.resource.name] for level in levels},
        )
    shares = {share.resource.name: share for line in metrics.lines if (share := metrics.share(line.resource.name))}
    if shares:
        yield Point(
            chart="shares",
            title="Shares of limits",
            unit=units.RATIO,
            x=x,
            y={share.resource.title: share.now for share in shares.values()},
            hues={share.resource.title: _HUES[name] for name, share in shares.items()},
            limit=1.0,
        )
    yield from (_amount(line, metrics, x) for line in metrics.lines)


def _limit_load(metrics: Metrics, x: float) -> Point:
    binding = metrics.binding
    who = binding.resource.title if binding else ""
    return Point(
        chart="limit-load",
        title="Limit load",
        unit=units.RATIO,
        x=x,
        y={who: metrics.limit_load} if who else {},
        hues={who: _HUES[binding.resource.name]} if binding else {},
        limit=1.0,
        who=who or "unknown",
    )


def _amount(line: LevelNow, metrics: Metrics, x: float) -> Point:
    share = metrics.share(line.resource.name)
    whole = share.limit if share and share.limit.scope is Scope.CLUSTER else None
    return Point(
        chart=f"amount-{line.resource.name}",
        title=line.resource.title,
        unit=line.unit,
        x=x,
        y={line.resource.title: line.now},
        hues={line.resource.title: _HUES[line.resource.name]},
        limit=whole.value.to(line.unit).value if whole else math.nan,
    )


def _of_loads(loads: tuple[LoadNow, ...], x: float) -> Iterator[Point]:
    for number, load in enumerate(loads):
        dial = _leading(load)
        if dial is not None:
            yield Point(
                chart=f"load-{number}",
                title=f"{load.name}: {dial.dial.replace('_', ' ')}",
                unit=dial.unit,
                x=x,
                y={"achieved": dial.achieved, "asked": dial.asked if math.isfinite(dial.asked) else math.nan},
                hues={"achieved": 0, "asked": 1},
            )
    if loads:
        timed = [
            (load.name, name, value) for load in loads for name, value in (("median", load.p50), ("p99", load.p99))
        ]
        yield Point(
            chart="latency",
            title="Latency of the last second",
            unit=units.SECONDS,
            x=x,
            # A line comes with its first figure: some loads have none.
            y={f"{load}, {name}": value for load, name, value in timed if not math.isnan(value)},
            hues={f"{load}, {name}": number for number, (load, name, _) in enumerate(timed)},
        )


def _leading(load: LoadNow) -> DialNow | None:
    known = {dial.dial: dial for dial in load.dials}
    return next((known[name] for name in _DIALS if name in known), next(iter(load.dials), None))


@dataclass(slots=True, kw_only=True)
class _Course:
    """One chart as it went."""

    head: Point
    x: list[float] = field(default_factory=list)
    lines: dict[str, list[float]] = field(default_factory=dict)
    hues: dict[str, int] = field(default_factory=dict)
    who: list[str] = field(default_factory=list)

    def add(self, point: Point) -> bool:
        """Take a point; whether new lines came or lines were thinned, so that the whole must be drawn again."""
        added = [name for name in point.y if name not in self.lines]
        for name in added:
            self.lines[name] = [math.nan] * len(self.x)
            self.hues[name] = point.hues[name]
        self.head = point
        self.x.append(point.x)
        for name, values in self.lines.items():
            values.append(point.y.get(name, math.nan))
        if point.who:
            self._bind(point)
        thinned = len(self.x) > MOST_POINTS
        if thinned:
            self._thin()
        return bool(added) or thinned

    def _bind(self, point: Point) -> None:
        # A piece goes on to the point at which another one binds.
        before = self.who[-1] if self.who else point.who
        if before != point.who and before in self.lines:
            self.lines[before][-1] = next(iter(point.y.values()), math.nan)
        self.who.append(point.who)

    def _thin(self) -> None:
        most = max(FEWEST_POINTS, MOST_POINTS // (2 * max(1, len(self.lines))))
        chosen = {0, len(self.x) - 1}
        for values in self.lines.values():
            chosen.update(thinned_indices(_floats(values), most).tolist())
        order = sorted(chosen)[-MOST_POINTS:]
        self.x = [self.x[place] for place in order]
        self.lines = {name: [values[place] for place in order] for name, values in self.lines.items()}
        self.who = [self.who[place] for place in order] if self.who else []

    def newest(self) -> dict[str, Any]:
        """The last point as plain values; what is not known is null."""
        return {
            "id": self.head.chart,
            "x": round(self.x[-1], 3),
            "y": [_figure(values[-1]) for values in self.lines.values()],
            "who": self._number(self.who[-1]) if self.who else None,
        }

    def whole(self, start: int, span: float) -> dict[str, Any]:
        """All of it, as a chart of a report."""
        head = self.head
        names = list(self.lines)
        return chart_values(
            Chart(
                id=head.chart,
                title=head.title,
                summary="",
                unit=head.unit,
                traces=tuple(
                    Trace(name=name, x=_floats(self.x), y=_floats(self.lines[name]), hue=self.hues[name], dash=place)
                    for place, name in enumerate(names)
                ),
                whole=len(self.x),
                start=start,
                span=span,
                limit=head.limit,
                names=tuple(names) if head.who else (),
                hues=tuple(self.hues[name] for name in names) if head.who else (),
                who=tuple(map(self._number, self.who)),
            )
        )

    def _number(self, name: str) -> int:
        return list(self.lines).index(name) if name in self.lines else 0


class Courses:
    """All charts of a run as they went until now."""

    def __init__(self) -> None:
        self._courses: dict[str, _Course] = {}
        self._start = 0
        self.span = SHORTEST

    def add(self, snapshot: Snapshot) -> tuple[list[dict[str, Any]], bool]:
        """Take a snapshot; gives the points that came by it, and whether the whole must be drawn again."""
        self._start, self.span = snapshot.start, _span(snapshot)
        grown, redraw = [], False
        for point in points(snapshot):
            course = self._courses.setdefault(point.chart, _Course(head=point))
            if not course.x or point.x > course.x[-1]:
                redraw |= course.add(point)
                grown.append(course.newest())
        return grown, redraw

    def whole(self) -> list[dict[str, Any]]:
        """All charts, the one that matters most first."""
        return [
            course.whole(self._start, self.span)
            for course in sorted(self._courses.values(), key=lambda course: _place(course.head.chart))
            if course.lines
        ]


def _place(chart: str) -> int:
    return next((place for place, kind in enumerate(_ORDER) if chart.startswith(kind)), len(_ORDER))


def _span(snapshot: Snapshot) -> float:
    if math.isnan(snapshot.left):
        return max(SHORTEST, snapshot.at)
    return max(1.0, snapshot.at + snapshot.left)


def _figure(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _floats(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)
