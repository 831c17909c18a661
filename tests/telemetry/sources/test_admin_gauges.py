"""What the Admin API's answers come to: nobody is counted twice, and a sum is whole or not there."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as some

from clusterload.kafka.cluster import Partition, Topic
from clusterload.kafka.groups import lags
from clusterload.telemetry.sources.admin.points import Bounded, lagging, placed
from clusterload.telemetry.sources.source import OTHERS

BROKERS = (1, 2, 3)
replicas = some.lists(some.sampled_from((*BROKERS, 4)), min_size=1, max_size=4, unique=True)


@some.composite
def partitions(draw: some.DrawFn) -> Partition:
    holders = draw(replicas)
    in_sync = draw(some.lists(some.sampled_from(holders), unique=True))
    leader = draw(some.sampled_from(in_sync)) if in_sync else -1
    return Partition(id=0, leader=leader, replicas=tuple(holders), isr=tuple(in_sync))


@given(some.lists(partitions()))
def test_every_replica_and_leader_is_counted_once_and_a_broker_that_is_down_has_no_figure(
    all_of: list[Partition],
) -> None:
    topic = Topic(name="t", partitions=tuple(all_of))
    sums: dict[str, float] = defaultdict(float)
    for name, labels, value in placed([topic], BROKERS):
        assert labels.get("broker") != "4"
        sums[name] += value
    up = [partition for partition in all_of if partition.leader in BROKERS]
    assert sums["partitions"] == sum(broker in BROKERS for partition in all_of for broker in partition.replicas)
    assert sums["leaders"] == len(up)
    assert sums["under_replicated"] == sum(len(partition.isr) < len(partition.replicas) for partition in up)
    assert sums["offline_partitions"] == sum(partition.leader < 0 for partition in all_of)


places = some.tuples(some.sampled_from("abc"), some.integers(0, 3))


@given(some.dictionaries(places, some.integers(0, 10**9)), some.dictionaries(places, some.integers(0, 10**9)))
def test_lag_is_the_sum_over_partitions_or_not_known(
    offsets: dict[tuple[str, int], int], ended: dict[tuple[str, int], int]
) -> None:
    found = lags(offsets, ended)
    assert found.keys() == {topic for topic, _ in offsets}
    for topic, lag in found.items():
        own = {place: offset for place, offset in offsets.items() if place[0] == topic}
        if own.keys() <= ended.keys():
            assert lag == sum(max(0, ended[place] - offset) for place, offset in own.items())
        else:
            assert lag is None


names = some.tuples(some.text("abcdef", min_size=1, max_size=2))
rounds = some.lists(some.dictionaries(names, some.none() | some.integers(0, 1000)), max_size=6)


@settings(max_examples=50)
@given(rounds, some.integers(0, 5))
def test_no_more_names_than_allowed_are_kept_apart_and_nothing_is_lost(
    many: list[dict[tuple[str], float | None]], most: int
) -> None:
    bounded: Bounded[tuple[str]] = Bounded(most)
    for values in many:
        kept, rest = bounded.split(values)
        assert len(kept) <= most
        if rest is not None and None not in values.values():
            assert sum(kept.values()) + rest == sum(value or 0 for value in values.values())


def test_who_is_kept_apart_gives_way_only_to_who_matters_far_more() -> None:
    bounded: Bounded[tuple[str]] = Bounded(1)
    assert bounded.split({("a",): 5, ("b",): 3}) == ({("a",): 5}, 3)
    assert bounded.split({("a",): 4, ("b",): 6}) == ({("a",): 4}, 6)
    assert bounded.split({("a",): 4, ("b",): 90}) == ({("b",): 90}, 4)


def test_a_rest_with_an_unknown_one_in_it_is_no_sum() -> None:
    bounded: Bounded[tuple[str]] = Bounded(1)
    assert bounded.split({("a",): 5, ("b",): 3, ("c",): None}) == ({("a",): 5}, None)


def test_a_thousand_groups_and_topics_are_kept_apart_and_the_others_are_one_sum() -> None:
    groups = {f"group-{number:04}": {"t": number} for number in range(1500)}
    points = list(lagging(groups, Bounded(), whole=True))
    assert len(points) == 1001
    assert ("consumer_lag", {"group": OTHERS, "topic": OTHERS}, sum(range(500))) in points
    assert OTHERS not in {labels["group"] for _, labels, _ in lagging(groups, Bounded(), whole=False)}
