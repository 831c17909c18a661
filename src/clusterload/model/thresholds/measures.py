"""Measures: all that a threshold can be about, in one table. A name is looked up here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clusterload.model import units
from clusterload.model.resources import RESOURCES, Resource, limited, saturations
from clusterload.model.series_kind import Kind
from clusterload.model.units import Unit

ANY: Final = "*"
"""In a selector: each one by itself, of which the worst counts."""

AGGREGATES: Final[Mapping[str, str]] = {
    "max": "the highest value",
    "min": "the lowest value",
    "mean": "the mean",
    "sustained": "what is reached or exceeded in a tenth of the time",
}
"""The aggregates of a line over time, behind a dot; without one it is the typical value, as in reports."""

LATENCIES: Final[Mapping[str, float]] = {
    "latency.p50": 0.5,
    "latency.p75": 0.75,
    "latency.p90": 0.9,
    "latency.p95": 0.95,
    "latency.p99": 0.99,
    "latency.p99.9": 0.999,
    "latency.p99.99": 0.9999,
    "latency.max": 1.0,
    "latency.mean": math.nan,
}
"""Latencies by name, with the quantile that each is; the mean is none."""

LIMIT_LOAD: Final = "limit_load"
"""The largest share of a limit."""

WAYS: Final = ("due", "sent", "delay", "end_to_end")
"""From when to when a latency runs: due to answered, sent to answered, due to sent, due to read."""

TERMS: Final = ("scheduled", "acknowledged", "failed", "unknown", "dropped", "late")
"""The counts of a ledger."""

_SHORTER: Final[Mapping[str, tuple[str, ...]]] = {
    "saturation": tuple(saturation.name for saturation in saturations()),
    "saturation.cpu": ("cpu_host",),
    "saturation.network": ("network_thread_busy",),
    "saturation.handlers": ("request_handler_busy",),
}


class Family(StrEnum):
    """Where a measure's figures come from."""

    LIMIT_LOAD = "limit load"
    RESOURCE = "resource"
    LATENCY = "latency"
    LEDGER = "ledger"
    LOST = "lost"
    ACHIEVED = "achieved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that a threshold can be about.

    Attributes:
        name: as it is written, without an aggregate.
        unit: of its figures, and of a value without a unit.
        family: where they come from.
        labels: by what its figures can be selected.
        resources: of a resource, whose Series are read; of several the worst counts.
    """

    name: str
    unit: Unit
    family: Family
    labels: tuple[str, ...]
    resources: tuple[str, ...] = ()

    @property
    def has_course(self) -> bool:
        """Whether it has values over time, so that `for` has a meaning."""
        return self.family in {Family.LIMIT_LOAD, Family.RESOURCE, Family.LATENCY}

    @property
    def aggregates(self) -> bool:
        """Whether it can be aggregated; a latency is one already."""
        return self.family in {Family.LIMIT_LOAD, Family.RESOURCE}

    @property
    def needs_metrics(self) -> bool:
        """Whether it needs the cluster's own metrics."""
        return self.family in {Family.LIMIT_LOAD, Family.RESOURCE}

    def read_from(self, labels: frozenset[str]) -> tuple[Resource, ...]:
        """The resources whose Series have these labels, as `ingress_by_topic` of ingress by topic; () if none has."""
        wanted = labels - {"broker"}
        for name in self.resources:
            for resource in _finer(name):
                if wanted <= set(resource.per):
                    return (
                        (resource,) if len(self.resources) == 1 else tuple(RESOURCES[each] for each in self.resources)
                    )
        return ()


def _finer(name: str) -> Iterator[Resource]:
    """A resource, and those that are the same by a label."""
    yield RESOURCES[name]
    yield from (resource for label, resource in _by_label(name))


def _by_label(name: str) -> Iterator[tuple[str, Resource]]:
    for resource in RESOURCES.values():
        base, _, label = resource.name.rpartition("_by_")
        if base == name and label in resource.per:
            yield label, resource


def _of_resource(name: str, read: tuple[str, ...]) -> Measure:
    first = RESOURCES[read[0]]
    finer = [label for name in read for each in _finer(name) for label in each.per]
    return Measure(
        name=name,
        unit=first.unit.rate() if first.kind is Kind.DELTA else first.unit,
        family=Family.RESOURCE,
        labels=("broker", *dict.fromkeys(finer)),
        resources=read,
    )


def _every() -> Iterator[Measure]:
    yield Measure(name=LIMIT_LOAD, unit=units.RATIO, family=Family.LIMIT_LOAD, labels=("resource", "broker"))
    yield from (_of_resource(name, read) for name, read in _SHORTER.items())
    yield from (_of_resource(name, (name,)) for name in RESOURCES)
    for name in LATENCIES:
        yield Measure(name=name, unit=units.MILLISECONDS, family=Family.LATENCY, labels=("load", "of"))
    for term in TERMS:
        yield Measure(name=f"ledger.{term}", unit=units.COUNT, family=Family.LEDGER, labels=("load",))
    yield Measure(name="lost", unit=units.RATIO, family=Family.LOST, labels=("load",))
    yield Measure(name="achieved", unit=units.RATIO, family=Family.ACHIEVED, labels=("load", "dial"))


MEASURES: Final[Mapping[str, Measure]] = {measure.name: measure for measure in _every()}
"""All measures by name."""


def choices(measure: Measure, label: str) -> tuple[str, ...]:
    """What a label of a measure can be, where that is known beforehand."""
    if label == "of":
        return WAYS
    if label == "resource" and measure.family is Family.LIMIT_LOAD:
        return tuple(resource.name for resource in limited())
    return ()
