"""What a server has of a cluster, counted before any of it is fetched."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus.answer import Line
from clusterload.telemetry.sources.prometheus.api import PrometheusApi
from clusterload.telemetry.sources.prometheus.selection import any_of, milliseconds, quoted, selector
from clusterload.telemetry.sources.prometheus.targets import is_general

# Looked at so often over a stretch: a target that came up or went away in it is still seen.
_LOOKS: Final = 4
_SOONEST: Final = SECOND
# At each look what was scraped lately counts: a scrape that just failed takes all its series away.
_SHORTEST_LOOK: Final = 60 * SECOND
_LONGEST_LOOK: Final = 120 * SECOND
# What only a broker shows; a controller or a bridge has threads and connections too.
_OF_BROKERS: Final = ("partitions", "leaders", "ingress", "ingress_by_topic", "records_in")


class Place(NamedTuple):
    """Where series were scraped."""

    job: str
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """How many series there are of each metric at each place that is a broker's.

    Attributes:
        counts: of series, by metric and place.
        mixed: whether the same metrics are shown by what is no broker, as by a controller of its own.
    """

    counts: Mapping[str, Mapping[Place, int]]
    mixed: bool = False

    @property
    def heartbeat(self) -> str:
        """The metric that tells best of a target's being there: one series of it at most places, none by a label."""
        return min(self.counts, key=lambda metric: (is_general(metric), *_spread(self.counts[metric]), metric))

    @property
    def instances(self) -> frozenset[str]:
        """Where brokers are scraped."""
        return frozenset(place.instance for places in self.counts.values() for place in places)

    def of(self, metric: str) -> int:
        """Series of one metric."""
        return sum(self.counts.get(metric, {}).values())

    def pick(self, metrics: Iterable[str]) -> str:
        """The matcher, beside names and the user's own, that leaves only brokers: some metrics are everyone's."""
        if not self.mixed and not any(map(is_general, metrics)):
            return ""
        return f"instance=~{any_of(self.instances, or_none='' in self.instances)}"


def taken(api: PrometheusApi, names: Names, select: str, start: int, end: int) -> Inventory:
    """Count the series that a server has between two times (Unix nanoseconds).

    Raises:
        SourceError: it could not be asked.
    """
    wanted = selector(f"__name__=~{quoted(names.pattern)}", select)
    step = max(_SOONEST, (end - start) // _LOOKS)
    look = milliseconds(min(max(step, _SHORTEST_LOOK), _LONGEST_LOOK))
    query = f"count by (__name__, job, instance) (last_over_time({wanted}[{look}]))"
    return counted(api.stepped(query, start, end, step), names)


def counted(lines: Iterable[Line], names: Names) -> Inventory:
    """The inventory in the answer to the question of how many there are."""
    counts: dict[str, Counter[Place]] = defaultdict(Counter)
    for line in lines:
        name = line.labels.get("__name__", "")
        place = Place(line.labels.get("job", ""), line.labels.get("instance", ""))
        if line.values and names.reads(name):
            counts[name][place] = max(counts[name][place], int(max(line.values)))
    brokers = _brokers(counts, names)
    at_brokers = {
        metric: {place: count for place, count in places.items() if place.instance in brokers}
        for metric, places in counts.items()
    }
    mixed = any(len(at_brokers[name]) < len(places) for name, places in counts.items() if not is_general(name))
    return Inventory(counts={name: found for name, found in at_brokers.items() if found}, mixed=mixed)


def _brokers(counts: Mapping[str, Mapping[Place, int]], names: Names) -> set[str]:
    """The instances of brokers: one may be scraped by several jobs, each for a part of what it shows."""
    telling = {metric for series in _OF_BROKERS for metric in names.of(series)}
    sure = {place.instance for metric in counts if names.plain(metric)[0] in telling for place in counts[metric]}
    return sure or {place.instance for metric in counts if not is_general(metric) for place in counts[metric]}


def _spread(places: Mapping[Place, int]) -> tuple[int, int]:
    return max(places.values()), -len(places)
