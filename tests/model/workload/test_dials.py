"""Each dial is declared once, and read, checked, told and documented from that."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import (
    MAX,
    USES,
    Dials,
    Load,
    declaration_of,
    dial_meaning,
    dial_names,
    dial_noun,
    dial_number,
)
from clusterload.model.workload.distributions import FixedSize, ZipfKeys
from clusterload.model.workload.schedule import Constant, Ramp
from tests.stored_runs import plan

from .plans import loads

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


def test_every_dial_says_what_it_is_what_it_means_and_who_takes_it() -> None:
    for name in dial_names():
        assert dial_noun(name)
        assert dial_meaning(name)
        assert declaration_of(name).values.words
        assert set(declaration_of(name).uses) <= set(USES)
        assert declaration_of(name).uses


@given(st.dictionaries(st.sampled_from(dial_names()), scalars))
def test_any_dials_are_dials_or_a_clear_refusal(given_table: dict[str, Any]) -> None:
    try:
        dials, refusal = Dials.parsed(given_table), ""
    except ConfigurationError as error:
        dials, refusal = Dials(), str(error)
    assert not refusal or refusal.startswith("dial ")
    assert Dials.parsed(dials.as_document()) == dials


@given(loads())
def test_dials_come_back_from_their_text_and_are_told_with_noun_or_unit(load: Load) -> None:
    document = load.dials.as_document()
    assert Dials.parsed({name: str(value) for name, value in document.items()}) == load.dials
    assert load.dials.as_text().count(", ") >= len(document) - 1
    assert all(dial_noun(name) in load.dials.as_text() for name in document)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_dial_in_python_is_checked_like_one_in_a_file(value: float) -> None:
    with pytest.raises(ConfigurationError, match="dial record_rate is"):
        Dials(record_rate=value)


@pytest.mark.parametrize(
    ("dial", "value", "said"),
    [
        ("producers", 2.5, "dial producers is 2.5: it must be a whole number"),
        ("connections", 2.5, "dial connections is 2.5: it must be a whole number"),
        ("retries", -1, "dial retries is -1: it must be 0 or above"),
        ("connection_lifetime", -1, "dial connection_lifetime is -1: it must be 0 or above"),
        ("member_lifetime", 0, "dial member_lifetime is 0: it must be above 0"),
        ("connection_lifetime", math.nan, "dial connection_lifetime is nan"),
        ("connections", MAX, "dial connections: 'max' is not a quantity"),
        ("transaction_rate", Ramp(0, 5, 1), "dial transaction_rate is ramp:0:5:1s: it takes no shape"),
        ("transaction_rate", "ramp:0:5:1s", "dial transaction_rate: 'ramp:0:5:1s' is not a quantity"),
        ("record_rate", [5], "dial record_rate is [5]: it must be a number in records/s"),
        ("record_rate", "ramq:0:5:1s", "dial record_rate: unknown shape 'ramq'; did you mean 'ramp'"),
        ("acks", 2, "dial acks is '2': use one of 0, 1, all"),
        ("compression", "zst", "use one of none, gzip, snappy, lz4, zstd; did you mean 'zstd'"),
        ("idempotence", "perhaps", "dial idempotence is 'perhaps': use yes or no"),
        ("record_size", 0, "dial record_size: "),
        ("keys", "hot", "dial keys: "),
        ("fetch_max_wait", "soon", "dial fetch_max_wait: 'soon' is not a duration"),
    ],
)
def test_a_value_that_a_dial_cannot_have_is_refused_by_its_name(dial: str, value: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Dials(**{dial: value})
    assert said in str(caught.value)


def test_values_take_one_form_however_they_are_given() -> None:
    assert Dials(record_rate=Constant(500)) == Dials(record_rate=500) == Dials.parsed({"record_rate": "500/s"})
    given_in_python: dict[str, Any] = {"record_size": 4096, "keys": "zipf:9:1", "acks": -1, "idempotence": "yes"}
    assert Dials(**given_in_python) == Dials(
        record_size=FixedSize(4096), keys=ZipfKeys(9, 1.0), acks="all", idempotence=True
    )


def test_dials_are_told_in_one_line_each_with_its_unit() -> None:
    assert plan().loads[0].dials.as_text() == "20 producers, record rate 500 records/s, payload 4,096 B"
    dials = Dials(
        record_rate=MAX,
        record_size=FixedSize(4096),
        in_flight=5,
        connections=Ramp(0, 500, 10),
        connection_lifetime=2.5,
        idempotence=True,
    )
    assert dials.as_text() == (
        "record rate max, record size 4,096 B, idempotence yes, 5 requests in flight, connections ramp:0:500:10s, "
        "connection lifetime 2.5 s"
    )
    assert Dials(connections=5, fetch_max_wait=0.25).as_text() == "5 connections, max wait 250 ms"


def test_what_is_no_one_number_is_none_to_reckon_with() -> None:
    assert dial_number(5) == 5.0
    assert dial_number(FixedSize(100)) == 100.0
    assert all(math.isnan(dial_number(value)) for value in (True, MAX, Ramp(0, 5, 1), ZipfKeys(9, 1.0), "all"))


@pytest.mark.parametrize(
    ("load", "defaults"),
    [
        (
            Load(name="p", topic="t", dials=Dials(record_rate=5, acks="1")),
            {
                "acks": "1",
                "in_flight": 5,
                "compression": "none",
                "retries": 10,
                "connections": None,
                "idempotence": False,
            },
        ),
        (
            Load(name="c", topic="t", kind="consume", dials=Dials()),
            {"fan_out": 1, "fetch_max_wait": 0.5, "fetch_min_bytes": 1, "fetch_from": "latest", "connections": 1},
        ),
        (
            Load(name="c", topic="t", kind="consume", dials=Dials(fetch_rate=5)),
            {"fan_out": None, "fetch_max_wait": 0.0, "connections": 1},
        ),
        (
            Load(name="k", topic="t", kind="connect", dials=Dials(connections=5)),
            {"connection_lifetime": None, "connection_asks": "versions", "connections": 5},
        ),
        (
            Load(name="k", topic="t", kind="connect", dials=Dials(connection_rate=5)),
            {"connection_lifetime": 0.0, "connections": 0},
        ),
        (Load(name="t", topic="t", kind="transact", dials=Dials(producers=1, transaction_rate=1)), {"producers": 1}),
    ],
)
def test_what_is_not_set_has_the_default_of_its_place(load: Load, defaults: dict[str, object]) -> None:
    assert {name: load.setting(name) for name in defaults} == defaults
