"""Limits are tables with provenance; each is in the unit of what it limits, and what is not known stays unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.limits import Force, Limits, Scope, tables
from clusterload.model.resources import dimensions
from clusterload.model.series import Kind
from clusterload.model.units import BYTES_PER_SECOND, MEBI

ROW: dict[str, Any] = {
    "resource": "ingress",
    "value": 250,
    "unit": "MiB/s",
    "force": "enforced",
    "source": "the provider's documentation",
    "as_of": "2023-12",
}


def table(**changed: Any) -> Limits:
    return Limits.parsed("mine", {"limits": [{**ROW, **changed}]})


@pytest.mark.parametrize("name", tables())
def test_every_table_says_who_says_so_and_as_of_when(name: str) -> None:
    found = Limits.named(name)
    assert found.title
    for limit in found.limits:
        assert limit.source
        assert limit.as_of[:2] == "20"
        assert isinstance(limit.force, Force)


def test_the_course_s_limits_are_those_of_the_case() -> None:
    course = Limits.named("course-basic")
    shown = {limit.resource: str(limit.value) for limit in course.limits}
    assert shown == {
        "ingress": "250 MiB/s",
        "egress": "750 MiB/s",
        "requests": "15,000 requests/s",
        "connections": "100 connections",
    }
    ingress = course.of("ingress")
    assert ingress is not None
    assert ingress.value.over(60).value * MEBI == ingress.value.to(BYTES_PER_SECOND).value * 60 == 250 * 60 * 1024**2


def test_what_is_not_in_a_table_is_unknown_not_infinite() -> None:
    assert table().of("connections") is None


@pytest.mark.parametrize("resource", dimensions(), ids=lambda dimension: dimension.name)
def test_a_limit_is_in_the_unit_of_its_resource(resource: Any) -> None:
    right = resource.unit.rate() if resource.kind is Kind.DELTA else resource.unit
    wrong = resource.unit if resource.kind is Kind.DELTA else resource.unit.rate()
    limit = table(resource=resource.name, unit=str(right)).of(resource.name)
    assert limit is not None
    assert limit.value.unit.measures_same_as(right)
    with pytest.raises(ConfigurationError, match=f"write a number in .*{right}"):
        table(resource=resource.name, unit=str(wrong))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"resource": "ingres"}, "'ingres' cannot have a limit; did you mean 'ingress'?"),
        ({"resource": "latency"}, "'latency' cannot have a limit: use ingress, egress"),
        ({"resource": "cpu", "unit": "%", "scope": "cluster"}, "give its limit the scope 'broker'"),
        ({"unit": "MB/S"}, "the limit of ingress: unknown unit 'MB/S': write a number in B/s, KiB/s, MiB/s"),
        ({"unit": "KB/s"}, "unknown unit 'KB/s' ('kB/s' are 1,000 bytes and 'KiB/s' 1,024)"),
        ({"unit": ""}, "the limit of ingress: unknown unit '': write a number in B/s"),
        ({"value": "95 MB/s"}, "'95 MB/s' has a unit, and the unit is 'MiB/s': keep one of them"),
        ({"each": "rack"}, "the limit of ingress is of each rack: use principal, client, listener"),
        ({"each": "principals"}, "the limit of ingress is of each principals; did you mean 'principal'?"),
        ({"each": "broker"}, "the limit of ingress is of each broker: give it the scope 'broker'"),
        ({"each": "listener"}, "the limit of ingress is of a listener, and it is told apart by topic or"),
        ({"topic": "a", "principal": "b"}, "the limit of ingress has principal and topic: keep one of them"),
        ({"value": 0}, "it must be above 0"),
        ({"value": -5}, "it must be above 0"),
        ({"value": float("nan")}, "it must be above 0"),
        ({"value": float("inf")}, "it must be above 0 and finite"),
        ({"value": "many"}, "the limit of ingress: 'many' is not a quantity: write a number in B/s"),
        ({"value": [1]}, "value of a limit is [1]: it must be a number"),
        ({"force": "wished"}, "force of a limit is 'wished': it must be enforced, guideline, declared or measured"),
        ({"scope": "rack"}, "scope of a limit is 'rack': it must be cluster or broker"),
        ({"sauce": "me"}, "a limit has no key 'sauce'; did you mean 'source'?"),
        ({"low": 260}, "250 MiB/s, from 260 to 250: let it lie between the two"),
        ({"high": 249}, "250 MiB/s, from 0 to 249"),
        ({"low": -1}, "from -1 to 250"),
        ({"high": float("nan")}, "from 0 to nan"),
        ({"broker": "2", "scope": "cluster"}, "give it the scope 'broker'"),
        ({"per_unit": True}, "name it, as in per_unit"),
        ({"per_unit": "yes"}, "per_unit of a limit is 'yes': it must be true or false"),
        ({"before_replication": True}, "only a cluster's partitions are"),
    ],
)
def test_a_mistake_in_a_table_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        table(**changed)
    assert said in str(caught.value)
    assert "limit table mine" in str(caught.value)


def test_a_limit_without_provenance_is_refused() -> None:
    row = {key: value for key, value in ROW.items() if key not in {"source", "as_of"}}
    with pytest.raises(ConfigurationError, match="a limit lacks source, as_of"):
        Limits.parsed("mine", {"limits": [row]})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"titel": "x"}, "the table has no key 'titel'; did you mean 'title'?"),
        ({"title": 5}, "title of the table is 5: it must be text"),
        ({"most_units": 0}, "most_units of the table is 0: it must be a whole number, 1 or above"),
        ({"units": 1.5}, "units of the table is 1.5: it must be a whole number"),
        ({"maximum": [{**ROW}]}, "a maximum of ingress and none per unit: make it a limit"),
        ({"maximum": {**ROW}}, "it must be [[maximum]] tables"),
        ({"disputed": [{**ROW, "unit": "MB"}]}, "MB cannot be converted to B/s: write a number in B/s"),
        ({"extends": 5}, "extends of the table is 5: it must be text"),
        ({"units": 2, "per_unit": "CKU", "limits": [{**ROW, "per_unit": True}]}, "say nothing per unit"),
        ({"sizes": {"small": {}}}, "it has values by size (small): write a table for each"),
    ],
)
def test_a_mistake_in_what_a_table_says_of_itself_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Limits.parsed("mine", {"limits": [ROW], **changed})
    assert said in str(caught.value)
    assert "limit table mine" in str(caught.value)


def test_what_a_table_says_of_all_its_rows_need_not_be_said_in_each() -> None:
    brief = {key: ROW[key] for key in ("resource", "value", "unit")}
    shared = {key: ROW[key] for key in ("force", "source", "as_of")}
    assert Limits.parsed("mine", {**shared, "limits": [brief]}) == table()


def test_a_measured_limit_shows_the_interval_in_which_it_lies() -> None:
    limit = table(force="measured", low=240, high=1262.5).limits[0]
    assert limit.words == "250 MiB/s (240 to 1,262.5)"
    assert table(force="measured", low=240).limits[0].words == "250 MiB/s (240 or more)"


@pytest.mark.parametrize("rows", [None, [], {"resource": "ingress"}, [5]])
def test_a_table_without_limits_is_refused(rows: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"\[\[limits\]\] tables"):
        Limits.parsed("mine", {"limits": rows})


def test_two_limits_of_one_resource_and_kind_are_refused_since_both_cannot_hold() -> None:
    with pytest.raises(ConfigurationError, match="limits ingress of cluster twice"):
        Limits.parsed("mine", {"limits": [ROW, {**ROW, "value": 5}]})


def test_a_guideline_and_what_is_enforced_can_both_hold_and_the_lower_is_the_tighter() -> None:
    both = Limits.parsed("mine", {"limits": [ROW, {**ROW, "value": 200, "force": "guideline"}]})
    assert [str(limit.force) for limit in both.limits] == ["enforced", "guideline"]
    tightest = both.of("ingress")
    assert tightest is not None
    assert tightest.value.value == 200


def test_values_of_one_resource_are_ordered_whatever_their_units() -> None:
    both = Limits.parsed("mine", {"limits": [{**ROW, "value": 1, "unit": "GB/s"}, {**ROW, "force": "guideline"}]})
    tightest = both.of("ingress")
    assert tightest is not None
    assert str(tightest.value) == "250 MiB/s"


def test_a_limit_for_the_cluster_and_one_for_each_broker_can_both_hold() -> None:
    both = Limits.parsed("mine", {"limits": [ROW, {**ROW, "value": 100, "scope": "broker"}]})
    assert [limit.scope for limit in both.limits] == [Scope.CLUSTER, Scope.BROKER]


def test_a_table_of_one_s_own_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(
        'title = "Ours"\n[[limits]]\nresource = "connections"\nvalue = 3000\nunit = "connections"\n'
        'force = "measured"\nscope = "broker"\nsource = "our test of May"\nas_of = "2026-05-01"\n',
        encoding="utf-8",
    )
    ours = Limits.named(str(path))
    (limit,) = ours.limits
    assert (ours.name, ours.title, limit.force, limit.scope) == ("ours", "Ours", Force.MEASURED, Scope.BROKER)


def test_an_unknown_table_is_met_with_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError, match="no limit table 'course-basics'; did you mean 'course-basic'"):
        Limits.named("course-basics")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file"), (b"[[limits", "is not TOML"), (b"\xff", "is not text: save it as UTF-8")],
)
def test_a_file_that_is_no_table_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "ours.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        Limits.read(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_mistake_in_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('[[limits]]\nresource = "ingress"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=str(path)):
        Limits.read(path)


_PARTS = """
title = "Parts"
source = "us"
as_of = "2026-11-30"
force = "enforced"

[[limits]]
resource = "connections"
value = "3,000"
principal = "sa-1"

[[limits]]
resource = "ingress"
value = "5 MB/s"
each = "partition"
"""


def test_a_limit_can_be_of_one_login_or_of_each_partition_and_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "parts.toml"
    path.write_text(_PARTS.replace("ingress", "records_in").replace("5 MB/s", "5 events/min"))
    table = Limits.read(path)
    assert [(limit.of, limit.words) for limit in table.limits] == [
        ("principal sa-1", "3,000 connections"),
        ("each partition", "5 records/min"),
    ]
    assert table.of("connections") is None, "what a login may is no limit of the cluster"
    again = tmp_path / "again" / "parts.toml"
    again.parent.mkdir()
    again.write_text(table.as_toml())
    assert Limits.read(again) == table


def test_a_guideline_can_say_how_busy_a_broker_may_be() -> None:
    (limit,) = table(resource="cpu", value=60, unit="%", force="guideline").limits
    assert (limit.resource, limit.of, limit.words) == ("cpu_host", "each broker", "60 %")


def test_what_goes_in_and_out_together_and_records_can_have_a_limit() -> None:
    assert table(resource="throughput", value=100, unit="kB/s").of("throughput") is not None
    assert table(resource="records", value=1000, unit="events/s").of("records_in") is not None


@pytest.mark.parametrize(
    ("wrong", "line"), [('value = "3,000"', 7), ('resource = "connections"', 7), ('each = "partition"', 12)]
)
def test_a_wrong_row_of_a_file_is_named_by_its_line(tmp_path: Path, wrong: str, line: int) -> None:
    path = tmp_path / "parts.toml"
    path.write_text(
        _PARTS.replace(
            wrong, wrong.replace("3,000", "3.000,1").replace("connections", "sockets").replace("partition", "rack")
        )
    )
    with pytest.raises(ConfigurationError, match=rf"parts.toml, line {line}: limit table parts: .*"):
        Limits.read(path)
