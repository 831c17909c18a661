"""What the causes of a load are told by is there on real brokers, by exporter and by Jolokia, and says the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.jolokia import JolokiaSource
from clusterload.telemetry.sources.source import LiveSource
from tests.processes import wait_for

from .kept import Kept
from .limited import limited

if TYPE_CHECKING:
    from clusterload.lab.lab import Lab

TOPIC, GROUP, RECORDS = "told-recompressed", "told-group", 2000
ASKED, INVALID = 20, "INVALID_TOPIC_EXCEPTION"


@contextmanager
def followed(lab: Lab) -> Iterator[tuple[Kept, ...]]:
    """What each of a lab's sources gives."""
    listeners, brokers = lab.info.client_listeners, lab.info.brokers
    sources: dict[Kept, LiveSource] = {
        Kept(): ExporterSource({str(broker.id): broker.exporter_url for broker in brokers}, client_listeners=listeners),
    }
    if all(broker.jolokia_url for broker in brokers):
        jolokia = {str(broker.id): broker.jolokia_url for broker in brokers}
        sources[Kept()] = JolokiaSource(jolokia, client_listeners=listeners)
    with ExitStack() as stack:
        for kept, source in sources.items():
            stack.callback(source.start(kept).stop)
        yield tuple(sources)


def highest(kept: Kept, name: str, **labels: str) -> float:
    return max((value for value in kept.values(name, **labels) if not math.isnan(value)), default=0.0)


def produced(settings: Mapping[str, str | int | float | bool], topic: str, records: int) -> None:
    producer = Producer(dict(settings))
    for _ in range(records):
        producer.produce(topic, b"x" * 500)
        producer.poll(0)
    assert producer.flush(30) == 0


@pytest.fixture(scope="module")
def told(observed_lab: Lab) -> Iterator[tuple[Kept, ...]]:
    """A producer whose records the brokers recompress, and a group that reads and commits them."""
    servers: dict[str, str | int | float | bool] = {"bootstrap.servers": observed_lab.bootstrap_servers}
    topic = NewTopic(TOPIC, num_partitions=3, replication_factor=3, config={"compression.type": "gzip"})
    admin = AdminClient(servers)
    admin.create_topics([topic])[TOPIC].result(15)
    with limited(observed_lab), followed(observed_lab) as all_kept:
        member = Consumer(servers | {"client.id": "reader", "group.id": GROUP, "auto.offset.reset": "earliest"})
        member.subscribe([TOPIC])
        produced(servers | {"client.id": "payer", "acks": "all"}, TOPIC, RECORDS)
        for _ in range(ASKED):
            admin.list_topics("told/nowhere", timeout=15)
        read = 0
        while read < RECORDS:
            message = member.poll(30)
            assert message is not None, "the group read nothing for half a minute"
            read += message.error() is None
        member.commit(asynchronous=False)

        def is_told(kept: Kept) -> bool:
            return (
                sum(kept.values("offset_commits")) > 0
                and highest(kept, "egress_by_client", client="reader") > 0
                and sum(kept.values("errors", request="Metadata", error=INVALID)) >= ASKED
                and sum(kept.values("message_conversions_by_topic", topic=TOPIC)) >= RECORDS
            )

        wait_for(lambda: all(map(is_told, all_kept)), timeout=40)
        member.close()
        yield all_kept


def test_who_produced_and_who_read_is_told_by_client_id(told: tuple[Kept, ...]) -> None:
    for kept in told:
        assert highest(kept, "ingress_by_client", client="payer") > 0
        assert highest(kept, "egress_by_client", client="reader") > 0
        assert highest(kept, "egress_by_client", client="payer") == 0
        assert 0 < highest(kept, "thread_time_by_client", client="payer") < 24
        assert not any("principal" in point.labels for point in kept.of("thread_time_by_client"))


def test_what_was_recompressed_is_told_by_topic_and_adds_up(told: tuple[Kept, ...]) -> None:
    for kept in told:
        assert sum(kept.values("message_conversions_by_topic", topic=TOPIC)) == RECORDS


def test_the_group_s_rebalances_and_commits_are_counted(told: tuple[Kept, ...]) -> None:
    for kept in told:
        assert sum(kept.values("group_rebalances")) >= 1
        assert sum(kept.values("offset_commits")) >= 1


def test_what_brokers_refuse_is_told_by_its_error_and_what_they_grant_as_none(told: tuple[Kept, ...]) -> None:
    for kept in told:
        assert sum(kept.values("errors", request="Metadata", error=INVALID)) >= ASKED
        assert sum(kept.values("errors", error="NONE")) > RECORDS / 100
        assert all(0 <= share <= 1 for share in kept.values("coordinator_busy"))
        assert kept.of("acceptor_blocked", listener="CLIENT")


def test_where_a_request_spends_its_time_is_told_apart(told: tuple[Kept, ...]) -> None:
    for kept in told:
        spent = {
            name: sum(kept.values(name, request="Produce"))
            for name in ("request_time", "request_queue_time", "request_local_time", "request_remote_time")
        }
        assert spent["request_remote_time"] > 0
        assert spent["request_local_time"] > 0
        # A broker is read while it works: single requests may be in the one figure and not yet in the other.
        assert sum(spent.values()) - spent["request_time"] <= 1.1 * spent["request_time"] + 50
        # A follower waits for records: there is no local time of waiting.
        assert sum(kept.values("request_remote_time", request="FetchFollower")) > 0


def test_connections_are_told_by_software_and_by_the_clients_listener(told: tuple[Kept, ...]) -> None:
    for kept in told:
        software = {point.labels["software"] for point in kept.of("connections_by_software") if point.value > 0}
        assert any(name.startswith("confluent-kafka-python/") for name in software)
        assert {point.labels["listener"] for point in kept.of("connections_by_listener")} == {"CLIENT"}
        assert highest(kept, "connections_by_listener") > 0


def test_where_nobody_uses_tls_no_count_of_it_is_made_up(told: tuple[Kept, ...]) -> None:
    for kept in told:
        assert kept.of("tls_connections") == []


def test_what_the_broker_wrote_is_growth_and_not_its_height(told: tuple[Kept, ...]) -> None:
    for kept in told:
        assert {point.span > 0 for point in kept.of("disk_writes")} == {True}
        assert all(value >= 0 for value in kept.values("disk_writes"))


def test_where_clients_log_in_they_are_told_by_login_and_client_id_and_tls_by_its_connections(secure_lab: Lab) -> None:
    settings = secure_lab.listeners["SASL_SSL"]
    with limited(secure_lab, "user", "client-id"), followed(secure_lab) as (kept,):
        producer = Producer(settings | {"client.id": "payer"})

        def is_told() -> bool:
            producer.produce("told-by-login", b"x" * 500)
            producer.poll(0.05)
            return (
                highest(kept, "ingress_by_client", client="payer", principal=settings["sasl.username"]) > 0
                and highest(kept, "thread_time_by_client", client="payer", principal=settings["sasl.username"]) > 0
                and highest(kept, "tls_connections") > 0
            )

        wait_for(is_told, timeout=40)
        assert producer.flush(30) == 0
