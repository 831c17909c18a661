"""Filters: which labels a question is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from clusterload.server.metrics_api.refusal import RequestRefusedError

CLUSTER: Final = "resource.kafka.id"
"""The label that says which cluster."""

Labels = Mapping[str, str]


class _Comparison(msgspec.Struct, frozen=True, tag_field="op"):
    """A label against a value. Labels are compared as text."""

    value: str | int
    field: str = ""

    @property
    def text(self) -> str:
        return str(self.value)


class Equal(_Comparison, frozen=True, tag="EQ"):
    """The label is the value."""

    def matches(self, labels: Labels) -> bool:
        """Whether a line with these labels passes."""
        return labels.get(self.field) == self.text


class Greater(_Comparison, frozen=True, tag="GT"):
    """The label comes after the value."""

    def matches(self, labels: Labels) -> bool:
        """Whether a line with these labels passes."""
        return self.field in labels and labels[self.field] > self.text


class GreaterOrEqual(_Comparison, frozen=True, tag="GTE"):
    """The label is the value or comes after it."""

    def matches(self, labels: Labels) -> bool:
        """Whether a line with these labels passes."""
        return self.field in labels and labels[self.field] >= self.text


class And(msgspec.Struct, frozen=True, tag_field="op", tag="AND"):
    """All of some filters."""

    filters: list[Filter]

    def matches(self, labels: Labels) -> bool:
        """Whether a line with these labels passes."""
        return all(part.matches(labels) for part in self.filters)


class Or(msgspec.Struct, frozen=True, tag_field="op", tag="OR"):
    """Any of some filters."""

    filters: list[Filter]

    def matches(self, labels: Labels) -> bool:
        """Whether a line with these labels passes."""
        return any(part.matches(labels) for part in self.filters)


class Not(msgspec.Struct, frozen=True, tag_field="op", tag="NOT"):
    """What a filter does not let pass."""

    filter: Filter

    def matches(self, labels: Labels) -> bool:
        """Whether a line with these labels passes."""
        return not self.filter.matches(labels)


Filter = Equal | Greater | GreaterOrEqual | And | Or | Not


def check(given: Filter | None, cluster_id: str, known: set[str]) -> Filter:
    """See that a filter may be asked: it is about our cluster, and about labels that there are.

    Args:
        given: the filter of a question, if it has one.
        cluster_id: the one cluster that we know.
        known: labels that the question's metric has, with their prefix.

    Raises:
        RequestRefusedError: it restricts no cluster (400), names another one (403) or a label that is not there (400).
    """
    if given is None or not _restricts(given):
        raise RequestRefusedError(f"a filter must restrict the query to a cluster: add {CLUSTER} EQ {cluster_id}")
    for comparison in _comparisons(given):
        if comparison.field not in known:
            raise RequestRefusedError(
                f"no label {comparison.field!r} to filter by: known are {', '.join(sorted(known))}"
            )
        if isinstance(comparison, Equal) and comparison.field == CLUSTER and comparison.text != cluster_id:
            raise RequestRefusedError(
                f"not authorized for the cluster {comparison.text!r}: its id here is another one", 403
            )
    return given


def _restricts(given: Filter) -> bool:
    """Whether all that passes belongs to clusters that the filter names."""
    match given:
        case Equal(field=field):
            return field == CLUSTER
        case And(filters=filters):
            return any(map(_restricts, filters))
        case Or(filters=filters):
            return bool(filters) and all(map(_restricts, filters))
        case _:
            return False


def _comparisons(given: Filter) -> Iterator[_Comparison]:
    match given:
        case And(filters=filters) | Or(filters=filters):
            for part in filters:
                yield from _comparisons(part)
        case Not(filter=inner):
            yield from _comparisons(inner)
        case _:
            yield given
