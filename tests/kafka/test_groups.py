"""Groups as brokers themselves tell of them are those that the client library sees, also from older brokers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from hypothesis import given
from hypothesis import strategies as some
from kio.schema.list_groups.v5 import ListGroupsRequest
from kio.schema.offset_fetch.v8 import OffsetFetchRequest

from clusterload import Cluster, Lab
from clusterload.kafka.brokers import Brokers
from clusterload.kafka.groups import committed_offsets, describe_groups, groups_of, listed
from clusterload.kafka.groups.answers import assigned
from clusterload.kafka.protocol.conversation import Conversation
from tests.processes import wait_for
from tests.telemetry.sources.test_admin_on_lab import commit, new_topic, produced

TOPIC = "clusterload-told"
GROUPS = {"clusterload-told-classic": "classic", "clusterload-told-consumer": "consumer"}


@pytest.fixture(scope="module")
def members(lab: Lab) -> Iterator[None]:
    """A member in a group of each kind, each of which has all four partitions and committed to one."""
    new_topic(lab, TOPIC, partitions=4)
    produced(lab, TOPIC, 40)
    made = []
    for group, kind in GROUPS.items():
        commit(lab, group, TOPIC, {0: 0, 1: 0, 2: 0, 3: 0})
        settings = {"bootstrap.servers": lab.bootstrap_servers, "group.id": group, "client.id": f"member-{kind}"}
        member = Consumer(settings | {"group.protocol": kind})
        member.subscribe([TOPIC])
        made.append(member)

    def is_given_all() -> bool:
        return [len(consumer.assignment()) for consumer in made if consumer.poll(0.05) or True] == [4, 4]

    wait_for(is_given_all)
    yield
    for consumer in made:
        consumer.close()


@pytest.mark.usefixtures("members")
def test_state_kind_members_and_coordinator_are_those_that_the_library_tells(lab: Lab, cluster: Cluster) -> None:
    found, refused = groups_of(cluster, GROUPS)
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    assert refused == ()
    assert [group.name for group in found] == sorted(GROUPS)
    for group in found:
        known = admin.describe_consumer_groups([group.name])[group.name].result(60)
        assert known.coordinator is not None
        (member,) = known.members
        assert (group.kind, group.state) == (GROUPS[group.name], known.state.name.lower().replace("_", " "))
        assert group.coordinator == known.coordinator.id
        (own,) = group.members
        assert (own.id, own.client_id, own.host) == (member.member_id, member.client_id, member.host)
        assert own.partitions == 4
        assert group.lag == {TOPIC: 40}


@pytest.mark.usefixtures("members")
def test_brokers_that_speak_only_older_versions_tell_the_same(cluster: Cluster) -> None:
    def outdated(broker: Conversation) -> None:
        broker.versions[ListGroupsRequest.__api_key__] = (0, 4)
        broker.versions[OffsetFetchRequest.__api_key__] = (0, 7)

    names = frozenset(GROUPS)
    with Brokers(cluster.properties) as brokers:
        brokers.topics()
        new = listed(brokers).only(names)
        done, found = committed_offsets(brokers, new), describe_groups(brokers, new)
        brokers.ask_each(outdated)
        old = listed(brokers).only(names)
        assert {broker: sorted(kept) for broker, kept in old.kinds.items()} == {
            broker: sorted(kept) for broker, kept in new.kinds.items()
        }
        assert committed_offsets(brokers, old).offsets == done.offsets
        classic = describe_groups(brokers, old).groups["clusterload-told-classic"]
        assert classic == replace(found.groups["clusterload-told-classic"], coordinator=classic.coordinator)


@pytest.mark.usefixtures("members")
def test_what_a_broker_does_not_speak_is_why_its_groups_are_not_told(cluster: Cluster) -> None:
    with Brokers(cluster.properties) as brokers:
        brokers.topics()
        listing = listed(brokers)
        brokers.ask_each(lambda broker: broker.versions.clear())
        failures = committed_offsets(brokers, listing).failures
        assert set(failures) == set(listing.names) >= set(GROUPS)
        assert all("OffsetFetchRequest" in str(failure) for failure in failures.values())


@given(some.binary(max_size=60) | some.binary(max_size=8).map(lambda rest: bytes(2) + b"\xff\xff\xff\xff" + rest))
def test_an_assignment_that_is_none_of_kafkas_clients_is_no_error(data: bytes) -> None:
    assert assigned(data) >= 0


some_partitions = some.dictionaries(some.text("abc", min_size=1), some.sets(some.integers(0, 99)), max_size=5)


@given(some_partitions, some.integers(0, 3))
def test_the_partitions_of_an_assignment_are_counted_in_every_version(given: dict[str, set[int]], version: int) -> None:
    topics = b"".join(
        struct.pack(f">h{len(name)}si{len(numbers)}i", len(name), name.encode(), len(numbers), *numbers)
        for name, numbers in given.items()
    )
    data = struct.pack(">hi", version, len(given)) + topics + struct.pack(">i", -1)
    assert assigned(data) == sum(map(len, given.values()))
