"""What a Load comes to: the highest rates and levels, and sums over its time."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pytest

from clusterload.model.workload import MAX, Dials, Load, Totals, totals_of
from clusterload.model.workload.schedule import Ramp


def of(kind: str, **dials: Any) -> dict[str, float]:
    """What a Load of these dials comes to in 60 seconds, without what is 0."""
    load = Load(name="one", topic="t", kind=kind, dials=Dials(**dials))
    return {name: value for name, value in asdict(totals_of(load, 60.0)).items() if value}


def test_a_produce_load_comes_to_requests_records_and_bytes() -> None:
    assert of("produce", record_rate=500, records_per_request=5, record_size="200", partitions=3) == {
        "request_rate": 100,
        "record_rate": 500,
        "byte_rate": 100_000,
        "connections": 1,
        "partitions": 3,
        "requests": 6000,
        "records": 30_000,
        "bytes_written": 6e6,
    }


def test_a_shape_counts_by_its_peak_and_its_sum() -> None:
    found = of("produce", record_rate=Ramp(0, 500, 60))
    assert (found["record_rate"], found["records"]) == (500, 15_000)


def test_as_much_as_the_cluster_takes_is_infinite() -> None:
    found = of("produce", byte_rate=MAX, connections=Ramp(0, 50, 10))
    assert found["connections"] == 50
    assert {found[name] for name in ("request_rate", "record_rate", "byte_rate", "bytes_written")} == {math.inf}
    assert of("consume", fetch_rate=MAX)["request_rate"] == math.inf
    assert of("connect", connection_rate=MAX)["connection_rate"] == math.inf


@pytest.mark.parametrize(
    ("kind", "dials", "found"),
    [
        ("consume", {}, {"connections": 1}),
        ("consume", {"fetch_from": "earliest"}, {"connections": 1, "byte_rate": math.inf}),
        (
            "consume",
            {"fetch_from": "earliest", "fetch_rate": 5},
            {"connections": 1, "request_rate": 5, "requests": 300},
        ),
        ("connect", {"connections": 400}, {"connections": 400}),
        ("connect", {"connection_rate": 50}, {"connection_rate": 50}),
        ("connect", {"connection_rate": 50, "connection_lifetime": 3}, {"connection_rate": 50, "connections": 150}),
        ("connect", {"connections": 400, "connection_lifetime": 8}, {"connection_rate": 50, "connections": 400}),
        (
            "connect",
            {"connections": 400, "connection_lifetime": 0},
            {"connection_rate": math.inf, "connections": 400},
        ),
        ("admin", {"commit_rate": 5, "metadata_rate": 1}, {"connections": 1, "request_rate": 6, "requests": 360}),
        ("group", {"members": 7}, {"members": 7}),
        (
            "transact",
            {"producers": 2, "transaction_rate": 5, "records_per_transaction": 10, "record_size": "50"},
            {"producers": 2, "record_rate": 50, "byte_rate": 2500, "records": 3000, "bytes_written": 150_000},
        ),
        (
            "produce",
            {"producers": 2, "record_rate": 5, "payload_size": 64},
            {"producers": 2, "record_rate": 5, "byte_rate": 320, "records": 300, "bytes_written": 19_200},
        ),
    ],
)
def test_each_kind_comes_to_what_it_does(kind: str, dials: dict[str, Any], found: dict[str, float]) -> None:
    assert of(kind, **dials) == found


def test_totals_add_up() -> None:
    assert Totals(records=1, members=2) + Totals(records=3) == Totals(records=4, members=2)
