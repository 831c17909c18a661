"""A plan says what load to make; each dial is set by itself, and a mistake is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.errors import ConfigurationError
from clusterload.plan import Dials, Load, Plan, checked_topic, dial_meaning, dial_names, dial_noun

from .stored_runs import plan

names = st.text(min_size=1, max_size=12)
topics = st.from_regex(r"[A-Za-z0-9._-]{1,30}", fullmatch=True).filter(lambda name: name not in {".", ".."})
dials = st.builds(
    Dials,
    producers=st.integers(1, 10_000),
    record_rate=st.floats(min_value=1e-6, max_value=1e9),
    payload_size=st.integers(1, 2**31),
)
loads = st.builds(Load, name=names, topic=topics, dials=dials, client_id=st.just("") | names)
plans = st.builds(
    Plan,
    name=names,
    loads=st.lists(loads, min_size=1, max_size=3, unique_by=lambda load: load.name).map(tuple),
    duration=st.floats(min_value=1e-6, max_value=1e7),
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)

TOML = """
name = "peak"
duration = "1m30s"

[[loads]]
name = "orders"
topic = "orders"
dials = {producers = 4, record_rate = "500/s", payload_size = "4 KiB"}
"""


@given(plans)
def test_a_plan_comes_back_from_its_document_as_it_was(one: Plan) -> None:
    assert Plan.parsed(one.as_document()) == one
    assert Plan.parsed(json.loads(json.dumps(one.as_document()))) == one


def test_a_plan_is_read_from_toml_with_units_and_defaults(tmp_path: Path) -> None:
    path = tmp_path / "peak.toml"
    path.write_text(TOML, encoding="utf-8")
    read = Plan.read(path)
    (load,) = read.loads
    assert (read.name, read.duration) == ("peak", 90.0)
    assert load.dials == Dials(producers=4, record_rate=500.0, payload_size=4096)
    assert (load.kind, load.engine, load.client_id) == ("produce", "client", "clusterload-orders")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("duration =", "duraton =", "a plan has no key 'duraton'; did you mean 'duration'?"),
        ("topic =", "topik =", "a load has no key 'topik'; did you mean 'topic'?"),
        ("producers =", "producer =", "unknown dial 'producer'; did you mean 'producers'?"),
        ('"1m30s"', '"soon"', "'soon' is not a duration"),
        ('"1m30s"', "0", "lasts 0 s: it must be above 0"),
        ('"4 KiB"', '"4 s"', "dial payload_size: s cannot be converted to B"),
        ('"4 KiB"', '"0.5 B"', "dial payload_size is 0.5: it must be a whole number"),
        ('"4 KiB"', "nan", "dial payload_size: 'nan' is not a quantity"),
        ('"4 KiB"', '"1e999"', "dial payload_size: '1e999' is not a quantity"),
        ("producers = 4", "producers = 0", "dial producers is 0: it must be above 0"),
        ("producers = 4", "producers = true", "dial producers: 'True' is not a quantity"),
        ("producers = 4, ", "", "load 'orders' does not set producers"),
        ('topic = "orders"', 'topic = "a/b"', "topic name 'a/b' is not allowed"),
        ('topic = "orders"', "topic = 5", "topic of a load is 5: it must be text"),
        ('name = "orders"', "name = ['a']", "name of a load is ['a']: it must be text"),
        ("dials = {producers = 4,", "dials = [5]\nmore = {producers = 4,", "a load has no key 'more'"),
        ('name = "orders"', 'name = "orders"\nkind = "consume"', "unknown kind 'consume': use produce"),
        ('name = "orders"', 'name = "orders"\nengine = "wire"', "unknown engine 'wire': use client"),
        ("[[loads]]", "[loads]", "loads must be [[loads]] tables"),
        ("[[loads]]", "[[loads]]\n[[loads]]", "does not set producers, record_rate, payload_size"),
        ('name = "peak"', 'name = "peak', "is not TOML"),
    ],
)
def test_a_mistake_in_a_plan_is_told_with_the_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TOML
    path = tmp_path / "peak.toml"
    path.write_text(TOML.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Plan.read(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_plan_that_cannot_be_read_is_told_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.toml cannot be read: No such file"):
        Plan.read(tmp_path / "missing.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"binary\.toml is not text"):
        Plan.read(path)


@given(documents | st.fixed_dictionaries({"loads": st.lists(documents, max_size=2)}))
def test_any_table_is_a_plan_or_a_clear_refusal(given_table: Any) -> None:
    if isinstance(given_table, dict):
        with pytest.raises(ConfigurationError):
            Plan.parsed(given_table)


@given(st.dictionaries(st.sampled_from(["name", "topic", "dials", "kind", "client_id"]), documents))
def test_any_load_is_a_load_or_a_clear_refusal(given_table: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Plan.parsed({"loads": [given_table]})


@given(st.dictionaries(st.sampled_from(dial_names()), scalars))
def test_any_dials_are_positive_numbers_or_a_clear_refusal(given_table: dict[str, Any]) -> None:
    try:
        chosen, refusal = Dials.parsed(given_table).chosen(), ""
    except ConfigurationError as error:
        chosen, refusal = {}, str(error)
    assert not refusal or refusal.startswith("dial ")
    assert all(0 < value < float("inf") for value in chosen.values())


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_dial_in_python_is_checked_like_one_in_a_file(value: float) -> None:
    with pytest.raises(ConfigurationError, match="dial record_rate is"):
        Dials(record_rate=value)


def test_half_a_producer_is_refused_in_python_too() -> None:
    half: Any = 2.5
    with pytest.raises(ConfigurationError, match=r"dial producers is 2\.5: it must be a whole number"):
        Dials(producers=half)


def test_dials_are_told_in_one_line_each_with_its_unit() -> None:
    assert plan().loads[0].dials.as_text() == "20 producers, record rate 500 records/s, payload 4,096 B"


def test_every_dial_says_what_it_is_and_what_it_means() -> None:
    for name in dial_names():
        assert dial_noun(name)
        assert dial_meaning(name)


@given(topics)
def test_names_that_kafka_takes_are_taken(name: str) -> None:
    assert checked_topic(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "ä", "a" * 250, "a\n"])
def test_names_that_kafka_refuses_are_refused_before_any_load(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not allowed"):
        checked_topic(name)


def test_a_plan_without_a_load_or_with_two_alike_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has no load"):
        Plan(name="empty", loads=(), duration=1)
    (load,) = plan().loads
    with pytest.raises(ConfigurationError, match="names two loads alike"):
        Plan(name="twins", loads=(load, load), duration=1)


@pytest.mark.parametrize("duration", [float("nan"), float("inf"), -1.0])
def test_a_plan_lasts_a_finite_time(duration: float) -> None:
    with pytest.raises(ConfigurationError, match="it must be above 0"):
        Plan(name="load", loads=plan().loads, duration=duration)
