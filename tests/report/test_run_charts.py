"""Charts show each piece of the limit load as what binds there, keep gaps, and can be said in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clusterload.analysis.usage import assess
from clusterload.model import units
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series
from clusterload.report.chart import Chart, Trace, spoken, thinned
from clusterload.report.html.values import course, every_series
from clusterload.report.run_charts import (
    amount_charts,
    busy_chart,
    latency_charts,
    load_chart,
    shares_chart,
    spectrum_chart,
)
from tests.report.busy import SILENT, busy
from tests.stored_runs import Cluster, case_levels, limits, stored


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return busy(tmp_path_factory.mktemp("runs") / "busy.run")


def test_the_limit_load_is_in_pieces_each_of_what_binds_there(run: Run) -> None:
    usage = assess(run, limits(connections="100 connections", requests="15000 requests/s"))
    chart = load_chart(run, usage)
    assert chart is not None
    assert [one.name for one in chart.traces] == ["Connections", "Requests"]
    whole = np.fmax.reduce([one.y for one in chart.traces])
    assert whole == pytest.approx(usage.limit_load, nan_ok=True)
    for second, name in ((30, "Requests"), (100, "Connections")):
        own = next(one for one in chart.traces if one.name == name)
        assert not np.isnan(own.y[second])
        assert chart.names[chart.who[second]] == name
    assert "Connections" in chart.summary


def test_what_was_not_seen_is_a_gap_in_every_chart_over_time(run: Run) -> None:
    usage = assess(run, limits(connections="100 connections"))
    charts = [load_chart(run, usage), shares_chart(usage), busy_chart(usage), *amount_charts(usage)]
    assert len(charts) == 9
    for chart in charts:
        assert chart is not None
        for trace in chart.traces:
            silent = (trace.x > SILENT.start + 2) & (trace.x < SILENT.stop - 2)
            assert np.isnan(trace.y[silent]).all()


def test_where_no_share_is_known_at_any_time_there_is_no_limit_load(run: Run) -> None:
    begin, end = (run.start + second * SECOND for second in (SILENT.start + 3, SILENT.stop - 1))
    blind = run.between(begin, end)
    assert load_chart(blind, assess(blind, limits(ingress="100 MB/s"))) is None


def test_a_limit_is_in_the_unit_of_its_chart(tmp_path: Path) -> None:
    usage = assess(stored(tmp_path / "a.run", Cluster(levels=case_levels(40, 2e6))), limits(ingress="3 MB/s"))
    (ingress,) = [one for one in amount_charts(usage) if one.id == "amount-ingress"]
    assert (ingress.unit, ingress.limit) == (units.BYTES_PER_SECOND, 3e6)


def test_latency_by_percentile_rises_and_ends_with_the_longest(run: Run) -> None:
    chart = spectrum_chart(run)
    assert chart is not None
    assert {one.name for one in chart.traces} == {"orders, due to answered", "orders, sent to answered"}
    for trace in chart.traces:
        assert (np.diff(trace.y) >= 0).all()
    due = run.latency("orders", "due")
    assert due is not None
    assert chart.traces[0].y[-1] == pytest.approx(due.histogram.maximum / 1e6)


def test_latency_second_by_second_has_its_longest_answer(run: Run) -> None:
    (chart,) = latency_charts(run)
    longest = next(one for one in chart.traces if one.name == "longest")
    due = run.latency("orders", "due")
    assert due is not None
    assert np.nanmax(longest.y) == pytest.approx(due.histogram.maximum / 1e6)


def test_lines_that_share_a_chart_have_room_together() -> None:
    x = np.arange(50_000.0)
    made = thinned([Trace(name=str(number), x=x, y=np.sin(x / (number + 7))) for number in range(8)])
    assert sum(len(one.x) for one in made) <= 2_400


def test_a_chart_in_words_has_the_range_of_each_stretch_and_its_gaps() -> None:
    trace = Trace(name="a", x=np.array([0.5, 1.5, 2.5, 3.5]), y=np.array([0.1, 0.5, np.nan, np.nan]))
    chart = Chart(id="a", title="a", summary="", unit=units.RATIO, traces=(trace,), whole=4, span=4.0)
    assert list(spoken(chart, 2)) == [("0 s", "10 % to 50 %"), ("2 s", "no figure")]


def test_a_series_is_drawn_as_rates_with_its_gaps() -> None:
    times = np.array([1, 2, 5, 6]) * SECOND
    delta = Series(
        name="ingress", unit=units.BYTES, kind=Kind.DELTA, times=times, values=np.array([10.0, 20, 30, 40]),
        spans=np.ones(4),
    )  # fmt: skip
    x, y = course(delta, 0)
    assert x == pytest.approx([0.5, 1.5, 3.0, 4.5, 5.5])
    assert y == pytest.approx([10, 20, np.nan, 30, 40], nan_ok=True)
    gauge = Series(name="connections", unit=units.CONNECTIONS, kind=Kind.GAUGE, times=times, values=np.arange(4.0))
    assert course(gauge, 0)[1] == pytest.approx([0, 1, np.nan, 2, 3], nan_ok=True)


def test_what_is_known_only_for_much_longer_than_usual_is_no_rate() -> None:
    long = Series(
        name="ingress", unit=units.BYTES, kind=Kind.DELTA, times=np.array([1, 9]) * SECOND, values=np.array([1.0, 80]),
        spans=np.array([1.0, 8.0]),
    )  # fmt: skip
    assert course(long, 0)[1] == pytest.approx([1, np.nan], nan_ok=True)


def test_every_series_is_there_by_name_with_its_count(run: Run) -> None:
    every = every_series(run)
    assert len(every) == len(run.series)
    one = next(one for one in every if one["name"] == "connections{broker=1}")
    assert one["whole"] == 180 - len(SILENT)
    assert one["unit"]["symbol"] == "connections"
