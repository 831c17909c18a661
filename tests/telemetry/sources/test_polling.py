"""Brokers are asked on time, less often where answers are slow, and one that fails is missed by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.polling import MOST_STRETCHED, Pace, Poller, Polling
from clusterload.telemetry.sources.reading import Reading
from tests.processes import wait_for

from .kept import Kept

NAMES = Names.named("jmx-exporter")


def moment() -> Scrape:
    return Scrape(time=time.time_ns(), reading=Reading(counters={}, gauges={("leaders", ()): 7.0}, network={}))


def poller(broker: str, ask: Callable[[], Scrape], *, interval: float = 0.1) -> Poller:
    return Poller(ask=ask, deltas=Deltas(broker=broker, names=NAMES, granularity=interval), interval=interval)


@contextmanager
def at_work(*pollers: Poller) -> Iterator[Kept]:
    kept, polling = Kept(), Polling(pollers)
    polling.start(kept, patience=5)
    try:
        yield kept
    finally:
        polling.stop()


def said(kept: Kept, kind: str) -> str:
    (text,) = (text for _, its_kind, text in kept.events if its_kind == kind)
    return text


seconds = st.floats(min_value=0, max_value=100)


@given(base=st.floats(min_value=0.01, max_value=60), history=st.lists(seconds, max_size=60))
def test_the_interval_is_always_1_2_4_or_8_times_what_was_asked_for(base: float, history: list[float]) -> None:
    pace = Pace(base=base)
    for took in history:
        pace.took(took)
        assert pace.stretch in {1, 2, 4, MOST_STRETCHED}
        assert pace.interval == base * pace.stretch


@given(history=st.lists(seconds, max_size=60))
def test_once_answers_are_quick_again_the_interval_is_what_was_asked_for(history: list[float]) -> None:
    pace = Pace(base=1)
    for took in [*history, *[0.1] * 9]:
        pace.took(took)
    assert pace.stretch == 1


@given(took=st.floats(min_value=0, max_value=4))
def test_a_broker_is_never_kept_more_than_half_busy_for_long(took: float) -> None:
    pace = Pace(base=1)
    for _ in range(20):
        pace.took(took)
    assert took <= pace.interval / 2
    assert pace.stretch == 1 or took > pace.interval / 4, "and is not asked less often than that needs"


def test_one_slow_answer_changes_nothing() -> None:
    pace = Pace(base=1)
    assert not any(pace.took(took) for took in [0.9, 0.9, 0.1, 0.9, 0.9, 0.1])


def test_an_answer_of_just_over_a_quarter_of_the_longer_interval_does_not_make_it_go_to_and_fro() -> None:
    pace = Pace(base=1)
    changes = [pace.took(took) for took in [0.55] * 3 + [0.45, 0.49] * 20]
    assert sum(changes) == 1


@given(base=st.floats(min_value=0.01, max_value=60), late=st.floats(min_value=0, max_value=1000))
def test_questions_stay_on_whole_intervals_and_missed_ones_are_left_out(base: float, late: float) -> None:
    due = Pace(base=base).after(0.0, late)
    assert due / base == pytest.approx(round(due / base))
    assert late - 1e-9 <= due <= late + base + 1e-9
    assert due >= base


def test_what_a_broker_shows_is_recorded_each_interval() -> None:
    with at_work(poller("1", moment)) as kept:
        wait_for(lambda: len(kept.of("leaders", broker="1")) >= 5)
    times = [point.time for point in kept.of("leaders")]
    assert times == sorted(times)
    assert kept.events == []


def test_a_broker_that_does_not_answer_is_said_once_and_said_again_when_it_is_back() -> None:
    failing = threading.Event()
    failing.set()
    asked: list[int] = []

    def ask() -> Scrape:
        asked.append(1)
        if failing.is_set():
            raise SourceError("broker 2 was not scraped: nobody there")
        return moment()

    with at_work(poller("2", ask)) as kept:
        wait_for(lambda: len(asked) >= 4)
        assert kept.points == []
        failing.clear()
        wait_for(lambda: len(kept.points) >= 2)
    assert kept.kinds == ["scrape-failed", "scrape-resumed"]
    assert said(kept, "scrape-failed") == "broker 2 was not scraped: nobody there"


def test_a_broker_that_hangs_does_not_hold_up_the_others() -> None:
    hangs = threading.Event()

    def hang() -> Scrape:
        hangs.wait(10)
        return moment()

    kept, polling = Kept(), Polling([poller("1", hang), poller("2", moment)])
    try:
        polling.start(kept, patience=0.2)
        wait_for(lambda: len(kept.of("leaders", broker="2")) >= 3)
        assert kept.of("leaders", broker="1") == []
    finally:
        hangs.set()
        polling.stop()


def test_slow_answers_stretch_the_interval_and_quick_ones_bring_it_back() -> None:
    slow = threading.Event()
    slow.set()

    def ask() -> Scrape:
        if slow.is_set():
            time.sleep(0.15)
        return moment()

    with at_work(poller("1", ask, interval=0.2)) as kept:
        wait_for(lambda: "interval-stretched" in kept.kinds)
        slow.clear()
        wait_for(lambda: "interval-restored" in kept.kinds)
    assert "polled every 0.4 s instead of every 0.2 s" in said(kept, "interval-stretched")
    assert "polled every 0.2 s as before" in said(kept, "interval-restored")


def test_what_was_counted_since_the_last_question_is_asked_for_at_the_end() -> None:
    with at_work(poller("1", moment, interval=0.4)) as kept:
        wait_for(lambda: kept.points and time.time_ns() - kept.points[-1].time > 0.25 * SECOND)
        ended = time.time_ns()
    assert kept.points[-1].time >= ended


def test_a_broker_that_was_just_asked_or_fails_is_not_asked_at_the_end() -> None:
    asked: list[int] = []

    def fail() -> Scrape:
        asked.append(1)
        raise SourceError("nobody there")

    with at_work(poller("1", moment, interval=3600.0), poller("2", fail, interval=0.2)) as kept:
        wait_for(lambda: kept.points and len(asked) >= 2)
    assert len(kept.points) == 1
    assert kept.kinds == ["scrape-failed"]


def test_when_it_ends_each_broker_is_closed_and_no_thread_is_left() -> None:
    closed: list[str] = []
    polled = poller("1", moment)
    polled.close = lambda: closed.append("1")
    with at_work(polled):
        assert polled.tried.is_set()
    assert closed == ["1"]
    assert not [thread for thread in threading.enumerate() if thread.name == "poll-1"]
