"""How many connections producers will hold follows from metadata, with the chance of their bootstrap picks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.generator.librdkafka.predicted_connections import (
    ConnectionPrediction,
    crc32_partition,
    predicted_connections,
)
from clusterload.generator.librdkafka.records import KEYS
from clusterload.kafka.cluster import Broker, Cluster, Partition, Topic
from clusterload.kafka.properties import Properties

THREE = "broker1:9092,broker2:9092,broker3:9092"


def topic(*leaders: int) -> Topic:
    partitions = tuple(
        Partition(id=number, leader=leader, replicas=(leader,), isr=(leader,)) for number, leader in enumerate(leaders)
    )
    return Topic(name="sale_records", partitions=partitions)


def cluster(servers: str = THREE, brokers: int = 3, **more: str) -> Cluster:
    return Cluster(
        id="test",
        brokers=tuple(
            Broker(id=number, id_string=str(number), host=f"broker{number}", port=9092, rack="", controller=number == 1)
            for number in range(1, brokers + 1)
        ),
        properties=Properties(values={"bootstrap.servers": servers, **more}),
    )


def predicted(producers: int, *leaders: int, within: Cluster | None = None) -> ConnectionPrediction:
    found = predicted_connections(producers, topic(*leaders), within or cluster())
    assert found is not None
    return found


def test_keys_go_to_the_partitions_that_librdkafka_gives_them() -> None:
    # The CRC-32 that gzip appends to each key (`printf mt_key_1 | gzip | tail -c 8 | od -An -tu4`), modulo 6.
    assert [crc32_partition(key, 6) for key in KEYS] == [4, 2, 4, 1, 1, 1]


def test_where_all_brokers_lead_the_bootstrap_connection_is_one_of_them() -> None:
    # Of six partitions the keys go to 1, 2 and 4.
    assert predicted(20, 9, 1, 2, 9, 3, 9) == ConnectionPrediction(mean=60, deviation=0)


def test_with_one_leader_of_three_two_picks_in_three_cost_a_connection_more() -> None:
    found = predicted(20, 1, 1, 1, 1, 1, 1)
    assert found.mean == pytest.approx(20 * (1 + 2 / 3))
    assert found.deviation == pytest.approx(math.sqrt(20 * 2 / 3 / 3))


def test_with_two_leaders_of_three_it_is_the_case_study_s_47_and_23() -> None:
    baseline, half = predicted(20, 1, 2, 1, 2, 1, 2), predicted(10, 1, 2, 1, 2, 1, 2)
    assert (round(baseline.mean), round(half.mean)) == (47, 23)
    assert [baseline.deviation, half.deviation] == pytest.approx([2.1, 1.5], abs=0.02)


def test_a_bootstrap_address_that_no_broker_has_is_always_a_connection_more() -> None:
    assert predicted(20, 1, 1, 1, within=cluster("load-balancer:9092")) == ConnectionPrediction(mean=40, deviation=0)


def test_leaders_of_partitions_that_no_key_goes_to_do_not_count() -> None:
    used = {crc32_partition(key, 50) for key in KEYS}
    leaders = [1 if number in used else 2 for number in range(50)]
    assert predicted(10, *leaders, within=cluster("broker1:9092")) == ConnectionPrediction(mean=10, deviation=0)


@given(
    st.integers(1, 500),
    st.lists(st.integers(1, 5), min_size=1, max_size=12),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
def test_a_prediction_is_between_one_connection_a_leader_and_one_more(
    producers: int, leaders: list[int], servers: list[int]
) -> None:
    used = {leaders[crc32_partition(key, len(leaders))] for key in KEYS}
    within = cluster(" , ".join(f"broker{number}:9092" for number in servers), brokers=5)
    found = predicted(producers, *leaders, within=within)
    assert producers * len(used) <= found.mean <= producers * (len(used) + 1)
    assert 0 <= found.deviation <= math.sqrt(producers) / 2
    doubled = predicted(2 * producers, *leaders, within=within)
    assert doubled.mean == pytest.approx(2 * found.mean)


def test_with_another_partitioner_nothing_is_foretold() -> None:
    assert predicted_connections(20, topic(1), cluster(partitioner="murmur2_random")) is None
    assert predicted_connections(20, topic(1), cluster(partitioner="consistent")) is not None
