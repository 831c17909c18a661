"""The lab is a real cluster that any client can use."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from clusterload.lab.lab import Lab
from clusterload.lab.registry import find_lab, running_labs
from clusterload.model.errors import LabError, UsageError

if TYPE_CHECKING:
    from confluent_kafka import Message


def properties(lab: Lab) -> dict[str, str | int | float | bool]:
    """What stands in the lab's client.properties, the keys of Confluent Cloud left out."""
    lines = (Path(str(lab.info.directory)) / "client.properties").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if not line.startswith("#"))
    return {key: value for key, value in pairs if not key.startswith("confluent.")}


def test_every_broker_is_known_to_clients_with_its_rack(lab: Lab) -> None:
    admin = AdminClient(properties(lab))
    cluster = admin.describe_cluster().result(timeout=60)
    assert cluster.cluster_id == lab.cluster_id
    seen = {(node.id, node.port, node.rack) for node in cluster.nodes}
    assert seen == {(each.id, each.client_port, each.rack) for each in lab.info.brokers}
    assert {each.rack for each in lab.info.brokers} == {"rack-1", "rack-2", "rack-3"}


def test_a_topic_comes_into_being_with_6_partitions_in_3_copies_and_gives_back_what_was_sent(lab: Lab) -> None:
    failures = []
    producer = Producer(properties(lab))
    for number in range(100):
        producer.produce("orders", str(number), on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(120) == 0
    assert failures == []

    topic = AdminClient(properties(lab)).list_topics("orders", timeout=60).topics["orders"]
    assert [len(each.replicas) for each in topic.partitions.values()] == [3] * 6

    consumer = Consumer(properties(lab) | {"group.id": "readers", "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    received: list[Message] = []
    for _ in range(100):
        received += consumer.consume(100, timeout=0.2)
        if len(received) >= 100:
            break
    consumer.close()
    assert sorted(int(message.value() or b"") for message in received) == list(range(100))


def test_a_running_lab_is_found_by_its_cluster_id(lab: Lab) -> None:
    assert find_lab(lab.cluster_id) == lab.info
    assert lab.info in running_labs()
    assert find_lab("another") is None


def test_what_the_lab_writes_is_readable_by_its_owner_only(lab: Lab, state: Path) -> None:
    client = Path(str(lab.info.directory)) / "client.properties"
    folder = state / "labs" / lab.info.id
    for path in (client, folder / "lab.json", folder / "supervisor.json", folder / "config" / "broker-1.properties"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_second_lab_in_the_same_directory_is_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"runs in .* already; stop it"):
        Lab(1, directory=lab.info.directory).start()


def test_a_lab_that_is_not_running_has_no_addresses() -> None:
    with pytest.raises(LabError, match="not running; start it"):
        Lab(1).bootstrap_servers  # noqa: B018


@pytest.mark.parametrize("brokers", [0, 10])
def test_a_lab_has_1_to_9_brokers(brokers: int) -> None:
    with pytest.raises(UsageError, match="ask for 1 to 9"):
        Lab(brokers)
