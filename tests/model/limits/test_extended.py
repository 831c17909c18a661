"""A table of one's own stands on another: it replaces what both limit, and adds the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.limits import Force, Limits

HEAD = 'source = "us"\nas_of = "2026-11"\nforce = "declared"\n'


def write(path: Path, extends: str, *rows: str, head: str = HEAD) -> Path:
    tables = "".join(f"[[limits]]\n{row}\n" for row in rows)
    path.write_text(f'extends = "{extends}"\n{head}{tables}', encoding="utf-8")
    return path


CONNECTIONS = 'resource = "connections"\nvalue = 700\nunit = "connections"'


def test_own_rows_replace_what_both_limit_and_the_rest_stays(tmp_path: Path) -> None:
    ours = Limits.named(str(write(tmp_path / "ours.toml", "course-basic", CONNECTIONS)))
    course = Limits.named("course-basic")
    limit = ours.of("connections")
    assert limit is not None
    assert (limit.value.value, limit.source, limit.force) == (700, "us", Force.DECLARED)
    assert [ours.of(name) for name in ("ingress", "egress", "requests")] == [
        course.of(name) for name in ("ingress", "egress", "requests")
    ]
    assert (ours.name, ours.note) == ("ours", course.note)


def test_own_rows_can_add_a_resource_or_a_scope(tmp_path: Path) -> None:
    attempts = 'resource = "connection_attempts"\nvalue = 20\nunit = "connections/s"'
    ours = Limits.read(write(tmp_path / "ours.toml", "course-basic", CONNECTIONS + '\nscope = "broker"', attempts))
    assert [(limit.resource, limit.of) for limit in ours.limits][-3:] == [
        ("connections", "cluster"),
        ("connections", "each broker"),
        ("connection_attempts", "cluster"),
    ]


def test_a_replaced_limit_takes_its_maximum_and_its_disputes_away(tmp_path: Path) -> None:
    ours = Limits.read(write(tmp_path / "ours.toml", "confluent-basic", CONNECTIONS), 50)
    assert {limit.resource for limit in ours.disputed} == {
        "ingress",
        "egress",
        "requests",
        "connection_attempts",
        "partitions",
    }
    limits = {limit.resource: limit.value.value for limit in ours.limits}
    assert (limits["connections"], limits["connection_attempts"], limits["ingress"]) == (700, 80, 250)
    assert (ours.units, ours.unit_name, ours.most_units) == (50, "eCKU", 50)


def test_own_rows_can_be_per_unit_of_the_table_below(tmp_path: Path) -> None:
    ours = Limits.read(write(tmp_path / "ours.toml", "confluent-basic", CONNECTIONS + "\nper_unit = true"), 2)
    limit = ours.of("connections")
    assert limit is not None
    assert limit.value.value == 1400


def test_one_table_can_stand_on_the_next_by_paths_seen_from_each(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    write(tmp_path / "base.toml", "course-basic", 'resource = "requests"\nvalue = 9\nunit = "requests/s"')
    write(tmp_path / "team" / "ours.toml", "../base.toml", CONNECTIONS)
    top = Limits.read(write(tmp_path / "top.toml", "team/ours.toml"))
    assert {limit.resource: limit.value.value for limit in top.limits} == {
        "ingress": 250,
        "egress": 750,
        "requests": 9,
        "connections": 700,
    }


def test_a_table_that_stands_on_itself_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "b.toml")
    write(tmp_path / "b.toml", "a.toml")
    with pytest.raises(ConfigurationError, match=r"it extends itself, by a\.toml and b\.toml"):
        Limits.read(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("course-basics", "did you mean 'course-basic'"),
        ("gone.toml", "cannot be read: No such file"),
        ("redpanda", "choose one, as in redpanda-t1"),
    ],
)
def test_a_table_below_that_is_not_there_is_named_with_the_file(tmp_path: Path, extends: str, said: str) -> None:
    path = write(tmp_path / "ours.toml", extends, CONNECTIONS)
    with pytest.raises(ConfigurationError) as caught:
        Limits.read(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
