"""What Series come to in a window and before it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clusterload.analysis.window_stats import WindowStats
from clusterload.model import units
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series


def counted(values: list[float], *, first: int = 0, **labels: str) -> Series:
    """A counter's growth each second, from second `first` on."""
    times = (np.arange(len(values), dtype=np.int64) + 1 + first) * SECOND
    spans = np.ones(len(values))
    return Series(
        name="requests_by_type",
        unit=units.REQUESTS,
        kind=Kind.DELTA,
        labels=labels,
        times=times,
        values=np.array(values),
        spans=spans,
    )


def level(
    values: list[float], name: str = "connections", unit: units.Unit = units.CONNECTIONS, **labels: str
) -> Series:
    times = (np.arange(len(values), dtype=np.int64) + 1) * SECOND
    return Series(name=name, unit=unit, kind=Kind.GAUGE, labels=labels, times=times, values=np.array(values))


def facts(*series: Series, split: int = 5, end: int = 10) -> WindowStats:
    run = Run(id="r", plan=None, start=0, end=end * SECOND, series=series)
    return WindowStats(run.between(split * SECOND, end * SECOND), run.between(0, split * SECOND))


def test_a_rate_is_what_was_counted_a_second_and_brokers_add_up() -> None:
    stats = facts(counted([10.0] * 5 + [30.0] * 5, broker="1"), counted([1.0] * 10, broker="2"))
    found = stats.total("requests_by_type")
    assert (found.before, found.now, found.rise) == (11.0, 31.0, 20.0)
    assert stats.per_broker("requests_by_type")["2"].ratio == 1.0


def test_what_comes_up_in_the_window_was_nothing_before_and_counts_over_all_of_the_window() -> None:
    stats = facts(
        counted([10.0] * 10, broker="1", request="Produce"),
        counted([50.0] * 2, first=8, broker="1", request="Metadata"),
    )
    found = stats.by("requests_by_type", "request")["Metadata"]
    assert (found.before, found.now) == (0.0, 20.0)
    assert found.ratio == math.inf


def test_levels_are_medians_that_add_up_and_of_shares_the_highest_broker_counts() -> None:
    stats = facts(
        level([5.0] * 5 + [7.0, 7.0, 900.0, 7.0, 7.0], broker="1"),
        level([1.0] * 10, broker="2"),
        level([0.1] * 5 + [0.9] * 5, "cpu_host", units.RATIO, broker="1"),
        level([0.2] * 10, "cpu_host", units.RATIO, broker="2"),
    )
    assert stats.total("connections").now == 8.0
    assert stats.total("cpu_host").now == 0.9
    assert stats.total("cpu_host").before == 0.2


def test_a_gap_is_no_zero() -> None:
    stats = facts(counted([10.0] * 5 + [math.nan] * 2 + [10.0] * 3, broker="1"))
    assert stats.total("requests_by_type").now == pytest.approx(10.0)
    assert math.isnan(stats.total("connections").now)
    assert math.isnan(WindowStats(stats.now).total("requests_by_type").before)


def test_pieces_of_the_window_tell_how_restless_a_figure_is() -> None:
    now, before = facts(counted([10.0, 12.0, 10.0, 12.0, 10.0, 0.0, 2.0, 4.0, 6.0, 8.0])).windows(
        "requests_by_type", 1.0
    )
    assert list(now) == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert float(np.mean(before)) == pytest.approx(10.8)
