"""How many series a server has of a cluster, and how those of one metric are bounded where there are too many.

They are counted before any is fetched. A cluster of a hundred thousand topics has more series than anyone can read: of
a metric with too many, the topics that grew most are fetched; the others together are what is left of the metric's
total, or a sum that the server makes where there is none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Kind
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import Roles, is_general, without
from clusterload.telemetry.sources.prometheus.api import PrometheusClient, RawSeries
from clusterload.telemetry.sources.prometheus.promql import (
    any_of,
    at_any_port,
    host_of,
    joined,
    milliseconds,
    named,
    quoted,
    selector,
)
from clusterload.telemetry.sources.source import OTHERS
from clusterload.telemetry.sources.transport import ResponseTooLargeError

MOST_SERIES: Final = 20_000
"""Series of one metric that are fetched one by one."""

MOST_KEPT: Final = 200
"""Topics, or what else there are so many of, that are fetched by themselves where not all are."""

_GROWTH_LOOK: Final = (60 * SECOND, 600 * SECOND)
# By these a metric falls into very many series without any Series of ours being by them.
_FINER: Final = ("partition", "redpanda_partition")

# Looked at so often over a stretch: a target that came up or went away in it is still seen.
_LOOKS: Final = 4
_SOONEST: Final = SECOND
# At each look what was scraped lately counts: a scrape that just failed takes all its series away.
_SHORTEST_LOOK: Final = 60 * SECOND
_LONGEST_LOOK: Final = 120 * SECOND
# What only a broker shows; a controller or a bridge has threads and connections too.
_OF_BROKERS: Final = ("partitions", "leaders", "ingress", "ingress_by_topic", "records_in")


NO_ROLES: Final = Roles()
"""All metrics are shown by the brokers themselves."""


class Place(NamedTuple):
    """Where series were scraped."""

    job: str
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """How many series there are of each metric at each place that is a broker's.

    Attributes:
        counts: of series, by metric and place.
        mixed: whether other programs, such as a dedicated controller, show the same metrics.
        told: those of the metrics whose lines say whose they are, wherever they are shown.
        hosts: those of the metrics that are of a broker's host.
        narrow: matchers of the lines that count, by metric, where all that read it want the same ones.
    """

    counts: Mapping[str, Mapping[Place, int]]
    mixed: bool = False
    told: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    narrow: Mapping[str, str] = field(default_factory=dict)

    @property
    def heartbeat(self) -> str:
        """The metric that best shows that a target is there: one series of it at most places, none by a label."""
        own = self.counts.keys() - self.told - self.hosts
        return min(own or self.counts, key=lambda metric: (is_general(metric), *_spread(self.counts[metric]), metric))

    @property
    def instances(self) -> frozenset[str]:
        """Where brokers are scraped."""
        return self._instances(self.counts.keys() - self.told - self.hosts)

    def _instances(self, metrics: Iterable[str]) -> frozenset[str]:
        return frozenset(place.instance for metric in metrics for place in self.counts.get(metric, {}))

    def of(self, metric: str) -> int:
        """Series of one metric."""
        return sum(self.counts.get(metric, {}).values())

    def pick(self, metrics: Iterable[str]) -> str:
        """The additional matcher that leaves only brokers: other programs show some metrics too.

        Metrics that are asked for at once are of brokers, or are all shown elsewhere.
        """
        metrics = set(metrics)
        apart = metrics <= self.told | self.hosts
        if not apart and not self.mixed and not any(map(is_general, metrics)):
            return ""
        places = self._instances(metrics) if apart else self.instances
        narrow = {self.narrow.get(metric, "") for metric in metrics}
        return joined(f"instance=~{any_of(places, or_none='' in places)}", *(narrow if len(narrow) == 1 else ()))


def take_inventory(
    client: PrometheusClient, names: Names, select: str, start: int, end: int, roles: Roles = NO_ROLES
) -> Inventory:
    """Count the series that a server has between two times (Unix nanoseconds).

    Raises:
        SourceError: it could not be asked.
    """
    narrow = _narrow(names, roles)
    wide = without(names, lambda metric: metric in narrow or metric in roles.hosts).pattern
    step = max(_SOONEST, (end - start) // _LOOKS)
    look = milliseconds(min(max(step, _SHORTEST_LOOK), _LONGEST_LOOK))

    def count(wanted: str) -> tuple[RawSeries, ...]:
        query = f"count by (__name__, job, instance) (last_over_time({wanted}[{look}]))"
        return client.stepped(query, start, end, step)

    found = list(count(selector(f"__name__=~{quoted(wide)}", select))) if wide else []
    for wanted in _narrow_selectors(narrow, select):
        found += count(wanted)
    hosts = {host_of(instance) for instance in counted(found, names, roles).instances}
    if roles.hosts and hosts:
        # A server may know ten thousand hosts.
        found += count(selector(named(roles.hosts), f"instance=~{at_any_port(hosts)}", select))
    return replace(counted(found, names, roles), narrow=narrow)


def _narrow(names: Names, roles: Roles) -> dict[str, str]:
    """The matchers of metrics that a whole Kubernetes may show, of which few lines count: by metric."""
    found = {}
    for metric in roles.told & names.metrics:
        equal = [rule.equal for rule in names.rules if metric in rule.all_metrics]
        if equal and equal[0] and all(each == equal[0] for each in equal):
            found[metric] = joined(*(f"{label}=~{any_of(values)}" for label, values in sorted(equal[0].items())))
    return found


def _narrow_selectors(narrow: Mapping[str, str], select: str) -> Iterable[str]:
    for matcher in dict.fromkeys(narrow.values()):
        yield selector(named([metric for metric, own in narrow.items() if own == matcher]), matcher, select)


def counted(counts_by_place: Iterable[RawSeries], names: Names, roles: Roles = NO_ROLES) -> Inventory:
    """The inventory that the counts by metric, job and instance make."""
    counts: dict[str, Counter[Place]] = defaultdict(Counter)
    for series in counts_by_place:
        name = series.labels.get("__name__", "")
        place = Place(series.labels.get("job", ""), series.labels.get("instance", ""))
        if series.values and names.reads(name):
            counts[name][place] = max(counts[name][place], int(max(series.values)))
    told, single, hosts = (
        {name for name in counts if names.plain(name)[0] in known} for known in (roles.told, roles.single, roles.hosts)
    )
    brokers = _brokers({name: counts[name] for name in counts.keys() - told - hosts}, names)
    # What a broker's own target shows is the broker's.
    hosts -= {name for name in hosts if any(place.instance in brokers for place in counts[name])}
    own = {name: places for name, places in counts.items() if name not in told | hosts}
    kept = {name: {at: count for at, count in places.items() if at.instance in brokers} for name, places in own.items()}
    mixed = any(len(kept[name]) < len(places) for name, places in own.items() if not is_general(name))
    their_hosts = {host_of(instance) for instance in brokers}
    kept |= {name: _at_hosts(counts[name], their_hosts) for name in hosts}
    kept |= {name: _at_one(counts[name]) if name in single else dict(counts[name]) for name in told}
    return Inventory(
        counts={name: found for name, found in kept.items() if found},
        mixed=mixed,
        told=frozenset(told),
        hosts=frozenset(hosts),
    )


def _at_hosts(places: Mapping[Place, int], hosts: Collection[str]) -> dict[Place, int]:
    return {place: count for place, count in places.items() if host_of(place.instance) in hosts}


def _at_one(places: Mapping[Place, int]) -> dict[Place, int]:
    """Of places that show the same the first one that shows about as much as any."""
    most = max(places.values())
    chosen = min(place for place, count in places.items() if 2 * count >= most)
    return {chosen: places[chosen]}


def _brokers(counts: Mapping[str, Mapping[Place, int]], names: Names) -> set[str]:
    """The instances of brokers: one may be scraped by several jobs, each for a part of what it shows."""
    telling = {metric for series in _OF_BROKERS for metric in names.of(series)}
    sure = {place.instance for metric in counts if names.plain(metric)[0] in telling for place in counts[metric]}
    return sure or {place.instance for metric in counts if not is_general(metric) for place in counts[metric]}


def _spread(places: Mapping[Place, int]) -> tuple[int, int]:
    return max(places.values()), -len(places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How one metric with too many series is queried.

    Attributes:
        metric: its name.
        label: of which the largest values are kept; empty if none are.
        others: labels that there are several Series by as well, of which the rest has no value.
        kept: those values.
        has_total: whether series without the label hold the total, so that the rest need not be fetched.
        kind: whether the values grow or are levels.
    """

    metric: str
    label: str = ""
    others: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    has_total: bool = False
    kind: Kind = Kind.DELTA

    def shown(self) -> str:
        """The matcher of what is fetched series by series."""
        return f"{self.label}=~{any_of(self.kept, or_none=True)}"

    def rest(self, select: str) -> str:
        """The query for the sums of what is not."""
        over = ", ".join(
            dict.fromkeys(name for name in (self.label, *self.others, *_FINER, "topic", "redpanda_topic") if name)
        )
        out = f"{self.label}!~{any_of(self.kept, or_none=True)}" if self.label else ""
        return f"sum without ({over}) ({selector(named([self.metric]), select, out)})"


def bound(client: PrometheusClient, metric: str, names: Names, select: str, start: int, end: int) -> Bound:
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
    kept = _largest(client, metric, label, select, start, end, kind)
    return Bound(metric=metric, label=label, others=tuple(others), kept=kept, has_total=has_total, kind=kind)


def _largest(
    client: PrometheusClient, metric: str, label: str, select: str, start: int, end: int, kind: Kind
) -> frozenset[str]:
    wanted = selector(named([metric]), select, f'{label}!=""')
    shortest, longest = _GROWTH_LOOK
    look = milliseconds(min(max(end - start, shortest), longest))
    # What grew lately is what a load is; where nothing was scraped twice, what is largest.
    for value in (f"increase({wanted}[{look}])", wanted)[kind is Kind.GAUGE :]:
        try:
            found = client.instant(f"topk({MOST_KEPT}, sum by ({label}) ({value}))", end)
        except ResponseTooLargeError:
            continue
        if found:
            return frozenset(series.labels[label] for series in found if label in series.labels)
    return frozenset()


@dataclass(slots=True)
class RestSums:
    """Sums that the server makes of what is not fetched, as series of their own.

    A sum of counters falls when one of them goes away, though nothing shrank: only its increase counts.
    """

    _sums: dict[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)

    def series(self, made: Iterable[RawSeries], of: Bound) -> list[RawSeries]:
        """The series of a metric's rest, from the server's sums of one chunk of time."""
        labels: Mapping[str, str] = {"__name__": of.metric, **({of.label: OTHERS} if of.label else {})}
        return [RawSeries({**summed.labels, **labels}, summed.times, self._values(summed, of)) for summed in made]

    def _values(self, summed: RawSeries, of: Bound) -> tuple[float, ...]:
        if of.kind is not Kind.DELTA:
            return summed.values
        key = of.metric, *(f"{name}={value}" for name, value in sorted(summed.labels.items()))
        grown, last = self._sums.get(key, (0.0, summed.values[0] if summed.values else 0.0))
        values = []
        for value in summed.values:
            grown += max(0.0, value - last)
            last = value
            values.append(grown)
        self._sums[key] = grown, last
        return tuple(values)
