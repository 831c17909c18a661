"""What a broker shows at one time, translated into our words by a map of names."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.model.resources import RESOURCES
from clusterload.model.series import Kind
from clusterload.telemetry.sources.names import Labels, Names, Rule, Threads

Key = tuple[str, Labels]
"""A Series' name and its labels without the broker's."""

# Listeners that by their usual names carry no clients; used only where nobody said which one does.
_NO_CLIENTS: Final = {"BROKER", "CONTROLLER", "CONTROLPLANE", "REPLICATION", "INTERBROKER", "INTERNAL"}
# Operators put the port behind the name, as in REPLICATION-9091, here with an underscore.
_PORT: Final = re.compile(r"_\d+$")


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one broker at one time; NaN where the broker has none. Labels tell it from others of the name."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that one broker showed at one time, in our words.

    Attributes:
        counters: values since the broker's start.
        gauges: values now.
        handler_idle: nanoseconds that the mean request handler has idled since the start; None if unknown.
        network: for each listener of clients what each of its network threads has worked since the start, in ns.
        started: Unix seconds of the broker's start; None if unknown.
    """

    counters: Mapping[Key, float]
    gauges: Mapping[Key, float]
    handler_idle: float | None = None
    network: Mapping[str, tuple[float, ...]]
    started: float | None = None


def read(samples: Iterable[Sample], names: Names, client_listeners: frozenset[str]) -> Reading:
    """Translate what one broker showed at one time.

    Args:
        samples: all of them, each once.
        names: what they are called.
        client_listeners: the listeners that clients use; none named means all but those that usually carry none.
    """
    by_name: dict[str, list[Sample]] = defaultdict(list)
    for sample in _plain(samples, names):
        by_name[sample.name].append(sample)

    of_clients = set(map(_listener, client_listeners))

    def is_client(listener: str) -> bool:
        if of_clients:
            return _listener(listener) in of_clients
        return _PORT.sub("", _listener(listener)) not in _NO_CLIENTS

    totals: dict[Kind, dict[Key, float]] = {kind: {} for kind in Kind}
    for rule in names.rules:
        totals[RESOURCES[rule.series].kind].update(_added(rule, by_name, is_client))
    return Reading(
        counters=totals[Kind.DELTA],
        gauges=totals[Kind.GAUGE],
        handler_idle=_first(names.threads.handler_idle, by_name),
        network=_network(names.threads, by_name, is_client),
        started=_first((names.threads.started,), by_name),
    )


def _listener(name: str) -> str:
    # Where it stood in a metric's name it has lost its case and its dashes.
    return name.upper().replace("-", "_")


def _plain(samples: Iterable[Sample], names: Names) -> Iterable[Sample]:
    """The samples, with labels that were in their names taken out of them."""
    if not names.rewrites:
        return samples
    known = names.metrics
    found = ((sample, ("", {}) if sample.name in known else names.plain(sample.name)) for sample in samples)
    return (
        Sample(name, {**sample.labels, **labels}, sample.value) if labels else sample
        for sample, (name, labels) in found
    )


def _network(
    threads: Threads, by_name: Mapping[str, list[Sample]], is_client: Callable[[str], bool]
) -> dict[str, tuple[float, ...]]:
    network: dict[str, tuple[float, ...]] = defaultdict(tuple)
    for sample in by_name.get(threads.network_time, ()):
        listener = sample.labels.get(threads.network_listener, "")
        if not threads.network_listener or is_client(listener):
            network[listener] += (sample.value * threads.network_scale,)
    return dict(network)


def _first(metrics: Iterable[str], by_name: Mapping[str, list[Sample]]) -> float | None:
    return next((by_name[metric][0].value for metric in metrics if by_name.get(metric)), None)


def _added(rule: Rule, by_name: Mapping[str, list[Sample]], is_client: Callable[[str], bool]) -> dict[Key, float]:
    first = next((by_name[metric] for metric in rule.metrics if by_name.get(metric)), [])
    samples = [*first, *(sample for metric in rule.plus for sample in by_name.get(metric, ()))]
    factors = {tuple(sorted(sample.labels.items())): sample.value for sample in by_name.get(rule.times, ())}
    totals: dict[Key, float] = defaultdict(float)
    for sample in samples:
        labels = sample.labels
        if rule.counts(labels) and (not rule.listener or is_client(labels.get(rule.listener, ""))):
            value = _times(sample, factors) if rule.times else sample.value
            totals[rule.series, rule.key(labels)] += rule.value(value)
    return totals


def _times(sample: Sample, factors: Mapping[Labels, float]) -> float:
    # A count of 0 has no mean: it has taken no time.
    return sample.value * factors.get(tuple(sorted(sample.labels.items())), math.nan) if sample.value else 0.0
