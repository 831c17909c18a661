"""Factors: what is varied, and where it hurts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError, UsageError
from clusterload.model.workload import Dials, Load, Plan, from_dials
from clusterload.model.workload.distributions import FixedSize
from clusterload.workflow.experiment import baseline_values, read_factor

PLAN = from_dials({"request_rate": "100/s", "connections": "20"})


def test_it_hurts_at_the_plans_own_value() -> None:
    few = from_dials({"request_rate": "100/s", "records_per_request": "1"})
    assert read_factor("records_per_request=100,1", few).values == (1, 100)
    assert read_factor("connections=40,20", PLAN).values == (20, 40)


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=5, unique=True).filter(lambda values: 20 not in values))
def test_else_it_hurts_at_the_largest_number(values: list[int]) -> None:
    found = read_factor("connections=" + ",".join(map(str, values)), PLAN)
    assert list(found.values) == sorted(values, reverse=True)
    assert [level.number for level in found.factor.levels] == sorted(values, reverse=True)


def test_words_hurt_as_they_are_given() -> None:
    assert read_factor("acks=all,1", PLAN).values == ("all", "1")


def test_one_value_is_held_against_the_plans_own() -> None:
    assert read_factor("connections=10", PLAN).values == (20, 10)
    with pytest.raises(ConfigurationError, match="one level only"):
        read_factor("record_size=2KiB", PLAN)


def test_only_this_dial_of_this_load_changes() -> None:
    one, two = (Load(name=name, topic="t", dials=Dials(request_rate=5.0, connections=20)) for name in ("a", "b"))
    plan = Plan(name="both", loads=(one, two), duration=5)
    found = read_factor("b.connections=10,20", plan)
    changed = found.set_in(plan, 1)
    assert changed.loads[0] == one
    assert changed.loads[1].dials == Dials(request_rate=5.0, connections=10)
    assert found.factor.levels[1].text == "10 connections of b"
    with pytest.raises(ConfigurationError, match=r"name one, as in a\.connections"):
        read_factor("connections=10,20", plan)
    with pytest.raises(ConfigurationError, match="did you mean"):
        read_factor("bb.connections=10,20", plan)


def test_sizes_and_shares_are_read_as_everywhere() -> None:
    assert read_factor("record_size=2KiB,4096", PLAN).values == (FixedSize(4096), FixedSize(2048))


def test_the_case_studys_dials_can_be_varied_without_a_plan() -> None:
    factors = ("producers=10,20", "payload_size=2KiB,4KiB")
    dials = {"record_rate": "500/s", **baseline_values(factors)}
    assert dials == {"record_rate": "500/s", "producers": "20", "payload_size": "4KiB"}
    plan = from_dials(dials)
    assert plan.loads[0].engine == "client"
    assert [read_factor(one, plan).values for one in factors] == [(20, 10), (4096, 2048)]


@pytest.mark.parametrize("text", ["connections", "=10,20", "connections=", "conections=10,20"])
def test_what_is_no_factor_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        read_factor(text, PLAN)


def test_a_dial_that_no_load_has_and_values_that_cannot_be_are_said() -> None:
    with pytest.raises(ConfigurationError, match="no load of plan"):
        read_factor("members=10,20", PLAN)
    with pytest.raises(ConfigurationError, match="above 0"):
        read_factor("connections=0,20", PLAN)
