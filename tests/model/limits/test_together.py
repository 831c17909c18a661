"""Tables can be put together, and written so that they are read again as they were."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.limits import Force, Limit, Limits, Scope, tables
from clusterload.model.resources import RESOURCES, dimensions
from clusterload.model.series import Kind
from clusterload.model.units import Quantity

CLUSTER, BROKER = Scope.CLUSTER, Scope.BROKER


def limit(resource: str, value: float, *, force: Force = Force.ENFORCED, scope: Scope = CLUSTER) -> Limit:
    dimension = RESOURCES[resource]
    unit = dimension.unit.rate() if dimension.kind is Kind.DELTA else dimension.unit
    return Limit(
        resource=resource, value=Quantity(value, unit), force=force, scope=scope, source="the test", as_of="2026"
    )


def limits(name: str, *held: Limit) -> Limits:
    return Limits(name=name, title=name.upper(), limits=held)


def test_of_what_two_tables_limit_the_lower_is_used_and_the_other_disputed() -> None:
    low, high = limit("ingress", 5), limit("ingress", 9, force=Force.MEASURED)
    for first, other in ((low, high), (high, low)):
        together = limits("a", first).with_(limits("b", other))
        assert (together.limits, together.disputed) == ((low,), (high,))
        assert (together.name, together.title) == ("a + b", "A; B")


def test_a_table_keeps_all_its_limits_of_a_resource_where_its_lowest_is_lower() -> None:
    advised, enforced = limit("partitions", 5, force=Force.GUIDELINE), limit("partitions", 9)
    declared = limit("partitions", 7, force=Force.DECLARED)
    together = limits("a", advised, enforced).with_(limits("b", declared))
    assert (together.limits, together.disputed) == ((advised, enforced), (declared,))


def test_what_only_one_limits_or_of_another_scope_is_kept_from_both() -> None:
    mine, theirs = limit("connections", 9), limit("connections", 5, scope=BROKER)
    together = limits("a", mine, limit("ingress", 1)).with_(limits("b", theirs, limit("egress", 2)))
    assert {(limit.resource, limit.scope) for limit in together.limits} == {
        ("connections", CLUSTER),
        ("connections", BROKER),
        ("ingress", CLUSTER),
        ("egress", CLUSTER),
    }
    assert together.disputed == ()


def test_the_same_limit_twice_is_no_dispute() -> None:
    own = limit("ingress", 5)
    together = limits("a", own).with_(limits("b", own))
    assert (together.limits, together.disputed) == ((own,), ())


def test_units_are_those_of_the_table_that_has_any() -> None:
    cloud = Limits.named("confluent-dedicated", 2)
    for together in (cloud.with_(limits("b", limit("ingress", 1))), limits("b", limit("ingress", 1)).with_(cloud)):
        assert together.size == "2 CKU"


words = st.text(max_size=20)


@st.composite
def any_limit(draw: st.DrawFn) -> Limit:
    dimension = draw(st.sampled_from(dimensions()))
    value = draw(st.floats(1e-9, 1e18))
    scope = draw(st.sampled_from(Scope))
    made = limit(dimension.name, value, force=draw(st.sampled_from(Force)), scope=scope)
    return replace(
        made,
        broker=draw(st.sampled_from(["", "1", "2"])) if scope is BROKER else "",
        low=draw(st.none() | st.floats(0, value)),
        high=draw(st.none() | st.floats(value, 1e19)),
        before_replication=dimension.name == "partitions" and scope is CLUSTER and draw(st.booleans()),
        source=draw(words),
        as_of=draw(words),
        note=draw(words),
    )


any_table = st.builds(
    Limits,
    name=st.just("mine"),
    title=words,
    limits=st.lists(
        any_limit(), min_size=1, max_size=5, unique_by=lambda limit_drawn: (limit_drawn.place, limit_drawn.force)
    ).map(tuple),
    disputed=st.lists(any_limit(), max_size=3).map(tuple),
    note=words,
    units=st.integers(1, 9),
    unit_name=st.sampled_from(["", "CKU", "broker"]),
    most_units=st.sampled_from([0, 9]),
)  # fmt: skip


@given(any_table)
def test_a_table_is_read_as_it_was_written(table: Limits) -> None:
    again = Limits.parsed("mine", tomllib.loads(table.as_toml()))
    assert again == replace(table, title=table.title or "mine")


@pytest.mark.parametrize("name", tables())
def test_tables_that_come_with_clusterload_are_read_as_they_were_written(name: str, tmp_path: Path) -> None:
    table = Limits.named(name, 2) if Limits.named(name).unit_name else Limits.named(name)
    path = tmp_path / f"{name}.toml"
    path.write_text(table.as_toml(), encoding="utf-8")
    assert Limits.read(path) == table


def test_a_table_without_limits_cannot_be_written() -> None:
    with pytest.raises(ConfigurationError, match="there is nothing to write"):
        limits("a").as_toml()
