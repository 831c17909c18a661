"""What two looks by the Admin API come to: growth that was seen, none that was not, and a bounded number of Series."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from clusterload.kafka.groups import Group, Member, Place
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.admin.points import Delta, EndOffsets, Membership
from clusterload.telemetry.sources.source import OTHERS

ends = some.dictionaries(some.tuples(some.sampled_from("abc"), some.integers(0, 2)), some.integers(0, 10**9))


def looked(*looks: dict[Place, int | None]) -> list[list[Delta]]:
    """What looks five seconds apart come to; None is a partition of which nobody told where it ends."""
    known = EndOffsets()
    return [
        list(known.deltas({place: end for place, end in look.items() if end is not None}, look, number * 5 * SECOND))
        for number, look in enumerate(looks)
    ]


def amounts(look: list[Delta]) -> dict[tuple[str, str], float]:
    return {(delta.labels["topic"], delta.labels["partition"]): delta.value for delta in look}


@given(
    some.lists(
        some.dictionaries(some.sampled_from([("a", 0), ("a", 1), ("b", 0)]), some.integers(0, 10**6)), max_size=8
    )
)
def test_growth_adds_up_to_what_came_in_however_often_a_partition_is_not_told(steps: list[dict[Place, int]]) -> None:
    places: list[Place] = [("a", 0), ("a", 1), ("b", 0)]
    at = dict.fromkeys(places, 7)
    looks: list[dict[Place, int | None]] = [dict(at)]
    for step in steps:
        at = {place: at[place] + step.get(place, 0) for place in places}
        looks.append({place: at[place] if place in step else None for place in places})
    looks.append(dict(at))
    told = [delta for look in looked(*looks) for delta in look]
    for topic, number in places:
        own = [delta for delta in told if delta.labels == {"topic": topic, "partition": str(number)}]
        assert sum(delta.value for delta in own) == at[topic, number] - 7
        assert sum(delta.span for delta in own) == 5 * (len(looks) - 1)


def test_a_topic_that_comes_up_begins_at_nothing_but_the_first_look_tells_no_growth() -> None:
    first, second = looked({("old", 0): 900}, {("old", 0): 905, ("new", 0): 40})
    assert first == []
    assert amounts(second) == {("old", "0"): 5, ("new", "0"): 40}


def test_a_partition_that_ends_earlier_than_before_has_no_growth_and_no_jump() -> None:
    _, fallen, after = looked({("a", 0): 1000}, {("a", 0): 990}, {("a", 0): 995})
    assert amounts(fallen) == {}
    assert amounts(after) == {("a", "0"): 5}


def test_of_very_many_partitions_those_that_grow_stand_by_themselves() -> None:
    still: dict[Place, int | None] = {("still", number): 10 for number in range(3000)}
    _, told = looked(still | {("hot", 0): 0}, still | {("hot", 0): 500, ("still", 2999): 13})
    assert amounts(told) == {("hot", "0"): 500, ("still", "2999"): 3, (OTHERS, OTHERS): 0}


def group(name: str, members: str, state: str = "stable") -> Group:
    who = tuple(Member(id=member, client_id="c", host="h", partitions=1) for member in members)
    return Group(name=name, state=state, kind="classic", coordinator=1, members=who)


def changes(*looks: list[Group], failed: str = "") -> list[dict[str, float]]:
    """How many changed at each look, five seconds apart; groups in `failed` are not described at the last one."""
    known, found = Membership(), []
    for number, look in enumerate(looks):
        lost = set(failed) if number == len(looks) - 1 else set()
        told = known.deltas({group.name: group for group in look}, lost, number * 5 * SECOND)
        found.append({delta.labels["group"]: delta.value for delta in told})
    return found


def test_who_came_and_who_went_is_counted() -> None:
    assert changes([group("g", "abc")], [group("g", "bcde")]) == [{}, {"g": 3}]


def test_a_group_in_the_middle_of_a_rebalance_counts_one_though_nobody_changed() -> None:
    looks = [group("g", "ab")], [group("g", "ab", "preparing rebalance")], [group("g", "ab")], [group("g", "", "empty")]
    assert changes(*map(list, looks)) == [{}, {"g": 1}, {"g": 0}, {"g": 2}]


def test_a_group_that_comes_up_or_goes_away_has_changed_by_all_of_its_members() -> None:
    assert changes([], [group("g", "ab")], []) == [{}, {"g": 2}, {"g": 2}]


def test_a_group_that_is_not_described_for_once_has_not_lost_its_members() -> None:
    assert changes([group("g", "ab"), group("h", "a")], [group("h", "a")], failed="g") == [{}, {"h": 0}]


@given(ends)
def test_a_cluster_at_rest_tells_that_nothing_came_in(at: dict[Place, int]) -> None:
    _, told = looked(dict(at), dict(at))
    assert set(amounts(told).values()) <= {0}
    assert len(told) == len(at)
