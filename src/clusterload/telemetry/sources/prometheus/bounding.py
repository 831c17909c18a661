"""Very many series of one metric: which are fetched by themselves, and how the rest is told.

A cluster of a hundred thousand topics has more series than anyone can read. Of a metric with too many, those
topics are fetched that grew most; the others together are what is left of the metric's total, or a sum that
the server makes where there is no total.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Kind
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus.answer import Line
from clusterload.telemetry.sources.prometheus.api import PrometheusApi
from clusterload.telemetry.sources.prometheus.selection import any_of, milliseconds, named, selector
from clusterload.telemetry.sources.prometheus.transport import OversizedAnswerError
from clusterload.telemetry.sources.source import OTHERS

MOST_LINES: Final = 20_000
"""Series of one metric that are fetched one by one."""

MOST_KEPT: Final = 200
"""Topics, or what else there are so many of, that are fetched by themselves where not all are."""

_SHORTEST_LOOK: Final = 60 * SECOND
_LONGEST_LOOK: Final = 600 * SECOND
# By these a metric falls into very many series without any Series of ours being by them.
_FINER: Final = ("partition", "redpanda_partition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How one metric with too many series is asked for.

    Attributes:
        metric: its name.
        label: of which the largest values are kept; empty if none are.
        others: labels that there are several Series by as well, of which the rest has no value.
        kept: those values.
        has_total: whether lines without the label hold the total, so that the rest need not be asked for.
        kind: whether the values grow or are levels.
    """

    metric: str
    label: str = ""
    others: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    has_total: bool = False
    kind: Kind = Kind.DELTA

    def shown(self) -> str:
        """The matcher of what is fetched line by line."""
        return f"{self.label}=~{any_of(self.kept, or_none=True)}"

    def rest(self, select: str) -> str:
        """The query whose lines are the sums of what is not."""
        over = ", ".join(
            dict.fromkeys(name for name in (self.label, *self.others, *_FINER, "topic", "redpanda_topic") if name)
        )
        out = f"{self.label}!~{any_of(self.kept, or_none=True)}" if self.label else ""
        return f"sum without ({over}) ({selector(named([self.metric]), select, out)})"


def bound(api: PrometheusApi, metric: str, names: Names, select: str, start: int, end: int) -> Bound:
    """How to ask for a metric that has too many series between two times."""
    plain = names.plain(metric)[0]
    rules = [rule for rule in names.rules if plain in (*rule.metrics, *rule.plus, rule.times)]
    kind = RESOURCES[rules[0].series].kind if rules else Kind.DELTA
    labels = [label for rule in rules for label in rule.theirs]
    if not labels:
        return Bound(metric=metric, kind=kind)
    label, *others = dict.fromkeys(labels)
    has_total = all(label in rule.without for rule in rules if label not in rule.theirs) and any(
        label in rule.without for rule in rules
    )
    kept = _largest(api, metric, label, select, start, end, kind)
    return Bound(metric=metric, label=label, others=tuple(others), kept=kept, has_total=has_total, kind=kind)


def _largest(
    api: PrometheusApi, metric: str, label: str, select: str, start: int, end: int, kind: Kind
) -> frozenset[str]:
    wanted = selector(named([metric]), select, f'{label}!=""')
    look = milliseconds(min(max(end - start, _SHORTEST_LOOK), _LONGEST_LOOK))
    # What grew lately is what a load is; where nothing was scraped twice, what is largest.
    for value in (f"increase({wanted}[{look}])", wanted)[kind is Kind.GAUGE :]:
        try:
            found = api.instant(f"topk({MOST_KEPT}, sum by ({label}) ({value}))", end)
        except OversizedAnswerError:
            continue
        if found:
            return frozenset(line.labels[label] for line in found if label in line.labels)
    return frozenset()


@dataclass(slots=True)
class Rest:
    """Sums that the server makes of what is not fetched, as lines of their own.

    A sum of counters falls when one of them goes away, though nothing shrank: only its growth counts.
    """

    _sums: dict[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)

    def lines(self, made: Iterable[Line], of: Bound) -> list[Line]:
        """The lines of a metric's rest, from the server's sums of one chunk of time."""
        labels: Mapping[str, str] = {"__name__": of.metric, **({of.label: OTHERS} if of.label else {})}
        return [
            Line({**line.labels, **labels}, line.times, self._grown(line, of) if of.kind is Kind.DELTA else line.values)
            for line in made
        ]

    def _grown(self, line: Line, of: Bound) -> tuple[float, ...]:
        key = of.metric, *(f"{name}={value}" for name, value in sorted(line.labels.items()))
        grown, last = self._sums.get(key, (0.0, line.values[0] if line.values else 0.0))
        values = []
        for value in line.values:
            grown += max(0.0, value - last)
            last = value
            values.append(grown)
        self._sums[key] = grown, last
        return tuple(values)
