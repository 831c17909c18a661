"""Limit: how much of a resource may be used, who says so, and what the number means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.resources import Role, limited, limited_by_name, series_of_parts
from clusterload.model.series import Kind
from clusterload.model.units import COUNT, Quantity, Unit, number

DIGITS: Final = 6
"""A limit is shown as it was published: more digits than a figure that was measured."""


class Force(StrEnum):
    """What a limit's number means."""

    ENFORCED = "enforced"
    """The cluster does not let more through."""
    GUIDELINE = "guideline"
    """The provider advises it; more is let through, and may cost latency."""
    DECLARED = "declared"
    """The operator set it."""
    MEASURED = "measured"
    """It was found by an experiment."""


class Scope(StrEnum):
    """What a limit holds for."""

    CLUSTER = "cluster"
    BROKER = "broker"


Place = tuple[str, Scope, str, str, str]
"""What a limit is of: resource, scope, broker, the kind of its part and that part's name."""

PARTS: Final = ("principal", "client", "listener", "topic", "partition", "software")
"""The kinds of parts that a limit can be of, as Series' labels; a partition is written as Kafka does: `orders-3`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much of a resource may be used, and who says so, where, as of when.

    Attributes:
        resource: the name of a resource that `resources.limited` has.
        value: for a delta a rate per second, for a gauge a level.
        force: enforced, guideline, declared or measured.
        scope: for the whole cluster, or for each broker.
        broker: the one broker that it is of, where brokers differ; empty for each of them.
        part: what a part is that it is of (one of `PARTS`); empty if it is of all that the cluster or broker does.
        name: the one part that it is of, such as a principal's name; empty for each of them.
        low: from where the true value may lie, in the value's unit; None where it is not an estimate.
        high: to where.
        before_replication: whether partitions are counted once, and not each replica.
        source: the document, setting or experiment that says so.
        as_of: when it said so: a year, month or day.
        note: what a reader must know besides.
    """

    resource: str
    value: Quantity
    force: Force
    scope: Scope = Scope.CLUSTER
    broker: str = ""
    part: str = ""
    name: str = ""
    low: float | None = None
    high: float | None = None
    before_replication: bool = False
    source: str
    as_of: str
    note: str = ""

    def __post_init__(self) -> None:
        expected = unit_of(self.resource)
        if not self.value.unit.measures_same_as(expected):
            raise ConfigurationError(f"the limit of {self.resource} is in {self.value.unit}: give it in {expected}")
        if not 0 < self.value.value < math.inf:
            raise ConfigurationError(f"the limit of {self.resource} is {self.value}: it must be above 0 and finite")
        if self.broker and self.scope is not Scope.BROKER:
            raise ConfigurationError(
                f"the limit of {self.resource} is broker {self.broker}'s: give it the scope 'broker'"
            )
        if self.before_replication and (self.resource, self.scope) != ("partitions", Scope.CLUSTER):
            raise ConfigurationError(
                f"the limit of {self.resource} is before_replication: only a cluster's partitions are"
            )
        if self.resource in BUSY and self.scope is not Scope.BROKER:
            raise ConfigurationError(f"{self.resource} of a cluster has no meaning: give its limit the scope 'broker'")
        self._check_part()
        self._check_interval()

    def _check_part(self) -> None:
        known = series_of_parts(self.resource)
        if self.part and self.part not in known:
            fits = f"it is told apart by {' or '.join(known)}" if known else "it is not told apart at all"
            raise ConfigurationError(f"the limit of {self.resource} is of a {self.part}, and {fits}")
        if self.part and self.before_replication:
            raise ConfigurationError(f"the limit of {self.resource} is before_replication and of a {self.part}")

    def _check_interval(self) -> None:
        low = 0.0 if self.low is None else self.low
        high = self.value.value if self.high is None else self.high
        if not 0 <= low <= self.value.value <= high < math.inf:
            raise ConfigurationError(
                f"the limit of {self.resource} is {self.value}, from {low:g} to {high:g}: let it lie between the two"
            )

    @property
    def place(self) -> Place:
        """What it is of: resource, scope, broker and part."""
        return self.resource, self.scope, self.broker, self.part, self.name

    @property
    def amount(self) -> float:
        """The value in the base unit of its thing: of two limits of one place the lower amount is the tighter one."""
        return self.value.value * self.value.unit.factor

    @property
    def counting(self) -> str:
        """How it counts, where that is not as the resource does: ` before replication`, or nothing."""
        return " before replication" if self.before_replication else ""

    @property
    def words(self) -> str:
        """The value as it was published, with its interval: `45 MB/s (40 to 51)`."""
        # What is counted and has no name of its own (`events`) is named by its resource.
        unit = "" if self.value.unit == COUNT else f" {self.value.unit}"
        said = f"{number(self.value.value, DIGITS)}{unit}{self.counting}"
        if self.low is None and self.high is None:
            return said
        low = "0" if self.low is None else number(self.low, DIGITS)
        return f"{said} ({low} or more)" if self.high is None else f"{said} ({low} to {number(self.high, DIGITS)})"

    @property
    def of(self) -> str:
        """What it holds for: `cluster`, `each broker`, `broker 2`, `each principal`, `client a on each broker`."""
        broker = f"broker {self.broker}" if self.broker else "each broker"
        if not self.part:
            return broker if self.scope is Scope.BROKER else "cluster"
        part = f"{self.part} {self.name}" if self.name else f"each {self.part}"
        return f"{part} on {broker}" if self.scope is Scope.BROKER else part


BUSY: Final = frozenset(resource.name for resource in limited() if resource.role is Role.SATURATION)
"""The resources that say how busy a broker is: a limit of one is of each broker, and mostly a guideline."""


ALIASES: Final = {
    "cpu": "cpu_host",
    "handlers": "request_handler_busy",
    "request_handlers": "request_handler_busy",
    "network": "network_thread_busy",
    "network_threads": "network_thread_busy",
    "records": "records_in",
}
"""What resources are called besides, as in thresholds."""


def unit_of(resource: str) -> Unit:
    """What a resource's limit is measured in.

    Raises:
        ConfigurationError: there is no such resource, or it cannot have a limit; the message says what can.
    """
    known = [each.name for each in limited()]
    if resource not in known:
        near = nearest(resource, [*known, *ALIASES]) or f": use {', '.join(known)}"
        raise ConfigurationError(f"{resource!r} cannot have a limit{near}")
    measured = limited_by_name(resource)
    return measured.unit.rate() if measured.kind is Kind.DELTA else measured.unit
