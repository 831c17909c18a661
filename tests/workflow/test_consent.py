"""Load on a cluster that is not ours needs a yes for that very cluster, and stays within caps."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError, ConsentError
from clusterload.model.workload import MAX, PREFIX, Dials, Load, Plan, from_dials
from clusterload.model.workload.schedule import Ramp
from clusterload.workflow.consent import CAPS, Consent, asked, require
from tests.stored_runs import plan

CLUSTER = "lkc-1a2b3c"


def test_without_a_yes_there_is_no_load() -> None:
    with pytest.raises(ConsentError, match=f"add --yes-cluster {CLUSTER}"):
        require(Consent(), plan(), CLUSTER)


def test_a_yes_for_another_cluster_is_no_yes() -> None:
    with pytest.raises(ConsentError, match=f"{CLUSTER} is not a lab, and the id that was given is lkc-other"):
        require(Consent(cluster_id="lkc-other"), plan(), CLUSTER)


def test_a_cluster_that_does_not_say_its_id_cannot_be_loaded() -> None:
    with pytest.raises(ConsentError):
        require(Consent(), plan(), "")


def test_a_yes_for_this_cluster_lets_a_plan_within_the_caps_run() -> None:
    require(Consent(cluster_id=CLUSTER), plan(), CLUSTER)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (plan(record_rate=10_001, payload_size=64), "record_rate"),
        (plan(record_rate=10_000, payload_size=5_001), "byte_rate"),
        (plan(producers=201), "producers"),
        (plan(duration=901), "duration"),
    ],
)
def test_each_cap_holds_until_it_is_raised_on_purpose(made: Plan, name: str) -> None:
    with pytest.raises(ConsentError, match=f"asks for {name} ") as caught:
        require(Consent(cluster_id=CLUSTER), made, CLUSTER)
    told = re.search(r"--cap (\w+)=(\d+)$", str(caught.value))
    assert told is not None
    require(Consent(cluster_id=CLUSTER, caps={told[1]: float(told[2])}), made, CLUSTER)


@given(st.floats(min_value=10_000.01, max_value=1e9))
def test_the_cap_that_a_refusal_names_is_enough(rate: float) -> None:
    made = plan(record_rate=rate, payload_size=1)
    with pytest.raises(ConsentError) as caught:
        require(Consent(cluster_id=CLUSTER), made, CLUSTER)
    caps = {name: float(most) for name, most in re.findall(r"--cap (\w+)=(\d+)", str(caught.value))}
    assert "record_rate" in caps
    require(Consent(cluster_id=CLUSTER, caps=caps), made, CLUSTER)


def test_raising_one_cap_leaves_the_others() -> None:
    with pytest.raises(ConsentError, match="asks for producers"):
        require(Consent(cluster_id=CLUSTER, caps={"record_rate": 1e6}), plan(producers=500), CLUSTER)


def test_a_cap_can_be_lowered_too() -> None:
    with pytest.raises(ConsentError, match="asks for producers 20, above the cap of 5"):
        require(Consent(cluster_id=CLUSTER, caps={"producers": 5}), plan(), CLUSTER)


def test_a_cap_that_is_no_number_lets_nothing_through() -> None:
    with pytest.raises(ConsentError, match="above the cap of nan"):
        require(Consent(cluster_id=CLUSTER, caps={"producers": float("nan")}), plan(), CLUSTER)


def test_a_misspelt_cap_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no cap 'producer'; did you mean 'producers'"):
        Consent(cluster_id=CLUSTER, caps={"producer": 5})


def test_loads_of_one_plan_are_capped_together() -> None:
    single = plan(producers=150)
    both = replace(single, loads=(single.loads[0], replace(single.loads[0], name="more")))
    together = asked(both)
    assert {name: together[name] for name in ("record_rate", "byte_rate", "producers", "duration")} == {
        "record_rate": 1000,
        "byte_rate": 1000 * 4096,
        "producers": 300,
        "duration": 25,
    }
    assert together.keys() == CAPS.keys()
    with pytest.raises(ConsentError, match="asks for producers 300"):
        require(Consent(cluster_id=CLUSTER), both, CLUSTER)


def wire(kind: str, *, duration: float = 25.0, **dials: Any) -> Plan:
    return Plan(name="load", loads=(Load(name="one", topic="t", kind=kind, dials=Dials(**dials)),), duration=duration)


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (wire("produce", request_rate=10_001, record_size="1"), {"record_rate", "request_rate"}),
        (wire("produce", record_rate=10_000, record_size="1200", duration=900.0), {"bytes_written"}),
        (wire("connect", connections=501), {"connections"}),
        (wire("connect", connection_rate=51), {"connection_rate"}),
        (wire("group", members=101), {"members"}),
        (wire("consume", partitions=101), {"partitions"}),
        (wire("produce", record_rate=Ramp(0, 20_000, 10), records_per_request=10), {"record_rate"}),
        (wire("produce", record_rate=MAX), {"record_rate", "byte_rate", "request_rate", "bytes_written"}),
        (wire("consume", fetch_from="earliest"), {"byte_rate"}),
    ],
)
def test_whatever_a_plan_does_has_a_cap_and_the_refusal_says_what_lifts_it(made: Plan, names: set[str]) -> None:
    with pytest.raises(ConsentError) as caught:
        require(Consent(cluster_id=CLUSTER), made, CLUSTER)
    caps = {name: float(most) for name, most in re.findall(r"--cap (\w+)=(\w+)", str(caught.value))}
    assert caps.keys() == names
    require(Consent(cluster_id=CLUSTER, caps=caps), made, CLUSTER)


def test_as_much_as_the_cluster_takes_needs_caps_without_end() -> None:
    with pytest.raises(ConsentError, match=r"asks for record_rate max, above the cap of 10,000.*--cap record_rate=inf"):
        require(Consent(cluster_id=CLUSTER), wire("produce", record_rate=MAX), CLUSTER)
    raised = dict.fromkeys(CAPS, 1e12)
    with pytest.raises(ConsentError, match="asks for record_rate max"):
        require(Consent(cluster_id=CLUSTER, caps=raised), wire("produce", record_rate=MAX), CLUSTER)


def test_a_plan_touches_only_our_topic_or_one_that_it_names() -> None:
    assert {load.topic for load in from_dials({"record_rate": "5", "fan_out": "1"}).loads} == {"clusterload-load"}
    assert Load.parsed({"dials": {"record_rate": 5}}).topic.startswith(PREFIX)
    assert Load.parsed({"topic": "orders", "dials": {"record_rate": 5}}).topic == "orders"
