"""A bound is read from text without evaluating anything, and says when it is broken."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.ceiling.bound import QUANTITIES, Bound, bounds_of
from clusterload.model.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "quantity", "op", "value"),
    [
        ("saturation > 90 %", "saturation", ">", 0.9),
        ("latency.p99 > 50 ms", "latency.p99", ">", 50.0),
        ("latency.p99.9>=1.5 s", "latency.p99.9", ">=", 1500.0),
        ("achieved < 99 %", "achieved", "<", 0.99),
        (" cpu_host  >  0.75 ", "cpu_host", ">", 0.75),
        ("limit_load > 90 %", "limit_load", ">", 0.9),
        ("saturation.cpu > 80 %", "saturation.cpu", ">", 0.8),
    ],
)
def test_a_bound_is_a_quantity_how_it_stands_and_a_value_in_its_unit(
    text: str, quantity: str, op: str, value: float
) -> None:
    bound = Bound.parsed(text)
    assert (bound.quantity, bound.op) == (quantity, op)
    assert bound.value == pytest.approx(value)


@given(
    quantity=st.sampled_from(sorted(QUANTITIES)),
    op=st.sampled_from([">", ">=", "<", "<="]),
    value=st.floats(0, 1e5).map(lambda value: round(value, 2)),
)
def test_the_text_of_a_bound_reads_back(quantity: str, op: str, value: float) -> None:
    bound = Bound(quantity=quantity, op=op, value=value)
    again = Bound.parsed(bound.as_text)
    assert (again.quantity, again.op) == (quantity, op)
    assert again.value == pytest.approx(value, rel=1e-4)


@given(value=st.floats(0, 2), at=st.floats(0, 2))
def test_a_bound_is_either_kept_or_broken(value: float, at: float) -> None:
    above, kept = Bound(quantity="saturation", op=">", value=at), Bound(quantity="saturation", op="<=", value=at)
    assert above.broken_by(value) is not kept.broken_by(value)


def test_what_is_not_known_is_not_known_to_break_a_bound() -> None:
    assert not Bound.parsed("saturation > 90 %").broken_by(math.nan)


def test_a_bound_says_what_holds_while_it_is_kept() -> None:
    assert Bound.parsed("saturation > 90 %").kept_text == "saturation <= 90 %"
    assert Bound.parsed("latency.p99 > 50ms").kept_text == "latency.p99 <= 50 ms"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("saturation", "bound 'saturation', at character 11: here comes >, >=, < or <="),
        ("saturation = 3", "at character 12: here comes >"),
        ("latency.p98 > 3 ms", "did you mean 'latency.p9"),
        ("latency.p95 > 3 ms", "latency.p95 cannot be bounded; did you mean 'latency.p9"),
        ("saturation > 3 ms", "cannot be converted"),
        ("latency.p99 > soon", "is not a quantity"),
        ("__import__('os') > 1", "at character 11: here comes >"),
        ("saturation{broker=2} > 1 %", "at character 12: a bound is of all that a step does"),
        ("saturation.max > 1 %", "saturation.max cannot be bounded"),
        ("saturation > 1 % for 5 s", "at character 22: a bound is of a whole step"),
    ],
)
def test_what_is_no_bound_is_refused_in_a_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(complaint)) as refused:
        Bound.parsed(text)
    assert "\n" not in str(refused.value)


def test_a_bound_takes_the_place_of_the_default_of_its_kind() -> None:
    defaults = (Bound.parsed("saturation > 90 %"), Bound.parsed("latency.p99 > 50 ms"))
    assert bounds_of((), defaults) == defaults
    own = Bound.parsed("cpu_host > 50 %")
    assert bounds_of((own,), defaults) == (own, defaults[1])
    late = Bound.parsed("latency.max > 1 s")
    assert bounds_of((late,), defaults) == (late, defaults[0])


def test_a_shorter_name_is_held_against_its_resource_and_all_but_latency_need_metrics() -> None:
    names = ("saturation.cpu", "saturation.network", "saturation.handlers", "limit_load", "latency.p99")
    bounds = [Bound(quantity=name, op=">", value=0.5) for name in names]
    assert [one.figure for one in bounds] == [
        "cpu_host", "network_thread_busy", "request_handler_busy", "limit_load", "latency.p99",
    ]  # fmt: skip
    assert [one.needs_metrics for one in bounds] == [True, True, True, True, False]
