"""Producers of the wire engine on real brokers: what is asked is sent, and each record's fate is true."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from clusterload import Cluster, Lab, Properties
from clusterload.generator.wire.stub_broker import stub_broker
from tests.generator.wire.driving import all_but_dropped, drive, wire_load
from tests.generator.wire.test_consume import new_topic

COLD = {"in_flight": "1000"}
"""Brokers that have just started may take seconds for their first answers; nothing waits for those."""


@pytest.fixture
def topic(lab: Lab) -> str:
    return new_topic(lab.bootstrap_servers)


@pytest.fixture(scope="module")
def breakable(state: Path) -> Iterator[Lab]:
    """Three brokers of this module's own, since some are killed."""
    with Lab(3) as lab:
        yield lab


def _growth(servers: str, topic: str) -> int:
    cluster = Cluster.connect(Properties(values={"bootstrap.servers": servers}))
    return sum(cluster.end_offsets(cluster.topics([topic])[0]).values())


def _values(servers: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "read-back", "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    values: list[bytes] = []
    give_up = time.monotonic() + 120
    while len(values) < count and time.monotonic() < give_up:
        values += [message.value() or b"" for message in consumer.consume(1000, 0.5) if message.error() is None]
    consumer.close()
    return values


def test_every_request_that_is_due_is_sent_and_every_record_is_stored_once(
    lab: Lab, topic: str, tmp_path: Path
) -> None:
    load = wire_load(topic, connections="12", request_rate="200/s", records_per_request="5", record_size="64", **COLD)
    driven = drive(lab.bootstrap_servers, tmp_path, load)
    count = all_but_dropped(driven)
    assert driven.ledger.scheduled == 3000
    assert driven.wire["requests"] == {"Produce": count / 5}
    assert (driven.wire["made"], driven.wire["connections"]) == (12, 0)
    values = _values(lab.bootstrap_servers, topic, count)
    assert len(values) == len({value[:8] for value in values}) == _growth(lab.bootstrap_servers, topic) == count
    assert {len(value) for value in values} == {64}


def test_two_workers_share_a_schedule_and_no_two_records_are_alike(lab: Lab, topic: str, tmp_path: Path) -> None:
    load = wire_load(topic, connections="8", record_rate="301/s", records_per_request="1", **COLD)
    driven = drive(lab.bootstrap_servers, tmp_path, load, workers=2)
    assert driven.documents["generator"]["workers"] == 2
    assert driven.ledger.scheduled == 903
    count = all_but_dropped(driven)
    values = _values(lab.bootstrap_servers, topic, count)
    assert len({value[:8] for value in values}) == count


def test_two_loads_of_one_worker_send_no_two_records_alike(lab: Lab, topic: str, tmp_path: Path) -> None:
    loads = [
        replace(wire_load(topic, connections="3", request_rate="100/s", records_per_request="5", **COLD), name=name)
        for name in ("one", "other")
    ]
    made = drive(lab.bootstrap_servers, tmp_path, *loads, seconds=2, workers=1)
    count = sum(ledger.acknowledged for ledger in made.made.ledgers)
    assert count + sum(ledger.dropped for ledger in made.made.ledgers) == 2000
    assert min(ledger.acknowledged for ledger in made.made.ledgers) > 0
    values = _values(lab.bootstrap_servers, topic, count)
    assert len({value[:8] for value in values}) == count


def test_without_acknowledgement_what_was_sent_is_unknown(lab: Lab, topic: str, tmp_path: Path) -> None:
    driven = drive(lab.bootstrap_servers, tmp_path, wire_load(topic, record_rate="100/s", acks="0"), seconds=2)
    assert driven.ledger.balanced
    assert (driven.ledger.scheduled, driven.ledger.acknowledged) == (200, 0)
    assert driven.ledger.unknown + driven.ledger.dropped == 200
    assert driven.ledger.unknown > 0


def test_a_closed_loop_sends_as_much_as_the_brokers_acknowledge(lab: Lab, topic: str, tmp_path: Path) -> None:
    load = wire_load(topic, record_rate="max", records_per_request="100", in_flight="2")
    driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=2)
    assert driven.wire["closed_loop"]
    assert driven.ledger.balanced
    assert driven.ledger.acknowledged == _growth(lab.bootstrap_servers, topic) >= 1000


def test_a_killed_broker_makes_some_records_unknown_and_none_wrong(breakable: Lab, tmp_path: Path) -> None:
    """With acks=all and no retries: acknowledged <= growth <= acknowledged + unknown."""
    servers = breakable.bootstrap_servers
    topic = new_topic(servers)
    load = wire_load(topic, connections="6", record_rate="500/s", acks="all", retries="0", **COLD)

    def kill() -> None:
        time.sleep(2)
        breakable.kill(2)

    driven = drive(servers, tmp_path, load, seconds=8, meanwhile=kill)
    breakable.restart(2)
    ledger = driven.ledger
    assert ledger.balanced
    assert ledger.scheduled == 4000
    assert driven.wire["lost"], "the connections to the killed broker were lost"
    growth = _growth(servers, topic)
    assert ledger.acknowledged <= growth <= ledger.acknowledged + ledger.unknown


@pytest.mark.chaos
def test_an_idempotent_producer_loses_and_doubles_nothing_over_a_restart(breakable: Lab, tmp_path: Path) -> None:
    servers = breakable.bootstrap_servers
    topic = new_topic(servers)
    load = wire_load(topic, connections="6", record_rate="300/s", idempotence="yes", retries="100")

    def restart() -> None:
        time.sleep(2)
        breakable.kill(3)
        breakable.restart(3)

    driven = drive(servers, tmp_path, load, seconds=8, meanwhile=restart)
    ledger = driven.ledger
    assert ledger.balanced
    growth = _growth(servers, topic)
    assert ledger.acknowledged <= growth <= ledger.acknowledged + ledger.unknown
    values = _values(servers, topic, growth)
    assert len({value[:8] for value in values}) == len(values), "a record is stored twice"


@pytest.mark.chaos
def test_a_paused_broker_shows_in_the_latency_from_the_due_time(breakable: Lab, tmp_path: Path) -> None:
    """Half of the requests of the pause waited longer than half of it, sent or not."""
    servers = breakable.bootstrap_servers
    topic = new_topic(servers)

    def pause() -> None:
        time.sleep(1)
        breakable.pause(1)
        breakable.pause(2)
        breakable.pause(3)
        time.sleep(1)
        for broker in (1, 2, 3):
            breakable.resume(broker)

    load = wire_load(topic, connections="6", request_rate="400/s", in_flight="1000")
    driven = drive(servers, tmp_path, load, seconds=4, meanwhile=pause)
    assert driven.ledger.acknowledged == 1600
    due = driven.latency("produce", "due")
    assert due.count == 1600
    assert due.quantile(0.95) > 600_000, "a quarter of the run's requests fell into the pause"


@pytest.mark.chaos
def test_what_waits_longer_than_two_seconds_is_dropped_and_counted(breakable: Lab, tmp_path: Path) -> None:
    servers = breakable.bootstrap_servers
    topic = new_topic(servers)

    def pause() -> None:
        for broker in (1, 2, 3):
            breakable.pause(broker)
        time.sleep(3.5)
        for broker in (1, 2, 3):
            breakable.resume(broker)

    load = wire_load(topic, connections="3", request_rate="100/s", in_flight="1")
    driven = drive(servers, tmp_path, load, seconds=5, meanwhile=pause)
    assert driven.ledger.balanced
    assert driven.ledger.dropped > 50
    assert driven.ledger.errors["_QUEUE_FULL"] == driven.ledger.dropped


def test_a_target_that_answers_at_once_calibrates_the_generator(tmp_path: Path) -> None:
    with stub_broker({"clusterload-noop": 4}) as servers:
        load = wire_load("clusterload-noop", connections="50", request_rate="500/s", idempotence="yes")
        driven = drive(servers, tmp_path, load, seconds=2)
    assert driven.ledger.scheduled == 1000
    assert driven.latency("produce", "delay").count == all_but_dropped(driven)
