"""Descriptors: what the API says of each metric that it offers, read at run time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clusterload.model import units
from clusterload.model.errors import SourceError
from clusterload.model.series import Kind
from clusterload.model.units import Unit

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
                labels=tuple(one["key"].removeprefix("metric.") for one in given.get("labels") or ()),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SourceError(
                f"the Metrics API describes a metric in a way we do not know ({type(error).__name__}: {error})"
                ": check that confluent.metrics.endpoint names one, or update clusterload"
            ) from None


def is_wanted(given: Any) -> bool:
    """Whether a descriptor is of a Kafka cluster's metric that we can read and that has a future."""
    if not isinstance(given, Mapping):
        return True  # which `parsed` refuses
    # The contract lets types be added: what is neither counter nor gauge is left alone.
    readable = str(given.get("type")).startswith((_COUNTER, _GAUGE))
    return readable and "kafka" in (given.get("resources") or ()) and given.get("lifecycle_stage") != "DEPRECATED"
