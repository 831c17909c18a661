"""Where a group begins to read, and where it has read everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from clusterload.kafka.client import kafka_error, new_consumer
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ClusterError

_ANSWER_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 30.0  # a cluster's first group waits until __consumer_offsets exists
_PASSING: Final = {
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
    KafkaError._WAIT_COORD,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
}


def first_offsets(properties: Properties, overrides: Mapping[str, Any], topic: str) -> dict[int, int]:
    """Where a group's reading begins, by partition; where it has no offset yet, it is given the partition's end.

    Args:
        properties: of the cluster's clients.
        overrides: `group.id` and the like.
        topic: that the group reads.

    Raises:
        ClusterError: the brokers refuse, or do not respond.
        ConfigurationError: a property that cannot be used.
    """
    with _offsets_consumer(properties, overrides) as consumer:
        return _with_retries(lambda: _first(consumer, topic))


def last_offsets(properties: Properties, overrides: Mapping[str, Any], topic: str) -> dict[int, int]:
    """The end of each partition, as far as it may be read by now; errors as for `first_offsets`."""
    with _offsets_consumer(properties, overrides) as consumer:
        return {place.partition: place.offset for place in _ends(consumer, topic)}


def _first(consumer: Consumer, topic: str) -> dict[int, int]:
    ends = _ends(consumer, topic)
    committed = _checked(consumer.committed([TopicPartition(topic, end.partition) for end in ends], _ANSWER_SECONDS))
    known = {place.partition: place.offset for place in committed if place.offset >= 0}
    new = [place for place in ends if place.partition not in known]
    if new:
        _checked(consumer.commit(offsets=new, asynchronous=False) or [])
    return {place.partition: place.offset for place in new} | known


def _ends(consumer: Consumer, topic: str) -> list[TopicPartition]:
    partitions = consumer.list_topics(topic, _ANSWER_SECONDS).topics[topic].partitions
    ends = [TopicPartition(topic, number, OFFSET_END) for number in partitions]
    return _checked(consumer.offsets_for_times(ends, _ANSWER_SECONDS))


def _checked(places: list[TopicPartition]) -> list[TopicPartition]:
    """The same partitions; KafkaException if one has an error."""
    for place in places:
        if place.error is not None:
            raise KafkaException(place.error)
    return places


def _with_retries(call: Callable[[], dict[int, int]]) -> dict[int, int]:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return call()
        except KafkaException as error:
            inner = kafka_error(error)
            if time.monotonic() > give_up or not (inner.retriable() or inner.code() in _PASSING):
                raise
        time.sleep(_AGAIN_SECONDS)


@contextmanager
def _offsets_consumer(properties: Properties, overrides: Mapping[str, Any]) -> Iterator[Consumer]:
    """A consumer that joins no group, for requests about offsets."""
    consumer = new_consumer(properties, overrides)
    try:
        yield consumer
    except KafkaException as error:
        said = kafka_error(error).str()
        raise ClusterError(
            f"group {overrides['group.id']!r} cannot read or commit its offsets ({said}): "
            "check its rights, and that no other client uses the group"
        ) from None
    finally:
        consumer.close()
