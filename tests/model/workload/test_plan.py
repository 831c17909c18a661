"""A plan says what load to make; each dial is set by itself, and a mistake is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import Dials, Plan, checked_topic
from tests.stored_runs import plan

from .plans import plans, topics

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


@given(plans())
def test_a_plan_comes_back_from_its_document_as_it_was(plan: Plan) -> None:
    assert Plan.parsed(plan.as_document()) == plan
    assert Plan.parsed(json.loads(json.dumps(plan.as_document()))) == plan


def test_a_plan_is_read_from_toml_with_units_and_defaults(tmp_path: Path) -> None:
    path = tmp_path / "peak.toml"
    path.write_text(TOML, encoding="utf-8")
    read = Plan.read(path)
    (load,) = read.loads
    assert (read.name, read.duration) == ("peak", 90.0)
    assert load.dials == Dials(producers=4, record_rate=500.0, payload_size=4096)
    assert (load.kind, load.engine, load.client_id) == ("produce", "client", "clusterload-orders")


def test_thresholds_of_a_plan_keep_their_text_in_the_file_and_in_its_document(tmp_path: Path) -> None:
    texts = ["lost  >  0.10 %", 'latency.p99{load="orders"} > 50ms for 10s']
    path = tmp_path / "peak.toml"
    path.write_text(f"thresholds = {texts}\nabort_if = ['ledger.failed>0']\n{TOML}", encoding="utf-8")
    read = Plan.read(path)
    assert [threshold.text for threshold in read.thresholds] == texts
    assert read.as_document()["thresholds"] == texts
    assert [threshold.text for threshold in Plan.parsed(read.as_document()).abort_if] == ["ledger.failed>0"]
    assert "thresholds" not in plan().as_document()


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
        (
            'name = "orders"',
            'name = "orders"\nkind = "consume"',
            "unknown kind of engine client 'consume': use produce",
        ),
        ('name = "orders"', 'name = "orders"\nkind = "produse"', "unknown kind 'produse': use produce"),
        ('name = "orders"', 'name = "orders"\nengine = "wire"', "produce of engine wire has no dial producers"),
        ('name = "orders"', 'name = "orders"\nengine = "wyre"', "unknown engine 'wyre': use wire or client; did you"),
        ('name = "orders"', 'name = "orders"\narrivals = "odd"', "unknown arrivals 'odd': use even or poisson"),
        ('name = "peak"', "name = 'peak'\nwarm_up = '90s'", "warms up for 90 s: nothing is left"),
        ('name = "peak"', "name = 'peak'\nfaults = 3", "faults of a plan is 3: it must be [[faults]] tables"),
        ('name = "peak"', "name = 'peak'\nfaults = [{do = 'kill', broker = 1, at = '2m'}]", "comes at 120 s: let it"),
        ('name = "peak"', "thresholds = 'lost > 0'", "thresholds of a plan is 'lost > 0': it must be a list of texts"),
        ('name = "peak"', "abort_if = [3]", "abort_if of a plan is [3]: it must be a list of texts"),
        ('name = "peak"', "thresholds = ['lost > 5 ms']", "threshold 'lost > 5 ms', at character 8: ms cannot be"),
        ('name = "peak"', "abort_if = ['lost{load=order} > 0']", "has no load 'order'; did you mean 'orders'?"),
        ("[[loads]]", "[loads]", "it must be [[loads]] tables"),
        ("[[loads]]", "[[loads]]\n[[loads]]", "load 'load' sets none of request_rate, record_rate, byte_rate"),
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


def test_dials_are_told_in_one_line_each_with_its_unit() -> None:
    assert plan().loads[0].dials.as_text() == "20 producers, record rate 500 records/s, payload 4,096 B"


OLD = {
    "name": "1-baseline",
    "duration": 25.0,
    "loads": [
        {
            "name": "sales",
            "topic": "sale_records",
            "kind": "produce",
            "engine": "client",
            "client_id": "clusterload-sales",
            "dials": {"producers": 20, "record_rate": 500.0, "payload_size": 4096},
        }
    ],
}


def test_a_plan_of_an_older_run_file_is_still_read() -> None:
    read = Plan.parsed(OLD)
    assert read == plan("1-baseline")
    assert (read.warm_up, read.faults, read.loads[0].arrivals) == (0.0, (), "even")


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
