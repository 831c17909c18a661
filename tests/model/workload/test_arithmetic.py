"""What is set of a produce Load settles what is not; what does not fit together is refused with the figures."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import MAX, Dials, Load, Resolved, resolve
from clusterload.model.workload.dials import PRODUCE
from clusterload.model.workload.schedule import Constant, Ramp
from tests.model.workload.schedule.shapes import shapes

from .plans import loads


def produce(**dials: Any) -> Load:
    return Load(name="orders", topic="orders", dials=Dials(**dials))


def settled(**dials: Any) -> Resolved:
    return resolve(produce(**dials))


@given(loads([PRODUCE]))
def test_requests_times_records_are_records_and_those_times_their_size_are_bytes(load: Load) -> None:
    found = resolve(load)
    assert found.record_rate == found.request_peak * found.records_per_request
    assert found.byte_rate == found.record_rate * found.value_size
    for name in ("request_rate", "record_rate", "byte_rate"):
        if (asked := getattr(load.dials, name)) is not None:
            peak = math.inf if asked == MAX else asked if isinstance(asked, int | float) else asked.peak
            got = found.request_peak if name == "request_rate" else getattr(found, name)
            assert got == pytest.approx(peak)


@given(st.integers(1, 10_000), st.integers(1, 500), st.integers(1, 5_000))
def test_any_part_of_a_consistent_load_that_settles_it_gives_all_of_it(rate: int, together: int, size: int) -> None:
    records = rate * together
    for dials in (
        {"request_rate": rate, "records_per_request": together, "record_size": size},
        {"request_rate": rate, "record_rate": records, "record_size": size},
        {"request_rate": rate, "record_rate": records, "byte_rate": records * size},
        {"request_rate": rate, "byte_rate": records * size, "record_size": size},
        {"record_rate": records, "records_per_request": together, "byte_rate": records * size},
        {"byte_rate": records * size, "records_per_request": together, "record_size": size},
    ):
        found = settled(**dials)
        assert found.request_peak == pytest.approx(rate)
        assert (found.records_per_request, found.sizes.fixed) == (together, size)


@given(shapes, st.integers(1, 100), st.floats(0, 1e4))
def test_a_shape_of_records_is_kept_by_the_requests(shape: Any, together: int, moment: float) -> None:
    rate = settled(record_rate=shape, records_per_request=together).request_rate
    assert rate is not None
    assert rate.at(moment) * together == pytest.approx(shape.at(moment))


def test_a_rate_of_requests_need_not_be_whole() -> None:
    assert settled(record_rate=500, records_per_request=3).request_peak == pytest.approx(166.67, rel=1e-4)


def test_a_record_alone_is_a_request_of_100_bytes() -> None:
    found = settled(record_rate=500)
    assert (found.request_rate, found.records_per_request, found.sizes.fixed) == (Constant(500), 1, 100)


def test_rounding_is_no_contradiction() -> None:
    assert settled(request_rate=166.67, record_rate=500, records_per_request=3).request_peak == 166.67


@pytest.mark.parametrize(
    ("dials", "together"),
    [
        ({"record_rate": MAX}, 546),
        ({"byte_rate": MAX, "record_size": 1000}, 64),
        ({"byte_rate": MAX, "record_size": 1_000_000}, 1),
        ({"record_rate": MAX, "records_per_request": 7}, 7),
        ({"request_rate": MAX}, 1),
        ({"request_rate": MAX, "records_per_request": 7}, 7),
    ],
)
def test_as_much_as_the_cluster_takes_comes_in_full_requests(dials: dict[str, Any], together: int) -> None:
    found = settled(**dials)
    assert (found.request_rate, found.records_per_request) == (None, together)
    assert found.record_rate == found.byte_rate == math.inf


@pytest.mark.parametrize(
    ("dials", "said"),
    [
        (
            {"request_rate": 5000, "records_per_request": 2, "record_rate": 4000},
            "request_rate 5,000/s x records_per_request 2 = 10,000 records/s, but record_rate is 4,000/s: leave one",
        ),
        (
            {"record_rate": 500, "record_size": 100, "byte_rate": 2e6},
            "record_rate 500/s x record_size 100 B = 50,000 B/s, but byte_rate is 2,000,000 B/s: leave one",
        ),
        (
            {"request_rate": 500, "records_per_request": 2, "record_size": 100, "byte_rate": 2e6},
            "record_rate 1,000/s x record_size 100 B = 100,000 B/s, but byte_rate is 2,000,000 B/s: leave one",
        ),
        ({"request_rate": 300, "record_rate": 500}, "record_rate 500/s / request_rate 300/s = 1.667 records a request"),
        ({"request_rate": 500, "record_rate": 100}, "= 0.2 records a request, which must be a whole number"),
        ({"record_rate": 300, "byte_rate": 1000}, "byte_rate 1,000 B/s / record_rate 300/s = 3.333 bytes a record"),
        ({"record_rate": MAX, "request_rate": 5}, "record_rate is max, as much as the cluster takes, but request_rate"),
        ({"request_rate": MAX, "byte_rate": MAX}, "request_rate is max, as much as the cluster takes, but byte_rate"),
        ({"record_rate": Ramp(0, 5, 1), "request_rate": 5}, "record_rate is ramp:0:5:1s, a shape, but request_rate"),
        ({"records_per_request": 5}, "sets none of request_rate, record_rate, byte_rate: add one"),
        ({"record_rate": 5, "idempotence": True, "acks": "1"}, "idempotence needs acks all, but acks is 1"),
        ({"record_rate": 5, "idempotence": True, "in_flight": 6}, "idempotence allows 5 requests in flight"),
        ({"record_rate": 5, "idempotence": True, "retries": 0}, "but retries is 0"),
    ],
)
def test_a_contradiction_is_refused_with_the_arithmetic(dials: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        produce(**dials)
    assert said in str(caught.value)
    assert "load 'orders'" in str(caught.value)


def connect(**dials: Any) -> Load:
    return Load(name="churn", topic="orders", kind="connect", dials=Dials(**dials))


def test_connections_that_come_and_stay_are_so_many_at_once() -> None:
    connect(connection_rate=50, connection_lifetime=10, connections=500)
    said = "connection_rate 50/s x connection_lifetime 10 s = 500 connections, but connections is 400: leave one"
    with pytest.raises(ConfigurationError, match=said):
        connect(connection_rate=50, connection_lifetime=10, connections=400)


def test_connections_may_stand_while_others_come_and_leave_at_once() -> None:
    connect(connection_rate=50, connection_lifetime=0, connections=400)
    connect(connection_rate=50, connections=400)
    connect(connection_rate=MAX, connection_lifetime=1, connections=400)


def test_only_what_the_wire_engine_produces_is_resolved() -> None:
    with pytest.raises(ConfigurationError, match="load 'churn' is not a produce load of engine wire"):
        resolve(connect(connections=1))
