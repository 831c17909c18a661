"""Dials without a plan become one: a Load for each kind that they belong to."""

from __future__ import annotations

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import Fault, from_dials


def placed(text: str) -> dict[str, list[str]]:
    """The dials of each Load that a line of dials makes."""
    made = from_dials(dict(pair.split("=") for pair in text.split()))
    return {f"{load.name} by {load.engine}": list(load.dials.chosen()) for load in made.loads}


@pytest.mark.parametrize(
    ("text", "loads"),
    [
        ("record_rate=5", {"produce by wire": ["record_rate"]}),
        ("connections=5", {"connect by wire": ["connections"]}),
        (
            "connections=5 record_rate=5 partitions=2",
            {"produce by wire": ["record_rate", "partitions", "connections"]},
        ),
        (
            "record_rate=5 connections=5 fan_out=2",
            {"produce by wire": ["record_rate", "connections"], "consume by wire": ["fan_out"]},
        ),
        ("fan_out=2 connections=5 partitions=1", {"consume by wire": ["partitions", "connections", "fan_out"]}),
        ("commit_rate=5 connections=2", {"admin by wire": ["connections", "commit_rate"]}),
        (
            "record_rate=5 connection_rate=5 connection_lifetime=1s connections=2",
            {
                "produce by wire": ["record_rate", "connections"],
                "connect by wire": ["connection_rate", "connection_lifetime"],
            },
        ),
        (
            "record_rate=5 request_rate=5 connection_lifetime=1s",
            {"produce by wire": ["request_rate", "record_rate", "connection_lifetime"]},
        ),
        (
            "producers=2 record_rate=5 payload_size=64",
            {"produce by client": ["producers", "record_rate", "payload_size"]},
        ),
        ("members=3 member_lifetime=5s", {"group by client": ["members", "member_lifetime"]}),
        (
            "producers=2 transaction_rate=5 record_size=64 members=2",
            {"group by client": ["members"], "transact by client": ["producers", "record_size", "transaction_rate"]},
        ),
    ],
)
def test_each_dial_goes_to_the_load_that_it_belongs_to(text: str, loads: dict[str, list[str]]) -> None:
    assert placed(text) == loads


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("connections=5 fan_out=2 commit_rate=5", "connections belongs to 2 loads: write a plan"),
        ("members=5 producers=2", "producers belongs to a load of kind produce or transact, and no other dial does"),
        ("producers=5 acks=1", "acks is a dial of engine wire and producers one of engine client"),
        ("producers=5", "load 'produce' does not set record_rate, payload_size"),
        ("partitions=5", "load 'produce' sets none of request_rate"),
        ("record_rat=5", "unknown dial 'record_rat'; did you mean 'record_rate'?"),
    ],
)
def test_dials_that_make_no_plan_are_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        placed(text)
    assert said in str(caught.value)


def test_no_dial_is_no_plan() -> None:
    with pytest.raises(ConfigurationError, match="no dial is set, so there is nothing to do"):
        from_dials({})


def test_what_else_is_said_holds_for_the_whole_plan() -> None:
    fault = Fault(do="kill", broker=1)
    plan = from_dials(
        {"record_rate": "5", "fan_out": "1"}, 60, "orders", warm_up=5, arrivals="poisson", faults=(fault,)
    )
    assert (plan.duration, plan.warm_up, plan.faults) == (60, 5, (fault,))
    assert {(load.topic, load.arrivals) for load in plan.loads} == {("orders", "poisson")}
    assert from_dials({"record_rate": "5"}).loads[0].topic == "clusterload-load"
