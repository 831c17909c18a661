"""Chart: lines with all that a page needs to draw them, to say them in words and to tell what was left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from clusterload.model import units
from clusterload.model.series import Floats, Nanoseconds
from clusterload.model.units import Quantity, Unit

POINTS: Final = 2_400
"""Points that the lines of a chart may have together: no screen is wider."""

_FEWEST: Final = 240  # points of a line, however many other lines there are

HUES: Final = 6
"""Colours that lines are told apart by; with dashes there are four times as many."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """One line of a chart.

    Attributes:
        name: what it is of.
        x: where its points are; shape `(n,)`.
        y: how high, NaN in gaps; shape `(n,)`.
        hue: which colour, from 0; beyond `HUES` they begin again.
        dash: which kind of dashes, so that no line is told apart by colour alone.
    """

    name: str
    x: Floats
    y: Floats
    hue: int = 0
    dash: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """Lines over one axis.

    Attributes:
        id: by which it is linked to.
        title: above it.
        summary: what it shows, in a sentence.
        unit: of the height.
        traces: its lines.
        whole: points that the lines were made of.
        start: Unix nanoseconds at which seconds across begin; 0 where x is not a time.
        span: how far it goes across.
        limit: a height that is marked; NaN if none is.
        spectrum: whether x is a quantile as the number of its nines, and the height is on a logarithmic axis.
        names: what binds, by number.
        hues: the colour of each of `names`, which is that of a line.
        who: for each point of the first line which of `names`; empty where it does not apply.
        marks: places across at which something happened, with what.
    """

    id: str
    title: str
    summary: str
    unit: Unit
    traces: tuple[Trace, ...]
    whole: int
    start: int = 0
    span: float
    limit: float = math.nan
    spectrum: bool = False
    names: tuple[str, ...] = ()
    hues: tuple[int, ...] = ()
    who: tuple[int, ...] = ()
    marks: tuple[tuple[float, str], ...] = ()

    @property
    def shown(self) -> int:
        """How many points are drawn; where lines are parts of one, each point once."""
        return len(self.who) or sum(len(trace.x) for trace in self.traces)

    @property
    def counted(self) -> str:
        """How many points it was made of, and how many are drawn."""
        if self.spectrum:
            return f"{self.whole:,} answers, {self.shown:,} points"
        if self.shown >= self.whole:
            return f"{self.whole:,} points, all of them drawn"
        return f"{self.whole:,} points, {self.shown:,} of them drawn: lowest and highest of each stretch, and gaps"


def thinned(traces: list[Trace]) -> tuple[Trace, ...]:
    """Lines that share a chart, each with no more points than there is room for."""
    most = max(_FEWEST, POINTS // max(1, len(traces)))
    return tuple(_thinned(trace, most) for trace in traces)


def _thinned(trace: Trace, most: int) -> Trace:
    chosen = thinned_indices(trace.y, most)
    return Trace(name=trace.name, x=trace.x[chosen], y=trace.y[chosen], hue=trace.hue, dash=trace.dash)


def said(value: float, unit: Unit) -> str:
    """A height as people read it, with its unit."""
    return units.percent(value * unit.factor) if unit.thing == "ratio" else units.text(Quantity(value, unit))


def spoken(chart: Chart, rows: int) -> Iterator[tuple[str, ...]]:
    """The lines of a chart over time as rows of text: a stretch of time, and of each line its lowest and highest."""
    finest = max((len(trace.x) for trace in chart.traces), default=0)
    edges = np.linspace(0, chart.span, min(rows, max(1, finest)) + 1)
    for begin, end in pairwise(edges):
        ranges = (_range(trace.y[(trace.x >= begin) & (trace.x < end)], chart.unit) for trace in chart.traces)
        yield (units.duration(float(begin)), *ranges)


def _range(values: Floats, unit: Unit) -> str:
    known = values[~np.isnan(values)]
    if not len(known):
        return "no figure"
    low, high = said(float(np.min(known)), unit), said(float(np.max(known)), unit)
    return low if low == high else f"{low} to {high}"


FEWEST_POINTS: Final = 4
"""A stretch takes up to four points: its lowest and highest figure, and a gap after each of them."""


def thinned_indices(values: Floats, most: int) -> Nanoseconds:
    """The indices of the points that stand for all of a line, rising; of a short line all of them.

    The line is cut into stretches of equal numbers of points, and of each the lowest and the highest stay, in their
    order. Where points between two that stay are missing (NaN), one of these stays as well, so that the line is broken
    there. So a drawn gap may be longer than it was, by up to a stretch on each side, and never shorter.

    Args:
        values: the line, NaN in gaps; shape `(n,)`.
        most: how many points may stay.

    Raises:
        ValueError: `most` leaves no room for the extremes of one stretch.
    """
    if most < FEWEST_POINTS:
        raise ValueError(f"{most} points cannot keep the extremes and gaps of a line: allow {FEWEST_POINTS} or more")
    if len(values) <= most:
        return np.arange(len(values), dtype=np.int64)
    extremes = _extremes(values, most // FEWEST_POINTS)
    missing = np.flatnonzero(np.isnan(values))
    # What is missing before the first or after the last of them breaks nothing.
    between = np.searchsorted(extremes, missing)
    inside = (between > 0) & (between < len(extremes))
    _, first = np.unique(between[inside], return_index=True)
    return np.union1d(extremes, missing[inside][first]).astype(np.int64)


def _extremes(values: Floats, count: int) -> Nanoseconds:
    """The first lowest and the first highest point of each of `count` stretches; none of one without any figure."""
    starts = np.linspace(0, len(values), count, endpoint=False).astype(np.int64)
    stretch = np.repeat(np.arange(count), np.diff(starts, append=len(values)))
    found = []
    for blank, extreme in ((np.inf, np.minimum), (-np.inf, np.maximum)):
        filled = np.where(np.isnan(values), blank, values)
        here = np.flatnonzero((filled == extreme.reduceat(filled, starts)[stretch]) & ~np.isnan(values))
        _, first = np.unique(stretch[here], return_index=True)
        found.append(here[first])
    return np.union1d(*found).astype(np.int64)
