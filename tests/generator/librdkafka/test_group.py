"""Groups with real members, on a real cluster."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread

import pytest

from clusterload import Cluster, Properties
from clusterload.generator.progress import Progress
from clusterload.model.errors import ClusterError, ConfigurationError
from tests.generator.librdkafka.driven import Told, a_load, described, make, new_name
from tests.processes import wait_for


def test_the_members_of_a_group_share_all_partitions(cluster: Cluster) -> None:
    topic = new_name("shared")
    cluster.use_topic(topic)
    load = a_load("group", topic, members=3)
    told, shared = Told(), Event()
    joined = 0

    def end(progress: Progress) -> None:
        nonlocal joined
        joined = progress.loads[0].ledger.acknowledged
        if shared.is_set():
            raise KeyboardInterrupt

    def join() -> None:
        with suppress(KeyboardInterrupt):
            make(cluster, load, seconds=240, told=told, on_progress=end)

    thread = Thread(target=join)
    thread.start()

    def all_is_shared() -> bool:
        if joined < 3:
            return False  # brokers may know of an assignment before the member that it is for
        members = described(cluster, load.group_id).members
        shares = [{place.partition for place in member.assignment.topic_partitions} for member in members]
        return len(members) == 3 and sorted(number for share in shares for number in share) == list(range(6))

    try:
        wait_for(all_is_shared)
    finally:
        shared.set()
        thread.join(120)
    assert told.ledger(load).acknowledged == told.ledger(load).scheduled == 3
    assert told.ledger(load).unit == "members"
    assert not described(cluster, load.group_id).members


def test_members_consume_what_another_load_produces_and_nothing_older(cluster: Cluster) -> None:
    topic = new_name("consumed")
    cluster.use_topic(topic)
    writing = a_load("produce", topic, producers=2, record_rate=50, payload_size=256)
    make(cluster, writing, seconds=0.5)
    reading = a_load("group", topic, members=3)
    told = make(cluster, writing, reading, seconds=4)
    assert told.ledger(writing).acknowledged == 200
    assert told.totals[reading.name]["load_records"] == 200
    assert told.totals[reading.name]["load_bytes"] == told.ledger(writing).acknowledged_bytes


def test_a_group_that_read_before_goes_on_where_it_stopped(cluster: Cluster) -> None:
    topic = new_name("again")
    cluster.use_topic(topic)
    reading = a_load("group", topic, members=1)
    make(cluster, reading, seconds=1)
    make(cluster, a_load("produce", topic, producers=1, record_rate=50, payload_size=128), seconds=1)
    assert make(cluster, reading, seconds=1).totals[reading.name]["load_records"] == 50


@pytest.mark.long
def test_members_that_are_replaced_make_at_least_as_many_rebalances(cluster: Cluster) -> None:
    topic = new_name("churned")
    cluster.use_topic(topic)
    writing = a_load("produce", topic, producers=1, record_rate=50, payload_size=128)
    reading = a_load("group", topic, members=3, member_lifetime=6.0)
    told = make(cluster, writing, reading, seconds=9)
    ledger = told.ledger(reading)
    replaced = 4  # one each 2 s, the first after 2 s
    assert ledger.scheduled == 3 + replaced
    assert ledger.balanced
    assert told.totals[reading.name]["load_rebalances"] >= replaced
    assert told.totals[reading.name]["load_records"] >= told.ledger(writing).acknowledged


def test_an_interrupted_group_leaves_in_good_order_and_is_accounted_for(cluster: Cluster) -> None:
    topic = new_name("interrupted")
    cluster.use_topic(topic)
    load = a_load("group", topic, members=2)
    told = Told()

    def interrupt(progress: Progress) -> None:
        if progress.ledger.acknowledged == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(cluster, load, seconds=240, on_progress=interrupt, told=told)
    assert told.ledger(load).balanced
    assert not described(cluster, load.group_id).members  # a session would last 45 s


@pytest.mark.long
def test_a_group_on_a_cluster_that_does_not_answer_is_refused_before_the_load() -> None:
    properties = Properties(values={"bootstrap.servers": "127.0.0.1:9"})
    gone = Cluster(id="gone", brokers=(), properties=properties)
    with pytest.raises(ClusterError, match="group"):
        make(gone, a_load("group", "clusterload-none", members=1), seconds=1)


def test_a_name_that_only_one_member_can_have_is_refused(cluster: Cluster) -> None:
    values = {**cluster.properties.values, "group.instance.id": "one"}
    alone = Cluster(id=cluster.id, brokers=cluster.brokers, properties=Properties(values=values))
    with pytest.raises(ConfigurationError, match=r"group\.instance\.id, which only one member can have"):
        make(alone, a_load("group", "clusterload-none", members=2), seconds=1)
