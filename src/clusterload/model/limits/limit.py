"""Limit: how much of a resource may be used, who says so, and what the number means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from clusterload.model.documents import Text, read_table
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.resources import RESOURCES, dimensions
from clusterload.model.series import Kind
from clusterload.model.units import Quantity, Unit, by_symbol, fitting, number

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


Place = tuple[str, Scope, str]
"""What a limit is of: resource, scope, broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much of a resource may be used, and who says so, where, as of when.

    Attributes:
        resource: the name of a dimension in `resources`.
        value: for a delta a rate per second, for a gauge a level.
        force: enforced, guideline, declared or measured.
        scope: for the whole cluster, or for each broker.
        broker: the one broker that it is of, where brokers differ; empty for each of them.
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
    low: float | None = None
    high: float | None = None
    before_replication: bool = False
    source: str
    as_of: str
    note: str = ""

    def __post_init__(self) -> None:
        expected = _unit(self.resource)
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
        self._check_interval()

    def _check_interval(self) -> None:
        low = 0.0 if self.low is None else self.low
        high = self.value.value if self.high is None else self.high
        if not 0 <= low <= self.value.value <= high < math.inf:
            raise ConfigurationError(
                f"the limit of {self.resource} is {self.value}, from {low:g} to {high:g}: let it lie between the two"
            )

    @property
    def place(self) -> Place:
        """What it is of: resource, scope and broker."""
        return self.resource, self.scope, self.broker

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
        said = f"{number(self.value.value, DIGITS)} {self.value.unit}{self.counting}"
        if self.low is None and self.high is None:
            return said
        low = "0" if self.low is None else number(self.low, DIGITS)
        return f"{said} ({low} or more)" if self.high is None else f"{said} ({low} to {number(self.high, DIGITS)})"

    @property
    def of(self) -> str:
        """What it holds for: `cluster`, `each broker`, `broker 2`."""
        if self.scope is Scope.CLUSTER:
            return "cluster"
        return f"broker {self.broker}" if self.broker else "each broker"


def _unit(resource: str) -> Unit:
    """What a resource's limit is measured in."""
    known = [dimension.name for dimension in dimensions()]
    if resource not in known:
        raise ConfigurationError(f"{resource!r} cannot have a limit{nearest(resource, known)}")
    measured = RESOURCES[resource]
    return measured.unit.rate() if measured.kind is Kind.DELTA else measured.unit


class Row(msgspec.Struct, kw_only=True):
    """A limit as a document has it.

    Attributes:
        per_unit: whether it is of each unit of the cluster (CKU, broker), and not of all of them.
        by_size: the value by the size of a family of tables.
    """

    resource: Text
    value: float | None = None
    unit: Text
    force: Force
    scope: Scope = Scope.CLUSTER
    broker: Text = ""
    low: float | None = None
    high: float | None = None
    before_replication: bool = False
    source: Text
    as_of: Text
    note: Text = ""
    per_unit: bool = False
    by_size: dict[str, float] = {}


def limit_of(row: Row) -> Limit:
    """A limit from its row.

    Raises:
        ConfigurationError: the value is missing, or one is out of range.
    """
    if row.value is None:
        raise ConfigurationError("a limit lacks value: add it")
    names = ("resource", "force", "scope", "broker", "low", "high", "before_replication", "source", "as_of", "note")
    return Limit(value=Quantity(row.value, _unit_of(row)), **{name: getattr(row, name) for name in names})


def read_limit(given: object) -> Limit:
    """A limit from the plain values of a row.

    Raises:
        ConfigurationError: a key is missing or unknown, or a value is out of range.
    """
    return limit_of(read_table(given, Row, "a limit"))


def _unit_of(row: Row) -> Unit:
    expected = _unit(row.resource)
    try:
        return by_symbol(row.unit)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}; the limit of {row.resource} can be {fitting(expected)}") from None


def row_of(limit: Limit) -> dict[str, str | float]:
    """A limit as a row of TOML; what is not set is left out."""
    row: dict[str, str | float | None] = {
        "resource": limit.resource,
        "value": limit.value.value,
        "unit": limit.value.unit.symbol,
        "force": str(limit.force),
        "scope": str(limit.scope),
        "broker": limit.broker or None,
        "low": limit.low,
        "high": limit.high,
        "before_replication": limit.before_replication or None,
        "source": limit.source,
        "as_of": limit.as_of,
        "note": limit.note or None,
    }
    return {key: value for key, value in row.items() if value is not None}
