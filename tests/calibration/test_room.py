"""A search stays within what a person agreed to, and within what this machine can take."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.calibration.room import Room
from clusterload.ceiling.drive import DRIVES, Drive
from clusterload.consent import CAPS, Consent, asked, require
from clusterload.errors import ConsentError
from clusterload.kafka import Broker, Cluster, Properties
from clusterload.plan import Plan

ELSEWHERE = Cluster(
    id="lkc-1a2b3c",
    brokers=tuple(
        Broker(id=one, id_string=str(one), host="elsewhere", port=9092, rack="", controller=one == 1)
        for one in (1, 2, 3)
    ),
    properties=Properties(),
)


def plan_of(drive: Drive, value: float) -> Plan:
    """A step of 5 s."""
    loads = drive.made(value, "clusterload-test", 3, 2.0)
    return Plan(name="step", loads=loads, duration=drive.settling(value, 2.0) + 3.0, warm_up=2.0)


@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
def test_no_step_outside_a_lab_goes_beyond_a_cap_and_the_highest_comes_close_to_one(drive: Drive) -> None:
    consent = Consent(cluster_id=ELSEWHERE.id)
    most, why = Room.of(ELSEWHERE, consent).most(drive, plan_of)
    require(consent, plan_of(drive, most), ELSEWHERE.id)
    with pytest.raises(ConsentError):
        require(consent, plan_of(drive, most * 1.02 + 1), ELSEWHERE.id)
    assert why.startswith("the cap ")


@given(rate=st.floats(10, 1e6))
def test_a_cap_that_was_raised_on_purpose_lets_steps_go_further(rate: float) -> None:
    raised = {"request_rate": rate, "record_rate": 1e9, "byte_rate": 1e12, "bytes_written": 1e15}
    consent = Consent(cluster_id=ELSEWHERE.id, caps=raised)
    most, _ = Room.of(ELSEWHERE, consent).most(DRIVES["requests"], plan_of)
    assert most == pytest.approx(min(rate, DRIVES["requests"].most), rel=0.01)


def test_where_not_even_the_lowest_step_is_allowed_the_cap_is_named_before_anything_is_loaded() -> None:
    room = Room.of(ELSEWHERE, Consent(cluster_id=ELSEWHERE.id, caps={"duration": 1.0}))
    with pytest.raises(
        ConsentError, match="requests cannot be calibrated: its lowest step goes beyond the cap duration"
    ):
        room.most(DRIVES["requests"], plan_of)


def test_outside_a_lab_all_steps_together_stay_within_the_caps_on_time_and_bytes() -> None:
    room = Room.of(ELSEWHERE, Consent(cluster_id=ELSEWHERE.id))
    plan = plan_of(DRIVES["connection_attempts"], 10.0)
    steps = 0
    while not room.used_up(plan):
        room.use(plan)
        steps += 1
    assert steps == CAPS["duration"] // asked(plan)["duration"]
    assert "duration 900" in room.used_up(plan)


def test_connections_end_where_this_process_may_open_no_more() -> None:
    room = Room(caps={}, why="", together=False, files=500.0)
    assert room.most(DRIVES["connections"], plan_of) == (500.0, "this process may open 500 connections (ulimit -Hn)")


def test_a_lab_may_not_fill_the_disk() -> None:
    room = Room(caps={"bytes_written": 1e9}, why="this machine's disk, as", together=False, files=math.inf)
    most, why = room.most(DRIVES["ingress"], plan_of)
    assert asked(plan_of(DRIVES["ingress"], most))["bytes_written"] == pytest.approx(1e9, rel=0.01)
    assert "bytes_written" in why
