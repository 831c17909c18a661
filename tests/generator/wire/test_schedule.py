"""The open loop that connections, fetches and admin requests share: everything due is begun, dropped or waits."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clusterload.generator.wire.counts import Counts, LatencySamples
from clusterload.generator.wire.population import WorkerSetting
from clusterload.generator.wire.schedule import DROP, LATE, Schedule
from clusterload.generator.wire.worker_messages import LoadPart, Routes
from clusterload.model.workload import Dials, Load

SECOND = 1_000_000_000
ORIGIN = 5 * SECOND


def schedule(rate: float, seconds: float, number: int = 0, parts: int = 1) -> Schedule:
    """One part's share of a load that begins at `ORIGIN`."""
    load = Load(name="load", kind="admin", topic="t", dials=Dials(metadata_rate=rate))
    made = Schedule(LoadPart(load=load, order=0, number=number, parts=parts, frames={}), Counts())
    nothing: Any = None
    setting = WorkerSetting(
        worker=0,
        seed=1,
        duration=seconds,
        warm_up=0.0,
        routes=Routes(brokers={}, leaders={}),
        tls=None,
        login=None,
        stale=nothing,
        origin=ORIGIN,
        end=ORIGIN + round(seconds * SECOND),
    )
    made.begin(rate, "even", setting)
    return made


@given(st.integers(1, 500), st.integers(1, 4), st.integers(1, 4))
def test_parts_share_all_that_is_due_and_nothing_twice(rate: int, seconds: int, parts: int) -> None:
    end = ORIGIN + seconds * SECOND
    shares = [schedule(rate, seconds, number, parts) for number in range(parts)]
    taken = [event for share in shares for event in share.due(end - 1, lambda: True)]
    assert sorted(index for index, _ in taken) == list(range(rate * seconds))
    assert all(abs(due - ORIGIN - index * SECOND / rate) < 1000 for index, due in taken)
    assert not any(share.waits for share in shares)


@given(st.lists(st.tuples(st.integers(1, SECOND), st.integers(0, 30)), max_size=30), st.integers(1, 100))
def test_what_is_scheduled_is_begun_or_dropped(steps: list[tuple[int, int]], rate: int) -> None:
    """However seldom there is room, and however late it is looked at."""
    load, now, begun = schedule(rate, 5), ORIGIN, 0
    for passed, room in steps:
        now += passed
        left = [room]
        for _, due in load.due(now, lambda left=left: left[0] > 0):  # type: ignore[misc]
            left[0] -= 1
            begun += 1
            assert now - DROP <= due + DROP
    load.close(now)
    load.abandon()
    assert load.counts.scheduled == begun + load.counts.dropped
    dues = [round(index * SECOND / rate) + ORIGIN for index in range(5 * rate)]
    # What falls due at the very moment of the end may be begun, and is not waited for.
    assert sum(due < now for due in dues) <= load.counts.scheduled <= sum(due <= now for due in dues)


def test_what_waits_longer_than_the_bound_is_dropped_and_what_is_sent_late_counts_so() -> None:
    load = schedule(10, 5)
    assert not list(load.due(ORIGIN + DROP, lambda: False))
    assert load.counts.dropped == 0, "it may still be sent"
    assert not list(load.due(ORIGIN + DROP + 1, lambda: False))
    assert (load.counts.dropped, load.counts.errors) == (1, {"_QUEUE_FULL": 1})
    begun = list(load.due(ORIGIN + DROP + 1, lambda: True))
    assert len(begun) == 20
    assert load.counts.late == sum(ORIGIN + DROP + 1 - due > LATE for _, due in begun)


def test_a_load_that_is_stopped_schedules_nothing_more() -> None:
    load = schedule(10, 60)
    list(load.due(ORIGIN, lambda: True))
    load.close(ORIGIN + SECOND)
    load.abandon()
    assert (load.counts.scheduled, load.counts.dropped) == (10, 9)
    assert not load.waits


def test_latencies_of_the_warm_up_are_not_kept() -> None:
    kept = LatencySamples()
    kept.keep_from = 10_000
    for due in (9_999, 10_000):
        kept.begun(due, 13_000)
        kept.answered(due, 12_000, 20_000)
    assert kept.take_all() == {"due": {10: 1}, "sent": {8: 1}, "delay": {3: 1}, "end_to_end": {}}
    assert not any(kept.take_all().values())
