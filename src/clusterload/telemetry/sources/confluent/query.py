"""Queries of one metric: their filters, and what is in their answers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from clusterload.model.errors import ConfigurationError, SourceError
from clusterload.model.timespec import timestamp
from clusterload.telemetry.sources.confluent.interval import Granularity, Interval

MOST_GROUPS: Final = 1000
"""Groups that one page of an answer may hold."""

Group: TypeAlias = tuple[str, ...]
Table: TypeAlias = dict[Group, dict[int, float]]
"""An answer: for each group (the values of the labels asked for) the value of each bucket by its start."""


class Format(StrEnum):
    """How an answer is laid out: a row for each point, or the points of each group together."""

    FLAT = "FLAT"
    GROUPED = "GROUPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query of one metric.

    Attributes:
        metric: its full name, as in `io.confluent.kafka.server/received_bytes`.
        filter: must name a resource, such as the cluster.
        interval: may be longer than the granularity allows in one query; it is split then.
        group_by: labels with their prefixes; none adds up over all of them.
        format: GROUPED is smaller, and only to be had with `group_by`.
    """

    metric: str
    filter: Filter
    granularity: Granularity
    interval: Interval
    group_by: tuple[str, ...] = ()
    limit: int = MOST_GROUPS
    format: Format = Format.FLAT

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_GROUPS:
            raise ConfigurationError(f"a query's limit is {self.limit}: it must lie within 1 and {MOST_GROUPS}")
        if self.format is Format.GROUPED and not self.group_by:
            raise ConfigurationError("a query without group_by has no groups: ask for it in the format FLAT")

    def bodies(self) -> tuple[bytes, ...]:
        """The requests that it takes, in order of time; the pages of each are asked for with that very body."""
        return tuple(json.dumps(self._body(piece)).encode() for piece in self.interval.split(self.granularity))

    def _body(self, interval: Interval) -> dict[str, Any]:
        # No `agg`: the API knows what fits each metric, and refuses SUM for those that take another.
        grouped = {"group_by": list(self.group_by)} if self.group_by else {}
        return {
            "aggregations": [{"metric": self.metric}],
            "filter": self.filter.body(),
            "granularity": str(self.granularity),
            "intervals": [str(interval)],
            "limit": self.limit,
            "format": str(self.format),
            **grouped,
        }

    def take(self, page: Mapping[str, Any], into: Table) -> None:
        """Add a page of an answer to a table.

        Raises:
            SourceError: the page is malformed.
        """
        try:
            for item in page["data"]:
                points = into.setdefault(tuple(str(item.get(label) or "") for label in self.group_by), {})
                rows: Iterable[Mapping[str, Any]] = item["points"] if self.format is Format.GROUPED else (item,)
                points.update(self._point(row) for row in rows)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise SourceError(
                f"malformed Metrics API response for {self.metric} ({type(error).__name__}: {error})"
                ": check that confluent.metrics.endpoint names one"
            ) from None

    def _point(self, row: Mapping[str, Any]) -> tuple[int, float]:
        value = row["value"]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise TypeError("a value is not a number")
        if self.granularity is Granularity.ALL:
            return self.interval.start, float(value)
        return timestamp(row["timestamp"]), float(value)


class Operator(StrEnum):
    """How a label is held against a value. The API compares labels as text: `"10"` is less than `"9"`."""

    EQ = "EQ"
    GT = "GT"
    GTE = "GTE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Points whose label compares so to a value.

    Attributes:
        field: a label with its prefix, as in `metric.topic` or `resource.kafka.id`.
    """

    field: str
    value: str | int
    op: Operator = Operator.EQ

    def body(self) -> dict[str, Any]:
        """The filter as the API takes it."""
        return {"field": self.field, "op": str(self.op), "value": self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """Points that all of these filters let through."""

    filters: tuple[Filter, ...]

    def __post_init__(self) -> None:
        _check_some("AND", self.filters)

    def body(self) -> dict[str, Any]:
        """The filter as the API takes it."""
        return {"op": "AND", "filters": [part.body() for part in self.filters]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """Points that at least one of these filters lets through."""

    filters: tuple[Filter, ...]

    def __post_init__(self) -> None:
        _check_some("OR", self.filters)

    def body(self) -> dict[str, Any]:
        """The filter as the API takes it."""
        return {"op": "OR", "filters": [part.body() for part in self.filters]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Points that a filter does not let through."""

    filter: Filter

    def body(self) -> dict[str, Any]:
        """The filter as the API takes it."""
        return {"op": "NOT", "filter": self.filter.body()}


Filter: TypeAlias = Field | And | Or | Not


def of_cluster(cluster_id: str) -> Field:
    """The points of one cluster: the API wants every query to name a resource."""
    return Field(field="resource.kafka.id", value=cluster_id)


def _check_some(op: str, filters: tuple[Filter, ...]) -> None:
    if not filters:
        raise ConfigurationError(f"the filter {op} is empty: give it at least one filter")
