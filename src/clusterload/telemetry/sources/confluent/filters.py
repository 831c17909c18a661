"""Filters: which data points a query is about, in the words of the Metrics API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from clusterload.model.errors import ConfigurationError


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
        return {"op": "AND", "filters": [one.body() for one in self.filters]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """Points that at least one of these filters lets through."""

    filters: tuple[Filter, ...]

    def __post_init__(self) -> None:
        _check_some("OR", self.filters)

    def body(self) -> dict[str, Any]:
        """The filter as the API takes it."""
        return {"op": "OR", "filters": [one.body() for one in self.filters]}


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
        raise ConfigurationError(f"a filter {op} of nothing: give it at least one filter")
