"""The Admin API as a source, held against real brokers, and what it does when they go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from clusterload import Lab, Properties
from clusterload.lab.inter_broker import states
from clusterload.telemetry.sources.admin import AdminSource
from clusterload.telemetry.sources.admin.observer import SERIES, Observer
from tests.processes import wait_for
from tests.telemetry.sources.kept import Kept


class Seen(Kept):
    """What the source gave."""

    def last(self, name: str, **labels: str) -> float | None:
        """The last value of exactly this Series."""
        return next(
            (point.value for point in reversed(self.points) if (point.name, point.labels) == (name, labels)), None
        )

    def count(self, name: str, **labels: str) -> int:
        return len(self.of(name, **labels))


@contextmanager
def observed(properties: Properties, *, interval: float = 0.5, **more: frozenset[str]) -> Iterator[Seen]:
    kept = Seen()
    source = AdminSource(properties, interval=interval, patience=2.0, **more).start(kept)
    try:
        yield kept
    finally:
        source.stop()


def plain(lab: Lab) -> Properties:
    return Properties(values={"bootstrap.servers": lab.bootstrap_servers})


def new_topic(
    lab: Lab, name: str, partitions: int = 4, copies: int = 1, assigned: list[list[int]] | None = None
) -> None:
    """A topic, all of whose partitions have leaders."""
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    more = {"replica_assignment": assigned} if assigned else {"replication_factor": copies}
    admin.create_topics([NewTopic(name, num_partitions=partitions, **more)])[name].result(60)

    def is_led() -> bool:
        topic = admin.list_topics(timeout=60).topics.get(name)
        found = list(topic.partitions.values()) if topic else []
        return len(found) == partitions and all(partition.leader >= 0 for partition in found)

    wait_for(is_led)


def produced(lab: Lab, topic: str, records: int, size: int = 100) -> None:
    producer = Producer({"bootstrap.servers": lab.bootstrap_servers})
    for _ in range(records):
        producer.produce(topic, b"x" * size)
    assert producer.flush(120) == 0


def commit(lab: Lab, group: str, topic: str, offsets: Mapping[int, int]) -> None:
    consumer = Consumer({"bootstrap.servers": lab.bootstrap_servers, "group.id": group})
    committed = [TopicPartition(topic, item, offset) for item, offset in offsets.items()]

    def coordinated() -> bool:
        try:
            consumer.commit(offsets=committed, asynchronous=False)
        except KafkaException as error:  # the offsets topic of a fresh lab is still being created
            if error.args[0].code() != KafkaError.NOT_COORDINATOR:
                raise
            return False
        return True

    wait_for(coordinated)
    consumer.close()


def until(condition: Callable[[], object]) -> None:
    wait_for(condition)


def test_placement_and_sizes_are_those_that_the_brokers_have(lab: Lab) -> None:
    new_topic(lab, "clusterload-placed", partitions=6, copies=3)
    produced(lab, "clusterload-placed", 500, size=1000)
    client = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    with observed(plain(lab)) as kept:
        until(lambda: kept.count("log_bytes", broker="3") >= 2)
        metadata = client.list_topics(timeout=60)
        every = [partition for topic in metadata.topics.values() for partition in topic.partitions.values()]
        until(lambda: kept.last("partitions", broker="1") == sum(1 in partition.replicas for partition in every))
        for broker in (1, 2, 3):
            assert kept.last("partitions", broker=str(broker)) == sum(
                broker in partition.replicas for partition in every
            )
            assert kept.last("leaders", broker=str(broker)) == sum(partition.leader == broker for partition in every)
            assert kept.last("under_replicated", broker=str(broker)) == 0
            on_disk = sum(file.stat().st_size for file in (lab.folder / "data" / str(broker)).glob("*-*/*.log"))
            size = kept.last("log_bytes", broker=str(broker))
            assert size is not None
            assert 500_000 <= size <= on_disk
            assert size >= 0.9 * on_disk - 1_000_000  # the cluster's own metadata are on the disk, too
        assert kept.last("offline_partitions") == 0
        assert kept.events == []


def test_lag_is_what_is_not_yet_committed_and_members_come_and_go(lab: Lab) -> None:
    new_topic(lab, "clusterload-lagging", partitions=1)
    produced(lab, "clusterload-lagging", 300)
    commit(lab, "clusterload-slow", "clusterload-lagging", {0: 120})
    with observed(plain(lab), without=frozenset({"partitions", "log_bytes"})) as kept:
        until(lambda: kept.last("consumer_lag", group="clusterload-slow", topic="clusterload-lagging") == 180)
        assert kept.last("group_members", group="clusterload-slow") == 0
        produced(lab, "clusterload-lagging", 20)
        until(lambda: kept.last("consumer_lag", group="clusterload-slow", topic="clusterload-lagging") == 200)
        settings = {"bootstrap.servers": lab.bootstrap_servers, "group.id": "clusterload-slow"}
        member = Consumer(settings | {"group.protocol": "consumer"})
        member.subscribe(["clusterload-lagging"])
        until(lambda: member.poll(0.1) and kept.last("group_members", group="clusterload-slow") == 1)
        member.close()
        until(lambda: kept.last("group_members", group="clusterload-slow") == 0)
        assert (kept.last("groups") or 0) >= 1
        assert not kept.of("partitions") + kept.of("log_bytes")
        assert kept.events == []


def test_what_came_in_is_told_by_partition_and_the_commits_by_the_partition_of_the_internal_topic(lab: Lab) -> None:
    new_topic(lab, "clusterload-hot", partitions=3)
    with observed(plain(lab)) as kept:
        until(lambda: kept.of("records_by_partition"))
        producer = Producer({"bootstrap.servers": lab.bootstrap_servers})
        for number in range(400):
            producer.produce("clusterload-hot", b"x", partition=2 if number % 4 else 0)
        assert producer.flush(20) == 0
        until(lambda: sum(kept.values("records_by_partition", topic="clusterload-hot")) >= 400)
        own = {
            number: sum(kept.values("records_by_partition", topic="clusterload-hot", partition=number))
            for number in "012"
        }
        assert own == {"0": 100, "1": 0, "2": 300}
        commit(lab, "clusterload-hot-group", "clusterload-hot", {0: 10})
        until(lambda: sum(kept.values("records_by_partition", topic="__consumer_offsets")) >= 1)
        assert all(point.span > 0 for point in kept.of("records_by_partition"))
        assert kept.events == []


def test_each_broker_s_round_trip_is_told_and_members_that_come_and_go_are_counted(lab: Lab) -> None:
    new_topic(lab, "clusterload-come-and-go", partitions=2)
    settings = {"bootstrap.servers": lab.bootstrap_servers, "group.id": "clusterload-joiners"}
    with observed(plain(lab)) as kept:
        until(lambda: all(kept.count("round_trip_time", broker=broker) >= 2 for broker in "123"))
        assert all(value > 0 for value in kept.values("round_trip_time"))
        member = Consumer(settings)
        member.subscribe(["clusterload-come-and-go"])

        def changes() -> float:
            return sum(kept.values("members_changed", group="clusterload-joiners"))

        def joined() -> bool:
            member.poll(0.1)  # a member takes part by asking
            return changes() >= 1

        until(joined)
        member.close()
        until(lambda: changes() >= 2)
        until(lambda: kept.last("group_members", group="clusterload-joiners") == 0)


def test_no_more_than_one_connection_to_each_broker_is_held(lab: Lab) -> None:
    import psutil

    def held() -> list[int]:
        ports = {int(server.rpartition(":")[2]) for server in lab.bootstrap_servers.split(",")}
        every = psutil.Process().net_connections("tcp")
        return [
            connection.raddr.port
            for connection in every
            if connection.raddr and connection.raddr.port in ports and connection.status == "ESTABLISHED"
        ]

    before = len(held())
    with observed(plain(lab), interval=0.2) as kept:
        until(lambda: kept.count("groups") >= 10)
        assert len(held()) - before <= 3


def test_a_login_that_only_the_library_has_is_named_once_and_nothing_is_recorded() -> None:
    values = {"bootstrap.servers": "127.0.0.1:9", "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI"}
    kept = Seen()
    observer = Observer(Properties(values=values), kept, wanted=frozenset(SERIES), interval=1.0, patience=1.0)
    for _ in range(3):
        observer.observe()
    observer.close()
    AdminSource(Properties(values=values)).start(kept).stop()
    assert kept.events.pop()[1:] == kept.events[0][1:]
    ((_, kind, text),) = kept.events
    assert kind == "scrape-failed"
    assert "cannot log in by GSSAPI" in text
    assert "consumer_lag" in text
    assert kept.points == []


@pytest.fixture
def own_lab(state: Path) -> Iterator[Lab]:
    config = {"broker.session.timeout.ms": "2500", "broker.heartbeat.interval.ms": "500"}
    with Lab(3, config=config) as lab:
        yield lab


def test_a_broker_that_is_killed_leaves_gaps_and_its_return_is_told(own_lab: Lab) -> None:
    """The group's coordinator and the only copy of a topic go with the broker, and come back with it."""
    lab = own_lab
    new_topic(lab, "clusterload-single", assigned=[[2]], partitions=1)
    new_topic(lab, "clusterload-copied", partitions=3, copies=3)
    produced(lab, "clusterload-single", 50)
    commit(lab, "clusterload-g", "clusterload-single", {0: 10})
    commit(lab, "clusterload-g", "clusterload-copied", {0: 0})
    with observed(plain(lab)) as kept:
        lag = {"group": "clusterload-g", "topic": "clusterload-single"}
        lost = [("partitions", {"broker": "2"}), ("log_bytes", {"broker": "2"}), ("consumer_lag", lag)]
        until(lambda: kept.last("consumer_lag", **lag) == 40)
        until(lambda: kept.last("partitions", broker="2"))
        lab.kill(2)
        until(lambda: states(lab.info)[2] == "exited")
        until(lambda: (kept.last("offline_partitions") or 0) >= 1)
        until(lambda: sum(kept.last("under_replicated", broker=broker) or 0 for broker in "13") >= 3)
        before = (
            kept.count("partitions", broker="2"),
            kept.count("consumer_lag", **lag),
            kept.count("log_bytes", broker="2"),
        )
        rounds = kept.count("offline_partitions")
        until(lambda: kept.count("offline_partitions") >= rounds + 3)
        after = (
            kept.count("partitions", broker="2"),
            kept.count("consumer_lag", **lag),
            kept.count("log_bytes", broker="2"),
        )
        assert after == before
        lab.restart(2)
        until(lambda: all(kept.count(name, **labels) > had for (name, labels), had in zip(lost, before, strict=True)))
        until(lambda: kept.last("offline_partitions") == 0)
        until(lambda: all(kept.last("under_replicated", broker=broker) == 0 for broker in "123"))
        until(lambda: kept.kinds.count("scrape-resumed") == kept.kinds.count("scrape-failed"))
        assert kept.last("consumer_lag", **lag) == 40
        assert set(kept.values("consumer_lag", **lag)) == {40}
        assert kept.kinds.count("scrape-failed") >= 1


def test_a_cluster_that_is_gone_is_told_once_and_read_again_when_it_is_back(state: Path) -> None:
    with Lab(1) as lab, observed(plain(lab)) as kept:
        until(lambda: kept.count("partitions", broker="1") >= 2)
        lab.pause(1)
        until(lambda: "scrape-failed" in kept.kinds)
        rounds = kept.count("partitions", broker="1")
        lab.resume(1)
        until(lambda: kept.kinds.count("scrape-resumed") == kept.kinds.count("scrape-failed"))
        until(lambda: kept.count("partitions", broker="1") > rounds)
        assert all("127.0.0.1" in text for _, kind, text in kept.events if kind == "scrape-failed")
        assert len(kept.events) <= 8
