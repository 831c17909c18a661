"""A limit of a part is held against that part: a login, a listener, a client id, a partition; and sums against sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from clusterload.analysis.usage import Usage, assess
from clusterload.model.limits import Limits
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series
from tests.stored_runs import START

ROW = {"force": "enforced", "source": "us", "as_of": "2026-11-30"}


def line(name: str, values: Sequence[float], **labels: str) -> Series:
    resource = RESOURCES[name]
    times = START + (np.arange(len(values)) + 1) * SECOND
    return Series(
        name=name,
        unit=resource.unit,
        kind=resource.kind,
        labels=labels,
        times=times.astype(np.int64),
        values=np.array(values, dtype=np.float64),
        spans=np.ones(len(values) if resource.kind is Kind.DELTA else 0),
    )


def held(row: dict[str, Any], *series: Series) -> Usage:
    run = Run(id="run", plan=None, start=START, end=START + 4 * SECOND, series=series)
    return assess(run, Limits.parsed("mine", {"limits": [{**ROW, **row}]}))


def shares(usage: Usage) -> dict[str, float]:
    return {share.title: share.typical for share in usage.shares}


LOGINS = (
    line("connections", [90] * 4, broker="1"),
    line("connections_by_principal", [60] * 4, broker="1", principal="a"),
    line("connections_by_principal", [15] * 4, broker="2", principal="a"),
    line("connections_by_principal", [15] * 4, broker="1", principal="b"),
)


def test_a_limit_of_each_login_is_held_against_each_login_and_not_against_their_sum() -> None:
    usage = held({"resource": "connections", "value": 100, "each": "principal"}, *LOGINS)
    assert shares(usage) == {"Connections of principal a": 0.75, "Connections of principal b": 0.15}
    assert usage.binding is not None
    assert usage.binding.title == "Connections of principal a"


def test_a_limit_of_one_login_is_held_against_that_one_alone_and_its_absence_is_no_use() -> None:
    row = {"resource": "connections", "value": 100}
    assert shares(held({**row, "principal": "b"}, *LOGINS)) == {"Connections of principal b": 0.15}
    nobody = held({**row, "principal": "c"}, *LOGINS)
    assert shares(nobody) == {}
    assert nobody.missing == ()


def test_a_limit_of_a_part_on_each_broker_is_held_against_each_broker_s_figure() -> None:
    usage = held({"resource": "connections", "value": 100, "each": "principal", "scope": "broker"}, *LOGINS)
    assert shares(usage) == {
        "Connections of principal a on broker 1": 0.6,
        "Connections of principal a on broker 2": 0.15,
        "Connections of principal b on broker 1": 0.15,
    }


def test_what_a_source_does_not_tell_apart_is_missing_and_not_held_against_the_whole() -> None:
    usage = held({"resource": "connections", "value": 100, "each": "listener"}, *LOGINS)
    assert usage.shares == ()
    assert usage.missing == ("connections by listener",)


def test_a_rate_that_a_quota_measures_is_held_against_a_quota_of_that_client() -> None:
    usage = held(
        {"resource": "ingress", "value": 8, "unit": "Mbit/s", "client": "etl", "scope": "broker"},
        line("ingress_by_client", [500_000] * 4, broker="1", client="etl", principal="ANONYMOUS"),
        line("ingress_by_client", [9e9] * 4, broker="1", client="other", principal="ANONYMOUS"),
    )
    assert shares(usage) == {"Ingress of client etl on broker 1": pytest.approx(0.5)}


def test_records_of_a_partition_are_held_against_a_limit_of_each_partition() -> None:
    usage = held(
        {"resource": "records_in", "value": "600/min", "each": "partition"},
        line("records_by_partition", [8] * 4, topic="orders", partition="0"),
        line("records_by_partition", [2] * 4, topic="orders", partition="1"),
    )
    assert shares(usage) == {
        "Records produced of partition orders-0": pytest.approx(0.8),
        "Records produced of partition orders-1": pytest.approx(0.2),
    }


def test_bytes_of_a_partition_are_its_records_by_their_mean_size_and_missing_where_that_is_unknown() -> None:
    row = {"resource": "ingress", "value": "5 MB/s", "each": "partition"}
    records = line("records_by_partition", [2000] * 4, topic="orders", partition="7")
    sizes = (
        line("ingress_by_topic", [3e6] * 4, broker="1", topic="orders"),
        line("records_in_by_topic", [3000] * 4, broker="1", topic="orders"),
        line("ingress", [9e6] * 4, broker="1"),
        line("records_in", [1000] * 4, broker="1"),
    )
    assert shares(held(row, records, *sizes)) == {"Ingress of partition orders-7": pytest.approx(0.4)}
    assert held(row, records).missing == ("ingress by partition",)
    assert shares(held(row, records, *sizes[2:])) == {"Ingress of partition orders-7": pytest.approx(3.6)}


def test_in_and_out_together_are_held_against_a_limit_of_both_and_missing_where_one_is() -> None:
    row = {"resource": "throughput", "value": "100 kB/s"}
    inward, outward = line("ingress", [3e4] * 4, broker="1"), line("egress", [5e4] * 4, broker="1")
    assert shares(held(row, inward, outward)) == {"Ingress and egress": pytest.approx(0.8)}
    half = held(row, inward)
    assert half.shares == ()
    assert half.missing == ("egress",)


def test_a_guideline_on_how_busy_a_broker_may_be_is_held_against_each_broker() -> None:
    usage = held(
        {"resource": "cpu", "value": 60, "unit": "%", "force": "guideline"},
        line("cpu_host", [0.3] * 4, broker="1"),
        line("cpu_host", [0.75] * 4, broker="2"),
    )
    assert shares(usage) == {"CPU of the host of broker 1": 0.5, "CPU of the host of broker 2": 1.25}
    assert usage.binding is not None
    assert usage.binding.advised


def test_a_cluster_s_own_figure_and_its_brokers_are_not_added_up() -> None:
    usage = held(
        {"resource": "connections", "value": 100},
        line("connections", [40] * 4),
        line("connections", [20] * 4, broker="1"),
        line("connections", [20] * 4, broker="2"),
    )
    assert shares(usage) == {"Connections": 0.4}
    connections = usage.line("connections")
    assert connections is not None
    assert connections.typical == 40
