"""Commits, metadata and producer ids on real brokers: what is asked is what brokers got."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from kio.schema.find_coordinator.v1.request import FindCoordinatorRequest
from kio.schema.find_coordinator.v1.response import FindCoordinatorResponse

from clusterload import Lab
from clusterload.kafka.properties import Properties
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import first_to_answer
from clusterload.kafka.protocol.security import security_of
from tests.generator.wire.driving import all_but_dropped, drive, wire_load
from tests.generator.wire.test_consume import QUICK, new_topic


@pytest.fixture
def topic(lab: Lab) -> str:
    return new_topic(lab.bootstrap_servers)


def committed(servers: str, group: str, topic: str) -> int:
    """What an independent client sees as a group's offset."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": group})
    (place,) = consumer.committed([TopicPartition(topic, 0)], 15)
    consumer.close()
    return place.offset


def coordinator(servers: str, group: str) -> int:
    """The id of the broker that coordinates a group, by kio."""
    security = security_of(Properties(values={"bootstrap.servers": servers}))
    with first_to_answer(
        [Address.parsed(server) for server in servers.split(",")], security, client_id="test"
    ) as broker:
        return int(broker.ask(FindCoordinatorRequest(key=group), FindCoordinatorResponse).node_id)


def test_the_last_commit_is_what_the_group_has(lab: Lab, topic: str, tmp_path: Path) -> None:
    load = wire_load(topic, "admin", commit_rate="100/s")
    driven = drive(lab.bootstrap_servers, tmp_path, load)
    ledger = driven.ledger
    assert (ledger.unit, ledger.scheduled) == ("requests", 300), ledger
    assert driven.wire["requests"]["OffsetCommit"] == all_but_dropped(driven)
    assert driven.wire["requests"]["FindCoordinator"] >= 1
    # On one connection they go in turn, so that the last one is the last; each tells its number.
    last = committed(lab.bootstrap_servers, load.group_id, topic)
    assert last == 299 if not ledger.dropped else ledger.acknowledged - 1 <= last <= 299


def test_metadata_and_producer_ids_come_at_their_own_rates(lab: Lab, topic: str, tmp_path: Path) -> None:
    load = wire_load(topic, "admin", metadata_rate="50/s", producer_id_rate="30/s", connections="3")
    driven = drive(lab.bootstrap_servers, tmp_path, load)
    assert driven.ledger.scheduled == 240, driven.ledger
    count = all_but_dropped(driven)
    asked = driven.wire["requests"]
    assert asked["Metadata"] + asked["InitProducerId"] == sum(asked.values()) == count
    assert 150 - driven.ledger.dropped <= asked["Metadata"] <= 150
    assert driven.wire["made"] == 3
    assert driven.latency("admin", "due").count == count
    assert driven.latency("admin", "sent").quantile(0.5) <= driven.latency("admin", "due").quantile(0.5)


def test_workers_share_what_is_asked(lab: Lab, topic: str, tmp_path: Path) -> None:
    load = wire_load(topic, "admin", commit_rate="51/s", metadata_rate="20/s", connections="4")
    driven = drive(lab.bootstrap_servers, tmp_path, load, workers=2, seconds=2)
    assert driven.documents["generator"]["workers"] == 2
    assert driven.ledger.scheduled == 142
    asked = driven.wire["requests"]
    assert asked["OffsetCommit"] + asked["Metadata"] == all_but_dropped(driven)
    assert 40 - driven.ledger.dropped <= asked["Metadata"] <= 40
    assert driven.wire["made"] - driven.wire["requests"]["FindCoordinator"] == 8, "as many for commits as for the rest"


@pytest.mark.chaos
def test_commits_follow_the_coordinator_when_its_broker_dies(state: Path, tmp_path: Path) -> None:
    with Lab(3, config=QUICK) as lab:
        topic = new_topic(lab.bootstrap_servers)
        load = wire_load(topic, "admin", commit_rate="50/s")
        drive(lab.bootstrap_servers, tmp_path, load, seconds=1)
        broker = coordinator(lab.bootstrap_servers, load.group_id)

        def kill() -> None:
            time.sleep(2)
            lab.kill(broker)

        driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=14, meanwhile=kill)
        ledger = driven.ledger
        assert ledger.balanced
        assert ledger.scheduled == 700
        assert driven.wire["lost"]
        assert ledger.acknowledged > 200, ledger
        assert committed(lab.bootstrap_servers, load.group_id, topic) == 699
