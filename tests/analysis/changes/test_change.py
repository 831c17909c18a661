"""What moved between two stretches is named, largest first; what chance, gaps or the usual explain is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from clusterload.analysis.changes import BY_CHANCE, ChangeSet, Shift, ShiftState
from clusterload.analysis.changes import changes as find_changes
from clusterload.analysis.changes.metric_keys import MetricKey
from clusterload.model.run import Run
from clusterload.model.series import Floats, Series
from tests.analysis.changes.history_of import history, line, part

seeds = st.integers(0, 2**32 - 1)
LENGTH = 20
"""Seconds of each stretch here."""
USUAL = 20
"""Stretches of the usual."""

NAMES = (
    "ingress",
    "egress",
    "requests",
    "connections",
    "connection_attempts",
    "records_in",
    "replication_in",
    "leaders",
)


def noise(random: Generator, seconds: int, level: float = 1e6, spread: float = 0.05) -> Floats:
    """A figure that swings around a level from second to second."""
    return np.abs(level * (1 + spread * random.standard_normal(seconds)))


def slow(random: Generator, seconds: int, level: float = 1e6, spread: float = 0.05) -> Floats:
    """A figure that remembers: each second keeps nine tenths of how far off the one before was."""
    off, steps = 0.0, []
    for step in random.standard_normal(seconds) * math.sqrt(1 - 0.9**2):
        off = 0.9 * off + step
        steps.append(off)
    return np.abs(level * (1 + spread * np.array(steps)))


def rare(random: Generator, seconds: int, level: float = 0.3, spread: float = 0.0) -> Floats:
    """Single events, one every three seconds or so."""
    return random.poisson(level, seconds).astype(np.float64)


def cluster(random: Generator, kind: Callable[..., Floats] = noise) -> list[Series]:
    """Some hundred figures of a whole history: usual stretches, one before and one after."""
    seconds = (USUAL + 2) * LENGTH
    whole = [line(name, kind(random, seconds), broker=broker) for name in NAMES for broker in ("1", "2", "3")]
    topics = [line("ingress_by_topic", kind(random, seconds), topic=f"t{number}", broker="1") for number in range(40)]
    types = [line("requests_by_type", kind(random, seconds), request=f"R{number}", broker="1") for number in range(40)]
    return [*whole, *topics, *types]


def few(random: Generator) -> list[Series]:
    """A dozen figures of a whole history."""
    return [*cluster(random)[:9], *cluster(random)[24:27]]


def stretches(series: list[Series]) -> tuple[Run, Run, Run]:
    """The usual, before and after of a history."""
    whole = history(*series, seconds=(USUAL + 2) * LENGTH)
    cuts = [0, USUAL * LENGTH, (USUAL + 1) * LENGTH, (USUAL + 2) * LENGTH]
    usual, before, after = (part(whole, start, end) for start, end in pairwise(cuts))
    return usual, before, after


def shift(found: ChangeSet, name: str, **labels: str) -> Shift:
    (one,) = [one for one in found.shifts if one.figure == MetricKey(name=name, labels=tuple(sorted(labels.items())))]
    return one


@pytest.mark.parametrize("kind", [noise, slow, rare])
@pytest.mark.parametrize("with_usual", [True, False])
def test_of_a_hundred_equal_figures_chance_names_one_in_a_twentieth_of_all_comparisons(
    kind: Callable[..., Floats], with_usual: bool
) -> None:
    rounds, alarms = 40, 0
    for seed in range(rounds):
        usual, before, after = stretches(cluster(np.random.default_rng(seed), kind))
        found = find_changes(before, after, (usual,) if with_usual else ())
        assert found.looked >= 100
        alarms += bool(found.named)
    # Of 40 comparisons 2 are what is promised; more than 6 would be chance once in 300 times.
    assert alarms <= 3 * BY_CHANCE * rounds


@settings(max_examples=25)
@given(seeds, st.integers(0, 2), st.booleans())
def test_a_change_of_ten_spreads_is_found_and_comes_first(seed: int, which: int, rises: bool) -> None:
    series = few(np.random.default_rng(seed))
    usual, before, after = stretches(series)
    name = NAMES[which]
    calm = find_changes(before, after, (usual,))
    spread = shift(calm, name).yardstick
    assert spread is not None
    moved = [one for one in series if one.name == name]
    # Ten of the spreads that stretches truly have, on one broker of three.
    by = (10 * max(spread.spread, 3e6 * 0.05 / math.sqrt(3 * LENGTH)) + abs(shift(calm, name).difference)) * (
        1 if rises else -1
    )
    values = moved[0].values.copy()
    values[-LENGTH:] += by
    changes = [one if one is not moved[0] else line(name, values, broker="1") for one in series]
    found = find_changes(*stretches(changes)[1:], (usual,))
    assert found.named[0].figure == MetricKey(name=name)
    assert found.named[0].difference * by > 0
    assert found.leading[0] is found.named[0]
    estimate = found.named[0].estimate
    assert estimate.significant
    assert estimate.low < estimate.value == found.named[0].difference < estimate.high


@settings(max_examples=25)
@given(seeds, st.sampled_from(["B", "KiB", "MB"]), st.floats(1e-3, 1e6))
def test_neither_the_unit_nor_the_size_of_bytes_makes_a_difference(seed: int, symbol: str, factor: float) -> None:
    from clusterload.model.units import by_symbol

    random, unit = np.random.default_rng(seed), by_symbol(symbol)
    plain = [line(name, noise(random, 22 * LENGTH), broker="1") for name in ("ingress", "egress")]
    values = plain[0].values.copy()
    values[-LENGTH:] *= 3
    plain[0] = line("ingress", values, broker="1")
    other = [replace(one, unit=unit, values=one.values * factor / unit.factor) for one in plain]
    first, second = (find_changes(*stretches(one)[1:], (stretches(one)[0],)) for one in (plain, other))
    assert first.named[0].figure == MetricKey(name="ingress")
    assert [one.figure for one in first.named] == [one.figure for one in second.named]
    for one, same in zip(first.shifts, second.shifts, strict=True):
        assert one.spreads == pytest.approx(same.spreads, rel=1e-6)
        assert one.difference * factor == pytest.approx(same.difference * unit.factor, rel=1e-6, abs=1e-9 * factor)


@settings(max_examples=25)
@given(seeds)
def test_the_order_of_series_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    series = few(random)
    mixed = [series[number] for number in random.permutation(len(series))]
    usual, before, after = stretches(series)
    first = find_changes(before, after, (usual,))
    usual, before, after = stretches(mixed)
    second = find_changes(before, after, (usual,))
    assert [(one.figure, one.state) for one in first.shifts] == [(one.figure, one.state) for one in second.shifts]
    assert [one.spreads for one in first.shifts] == pytest.approx([one.spreads for one in second.shifts], rel=1e-6)


@settings(max_examples=25)
@given(seeds)
def test_swapping_the_stretches_turns_every_sign(seed: int) -> None:
    _, before, after = stretches(few(np.random.default_rng(seed)))
    back = find_changes(after, before)
    for shifted in find_changes(before, after).shifts:
        same = next(one for one in back.shifts if one.figure == shifted.figure)
        assert same.spreads == pytest.approx(-shifted.spreads)
        assert same.named is shifted.named


def calm(name: str, before: float, after: float, *, seconds: int = 12, **labels: str) -> Series:
    """A figure that does not move but once, from the one stretch to the other."""
    return line(name, [before] * seconds + [after] * seconds, at=0, granularity=1.0, **labels)


def halves(*series: Series, seconds: int = 12, brokers: tuple[int, ...] = ()) -> ChangeSet:
    whole = history(*series, seconds=2 * seconds, brokers=brokers)
    return find_changes(part(whole, 0, seconds), part(whole, seconds, 2 * seconds))


def test_what_never_moved_has_a_floor_and_not_an_infinite_score() -> None:
    found = halves(calm("connections", 40, 220, broker="1"), calm("partitions", 18, 18, broker="1"))
    moved = shift(found, "connections")
    assert moved.state is ShiftState.MOVED
    assert 20 < moved.spreads < 40
    assert moved.ratio == 5.5
    assert shift(found, "partitions").state is ShiftState.USUAL
    assert shift(found, "partitions").spreads == 0
    assert found.sentence.startswith("1 of 2 figures moved beyond the usual: connections +180 (x5.5, ")


@pytest.mark.parametrize("count", [37, 43, 44])
def test_a_few_connections_more_or_less_of_forty_are_no_change(count: int) -> None:
    assert not halves(calm("connections", 40, count, broker="1")).named


def test_a_handful_of_single_events_from_nothing_is_no_change_and_a_stream_of_them_is() -> None:
    one = [0.0] * 12 + [0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]
    assert not halves(line("connection_attempts", one, broker="1")).named
    stream = halves(calm("connection_attempts", 0, 30, broker="1"))
    assert [one.words for one in stream.named] == [
        f"connection attempts +30/s (from nothing, {stream.named[0].spreads:.0f} usual spreads)"
    ]


def test_a_single_burst_is_no_change_where_nothing_but_the_stretches_tells() -> None:
    burst = [1e5] * 12 + [1e5] * 5 + [1e8] + [1e5] * 6
    assert not halves(line("ingress", burst, broker="1")).named


def test_what_one_usual_window_in_ten_shows_may_still_be_a_change_but_not_what_two_show() -> None:
    for bursts, named in ((1, True), (2, False)):
        values = [1e5] * 12 * 12
        for window in range(bursts):
            values[(2 + 4 * window) * 12 : (3 + 4 * window) * 12] = [5e6] * 12
        values[-12:] = [5e6] * 12
        whole = history(line("ingress", values, broker="1"), seconds=144)
        found = find_changes(part(whole, 120, 132), part(whole, 132, 144), (part(whole, 0, 120),))
        assert bool(found.named) is named
        assert found.basis == "10 usual windows of 12 s"


def test_the_usual_leaves_out_what_it_is_compared_with() -> None:
    values = [1e6] * 120 + [2e6] * 12
    whole = history(line("ingress", values, broker="1"), seconds=132)
    found = find_changes(part(whole, 108, 120), part(whole, 120, 132), (whole,))
    assert found.basis == "10 usual windows of 12 s"
    assert [one.figure.name for one in found.named] == ["ingress"]


def test_repeats_are_usual_windows_each() -> None:
    def repeat(level: float) -> Run:
        start = next(starts)
        return history(line("connections", [level] * 24, at=start, broker="1"), start=start, seconds=24)

    starts = iter(range(0, 1000, 60))
    usual = [repeat(level) for level in (40, 44, 39, 42, 47, 41, 45, 38)]
    assert not find_changes(repeat(40), repeat(45), usual).named
    assert find_changes(repeat(40), repeat(120), usual).named
    assert find_changes(repeat(40), repeat(120), usual).basis == "8 usual windows of 24 s"


def test_who_makes_up_a_change_is_named_with_it() -> None:
    found = halves(
        calm("ingress", 2e6, 6.1e6, broker="1"),
        calm("ingress_by_topic", 1e6, 5e6, topic="orders", broker="1"),
        calm("ingress_by_topic", 5e5, 6e5, topic="clicks", broker="1"),
        calm("ingress_by_topic", 5e5, 5e5, topic="logs", broker="1"),
    )
    (moved,) = found.leading
    assert [one.figure.who for one in found.parts(moved)] == ["topic orders"]
    assert ": ingress +4.1 MB/s (x3" in found.sentence
    assert found.sentence.endswith("usual spreads): topic orders +4 MB/s")


def test_the_cluster_comes_first_then_who_then_single_brokers() -> None:
    found = halves(
        calm("connections", 40, 400, broker="1"),
        calm("connections", 40, 40, broker="2"),
        calm("ingress", 1e6, 3e6, broker="1"),
        calm("ingress", 3e6, 1e6, broker="2"),
        calm("ingress_by_topic", 2e6, 1e6, topic="a", broker="1"),
        calm("ingress_by_topic", 2e6, 3e6, topic="b", broker="1"),
    )
    assert [one.title for one in found.leading] == [
        "Connections",
        "Ingress, topic a",
        "Ingress, topic b",
        "Ingress, broker 1",
        "Ingress, broker 2",
    ]
    assert [one.figure.who for one in found.parts(found.leading[0])] == ["broker 1"]


def test_a_topic_that_came_up_in_the_middle_appeared_and_one_that_went_is_gone() -> None:
    found = halves(
        calm("ingress", 2e6, 2e6, broker="1"),
        line("ingress_by_topic", [1e6] * 12, at=0, topic="old", broker="1"),
        line("ingress_by_topic", [1e6] * 12, at=12, topic="new", broker="1"),
        calm("ingress_by_topic", 1e6, 1e6, topic="kept", broker="1"),
    )
    assert {one.figure.who: (one.state, one.share) for one in found.named} == {
        "topic old": (ShiftState.GONE, 0.5),
        "topic new": (ShiftState.APPEARED, 0.5),
    }
    assert "ingress, topic new appeared (1 MB/s, 50 % of all)" in found.sentence


def test_new_ones_are_ranked_by_their_share_of_the_cluster() -> None:
    found = halves(
        calm("ingress", 9e6, 9e6, broker="1"),
        calm("ingress_by_topic", 0, 1e6, topic="small", broker="1"),
        calm("ingress_by_topic", 0, 4e6, topic="large", broker="1"),
        calm("ingress_by_topic", 9e6, 4e6, topic="falling", broker="1"),
    )
    assert [one.figure.who for one in found.named] == ["topic falling", "topic large", "topic small"]


def test_in_another_file_without_a_line_a_topic_appeared_only_if_the_cluster_was_seen() -> None:
    later = history(
        line("ingress", [2e6] * 12, at=12, broker="1"),
        line("ingress_by_topic", [1e6] * 12, at=12, topic="new", broker="1"),
        start=12,
        seconds=12,
    )
    seen = history(
        line("ingress", [1e6] * 12, broker="1"),
        line("ingress_by_topic", [1e6] * 12, topic="old", broker="1"),
        seconds=12,
    )
    idle = history(line("ingress", [0.0] * 12, broker="1"), seconds=12)
    without_topics = history(line("ingress", [1e6] * 12, broker="1"), seconds=12)
    blind = history(line("connections", [5.0] * 12, broker="1"), seconds=12)
    for earlier in (seen, idle):
        assert shift(find_changes(earlier, later), "ingress_by_topic", topic="new").state is ShiftState.APPEARED
    for earlier in (blind, without_topics):
        unseen = shift(find_changes(earlier, later), "ingress_by_topic", topic="new")
        assert (unseen.state, unseen.doubt) == (ShiftState.UNKNOWN, "no figures before, or more gaps than figures")


def test_a_client_appeared_only_if_the_clients_were_seen_before() -> None:
    of_all = calm("ingress", 2e6, 2e6, broker="1")
    of_client = line("ingress_by_client", [1e6] * 12, at=12, client="new", broker="1")
    assert shift(halves(of_all, of_client), "ingress_by_client", client="new").state is ShiftState.UNKNOWN
    # Thread time of any client shows that all figures of clients were unlocked.
    seen = line("thread_time_by_client", [0.1] * 24, client="other", broker="1")
    assert shift(halves(of_all, of_client, seen), "ingress_by_client", client="new").state is ShiftState.APPEARED


def test_a_client_is_not_gone_because_its_figures_are_locked_again() -> None:
    found = halves(
        calm("ingress", 2e6, 2e6, broker="1"), line("ingress_by_client", [1e6] * 12, at=0, client="old", broker="1")
    )
    assert shift(found, "ingress_by_client", client="old").state is ShiftState.UNKNOWN
    assert not found.named


def test_a_leader_that_moved_is_no_change_of_its_topic() -> None:
    found = halves(
        calm("ingress", 1e6, 1e5, broker="1"),
        calm("ingress", 1e5, 1e6, broker="2"),
        line("ingress_by_topic", [9e5] * 12, at=0, topic="moved", broker="1"),
        line("ingress_by_topic", [9e5] * 12, at=12, topic="moved", broker="2"),
    )
    assert [one.title for one in found.leading] == ["Ingress, broker 1", "Ingress, broker 2"]


def test_a_stretch_that_is_mostly_gap_cannot_be_told() -> None:
    gap = [1e6] * 12 + [math.nan] * 9 + [5e6] * 3
    found = halves(line("ingress", gap, broker="1"), calm("connections", 5, 5, broker="1"))
    assert shift(found, "ingress").doubt == "no figures after, or more gaps than figures"
    assert found.sentence == "nothing moved beyond the usual: 1 figures were looked at; 1 cannot be told"


def test_a_broker_that_one_stretch_lacks_is_left_out_of_both_and_that_is_said() -> None:
    def run(start: int, brokers: str, known: tuple[int, ...], level: float = 1e6) -> Run:
        series = [line("ingress", [level] * 12, at=start, broker=broker) for broker in brokers]
        return history(*series, start=start, seconds=12, brokers=known)

    whole = run(0, "123", (1, 2, 3))
    for known in ((1, 2, 3), ()):
        found = find_changes(whole, run(12, "12", known))
        assert (shift(found, "ingress").state, shift(found, "ingress").before) == (ShiftState.USUAL, 2e6)
        assert "; without broker 3, of which a stretch has no figures" in found.sentence
        risen = find_changes(whole, run(12, "12", known, level=9e6))
        assert shift(risen, "ingress").state is ShiftState.MOVED
    # A broker that the cluster no longer has is not missing: what it did is gone.
    assert shift(find_changes(whole, run(12, "12", (1, 2))), "ingress").state is ShiftState.MOVED


def test_too_little_history_is_said_and_not_guessed() -> None:
    short = halves(calm("ingress", 1e6, 9e6, seconds=5, broker="1"), seconds=5)
    assert (
        short.sentence
        == "what moved cannot be told: too few points: 8 are needed in each stretch where no usual one is given"
    )
    minute = halves(line("ingress", [1e6, 9e6], granularity=60.0))
    assert minute.doubts == {"a stretch is shorter than the 1 min between its points": 1}
    whole = history(line("ingress", [1e6] * 60, broker="1"), seconds=60)
    few = find_changes(part(whole, 36, 48), part(whole, 48, 60), (part(whole, 0, 36),))
    assert few.doubts == {"only 3 usual windows have figures, and 6 are needed": 1}
    assert (
        find_changes(history(seconds=5), history(seconds=5)).sentence
        == "what moved cannot be told: there are no figures"
    )


def test_figures_by_the_minute_count_in_whole_minutes_inside_the_stretches() -> None:
    values = [1e6] * 100 + [1e6] * 10 + [4e6] * 10
    whole = history(line("ingress", values, granularity=60.0), seconds=7200)
    found = find_changes(part(whole, 6030, 6600), part(whole, 6630, 7200), (part(whole, 0, 6000),))
    assert shift(found, "ingress").before == 1e6
    assert shift(found, "ingress").after == 4e6
    assert shift(found, "ingress").state is ShiftState.MOVED


def test_what_our_own_generator_counted_is_not_looked_at() -> None:
    ours = replace(calm("ingress", 1e6, 9e6, load="sales"), name="load_bytes")
    assert halves(ours).shifts == ()


def test_shares_of_brokers_are_no_sum() -> None:
    found = halves(calm("cpu_host", 0.2, 0.8, broker="1"), calm("cpu_host", 0.2, 0.2, broker="2"))
    assert shift(found, "cpu_host").after == pytest.approx(0.5)
    assert found.leading[0].words.startswith("CPU of the host +30 points (x2.5, ")
    assert [one.figure.who for one in found.parts(found.leading[0])] == ["broker 1"]


def test_slow_scrapes_still_tell_the_rate() -> None:
    slow = line("ingress", [1e6] * 24 + [9e6] * 24, broker="1")
    slow = replace(slow, times=slow.times[2::3], values=slow.values[2::3] * 3, spans=np.full(16, 3.0))
    found = shift(halves(slow, seconds=24), "ingress")
    assert (found.before, found.after, found.state) == (1e6, 9e6, ShiftState.MOVED)
