"""The history keeps minutes, whole numbers and sums, through restarts and full disks, and forgets what is old."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import StoreError
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.units import BYTES, CONNECTIONS
from clusterload.server.metrics_api.history import KEPT_MINUTES, MINUTE, Cells, History
from clusterload.server.metrics_api.history.history import split

NAMES = ("ingress_by_topic", "requests", "connections")
AT = 29_000_000  # a minute in 2025
Opened = Callable[..., History]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Open the same history again and again; closed at the end."""
    histories: list[History] = []

    def open_it(**given: object) -> History:
        history = History(tmp_path / "h", brokers=("1", "2"), names=NAMES, **given)  # type: ignore[arg-type]
        histories.append(history)
        return history

    yield open_it
    for history in histories:
        history.close()


def delta(history: History, name: str, second: float, value: float, span: float = 1.0, **labels: str) -> None:
    """A delta that ends `second` seconds after the minute AT began."""
    end = AT * MINUTE + round(second * SECOND)
    history.record(Point(name, BYTES, Kind.DELTA, {"broker": "1", **labels}, end, value, span))


def gauge(history: History, second: float, value: float, broker: str = "1") -> None:
    """A sample of `connections`."""
    history.record(
        Point("connections", CONNECTIONS, Kind.GAUGE, {"broker": broker}, AT * MINUTE + round(second * SECOND), value)
    )


def told(history: History, name: str, **labels: str) -> list[tuple[int, float]]:
    """What one line says from AT on: minutes after AT, and values."""
    history.flush()
    (line,) = [one for one in history.lines(name) if one.labels == labels]
    cells = history.cells(line, [(AT, AT + 100)])
    return [(int(minute) - AT, float(value)) for minute, value in zip(cells.minutes, cells.values, strict=True)]


@given(start=st.integers(0, 10**7), span=st.floats(0.001, 1000, allow_nan=False), value=st.integers(0, 2**50))
def test_a_split_keeps_the_sum_whole_numbers_and_the_order_of_minutes(start: int, span: float, value: int) -> None:
    end = start * SECOND + round(span * SECOND)
    shares = list(split(end, span, float(value)))
    minutes = [minute for minute, _ in shares]
    assert sum(share for _, share in shares) == value
    assert all(share >= 0 and float(share).is_integer() for _, share in shares)
    assert minutes == list(range(minutes[0], minutes[-1] + 1))
    assert minutes[0] == (end - round(span * SECOND)) // MINUTE


def test_a_delta_across_the_end_of_a_minute_is_split_in_proportion_to_time(opened: Opened) -> None:
    history = opened()
    delta(history, "requests", 60.25, 100.0)
    assert told(history, "requests") == [(0, 75), (1, 25)]


def test_deltas_of_all_brokers_add_up_and_gauges_stay_apart(opened: Opened) -> None:
    history = opened()
    delta(history, "requests", 10, 3, broker="1")
    delta(history, "requests", 10, 4, broker="2")
    gauge(history, 5, 7, broker="1")
    gauge(history, 5, 9, broker="2")
    assert told(history, "requests") == [(0, 7)]
    assert told(history, "connections", broker="2") == [(0, 9)]


def test_a_gauge_is_the_last_sample_of_its_minute(opened: Opened) -> None:
    history = opened()
    for second, value in ((1, 50), (30, 80), (59, 60), (61, 10)):
        gauge(history, second, value)
    assert told(history, "connections", broker="1") == [(0, 60), (1, 10)]


def test_a_topic_says_nothing_in_a_minute_in_which_it_stood_still_the_cluster_says_zero(opened: Opened) -> None:
    history = opened()
    delta(history, "ingress_by_topic", 10, 500, topic="a")
    delta(history, "ingress_by_topic", 70, 0, topic="a")
    delta(history, "requests", 70, 0)
    assert told(history, "ingress_by_topic", topic="a") == [(0, 500)]
    assert told(history, "requests") == [(1, 0)]


def test_what_no_metric_needs_and_what_is_no_number_is_passed_over(opened: Opened) -> None:
    history = opened()
    delta(history, "gc_time", 1, 5)
    delta(history, "requests", 1, float("nan"))
    assert history.names() == set()


def test_a_restart_keeps_the_minutes_and_goes_on_adding_to_the_one_that_was_running(opened: Opened) -> None:
    first = opened()
    delta(first, "requests", 10, 5)
    gauge(first, 10, 1)
    first.close()
    second = opened()
    delta(second, "requests", 20, 6)
    gauge(second, 20, 2)
    assert told(second, "requests") == [(0, 11)]
    assert told(second, "connections", broker="1") == [(0, 2)]


def test_two_processes_cannot_count_into_one_history(opened: Opened) -> None:
    opened()
    with pytest.raises(StoreError, match="in use by another process"):
        opened()


def test_a_file_that_is_no_history_is_left_alone(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "h").write_text("something of mine, long enough to be no empty database at all" * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        opened()
    (tmp_path / "h").unlink()
    with sqlite3.connect(tmp_path / "h") as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(StoreError, match="not a history"):
        opened()


def test_only_the_owner_can_read_a_history(opened: Opened, tmp_path: Path) -> None:
    opened()
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o600


def test_minutes_older_than_seven_days_and_lines_without_minutes_are_forgotten(opened: Opened) -> None:
    history = opened()
    delta(history, "ingress_by_topic", 10, 1, topic="gone")
    delta(history, "requests", 10, 1)
    delta(history, "requests", 60 * KEPT_MINUTES, 2)
    history.prune((AT + KEPT_MINUTES + 1) * MINUTE)
    assert [line.labels for line in history.lines("ingress_by_topic")] == []
    (line,) = history.lines("requests")
    assert list(history.cells(line, [(0, 2**40)]).values) == [2]
    assert AT not in history.brokers([(0, 2**40)]).minutes


def test_a_history_that_cannot_be_written_says_so_once_and_loses_nothing(opened: Opened) -> None:
    said: list[str] = []
    history = opened(on_event=said.append)
    database: sqlite3.Connection = history._database
    database.execute("PRAGMA query_only = 1")  # what a full disk does, without filling one
    delta(history, "requests", 10, 5)
    history.flush()
    delta(history, "requests", 20, 6)
    history.flush()
    database.execute("PRAGMA query_only = 0")
    assert told(history, "requests") == [(0, 11)]
    assert len(said) == 1
    assert "cannot be written" in said[0]


def test_how_many_brokers_were_watched_is_known_for_each_minute(opened: Opened) -> None:
    history = opened()
    gauge(history, 1, 1)
    history.flush()
    watched: Cells = history.brokers([(AT, AT + 5)])
    assert np.array_equal(watched.minutes, [AT])
    assert np.array_equal(watched.values, [2])
