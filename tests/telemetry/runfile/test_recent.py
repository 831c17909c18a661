"""What is kept of a run's last minutes is what was told in them, whether point by point or a scrape at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.model.points import Head, Points
from clusterload.model.series import SECOND, Kind
from clusterload.model.units import BYTES, CONNECTIONS
from clusterload.telemetry.runfile import Recent

NAMES = ("seen", "other")
values = st.one_of(st.just(math.nan), st.integers(0, 10**6).map(float))


def head(number: int) -> Head:
    kind, unit = (Kind.DELTA, BYTES) if number % 2 else (Kind.GAUGE, CONNECTIONS)
    return Head(NAMES[number % 2], unit, kind, {"broker": "1", "number": str(number)})


def known(recent: Recent, names: tuple[str, ...] | None, oldest: int) -> dict[str, list[tuple[int, float, float]]]:
    """The values that are kept since a time, with their spans, by the number of the Series."""
    found: dict[str, list[tuple[int, float, float]]] = {}
    for series in recent.series(names):
        spans = series.spans if series.kind is Kind.DELTA else np.zeros(len(series))
        rows = zip(series.times.tolist(), series.values.tolist(), spans.tolist(), strict=True)
        kept = [row for row in rows if row[0] >= oldest and not math.isnan(row[1])]
        if kept:
            found[series.labels["number"]] = kept
    return found


@settings(max_examples=20)
@given(
    st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=15),
    st.sampled_from([None, ("seen",), ("seen", "other")]),
    st.data(),
)
def test_a_scrape_at_a_time_gives_the_same_as_point_by_point(
    shown: list[set[int]], names: tuple[str, ...] | None, data: st.DataObject
) -> None:
    """Series come and go, and the window is shorter than what is told."""
    rosters: dict[frozenset[int], tuple[Head, ...]] = {}
    whole, single = Recent(NAMES, 6.0), Recent(NAMES, 6.0)
    for second, numbers in enumerate(shown):
        heads = rosters.setdefault(frozenset(numbers), tuple(head(number) for number in sorted(numbers)))
        found = np.array(data.draw(st.lists(values, min_size=len(heads), max_size=len(heads))))
        spans = np.array([float(each.kind is Kind.DELTA) for each in heads])
        points = Points(heads=heads, time=second * SECOND, values=found, spans=spans, granularity=1.0)
        whole.record_all(points)
        for point in points:
            single.record(point)
    oldest = (len(shown) - 1 - 6) * SECOND
    assert known(whole, names, oldest) == known(single, names, oldest)
    assert len(whole.series(names)) == len({series.key for series in whole.series(names)})


def test_series_of_other_names_are_not_kept() -> None:
    recent = Recent(["seen"], 60.0)
    heads = (head(0), head(1))
    recent.record_all(Points(heads=heads, time=SECOND, values=np.ones(2), spans=np.ones(2), granularity=1.0))
    assert [series.name for series in recent.series()] == ["seen"]


def test_what_is_older_than_the_window_is_forgotten() -> None:
    recent, heads = Recent(NAMES, 5.0), (head(0),)
    for second in range(20):
        values_ = np.array([float(second)])
        recent.record_all(Points(heads=heads, time=second * SECOND, values=values_, spans=np.zeros(1), granularity=1.0))
    [series] = recent.series()
    assert series.values.tolist() == pytest.approx([14, 15, 16, 17, 18, 19])
