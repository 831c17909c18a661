"""Consumers of the wire engine on real brokers: each reader gets every record once, at the pace that is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from kio.schema.alter_client_quotas.v0 import request as quotas
from kio.schema.alter_client_quotas.v0.response import AlterClientQuotasResponse
from kio.static.primitive import f64

from clusterload import Lab
from clusterload.kafka.properties import Properties
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import first_to_answer
from clusterload.kafka.protocol.security import security_of
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.runfile import new_id, read_run
from tests.generator.wire.driving import Driven, all_but_dropped, drive, wire_load
from tests.processes import wait_for

QUICK = {"broker.session.timeout.ms": "5000", "broker.heartbeat.interval.ms": "500"}
"""A dead broker is known to be dead after five seconds, not nine."""


@pytest.fixture
def topic(lab: Lab) -> str:
    return new_topic(lab.bootstrap_servers)


@pytest.fixture(scope="module")
def breakable(state: Path) -> Iterator[Lab]:
    """Three brokers of this module's own, since one is killed."""
    with Lab(3, config=QUICK) as lab:
        yield lab


def new_topic(servers: str, partitions: int = 6) -> str:
    """A topic whose leaders are spread over all brokers, each of which knows it."""
    name = f"clusterload-wire-{new_id()[-6:]}"
    new = NewTopic(name, partitions, 3, config={"min.insync.replicas": "2"})
    admin = AdminClient({"bootstrap.servers": servers})  # kept until the answer is here
    admin.create_topics([new])[name].result(60)
    for server in servers.split(","):
        asked = AdminClient({"bootstrap.servers": server})
        wait_for(lambda asked=asked: name in asked.list_topics(timeout=60).topics)  # type: ignore[misc]
    return name


def fill(servers: str, topic: str, records: int, **settings: str) -> None:
    """Write records with an independent client."""
    producer = Producer({"bootstrap.servers": servers, **settings})
    for number in range(records):
        producer.produce(topic, value=b"x" * 100, partition=number % 6)
    assert producer.flush(120) == 0


def limit(servers: str, client_id: str, rate: float) -> None:
    """Set a quota of bytes/s for what a client reads from each broker."""
    request = quotas.AlterClientQuotasRequest(
        entries=(
            quotas.EntryData(
                entity=(quotas.EntityData(entity_type="client-id", entity_name=client_id),),
                ops=(quotas.OpData(key="consumer_byte_rate", value=f64(rate), remove=False),),
            ),
        ),
        validate_only=False,
    )
    security = security_of(Properties(values={"bootstrap.servers": servers}))
    with first_to_answer(
        [Address.parsed(server) for server in servers.split(",")], security, client_id="test"
    ) as broker:
        (entry,) = broker.ask(request, AlterClientQuotasResponse).entries
    assert entry.error_code.value == 0, entry


def records(driven: Driven, name: str) -> int:
    """Records that a Load acknowledged or consumed, as its Series has them."""
    run = read_run(driven.path)
    series = [found for found in run.series if found.name == "load_records" and found.labels["load"] == name]
    return round(sum(sum(found.values) for found in series))


@pytest.mark.long
def test_end_to_end_latency_is_that_of_produce_and_a_little_more_where_there_is_time(
    lab: Lab, topic: str, tmp_path: Path
) -> None:
    driven = drive(lab.bootstrap_servers, tmp_path, wire_load(topic, record_rate="300/s"), wire_load(topic, "consume"))
    kept, due = driven.latency("consume", "end_to_end"), driven.latency("produce", "due")
    assert 0.3 * due.quantile(0.5) < kept.quantile(0.5) < due.quantile(0.5) + 500_000


@pytest.mark.parametrize("fan_out", [1, 3])
def test_each_reader_gets_every_record_that_was_produced(lab: Lab, topic: str, tmp_path: Path, fan_out: int) -> None:
    produce = wire_load(topic, record_rate="300/s", records_per_request="3")
    consume = wire_load(topic, "consume", fan_out=str(fan_out))
    driven = drive(lab.bootstrap_servers, tmp_path, produce, consume)
    produced, consumed = driven.made.ledgers
    assert produced.unknown == 0, "else nobody knows what there is to read"
    assert produced.acknowledged > 0
    assert records(driven, "consume") == fan_out * produced.acknowledged
    assert consumed.balanced
    assert (consumed.failed, consumed.unknown, consumed.dropped) == (0, 0, 0), consumed
    wire = driven.documents["wire"]["consume"]
    assert wire["made"] == 3 * fan_out, "a connection a reader and leading broker"
    assert wire["requests"]["Fetch"] == consumed.acknowledged


def test_each_record_has_an_end_to_end_latency(lab: Lab, topic: str, tmp_path: Path) -> None:
    produce, consume = wire_load(topic, record_rate="300/s"), wire_load(topic, "consume")
    driven = drive(lab.bootstrap_servers, tmp_path, produce, consume)
    kept, due = driven.latency("consume", "end_to_end"), driven.latency("produce", "due")
    assert kept.count == driven.made.ledgers[0].acknowledged > 0, "each batch has one record here"
    # A record is read no earlier than it is stored; its answer and its reading then go their own ways.
    assert kept.quantile(0.5) > 0.1 * due.quantile(0.5)
    assert driven.latency("produce", "end_to_end").count == 0


def test_records_of_others_have_no_end_to_end_latency(lab: Lab, topic: str, tmp_path: Path) -> None:
    """Also compressed ones are counted, and a reader from the earliest offset finds what was there before."""
    fill(lab.bootstrap_servers, topic, 500)
    fill(lab.bootstrap_servers, topic, 700, **{"compression.type": "lz4"})
    consume = wire_load(topic, "consume", fetch_from="earliest", fan_out="2")
    driven = drive(lab.bootstrap_servers, tmp_path, consume, seconds=2, workers=2)
    assert records(driven, "consume") == 2400
    assert driven.documents["generator"]["workers"] == 2
    assert driven.latency("consume", "end_to_end").count == 0


def test_only_touched_partitions_are_read(lab: Lab, topic: str, tmp_path: Path) -> None:
    fill(lab.bootstrap_servers, topic, 600)
    driven = drive(
        lab.bootstrap_servers, tmp_path, wire_load(topic, "consume", fetch_from="earliest", partitions="2"), seconds=1
    )
    assert records(driven, "consume") == 200


def test_every_fetch_that_is_due_is_made(lab: Lab, topic: str, tmp_path: Path) -> None:
    load = wire_load(topic, "consume", fetch_rate="200/s", connections="12")
    driven = drive(lab.bootstrap_servers, tmp_path, load)
    ledger = driven.ledger
    assert (ledger.unit, ledger.scheduled) == ("requests", 600)
    all_but_dropped(driven)
    assert driven.wire["requests"]["Fetch"] == ledger.acknowledged
    assert not driven.wire["closed_loop"]
    assert driven.latency("consume", "due").count == ledger.acknowledged


def test_fetches_at_most_follow_each_other(lab: Lab, topic: str, tmp_path: Path) -> None:
    driven = drive(lab.bootstrap_servers, tmp_path, wire_load(topic, "consume", fetch_rate="max"), seconds=2)
    assert driven.wire["closed_loop"]
    assert driven.ledger.balanced
    usual = driven.latency("consume", "sent").quantile(0.5) / 1e6
    assert driven.ledger.acknowledged > 0.3 * 2 / max(usual, 0.01), "who is answered asks again"
    assert driven.ledger.acknowledged > 30, "an empty topic is answered immediately, since no fetch waits"


def test_more_readers_than_connections_are_refused(lab: Lab, topic: str, tmp_path: Path) -> None:
    load = wire_load(topic, "consume", fan_out="2", connections="4")
    with pytest.raises(ConfigurationError, match=r"2 x every byte read from 3 leading brokers = 6 connections"):
        drive(lab.bootstrap_servers, tmp_path, load, seconds=1)


def test_a_reader_whose_offset_is_gone_begins_again_and_says_so(lab: Lab, tmp_path: Path) -> None:
    """Between the first and the second fetch 300 more come to a partition, and all but 50 are deleted."""
    servers, between = lab.bootstrap_servers, 4.0
    for _ in range(5):
        topic = new_topic(servers)
        fill(servers, topic, 600)
        admin = AdminClient({"bootstrap.servers": servers})
        admin.list_topics(timeout=60)  # it is connected, so that it is quick when it is needed
        taken: list[float] = []

        def take_away(topic: str = topic, admin: AdminClient = admin, taken: list[float] = taken) -> None:
            began = time.monotonic()
            time.sleep(1)
            fill(servers, topic, 1800)
            (deleted,) = admin.delete_records([TopicPartition(topic, 0, 350)]).values()
            deleted.result(60)
            taken.append(time.monotonic() - began)

        load = wire_load(topic, "consume", fetch_rate=f"{1 / between}/s", fetch_from="earliest", partitions="1")
        driven = drive(servers, tmp_path, load, seconds=9, meanwhile=take_away)
        first = driven.latency("consume", "due").quantile(1.0) / 1e6
        if first < 1 and taken[0] < between - 0.5:
            break  # else the machine was too busy for it to come in between: once more
    ledger = driven.ledger
    assert (ledger.acknowledged, ledger.failed, dict(ledger.errors)) == (2, 1, {"OFFSET_OUT_OF_RANGE": 1})
    assert ledger.balanced
    assert records(driven, "consume") == 100 + 50


def test_a_pause_that_brokers_ask_for_is_kept(lab: Lab, topic: str, tmp_path: Path) -> None:
    """Without a quota this reader would ask thousands of times."""
    fill(lab.bootstrap_servers, topic, 6000)
    load = replace(
        wire_load(topic, "consume", fetch_from="earliest", fetch_max_wait="0"), client_id=f"clusterload-slow-{topic}"
    )
    limit(lab.bootstrap_servers, load.client_id, 1000.0)
    driven = drive(lab.bootstrap_servers, tmp_path, load, seconds=3)
    assert driven.wire["throttled_ms"] > 0
    assert driven.ledger.balanced
    assert driven.ledger.failed == 0
    assert driven.ledger.acknowledged < 200, driven.ledger


@pytest.mark.chaos
def test_a_killed_broker_costs_no_reader_a_record(breakable: Lab, tmp_path: Path) -> None:
    """What is acknowledged by all replicas is read by each reader, wherever its leader is by then."""
    servers = breakable.bootstrap_servers
    topic = new_topic(servers)
    produce = wire_load(topic, record_rate="300/s", idempotence="yes", retries="100")
    consume = wire_load(topic, "consume", fan_out="2")
    driven = drive(servers, tmp_path, produce, consume, seconds=14, meanwhile=lambda: _break(breakable, 2))
    breakable.restart(2)
    produced, consumed = driven.made.ledgers
    assert produced.balanced
    assert consumed.balanced
    assert driven.documents["wire"]["consume"]["lost"], "the connections to the killed broker were lost"
    read = records(driven, "consume")
    assert 2 * produced.acknowledged <= read <= 2 * (produced.acknowledged + produced.unknown)


def _break(lab: Lab, broker: int) -> None:
    time.sleep(2)
    lab.kill(broker)
