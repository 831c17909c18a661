"""Filters: what passes, and which may be asked at all."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.server.metrics_api.filters import (
    CLUSTER,
    And,
    Equal,
    Filter,
    Greater,
    GreaterOrEqual,
    Not,
    Or,
    check,
)
from clusterload.server.metrics_api.refusal import RequestRefusedError

OURS = Equal(field=CLUSTER, value="lkc-1")
TOPIC = "metric.topic"
KNOWN = {CLUSTER, TOPIC}


def passes(given: str, topic: str) -> bool:
    """Whether a topic's line passes a filter in JSON."""
    one: Filter = msgspec.json.decode(given, type=Filter)
    return one.matches({CLUSTER: "lkc-1", TOPIC: topic})


@pytest.mark.parametrize(
    ("given", "passing"),
    [
        ('{"op": "EQ", "field": "metric.topic", "value": "b"}', "b"),
        ('{"op": "GT", "field": "metric.topic", "value": "b"}', "c"),
        ('{"op": "GTE", "field": "metric.topic", "value": "b"}', "bc"),
        ('{"op": "NOT", "filter": {"op": "EQ", "field": "metric.topic", "value": "b"}}', "ac"),
        ('{"op": "NOT", "filter": {"op": "GTE", "field": "metric.topic", "value": "b"}}', "a"),
        (
            '{"op": "OR", "filters": [{"op": "EQ", "field": "metric.topic", "value": "a"},'
            '{"op": "GT", "field": "metric.topic", "value": "b"}]}',
            "ac",
        ),
        (
            '{"op": "AND", "filters": [{"op": "EQ", "field": "resource.kafka.id", "value": "lkc-1"},'
            '{"op": "GT", "field": "metric.topic", "value": "a"}]}',
            "bc",
        ),
        ('{"op": "EQ", "field": "resource.kafka.id", "value": "lkc-2"}', ""),
        ('{"op": "OR", "filters": []}', ""),
    ],
)
def test_operators_mean_what_the_contract_says(given: str, passing: str) -> None:
    assert [topic for topic in "abc" if passes(given, topic)] == list(passing)


def test_labels_are_compared_as_text_even_with_numbers() -> None:
    assert passes('{"op": "GT", "field": "metric.topic", "value": 10}', "9")
    assert passes('{"op": "EQ", "field": "metric.topic", "value": 10}', "10")


_leaves = st.builds(
    lambda kind, value: kind(field=TOPIC, value=value),
    st.sampled_from([Equal, Greater, GreaterOrEqual]),
    st.sampled_from("abc"),
)
_filters = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(lambda one: Not(filter=one), inner),
        st.builds(lambda some: And(filters=some), st.lists(inner, max_size=3)),
        st.builds(lambda some: Or(filters=some), st.lists(inner, max_size=3)),
    ),
    max_leaves=8,
)


@given(one=_filters, other=_filters, topic=st.sampled_from(["", "a", "b", "c", "d"]))
def test_not_and_or_follow_de_morgan(one: Filter, other: Filter, topic: str) -> None:
    labels = {TOPIC: topic}
    left = Not(filter=And(filters=[one, other]))
    right = Or(filters=[Not(filter=one), Not(filter=other)])
    assert left.matches(labels) == right.matches(labels)


@given(one=_filters)
def test_a_filter_is_the_same_after_a_trip_through_json(one: Filter) -> None:
    assert msgspec.json.decode(msgspec.json.encode(one), type=Filter) == one


@pytest.mark.parametrize(
    "restricting",
    [
        OURS,
        Or(filters=[OURS]),
        And(filters=[OURS, Not(filter=Equal(field=TOPIC, value="a"))]),
        Or(filters=[OURS, And(filters=[Greater(field=TOPIC, value="a"), OURS])]),
    ],
)
def test_a_filter_that_names_our_cluster_may_be_asked(restricting: Filter) -> None:
    assert check(restricting, "lkc-1", KNOWN) is restricting


@pytest.mark.parametrize(
    "wide",
    [
        None,
        Equal(field=TOPIC, value="a"),
        Not(filter=OURS),
        Greater(field=CLUSTER, value="lkc"),
        Or(filters=[]),
        And(filters=[]),
        Or(filters=[OURS, Equal(field=TOPIC, value="a")]),
    ],
)
def test_a_filter_that_lets_other_clusters_pass_is_refused(wide: Filter | None) -> None:
    with pytest.raises(RequestRefusedError, match="must restrict the query to a cluster") as refused:
        check(wide, "lkc-1", KNOWN)
    assert refused.value.status == 400


def test_another_cluster_is_forbidden() -> None:
    with pytest.raises(RequestRefusedError, match="not authorized for the cluster 'lkc-2'") as refused:
        check(Or(filters=[OURS, Equal(field=CLUSTER, value="lkc-2")]), "lkc-1", KNOWN)
    assert refused.value.status == 403


def test_a_label_that_the_metric_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(RequestRefusedError, match=r"no label 'metric.partition' .* metric.topic, resource.kafka.id"):
        check(And(filters=[OURS, Equal(field="metric.partition", value=1)]), "lkc-1", KNOWN)
