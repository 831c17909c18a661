"""Scrapes of many Series are kept in few rows: nothing is lost, however flushed and whichever of them come late."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.model.points import Head, Points
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import BYTES, CONNECTIONS
from clusterload.telemetry.runfile import Recorder, read_run, read_summary
from clusterload.telemetry.runfile.blocks import MERGED, rounded

START = 1_700_000_000 * SECOND
values = st.one_of(st.just(math.nan), st.integers(-(10**15), 10**15).map(float), st.just(math.inf))


def head(number: int) -> Head:
    kind = Kind.DELTA if number % 2 else Kind.GAUGE
    return Head("seen", BYTES if number % 2 else CONNECTIONS, kind, {"broker": "1", "number": str(number)})


def scrape(heads: tuple[Head, ...], second: int, found: list[float], granularity: float = 1.0) -> Points:
    spans = np.array([float(head.kind is Kind.DELTA) for head in heads])
    return Points(
        heads=heads, time=START + second * SECOND, values=np.array(found), spans=spans, granularity=granularity
    )


def read(path: Path) -> dict[str, Series]:
    return {series.labels["number"]: series for series in read_run(path).series}


@settings(max_examples=10)
@given(
    st.lists(st.tuples(st.sets(st.integers(0, 6), min_size=1), st.booleans()), max_size=3 * MERGED),
    st.data(),
)
def test_what_was_scraped_is_read_back_from_its_first_value_on(
    shown: list[tuple[set[int], bool]], data: st.DataObject
) -> None:
    """Series come and go, some begin with NaN, and the file is flushed between any two scrapes."""
    rosters: dict[frozenset[int], tuple[Head, ...]] = {}
    expected: dict[str, list[tuple[int, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder) / "a.run") as recorder:
        for second, (numbers, is_flushed) in enumerate(shown):
            heads = rosters.setdefault(frozenset(numbers), tuple(head(number) for number in sorted(numbers)))
            found = data.draw(st.lists(values, min_size=len(heads), max_size=len(heads)))
            recorder.record_all(scrape(heads, second, found))
            for each, value in zip(heads, found, strict=True):
                before = expected.setdefault(each.labels["number"], [])
                if before or not math.isnan(value):
                    before.append((START + second * SECOND, value))
            if is_flushed:
                recorder.flush()
        recorder.close()
        stored = read(recorder.path)
    assert stored.keys() == {number for number, points in expected.items() if points}
    for number, series in stored.items():
        # From its first value on in a roster; NaN in a roster that it never had a value in says nothing.
        points = dict(zip(series.times.tolist(), series.values.tolist(), strict=True))
        assert list(points) == sorted(points)
        wanted = {time: value for time, value in expected[number] if not math.isnan(value)}
        assert {time: value for time, value in points.items() if not math.isnan(value)} == wanted
        assert points.keys() <= {time for time, _ in expected[number]}
        assert len(series.spans) == (len(points) if series.kind is Kind.DELTA else 0)


def test_a_fraction_is_kept_to_five_digits_and_a_whole_number_exactly(tmp_path: Path) -> None:
    given_ = [math.pi, 123_456_789_012.0, 1 / 3, 2.0**60, 1e-300 / 7, -0.1, 0.0]
    heads = tuple(head(2 * number) for number in range(len(given_)))
    with Recorder(tmp_path / "a.run") as recorder:
        recorder.record_all(scrape(heads, 0, given_))
    stored = [float(read(recorder.path)[str(2 * number)].values[0]) for number in range(len(given_))]
    assert stored == pytest.approx(given_, rel=1e-5, abs=0)
    assert [stored[at] for at in (1, 3, 6)] == [given_[at] for at in (1, 3, 6)]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20))
def test_rounding_changes_no_value_by_more_than_one_in_a_hundred_thousand(floats: list[float]) -> None:
    column = np.array(floats, dtype=np.float64)
    for before, after in zip(column, rounded(column), strict=True):
        assert after == pytest.approx(before, rel=1e-5, abs=1e-310, nan_ok=True)


def test_many_scrapes_are_in_few_rows_and_each_is_readable_once_it_is_flushed(tmp_path: Path) -> None:
    heads = tuple(map(head, range(10)))
    with Recorder(tmp_path / "a.run") as recorder:
        for second in range(3 * MERGED + 1):
            recorder.record_all(scrape(heads, second, [float(second)] * 10))
            recorder.flush()
            assert {len(series) for series in read(recorder.path).values()} == {second + 1}
    database = sqlite3.connect(recorder.path)
    (rows,) = database.execute("SELECT count(*) FROM block").fetchone()
    database.close()
    assert rows == 4


def test_a_source_that_became_slower_says_so_for_what_it_tells_in_many_series_at_once(tmp_path: Path) -> None:
    heads = (head(0),)
    with Recorder(tmp_path / "a.run") as recorder:
        for second, granularity in ((0, 1.0), (1, 1.0), (3, 2.0)):
            recorder.record_all(scrape(heads, second, [1.0], granularity))
    assert read(recorder.path)["0"].granularity == 2.0


def test_a_summary_knows_when_scrapes_began_and_ended(tmp_path: Path) -> None:
    heads = tuple(map(head, range(3)))
    with Recorder(tmp_path / "a.run") as recorder:
        for second in (5, 6, 9):
            recorder.record_all(scrape(heads, second, [1.0, 2.0, math.nan]))
    summary = read_summary(recorder.path)
    assert (summary.start - START, summary.seconds) == (5 * SECOND, 4.0)
