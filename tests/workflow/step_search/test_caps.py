"""A search stays within what a person agreed to, and within what this machine can take."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.ceiling.resource_load import DRIVES, Drive
from clusterload.kafka.cluster import Broker, Cluster
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConsentError
from clusterload.workflow.consent import CAPS, Consent, asked, require
from clusterload.workflow.step_search import SteppedLoad
from clusterload.workflow.step_search.calibrate import CalibrationRequest
from clusterload.workflow.step_search.caps import StepCaps

ELSEWHERE = Cluster(
    id="lkc-1a2b3c",
    brokers=tuple(
        Broker(id=one, id_string=str(one), host="elsewhere", port=9092, rack="", controller=one == 1)
        for one in (1, 2, 3)
    ),
    properties=Properties(),
)


def load(drive: Drive) -> SteppedLoad:
    """Steps of 5 s."""
    return CalibrationRequest().stepped(drive, 3)


@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
def test_no_step_outside_a_lab_goes_beyond_a_cap_and_the_highest_comes_close_to_one(drive: Drive) -> None:
    consent = Consent(cluster_id=ELSEWHERE.id)
    most, why = StepCaps.of(ELSEWHERE, consent).most(load(drive))
    require(consent, load(drive).plan(most), ELSEWHERE.id)
    with pytest.raises(ConsentError):
        require(consent, load(drive).plan(most * 1.02 + 1), ELSEWHERE.id)
    assert why.startswith("the cap ")


@given(rate=st.floats(10, 1e6))
def test_a_cap_that_was_raised_on_purpose_lets_steps_go_further(rate: float) -> None:
    raised = {"request_rate": rate, "record_rate": 1e9, "byte_rate": 1e12, "bytes_written": 1e15}
    consent = Consent(cluster_id=ELSEWHERE.id, caps=raised)
    most, _ = StepCaps.of(ELSEWHERE, consent).most(load(DRIVES["requests"]))
    assert most == pytest.approx(min(rate, DRIVES["requests"].most), rel=0.01)


def test_where_not_even_the_lowest_step_is_allowed_the_cap_is_named_before_anything_is_loaded() -> None:
    caps = StepCaps.of(ELSEWHERE, Consent(cluster_id=ELSEWHERE.id, caps={"duration": 1.0}))
    with pytest.raises(ConsentError, match="requests cannot be raised: its lowest step goes beyond the cap duration"):
        caps.most(load(DRIVES["requests"]))


def test_outside_a_lab_all_steps_together_stay_within_the_caps_on_time_and_bytes() -> None:
    caps = StepCaps.of(ELSEWHERE, Consent(cluster_id=ELSEWHERE.id))
    plan = load(DRIVES["connection_attempts"]).plan(10.0)
    steps = 0
    while not caps.used_up(plan):
        caps.use(plan)
        steps += 1
    assert steps == CAPS["duration"] // asked(plan)["duration"]
    assert "duration 900" in caps.used_up(plan)


def test_connections_end_where_this_process_may_open_no_more() -> None:
    caps = StepCaps(caps={}, why="", together=False, files=500.0)
    assert caps.most(load(DRIVES["connections"])) == (500.0, "this process may open 500 connections (ulimit -Hn)")


def test_a_lab_may_not_fill_the_disk() -> None:
    caps = StepCaps(caps={"bytes_written": 1e9}, why="this machine's disk, as", together=False, files=math.inf)
    most, why = caps.most(load(DRIVES["ingress"]))
    assert asked(load(DRIVES["ingress"]).plan(most))["bytes_written"] == pytest.approx(1e9, rel=0.01)
    assert "bytes_written" in why
