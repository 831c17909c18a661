"""From the API's metrics to our Series: which questions each one takes, and what their answers are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.resources import RESOURCES
from clusterload.model.series import Kind
from clusterload.model.units import Unit
from clusterload.telemetry.sources.confluent.descriptors import Descriptor

CORE: Final = ("received_bytes", "sent_bytes", "active_connection_count", "request_count")
"""The metrics by which it is told whether the figures have settled: they are read again and again."""

_OUR_LABELS: Final = {"principal_id": "principal", "type": "request", "consumer_group_id": "group"}
# Partitions multiply the groups by hundreds and say little more, but for those that single out a partition.
_TOO_FINE: Final = "partition"
_SINGLES_OUT: Final = "hot_partition"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What a metric is called here.

    Attributes:
        total: the Series over all labels.
        by: the Series for each value of a label, by that label.
    """

    total: str
    by: Mapping[str, str] = field(default_factory=dict)


_KNOWN: Final = {
    "received_bytes": _Names(total="ingress", by={"topic": "ingress_by_topic"}),
    "sent_bytes": _Names(total="egress", by={"topic": "egress_by_topic"}),
    "received_records": _Names(total="records_in", by={"topic": "records_in_by_topic"}),
    "sent_records": _Names(total="records_out", by={"topic": "records_out_by_topic"}),
    "request_count": _Names(total="requests", by={"type": "requests_by_type", "principal_id": "requests_by_principal"}),
    "active_connection_count": _Names(total="connections", by={"principal_id": "connections_by_principal"}),
    "request_bytes": _Names(total="request_bytes", by={"type": "request_bytes_by_type"}),
    "response_bytes": _Names(total="response_bytes", by={"type": "response_bytes_by_type"}),
    "successful_authentication_count": _Names(
        total="authentications", by={"principal_id": "authentications_by_principal"}
    ),
    "partition_count": _Names(total="partitions"),
    "retained_bytes": _Names(total="retained_bytes", by={"topic": "retained_bytes_by_topic"}),
    "cluster_load_percent": _Names(total="cluster_load_percent"),
    "cluster_load_percent_avg": _Names(total="cluster_load_percent_avg"),
    "cluster_load_percent_max": _Names(total="cluster_load_percent_max"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One query of a metric, and the Series that its answer makes.

    Attributes:
        metric: what is asked for.
        by: the labels that it is grouped by, without prefix.
        each: name of the Series for each group; nothing if only the total is wanted.
        total: name of the Series over all groups; nothing if only the groups are wanted.
    """

    metric: Descriptor
    by: tuple[str, ...] = ()
    each: str = ""
    total: str = ""

    @property
    def group_by(self) -> tuple[str, ...]:
        """The labels as a query names them."""
        return tuple(f"metric.{label}" for label in self.by)

    def labels(self, group: tuple[str, ...]) -> dict[str, str]:
        """A group's labels by our names."""
        return {_OUR_LABELS.get(label, label): value for label, value in zip(self.by, group, strict=True)}

    def unit(self, series: str) -> Unit:
        """The unit of one of its Series: our resource's where there is one, for the API's units say less."""
        return RESOURCES[series].unit if series in RESOURCES else self.metric.unit


def metric_of(series: str) -> str:
    """The metric that a Series is made of; nothing if the API has none."""
    return next((short for short, names in _KNOWN.items() if series in {names.total, *names.by.values()}), "")


def questions(metrics: Iterable[Descriptor]) -> tuple[Question, ...]:
    """All that is asked of the metrics on offer, the core ones' totals first."""
    asked = [question for metric in metrics for question in _questions(metric)]
    return tuple(sorted(asked, key=lambda one: not is_core(one)))


def is_core(question: Question) -> bool:
    """Whether an answer tells if the figures have settled."""
    return question.metric.short in CORE and bool(question.total)


def _questions(metric: Descriptor) -> Iterator[Question]:
    names = _KNOWN.get(metric.short)
    # A metric that turned from counter to gauge is not what we know by its name.
    if names is None or (names.total in RESOURCES and RESOURCES[names.total].kind is not metric.kind):
        labels = tuple(one for one in metric.labels if one != _TOO_FINE or _SINGLES_OUT in metric.short)
        yield Question(metric=metric, by=labels, each=metric.short)
        return
    offered = [(label, series) for label, series in names.by.items() if label in metric.labels]
    if metric.kind is Kind.GAUGE or not offered:
        # Averages of groups that were there for a part of the bucket do not add up to the average of all.
        yield Question(metric=metric, total=names.total)
    for number, (label, series) in enumerate(offered):
        adds_up = metric.kind is Kind.DELTA and number == 0
        yield Question(metric=metric, by=(label,), each=series, total=names.total if adds_up else "")
