"""A load grows as asked: all its rates together, or one dial alone, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.ceiling import Bound
from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import Plan, Totals, from_dials, totals_of, watched
from clusterload.workflow.step_search import SearchOptions
from clusterload.workflow.step_search.capacity import CapacityRequest
from clusterload.workflow.step_search.scaled_plan import scaled, value_of, with_value
from tests.stored_runs import limits
from tests.wire_runs import connect, plan, produce

UNTIL = (Bound.parsed("limit_load > 90 %"),)
TABLE = limits(connections="60 connections")


def together(made: Plan) -> Totals:
    return sum((totals_of(load, made.duration) for load in made.loads), Totals())


@given(factor=st.floats(0.02, 1e4))
def test_every_rate_of_a_mix_grows_by_the_factor_and_the_clients_stay(factor: float) -> None:
    mix = plan(produce(request_rate="50/s", records_per_request="4", connections="9"), connect(connection_rate="5/s"))
    before, after = together(mix), together(scaled(mix, factor))
    for name in ("request_rate", "record_rate", "byte_rate", "connection_rate"):
        assert getattr(after, name) == pytest.approx(factor * getattr(before, name))
    assert after.connections == before.connections


def test_connections_that_follow_from_their_rate_grow_with_it() -> None:
    mix = plan(connect(connection_rate="5/s", connection_lifetime="4s", connections="20"))
    grown = together(scaled(mix, 2.34))
    assert grown.connections == 47
    assert grown.connection_rate == pytest.approx(47 / 4)


@given(value=st.integers(1, 10_000))
def test_one_dial_grows_alone(value: int) -> None:
    mix = plan(produce(request_rate="50/s", connections="9"), connect(connections="5"))
    made = with_value(mix, "connect.connections", value)
    assert value_of(made, "connect.connections") == value
    assert value_of(made, "produce.connections") == 9
    assert made.loads[0] == mix.loads[0]


def test_the_size_of_records_can_be_raised_too() -> None:
    mix = plan(produce(request_rate="50/s", record_size="100"))
    assert together(with_value(mix, "record_size", 250)).byte_rate == pytest.approx(50 * 250)


@pytest.mark.parametrize(
    ("dial", "complaint"),
    [
        ("connections", "is a dial of 2 loads: raise produce.connections or connect.connections"),
        ("fan_out", "is not set"),
        ("record_rat", "did you mean 'record_rate'"),
        ("consume.connections", "has no load 'consume'"),
        ("acks", "cannot be raised: give a number"),
    ],
)
def test_a_dial_that_cannot_be_raised_is_refused_in_a_line(dial: str, complaint: str) -> None:
    mix = plan(produce(request_rate="50/s", connections="9", acks="1"), connect(connections="5"))
    with pytest.raises(ConfigurationError, match=complaint) as refused:
        CapacityRequest(plan=mix, dial=dial, bounds=UNTIL, limits=TABLE)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (plan(connect(connections="5")), "has no rate that could grow"),
        (plan(produce(request_rate="max")), "as much as the cluster takes"),
        (plan(produce(request_rate="ramp:1:9:5s")), "no one number"),
    ],
)
def test_a_mix_without_a_rate_that_is_a_number_is_refused(made: Plan, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        CapacityRequest(plan=made, bounds=UNTIL, limits=TABLE)


def test_a_search_without_an_end_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="add --until"):
        CapacityRequest(plan=plan(produce(request_rate="50/s")), bounds=(), limits=TABLE)


def test_a_bound_on_a_latency_that_nothing_measures_is_refused() -> None:
    late = (Bound.parsed("latency.p99 > 50 ms"),)
    client = from_dials({"producers": "3", "record_rate": "10/s", "payload_size": "10"})
    with pytest.raises(ConfigurationError, match="needs a load whose latency is measured"):
        CapacityRequest(plan=client, bounds=late, limits=TABLE)
    CapacityRequest(plan=plan(produce(request_rate="50/s")), bounds=late, limits=TABLE)


def test_latency_is_that_of_each_load_that_asks_for_answers() -> None:
    mix = plan(produce(request_rate="50/s"), connect(connections="5"), produce("quiet", request_rate="5/s", acks="0"))
    assert watched(mix) == (("produce", "due"),)


def test_a_step_lasts_as_long_as_a_step_and_begins_where_the_load_is_given() -> None:
    request = CapacityRequest(
        plan=plan(produce(request_rate="50/s")), bounds=UNTIL, limits=TABLE, options=SearchOptions(step_time=4.0)
    )
    step = request.at(3.0)
    assert step.duration == 4.0
    assert step.warm_up == pytest.approx(1.6)
    load = request.stepped(frozenset())
    assert (load.first, load.name) == (1.0, "mix")
    dial = CapacityRequest(plan=plan(connect(connections="20")), dial="connections", bounds=UNTIL, limits=TABLE)
    load = dial.stepped(frozenset())
    assert (load.first, load.least, load.whole, load.opens) == (20.0, 1.0, True, True)
