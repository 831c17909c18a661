"""The tables that come with clusterload say what their sources say, and what these contradict."""

from __future__ import annotations

from typing import Any

import pytest

from clusterload.model.errors import ConfigurationError, UsageError
from clusterload.model.limits import Force, Limits, Scope, families, tables

CONFLUENT = ("ingress", "egress", "partitions", "connections", "connection_attempts", "requests")


def values(table: Limits, *forces: Force) -> dict[str, float]:
    kept = [limit for limit in table.limits if limit.force in (forces or tuple(Force)) and not limit.part]
    return {limit.resource: limit.value.value for limit in kept}


@pytest.mark.parametrize(
    ("name", "most", "smallest", "all_of_them"),
    [
        ("basic", 50, (5, 15, 30, 20, 5, 100), (250, 750, 1_500, 1_000, 80, 5_000)),
        ("standard", 10, (25, 75, 250, 1_000, 50, 1_500), (250, 750, 2_500, 10_000, 500, 15_000)),
        ("enterprise", 32, (60, 180, 3_000, 18_000, 500, 7_500), (1_920, 5_760, 96_000, 576_000, 16_000, 240_000)),
        (
            "dedicated",
            152,
            (60, 180, 4_500, 18_000, 500, 15_000),
            (9_120, 27_360, 100_000, 2_736_000, 76_000, 2_280_000),
        ),
        ("freight", 152, (60, 180, 3_000, 18_000, 500, 15_000), None),
    ],
)
def test_confluent_s_types_are_as_published_by_unit_and_at_most(
    name: str, most: int, smallest: tuple[float, ...], all_of_them: tuple[float, ...] | None
) -> None:
    table = Limits.named(f"confluent-{name}")
    assert values(table) == dict(zip(CONFLUENT, smallest, strict=True))
    assert table.most_units == most
    if all_of_them:
        assert values(Limits.named(table.name, most)) == dict(zip(CONFLUENT, all_of_them, strict=True))
    with pytest.raises(UsageError, match=f"at most {most} e?CKU, not {most + 1}"):
        Limits.named(table.name, most + 1)


def test_of_a_dedicated_cluster_only_partitions_and_attempts_are_enforced() -> None:
    table = Limits.named("confluent-dedicated", 2)
    assert set(values(table, Force.ENFORCED)) == {"partitions", "connection_attempts"}
    assert values(table, Force.GUIDELINE) == {
        "ingress": 120,
        "egress": 360,
        "connections": 36_000,
        "requests": 30_000,
    }
    assert (table.units, table.unit_name, table.size) == (2, "CKU", "2 CKU")


def test_what_basic_s_documentation_contradicts_is_kept_and_the_lower_is_used() -> None:
    most = Limits.named("confluent-basic", 50)
    disputed = {(limit.resource, limit.value.value) for limit in most.disputed if limit.as_of == "2026"}
    assert disputed == {("requests", 15_000), ("connection_attempts", 250)}
    assert (values(most)["requests"], values(most)["connection_attempts"]) == (5_000, 80)


@pytest.mark.parametrize("name", ["confluent-basic", "confluent-standard"])
def test_what_was_published_in_2023_is_kept_beside_what_is_published_now(name: str) -> None:
    older = {limit.resource: limit.value.value for limit in Limits.named(name).disputed if limit.as_of == "2023-12"}
    assert older == dict(zip(CONFLUENT, (250, 750, 4_096, 1_000, 80, 15_000), strict=True))


@pytest.mark.parametrize("name", tables())
def test_no_disputed_value_is_as_recent_as_the_used_one_and_lower(name: str) -> None:
    table = Limits.named(name)
    most = Limits.named(name, table.most_units or 1)
    for other in table.disputed:
        used = most.of(other.resource)
        assert used is not None
        assert other.as_of < used.as_of or other.amount >= used.amount


@pytest.mark.parametrize(
    ("size", "sustained", "most"),
    [
        ("large", (15.6, 31.2), (23.4, 58.5)),
        ("xlarge", (31.2, 62.5), (46.8, 117)),
        ("2xlarge", (62.5, 125), (93.7, 234.2)),
        ("4xlarge", (124.9, 249.8), (187.5, 468.7)),
        ("8xlarge", (250, 500), (375, 937.5)),
        ("12xlarge", (375, 750), (562.5, 1_406.2)),
        ("16xlarge", (500, 1_000), (750, 1_875)),
    ],
)
def test_express_brokers_have_a_guideline_and_a_maximum(size: str, sustained: Any, most: Any) -> None:
    table = Limits.named(f"msk-express-m7g.{size}")
    assert tuple(values(table, Force.GUIDELINE).values()) == sustained
    assert tuple(values(table, Force.ENFORCED).values()) == most
    assert {limit.scope for limit in table.limits} == {Scope.BROKER}


@pytest.mark.parametrize(
    ("size", "recommended", "most", "attempts"),
    [
        ("t3.small", 300, 300, 4),
        ("m7g.large", 1_000, 1_500, 100),
        ("m5.xlarge", 1_000, 1_500, 100),
        ("m7g.2xlarge", 2_000, 3_000, 100),
        ("m7g.4xlarge", 4_000, 6_000, 100),
        ("m5.24xlarge", 4_000, 6_000, 100),
    ],
)
def test_standard_brokers_have_recommended_and_most_partitions(
    size: str, recommended: float, most: float, attempts: float
) -> None:
    table = Limits.named(f"msk-standard-{size}")
    assert values(table, Force.GUIDELINE) == {"partitions": recommended, "cpu_host": 60}
    assert values(table, Force.ENFORCED) == {"partitions": most, "connections": 3_000, "connection_attempts": attempts}
    assert table.of("ingress") is None


def test_serverless_and_redpanda_s_tiers_are_of_one_size() -> None:
    assert values(Limits.named("msk-serverless")) == dict(
        zip(CONFLUENT, (200, 400, 2_400, 3_000, 100, 15_000), strict=True)
    )
    tiers = [Limits.named(f"redpanda-t{tier}") for tier in (1, 2, 3, 4, 5, 9)]
    assert [tuple(values(tier).values()) for tier in tiers] == [
        (20, 60, 9_000, 2_000),
        (50, 150, 22_500, 5_600),
        (100, 200, 45_000, 11_200),
        (200, 400, 90_000, 22_600),
        (400, 800, 180_000, 45_600),
        (2_000, 4_000, 450_000, 112_500),
    ]
    with pytest.raises(UsageError, match="limits of msk-serverless are not by units"):
        Limits.named("msk-serverless", 2)


def test_a_partition_of_serverless_takes_five_megabytes_a_second() -> None:
    (limit,) = [limit for limit in Limits.named("msk-serverless").limits if limit.part]
    assert (limit.resource, limit.words, limit.of) == ("ingress", "5 MB/s", "each partition")


def test_event_hubs_units_count_bytes_and_records_and_event_streams_lite_both_ways_together() -> None:
    three = values(Limits.named("event-hubs", 3))
    assert three == {"ingress": 3, "egress": 6, "records_in": 3_000, "records_out": 12_288}
    assert values(Limits.named("ibm-event-streams-lite")) == {"throughput": 100, "partitions": 1, "groups": 10}
    assert values(Limits.named("ibm-event-streams-enterprise", 2), Force.ENFORCED) == {"ingress": 150, "egress": 150}


def test_the_name_of_a_family_points_at_its_tables() -> None:
    with pytest.raises(ConfigurationError, match="msk-express are 7 limit tables: choose one, as in msk-express-m7g"):
        Limits.named("msk-express")
    assert sum(map(len, families().values())) == len(tables())
