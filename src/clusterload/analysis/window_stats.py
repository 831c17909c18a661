"""Window statistics: what Series come to over a window, and in the baseline before it.

Rates are means over what of the window is known, levels are medians of time. Brokers add up, except for shares and
times, of which the highest broker counts: a full broker is not helped by an idle one. What no Series gives is NaN.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.tellers import brokers_telling, is_known
from clusterload.model.series import SECOND, Floats, Grid, Kind, Series, joined

if TYPE_CHECKING:
    from clusterload.model.run import Run

PERCENTILE: Final = "_p95"
"""What the name of a percentile's Series has behind the name of the time that it is of."""

_BROKER: Final = "broker"
_ONLY: Final = frozenset({_BROKER})
# Quantities that do not add up over brokers.
_HIGHEST: Final = frozenset({"ratio", "time"})
# Shares of one thread's time: those of two brokers are shares of two threads, and add up.
_ADDED: Final = frozenset({"thread_time_by_client", "exempt_thread_time"})


def known(value: float) -> float:
    """The value; 0 where it is not known."""
    return 0.0 if math.isnan(value) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One figure in the window and before it; NaN where it is not known.

    What is counted now and was not before was 0 then; without any baseline `before` is NaN.
    """

    now: float
    before: float = math.nan

    @property
    def rise(self) -> float:
        """How much more it is than before; all of it where that is unknown."""
        return self.now if math.isnan(self.before) else self.now - self.before

    @property
    def filled(self) -> Pair:
        """The same with 0 for what is not known."""
        return Pair(now=known(self.now), before=known(self.before))

    @property
    def ratio(self) -> float:
        """Now over before; infinite from 0, NaN where one of them is unknown or both are 0."""
        if self.before:
            return self.now / self.before
        return math.inf if self.now > 0 else math.nan


UNKNOWN: Final = Pair(now=math.nan)
"""Of what no Series gives."""


class WindowStats:
    """A window of a run, and the baseline before it.

    Brokers that gave figures in one of the two only are left out of sums: what they would add or take away is a change
    of what was seen, and not of the cluster.
    """

    def __init__(self, now: Run, before: Run | None = None) -> None:
        """Take a window, and a baseline if there is one."""
        self.now, self.before = now, before
        seen = brokers_telling(now)
        known_before = brokers_telling(before) if before is not None else seen
        self.brokers: frozenset[str] = seen
        """Brokers that gave figures in the window."""
        self.unmatched: frozenset[str] = seen ^ known_before
        """Brokers that gave figures in only one of window and baseline."""
        both = seen & known_before
        self._now = _Window(now, seen, both or seen)
        self._before = _Window(before, known_before, both or known_before) if before is not None else None
        self._pairs: dict[tuple[str, tuple[tuple[str, str], ...]], Pair] = {}

    def of(self, brokers: Collection[str]) -> WindowStats:
        """The same of some brokers alone, with what is known of the cluster only as a whole."""
        return WindowStats(_of_brokers(self.now, brokers), self.before and _of_brokers(self.before, brokers))

    def total(self, name: str, **labels: str) -> Pair:
        """A figure over all Series of a name with these labels, in its unit, per second if it is counted."""
        key = (name, tuple(sorted(labels.items())))
        if key not in self._pairs:
            self._pairs[key] = self._pair(name, labels)
        return self._pairs[key]

    def _pair(self, name: str, labels: Mapping[str, str]) -> Pair:
        if self._before is None:
            return Pair(now=self._now.total(name, labels))
        apart = self._apart(name, labels)
        now, before = self._now.total(name, labels, apart), self._before.total(name, labels, apart)
        # What one of them gives a Series of and the other does not, but could, was not there.
        if math.isnan(now) and not math.isnan(before) and self._now.could_count(name, labels):
            now = 0.0
        if math.isnan(before) and not math.isnan(now) and self._before.could_count(name, labels):
            before = 0.0
        return Pair(now=now, before=before)

    def _apart(self, name: str, labels: Mapping[str, str]) -> frozenset[str]:
        """Brokers whose figure of a name one of window and baseline lacks: sums are over the others."""
        if self._before is None or _BROKER in labels:
            return frozenset()
        now, before = self._now.alone(name), self._before.alone(name)
        return now ^ before if now and before else frozenset()

    def seen_before(self, name: str) -> bool:
        """Whether the baseline gives any figure of a name; False without one."""
        return self._before is not None and self._before.gives(name)

    def by(self, name: str, label: str) -> dict[str, Pair]:
        """The same for each value of a label, in the window or before it."""
        values = self._now.values(name, label) | (self._before.values(name, label) if self._before else set())
        return {value: self.total(name, **{label: value}) for value in sorted(values)}

    def per_broker(self, name: str, **labels: str) -> dict[str, Pair]:
        """The same for each broker."""
        brokers = self._now.values(name, _BROKER) | (self._before.values(name, _BROKER) if self._before else set())
        return {broker: self.total(name, **{_BROKER: broker, **labels}) for broker in sorted(brokers)}

    def request_time(self, name: str, request: str, broker: str = "") -> Pair:
        """Milliseconds that a request of a type took, by a Series of such times; of one broker, or of all.

        It is the mean; where exporters give percentiles only, the 95th of the broker where it is highest.
        """
        labels = {"request": request} | ({_BROKER: broker} if broker else {})
        if self.told_by(name) != name:
            return self.total(self.told_by(name), **labels)
        time, count = self.total(name, **labels), self.total("requests_by_type", **labels)
        return Pair(now=_each(time.now, count.now), before=_each(time.before, count.before))

    def told_by(self, name: str) -> str:
        """The Series that gives a part of requests' time: this one, or its percentile where only that is there."""
        percentile = f"{name}{PERCENTILE}"
        return percentile if not self._now.gives(name) and self._now.gives(percentile) else name

    def windows(self, name: str, seconds: float, **labels: str) -> tuple[Floats, Floats]:
        """A figure in pieces of so many seconds, in the window and before it; what is not known is left out."""
        apart = self._apart(name, labels)
        return self._now.pieces(name, labels, seconds, apart), (
            self._before.pieces(name, labels, seconds, apart) if self._before else np.empty(0)
        )


def _each(time: float, count: float) -> float:
    return time / count if count else math.nan


def _of_brokers(run: Run, brokers: Collection[str]) -> Run:
    first = next(iter(brokers))  # stands for what has no broker
    return replace(run, series=tuple(series for series in run.series if series.labels.get(_BROKER, first) in brokers))


class _Window:
    """The Series of one run; each figure is worked out once."""

    def __init__(self, run: Run, heard: frozenset[str], summed: frozenset[str]) -> None:
        self._run, self._heard = run, heard
        self._named: dict[str, list[Series]] = defaultdict(list)
        self._summed: dict[str, list[Series]] = defaultdict(list)
        self._first: dict[tuple[str, str], int] = {}
        self._figure: dict[int, float] = {}
        self._indexed: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[Series]]] = {}
        self._counted: dict[str, bool] = {}
        self._alone: dict[str, frozenset[str]] = {}
        for series in run.series:
            if len(series):
                broker = series.labels.get(_BROKER)
                self._named[series.name].append(series)
                if broker is None or broker in summed:
                    self._summed[series.name].append(series)
                place = (series.name, broker or "")
                self._first[place] = min(self._first.get(place, int(series.times[0])), int(series.times[0]))

    def could_count(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether what is counted here of a name and has no Series was 0: its broker told, and others of the name."""
        return self.counts(name) and (_BROKER not in labels or labels[_BROKER] in self._heard)

    def alone(self, name: str) -> frozenset[str]:
        """The brokers of a name whose only label is the broker."""
        if name not in self._alone:
            whole = (series.labels for series in self._named.get(name, ()) if series.labels.keys() == _ONLY)
            self._alone[name] = frozenset(labels[_BROKER] for labels in whole)
        return self._alone[name]

    def gives(self, name: str) -> bool:
        return any(is_known(series, self._run) for series in self._named.get(name, ()))

    def counts(self, name: str) -> bool:
        """Whether anything of the name is counted here, so that what is absent is 0."""
        if name not in self._counted:
            series = self._named.get(name, ())
            self._counted[name] = any(item.kind is Kind.DELTA and is_known(item, self._run) for item in series)
        return self._counted[name]

    def values(self, name: str, label: str) -> set[str]:
        return {series.labels[label] for series in self._named.get(name, ()) if label in series.labels}

    def total(self, name: str, labels: Mapping[str, str], apart: Collection[str] = ()) -> float:
        chosen = self._chosen(name, labels, apart)
        if not chosen:
            return math.nan
        figures = [self._figure_of(series) for series in chosen]
        return _highest(figures) if _of_highest(chosen[0]) else _sum(figures)

    def pieces(self, name: str, labels: Mapping[str, str], seconds: float, apart: Collection[str] = ()) -> Floats:
        chosen = self._chosen(name, labels, apart)
        if not chosen or (self._run.end - self._run.start) < seconds * SECOND:
            return np.empty(0)
        grid = Grid.covering(self._run.start, self._run.end, seconds)
        highest = _of_highest(chosen[0])
        values = joined(chosen, grid, lambda rows: np.max(rows, axis=0)) if highest else joined(chosen, grid)
        known = values[~np.isnan(values)]
        return known / seconds if chosen[0].kind is Kind.DELTA else known

    def _chosen(self, name: str, labels: Mapping[str, str], apart: Collection[str]) -> list[Series]:
        chosen = self._with(name, labels)
        return [series for series in chosen if series.labels.get(_BROKER) not in apart] if apart else chosen

    def _with(self, name: str, labels: Mapping[str, str]) -> list[Series]:
        if not labels:
            return self._summed.get(name, [])
        keys = tuple(sorted(labels))
        if (name, keys) not in self._indexed:
            self._indexed[name, keys] = self._index(name, keys)
        return self._indexed[name, keys].get(tuple(labels[key] for key in keys), [])

    def _index(self, name: str, keys: tuple[str, ...]) -> dict[tuple[str, ...], list[Series]]:
        # A cluster can have thousands of clients, and each is looked up: an index instead of a search.
        found: dict[tuple[str, ...], list[Series]] = defaultdict(list)
        for series in (self._named if _BROKER in keys else self._summed).get(name, ()):
            if all(key in series.labels for key in keys):
                found[tuple(series.labels[key] for key in keys)].append(series)
        return found

    def _figure_of(self, series: Series) -> float:
        known = self._figure.get(id(series))
        if known is None:
            known = self._rate(series) if series.kind is Kind.DELTA else self._level(series)
            self._figure[id(series)] = known
        return known

    def _rate(self, series: Series) -> float:
        """Per second over what of the window is covered; NaN if nothing is."""
        start, end = self._run.start, self._run.end
        begins = series.times - np.round(series.spans * SECOND).astype(np.int64)
        inside = np.clip(np.minimum(series.times, end) - np.maximum(begins, start), 0, None)
        inside = np.where(np.isnan(series.values), 0, inside)
        covered = float(np.sum(inside)) / SECOND
        if not covered:
            return math.nan
        share = inside / np.maximum(series.times - begins, 1)
        # What appeared within the window was 0 before: it is spread over all of the window.
        appeared = max(0, int(begins[0]) - start) / SECOND if self._appears(series) else 0.0
        return float(np.nansum(share * series.values)) / (covered + appeared)

    def _appears(self, series: Series) -> bool:
        """Whether a labelled Series begins later than others of its broker do."""
        first = self._first[series.name, series.labels.get(_BROKER, "")]
        return bool(series.labels.keys() - {_BROKER}) and int(series.times[0]) > first

    def _level(self, series: Series) -> float:
        inside = (series.times > self._run.start) & (series.times <= self._run.end) & ~np.isnan(series.values)
        return _median(series.values[inside]) if inside.any() else math.nan


def _median(values: Floats) -> float:
    # As numpy's, which takes five times as long for a few values; a big cluster has a hundred thousand Series.
    ordered, half = np.sort(values), len(values) // 2
    return float(ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _of_highest(series: Series) -> bool:
    gauge = series.kind is Kind.GAUGE
    return gauge and series.unit.thing in _HIGHEST and series.name not in _ADDED


def _sum(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) if known else math.nan


def _highest(values: Iterable[float]) -> float:
    return max((value for value in values if not math.isnan(value)), default=math.nan)
