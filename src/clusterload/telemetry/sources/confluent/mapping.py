"""From the API's metrics, as it describes them, to our Series: which queries each takes, and how they are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clusterload.model import units
from clusterload.model.errors import SourceError
from clusterload.model.resources import RESOURCES
from clusterload.model.series import Kind
from clusterload.model.units import Unit

CORE: Final = ("received_bytes", "sent_bytes", "active_connection_count", "request_count")
"""The metrics by which it is decided whether figures are complete: they are read again and again."""

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
    """The metric that a Series is made of; empty if the API has none."""
    return next((short for short, names in _KNOWN.items() if series in {names.total, *names.by.values()}), "")


def questions(metrics: Iterable[Descriptor]) -> tuple[Question, ...]:
    """All queries of the metrics on offer, the core ones' totals first."""
    asked = [question for metric in metrics for question in _questions(metric)]
    return tuple(sorted(asked, key=lambda question: not is_core(question)))


def is_core(question: Question) -> bool:
    """Whether its answer decides if figures are complete."""
    return question.metric.short in CORE and bool(question.total)


def _questions(metric: Descriptor) -> Iterator[Question]:
    names = _KNOWN.get(metric.short)
    # A metric that turned from counter to gauge is not what we know by its name.
    if names is None or (names.total in RESOURCES and RESOURCES[names.total].kind is not metric.kind):
        labels = tuple(label for label in metric.labels if label != _TOO_FINE or _SINGLES_OUT in metric.short)
        yield Question(metric=metric, by=labels, each=metric.short)
        return
    offered = [(label, series) for label, series in names.by.items() if label in metric.labels]
    if metric.kind is Kind.GAUGE or not offered:
        # Averages of groups that were there for a part of the bucket do not add up to the average of all.
        yield Question(metric=metric, total=names.total)
    for number, (label, series) in enumerate(offered):
        adds_up = metric.kind is Kind.DELTA and number == 0
        yield Question(metric=metric, by=(label,), each=series, total=names.total if adds_up else "")


_COUNTER: Final = "COUNTER_"
_GAUGE: Final = "GAUGE_"

_UCUM: Final = {
    "By": units.BYTES,
    "By/s": units.BYTES_PER_SECOND,
    "kBy": units.KILOBYTES,
    "KiBy": units.KIB,
    "MiBy": units.MIB,
    "s": units.SECONDS,
    "ms": units.MILLISECONDS,
    "us": units.MICROSECONDS,
    "ns": units.NANOSECONDS,
    "%": units.PERCENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """One metric on offer.

    Attributes:
        name: in full, as in `io.confluent.kafka.server/received_bytes`.
        kind: a counter counts by the minute and is summed over time: a delta. A gauge is averaged.
        unit: counted things have none in the API; they are events.
        labels: what it can be grouped by, without the prefix `metric.`.
    """

    name: str
    kind: Kind
    unit: Unit
    labels: tuple[str, ...]

    @property
    def short(self) -> str:
        """The name after the slash."""
        return self.name.rpartition("/")[2]

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Descriptor:
        """A descriptor from what the API answers; SourceError if it lacks something."""
        try:
            return cls(
                name=str(given["name"]),
                kind=Kind.DELTA if given["type"].startswith(_COUNTER) else Kind.GAUGE,
                unit=_UCUM.get(given.get("unit") or "", units.COUNT),
                labels=tuple(label["key"].removeprefix("metric.") for label in given.get("labels") or ()),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SourceError(
                f"malformed descriptor in a Metrics API response ({type(error).__name__}: {error})"
                ": check that confluent.metrics.endpoint names one, or update clusterload"
            ) from None


def is_wanted(given: Any) -> bool:
    """Whether a descriptor is of a Kafka cluster's metric that we can read and that has a future."""
    if not isinstance(given, Mapping):
        return True  # which `parsed` refuses
    # The contract lets types be added: what is neither counter nor gauge is left alone.
    readable = str(given.get("type")).startswith((_COUNTER, _GAUGE))
    return readable and "kafka" in (given.get("resources") or ()) and given.get("lifecycle_stage") != "DEPRECATED"
