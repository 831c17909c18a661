"""Dialects: a recording as it would be known from somebody else's exporter rules, and from rarer scrapes.

A dialect's Series stand in `dialects.toml`, with where each list comes from.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Kind, Nanoseconds, Series

LAB: Final = "lab"
"""The lab's own exporter: everything that was recorded, what the Admin API told too."""

_RECORDED: Final = "recorded"

STRETCH: Final = 10
"""How much longer a coarsened recording is made: its load took 30 seconds, and incidents take five minutes."""

_FILE: Final = Path(__file__).parent / "dialects.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What an exporter's rules let the tool know.

    Attributes:
        name: as given to `--as`.
        title: the rules' own name.
        rules: where they are published.
        series: names of the Series that are left; None is all.
    """

    name: str
    title: str
    rules: str = ""
    series: frozenset[str] | None = None

    @property
    def known(self) -> int:
        """How many names of Series are left of those that kept recordings have of an exporter."""
        return len(exported() if self.series is None else exported() & self.series)

    def of(self, run: Run) -> Run:
        """The run with what this dialect gives."""
        names = self.series
        return run if names is None else replace(run, series=tuple(line for line in run.series if line.name in names))


@cache
def exported() -> frozenset[str]:
    """Names of Series that kept recordings have of the lab's exporter; the Admin API told the rest of them."""
    return frozenset(_given()[_RECORDED]["series"])


@cache
def _given() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def dialects() -> dict[str, Dialect]:
    """All dialects by name; the lab's own first."""
    found = {LAB: Dialect(name=LAB, title="the lab")}
    for name, given in _given().items():
        if name == _RECORDED:
            continue
        series = frozenset(given["series"])
        found[name] = Dialect(name=name, title=given["title"], rules=given["rules"], series=series)
    return found


def coarsened(run: Run, onset: int, every: float) -> Run:
    """The run as rarer scrapes would show an incident of five minutes.

    Points are put together (a delta's amounts are added up, of a gauge the last is kept, as a scrape would), to as many
    as five minutes have, and times are stretched around the onset, so that rates and levels stay what they were.

    Args:
        run: a whole recording, of 30 seconds of load.
        onset: Unix nanoseconds that stay where they are.
        every: seconds between scrapes; under ten times the recording's own, only times are stretched.
    """

    def moved(time: int) -> int:
        return onset + STRETCH * (time - onset)

    return replace(
        run,
        start=moved(run.start),
        end=moved(run.end),
        series=tuple(_coarse(series, onset, every) for series in run.series),
        events=tuple(replace(event, time=moved(event.time)) for event in run.events),
    )


def _coarse(series: Series, onset: int, every: float) -> Series:
    piece = round(every / STRETCH * SECOND)
    granularity = max(every, STRETCH * series.granularity)
    if not len(series):
        return replace(series, granularity=granularity)
    # The piece of each point: those after one border up to the next; the last of a piece gives it its time.
    number = -((onset - series.times) // piece)
    last = np.flatnonzero(np.append(np.diff(number) != 0, True))
    times: Nanoseconds = onset + STRETCH * (series.times[last] - onset)
    if series.kind is not Kind.DELTA:
        return replace(series, granularity=granularity, times=times, values=series.values[last])
    first = np.append(0, last[:-1] + 1)
    values, spans = _added(series.values, series.spans, first)
    return replace(series, granularity=granularity, times=times, values=STRETCH * values, spans=STRETCH * spans)


def _added(values: Floats, spans: Floats, first: Nanoseconds) -> tuple[Floats, Floats]:
    """Amounts and the time that they cover, for each piece; NaN where a piece has nothing that is known."""
    known = ~np.isnan(values)
    amount = np.add.reduceat(np.where(known, values, 0.0), first)
    covered = np.add.reduceat(np.where(known, spans, 0.0), first)
    whole = np.add.reduceat(spans, first)
    nothing = covered == 0
    return np.where(nothing, np.nan, amount), np.where(nothing, whole, covered)
