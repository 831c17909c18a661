"""From series back to scrapes: all that one target showed at one time, and which broker that target is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from clusterload.telemetry.sources.prometheus.api import RawSeries
from clusterload.telemetry.sources.prometheus.fetching import Chunk
from clusterload.telemetry.sources.prometheus.promql import host_of
from clusterload.telemetry.sources.reading import Sample

_NAME: Final = "__name__"

Identity = tuple[tuple[str, str], ...]
"""The labels that all series of one target share."""

Scrapes = Mapping[Identity, Mapping[int, list[Sample]]]
"""By target and time (Unix nanoseconds, rising)."""


def scrapes_of(chunk: Chunk) -> Scrapes:
    """A chunk's values, put together as they were scraped.

    What is read by a step is put at the time of the scrape that it shows; a step that shows the scrape before it
    once more is left out, since Prometheus repeats a value for minutes when nothing follows.
    """
    of_targets = _labels_of_targets(chunk)
    true = _true_times(chunk.scraped, of_targets)
    found: dict[Identity, dict[int, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for series in chunk.series:
        if series.labels.get(_NAME) in chunk.told | chunk.hosts:
            continue
        target, name, labels = _taken_apart(series, of_targets)
        times = true.get(target, {}) if chunk.scraped else None
        by_time = found[target]
        for at, value in zip(series.times, series.values, strict=True):
            time = at if times is None else times.get(at)
            if time is not None:
                by_time[time].append(Sample(name, labels, value))
    _add_rests(found, chunk.rests, of_targets)
    return {target: dict(sorted(by_time.items())) for target, by_time in found.items() if by_time}


def scrapes_apart(chunk: Chunk, metrics: frozenset[str]) -> Scrapes:
    """A chunk's values of metrics that are not shown by brokers, put together by where and when they were scraped.

    Of what a target is called only job and instance are known: other labels, such as a pod's, are of the line.
    Where several servers have scraped it, one of them is read.
    """
    found: dict[Identity, dict[Identity, dict[int, list[Sample]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for series in chunk.series:
        if series.labels.get(_NAME) in metrics:
            target, name, labels = _taken_apart(series, _OF_PLACES)
            whole = tuple(label for label in target if label[0] not in REPLICAS)
            for at, value in zip(series.times, series.values, strict=True):
                found[whole][target][at].append(Sample(name, labels, value))
    return {whole: dict(sorted(servers[min(servers)].items())) for whole, servers in sorted(found.items())}


def _labels_of_targets(chunk: Chunk) -> frozenset[str]:
    own = [series for series in chunk.series if series.labels.get(_NAME) not in chunk.told | chunk.hosts]
    beats = [series for series in own if series.labels.get(_NAME) == chunk.heartbeat]
    if beats:
        return frozenset(name for beat in beats for name in beat.labels) - {_NAME}
    each = [frozenset(series.labels) for series in own]
    return frozenset.intersection(*each) - {_NAME} if each else frozenset()


def _true_times(scraped: Iterable[RawSeries], of_targets: frozenset[str]) -> dict[Identity, dict[int, int]]:
    found: dict[Identity, dict[int, int]] = {}
    for stamps in scraped:
        times, last = found.setdefault(identity(stamps.labels, of_targets), {}), 0
        for at, seconds in zip(stamps.times, stamps.values, strict=True):
            time = round(seconds * 1000) * 1_000_000
            if time > last:
                times[at] = last = time
    return found


def _taken_apart(series: RawSeries, of_targets: frozenset[str]) -> tuple[Identity, str, dict[str, str]]:
    own = {name: value for name, value in series.labels.items() if name not in of_targets and name != _NAME}
    return identity(series.labels, of_targets), series.labels.get(_NAME, ""), own


def _add_rests(
    found: Mapping[Identity, Mapping[int, list[Sample]]], rests: Iterable[RawSeries], of_targets: frozenset[str]
) -> None:
    """Put each sum to the scrapes that follow it."""
    for summed in rests:
        target, name, labels = _taken_apart(summed, of_targets)
        for time, samples in found.get(target, {}).items():
            at = bisect_right(summed.times, time)
            if at:
                samples.append(Sample(name, labels, summed.values[at - 1]))


_NAMING: Final = ("broker", "broker_id", "brokerid", "node_id", "kafka_id")
_PODS: Final = ("pod", "kubernetes_pod_name", "pod_name", "statefulset_kubernetes_io_pod_name")
_ORDINAL: Final = re.compile(r"-(\d+)$")

REPLICAS: Final = frozenset({"prometheus_replica", "__replica__", "replica", "prometheus", "receive_replica"})
"""Labels by which two servers' series of one target differ."""

_OF_PLACES: Final = frozenset({"job", "instance", *REPLICAS})


def identity(labels: Mapping[str, str], of_targets: frozenset[str]) -> Identity:
    """Which target a series is of, by the labels that targets have."""
    return tuple(sorted((name, value) for name, value in labels.items() if name in of_targets))


def broker_of(target: Identity, brokers: Mapping[str, str]) -> tuple[str, bool]:
    """The broker's id, and whether a label or a setting said so.

    Args:
        target: its labels.
        brokers: ids by instance, `host:port` or host; what is given there goes before every label.
    """
    labels = dict(target)
    instance = labels.get("instance", "")
    for place in (instance, host_of(instance), *(labels.get(name, "") for name in _PODS)):
        if place and place in brokers:
            return brokers[place], True
    for name in _NAMING:
        if labels.get(name):
            return labels[name], True
    for name in _PODS:
        ordinal = _ORDINAL.search(labels.get(name, ""))
        if ordinal:
            return str(int(ordinal[1])), True
    return instance or labels.get("pod", "") or "unknown", False


def shown(target: Identity) -> str:
    """A target in words: where it was scraped, and by whom if several did."""
    labels = dict(target)
    by = [f"{name}={labels[name]}" for name in sorted(REPLICAS & labels.keys())]
    place = labels.get("instance") or labels.get("pod") or "a target without instance"
    job = f" (job {labels['job']})" if "job" in labels else ""
    return f"{place}{job}{' by ' if by else ''}{', '.join(by)}"


def are_replicas(targets: Iterable[Identity]) -> bool:
    """Whether targets are one, scraped by several servers."""
    return len({tuple((name, value) for name, value in target if name not in REPLICAS) for target in targets}) == 1
