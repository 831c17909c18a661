"""The export: the last full minute of every metric, as Prometheus and OpenMetrics write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client import exposition
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from clusterload.server.metrics_api.answers import Question, groups
from clusterload.server.metrics_api.catalogue import Metric
from clusterload.server.metrics_api.filters import CLUSTER, Equal
from clusterload.server.metrics_api.history import History
from clusterload.server.metrics_api.intervals import GRANULARITIES

PROMETHEUS: Final = "text/plain;version=0.0.4"
OPENMETRICS: Final = "application/openmetrics-text;version=1.0.0;charset=utf-8"

# A minute's last scrape comes a moment after its end.
SETTLING_SECONDS: Final = 5.0


class _Minute(Collector):
    def __init__(self, families: Sequence[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families


def exported(metrics: Sequence[Metric], history: History, cluster_id: str, minute: int, accept: str) -> tuple[str, str]:
    """One minute of some metrics as text, and its content type.

    Counters are exported as gauges, since they say what happened in the minute, not since ever.
    """
    minute_only = _Minute([_family(metric, history, cluster_id, minute) for metric in metrics])
    if "application/openmetrics-text" in accept:
        text: bytes = openmetrics.generate_latest(minute_only)  # type: ignore[no-untyped-call]
        return text.decode(), OPENMETRICS
    return exposition.generate_latest(minute_only).decode(), PROMETHEUS


def last_minute(now: float, lateness: int) -> int:
    """The last minute that is over and old enough, since 1970; `now` in Unix seconds."""
    return int((now - SETTLING_SECONDS) // 60) - lateness - 1


def _family(metric: Metric, history: History, cluster_id: str, minute: int) -> GaugeMetricFamily:
    labels = sorted(metric.labels)
    family = GaugeMetricFamily(f"confluent_kafka_server_{metric.short}", metric.text, labels=["kafka_id", *labels])
    for key, value in _values(metric, labels, history, cluster_id, minute):
        family.add_metric([cluster_id, *key], value, timestamp=60 * minute)
    return family


def _values(
    metric: Metric, labels: Sequence[str], history: History, cluster_id: str, minute: int
) -> Iterator[tuple[Sequence[str], float]]:
    question = Question(
        metric=metric,
        cluster_id=cluster_id,
        filter=Equal(field=CLUSTER, value=cluster_id),
        group_by=[f"metric.{label}" for label in labels],
        stretches=[(minute, minute + 1)],
        origin=minute,
        granularity=GRANULARITIES["PT1M"],
    )
    for group in groups(question, history):
        yield group.key, float(group.values[0])
