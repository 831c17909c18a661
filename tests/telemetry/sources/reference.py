"""Exporters' text read plainly and slowly: line by line by Prometheus' own parser, each line translated again."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

from clusterload.model.resources import RESOURCES
from clusterload.model.series import Kind
from clusterload.telemetry.sources.names import Labels, Names, Rule
from clusterload.telemetry.sources.reading import Key, Reading, Sample
from clusterload.telemetry.sources.shares import idle_counter

ByName = Mapping[str, list[Sample]]


def reading_of(text: str, names: Names, client_listeners: frozenset[str]) -> Reading:
    """The reading of a text, of which clients use these listeners."""
    by_name: dict[str, list[Sample]] = defaultdict(list)
    for sample in _each_once(text):
        name, labels = (sample.name, {}) if sample.name in names.metrics else names.plain(sample.name)
        by_name[name].append(Sample(name, names.labels({**sample.labels, **labels}), sample.value))
    totals: dict[Kind | str, dict[Key, float]] = {kind: {} for kind in (*Kind, "rate")}
    for rule in names.rules:
        added = _added(rule, by_name, client_listeners)
        for figures in totals.values():
            for key in added:
                figures.pop(key, None)
        totals["rate" if rule.per else RESOURCES[rule.series].kind].update(added)
    threads = names.threads
    network: dict[str, tuple[float, ...]] = defaultdict(tuple)
    for sample in (sample for metric in threads.network_time for sample in by_name.get(metric, ())):
        listener = sample.labels.get(threads.network_listener, "")
        if not threads.network_listener or _is_client(listener, client_listeners):
            network[listener] += (sample.value * threads.network_scale,)
    return Reading(
        counters=totals[Kind.DELTA],
        gauges=totals[Kind.GAUGE],
        rates=totals["rate"],
        handler_idle=idle_counter(
            sample.value
            for idle in threads.handler_idle
            for sample in by_name.get(idle.metric, ())
            if idle.picks(sample.name, sample.labels)
        ),
        network=dict(network),
        started=_first(threads.started, by_name),
    )


def _each_once(text: str) -> Iterator[Sample]:
    seen = set[tuple[str, Labels]]()
    for line in text.split("\n"):
        for sample in (sample for family in text_string_to_metric_families(line) for sample in family.samples):
            key = sample.name, tuple(sorted(sample.labels.items()))
            if key not in seen:
                seen.add(key)
                yield Sample(sample.name, sample.labels, float(sample.value))


def _is_client(listener: str, client_listeners: frozenset[str]) -> bool:
    return listener.upper().replace("-", "_") in {name.upper().replace("-", "_") for name in client_listeners}


def _first(metrics: Iterable[str], by_name: ByName) -> float | None:
    return next((by_name[metric][0].value for metric in metrics if by_name.get(metric)), None)


def _added(rule: Rule, by_name: ByName, client_listeners: frozenset[str]) -> dict[Key, float]:
    if rule.times and not by_name.get(rule.times):
        return {}
    first = next((by_name[metric] for metric in rule.metrics if by_name.get(metric)), [])
    samples = [*first, *(sample for metric in rule.plus for sample in by_name.get(metric, ()))]
    factors = {tuple(sorted(sample.labels.items())): sample.value for sample in by_name.get(rule.times, ())}
    totals: dict[Key, float] = defaultdict(float)
    for sample in samples:
        labels = sample.labels
        if rule.counts(labels) and (not rule.listener or _is_client(labels.get(rule.listener, ""), client_listeners)):
            value = sample.value
            if rule.times:
                value = value * factors.get(tuple(sorted(labels.items())), math.nan) if value else 0.0
            totals[rule.series, rule.key(labels)] += rule.value(value)
    return totals
