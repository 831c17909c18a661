"""Filters and queries as the contract writes them."""

from __future__ import annotations

import json

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.confluent import (
    And,
    Field,
    Format,
    Granularity,
    Interval,
    Not,
    Operator,
    Or,
    Query,
    of_cluster,
)


def test_the_contracts_own_example_of_a_filter_is_rendered_word_for_word() -> None:
    topic = Field(field="metric.topic", value="topicA")
    assert And(filters=(of_cluster("lkc-1234"), Not(filter=topic))).body() == {
        "op": "AND",
        "filters": [
            {"field": "resource.kafka.id", "op": "EQ", "value": "lkc-1234"},
            {"op": "NOT", "filter": {"field": "metric.topic", "op": "EQ", "value": "topicA"}},
        ],
    }


@pytest.mark.parametrize("op", list(Operator))
def test_each_comparison_is_rendered_by_its_name(op: Operator) -> None:
    filter_ = Field(field="metric.partition", value=7, op=op)
    assert Or(filters=(filter_,)).body() == {
        "op": "OR",
        "filters": [{"field": "metric.partition", "op": str(op), "value": 7}],
    }


def test_a_filter_of_nothing_is_refused() -> None:
    for kind in (And, Or):
        with pytest.raises(ConfigurationError, match="is empty"):
            kind(filters=())


def query(**changed: object) -> Query:
    given = {
        "metric": "io.confluent.kafka.server/sent_bytes",
        "filter": of_cluster("lkc-1"),
        "granularity": Granularity.PT1M,
        "interval": Interval(start=0, end=7 * 3600 * SECOND),
    }
    return Query(**(given | changed))  # type: ignore[arg-type]


def test_a_query_has_one_aggregation_and_leaves_its_function_to_the_api() -> None:
    (first, second) = (json.loads(body) for body in query(group_by=("metric.topic",), format=Format.GROUPED).bodies())
    assert first == {
        "aggregations": [{"metric": "io.confluent.kafka.server/sent_bytes"}],
        "filter": {"field": "resource.kafka.id", "op": "EQ", "value": "lkc-1"},
        "granularity": "PT1M",
        "intervals": ["1970-01-01T00:00:00Z/1970-01-01T06:00:00Z"],
        "limit": 1000,
        "format": "GROUPED",
        "group_by": ["metric.topic"],
    }
    assert second["intervals"] == ["1970-01-01T06:00:00Z/1970-01-01T07:00:00Z"]


def test_a_query_without_labels_does_not_name_any() -> None:
    assert all("group_by" not in json.loads(body) for body in query().bodies())


@pytest.mark.parametrize("changed", [{"limit": 0}, {"limit": 1001}, {"format": Format.GROUPED}])
def test_a_query_that_the_api_would_refuse_is_not_made(changed: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        query(**changed)
