"""Keys go where Java's producer sends them, and come as often as their weights say."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from confluent_kafka import Message, Producer
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload import Cluster
from clusterload.generator.wire.keys import DRAWS, DrawnKeys, key_bytes, murmur2, murmur2_partition
from clusterload.model.workload.distributions import parse_keys

# What Kafka's own UtilsTest.testMurmur2 expects.
VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
    b"": 275646681,
    bytes((12, 42, 56, 24, 109, 111)): 274204207,
}


@pytest.mark.parametrize(("data", "expected"), VECTORS.items())
def test_murmur2_is_that_of_kafka(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected % 2**32


def test_keys_go_to_the_partitions_that_java_s_partitioner_gives_them(cluster: Cluster) -> None:
    """As librdkafka's partitioner `murmur2` has it, which was made to agree with Java's."""
    topic, _ = cluster.use_topic("keys-of-java")
    delivered: list[Message] = []
    producer = Producer(dict(cluster.properties.values) | {"partitioner": "murmur2"})
    for number in range(200):
        producer.produce(topic.name, b"", key_bytes(number), on_delivery=lambda _, message: delivered.append(message))
    assert producer.flush(120) == 0
    assert len(delivered) == 200
    for message in delivered:
        key = message.key()
        assert isinstance(key, bytes)
        assert message.partition() == murmur2_partition(key, len(topic.partitions))


@given(
    st.sampled_from(["weights:3,1,1", "uniform:7", "hot:100:80%", "zipf:1000:1.1", "uniform:100000"]),
    st.integers(1, 20),
    st.integers(0, 99),
)
@settings(max_examples=15)
def test_each_key_is_drawn_as_often_as_its_weight_says_and_for_its_own_partition(
    text: str, partitions: int, seed: int
) -> None:
    keys = parse_keys(text)
    draws = DrawnKeys(keys, partitions, Random(seed))
    found: Counter[int] = Counter()
    for partition in range(partitions):
        drawn = draws.of(partition)
        assert draws.weights[partition] == len(drawn) / DRAWS
        assert all(murmur2_partition(key_bytes(number), partitions) == partition for number in set(drawn))
        found.update(drawn)
    assert found.total() == DRAWS
    for number, weight in enumerate(keys.weights()):
        assert abs(found[number] - weight * DRAWS) <= 1 + 1e-6


def test_a_hot_key_s_partition_has_its_turn_as_often_as_the_key() -> None:
    draws = DrawnKeys(parse_keys("hot:50:90%"), 12, Random(1))
    assert draws.weights[murmur2_partition(key_bytes(0), 12)] >= 0.9
