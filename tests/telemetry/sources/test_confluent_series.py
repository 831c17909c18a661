"""From answers to Series: the right value in the right minute, and gaps that are gaps."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.model.run import Run
from clusterload.model.series import Floats, Grid, joined, select
from clusterload.telemetry.record import read_history
from clusterload.telemetry.sources.confluent import ConfluentSource, WaitPolicy
from tests.http_server import HttpServer

from .model import MINUTE, NAMES, Labels, Model, steady
from .played import HURRIED, access, playing

FIRST = 1_767_261_600 * 1_000_000_000  # a whole minute
counts = st.integers(min_value=0, max_value=10**12).map(float)


def read(api: HttpServer, model: Model, minutes: int) -> Run:
    api.answer = model
    source = ConfluentSource(access=access(api), retry=HURRIED, wait=WaitPolicy())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "past.run"
        return read_history(source, "lkc-played", start=FIRST, end=FIRST + minutes * MINUTE, path=path)


def on_minutes(run: Run, name: str, minutes: int, **labels: str) -> Floats:
    grid = Grid(start=FIRST, step=MINUTE, count=minutes)
    return joined(select(run.series, name, **labels), grid)


def expected(points: dict[int, float], minutes: int, missing: float) -> list[float]:
    return [points.get(FIRST + number * MINUTE, missing) for number in range(minutes)]


@st.composite
def figures(draw: st.DrawFn) -> tuple[int, dict[str, dict[Labels, dict[int, float]]]]:
    """Minutes, and figures in which each group has rows for some of them; connections have the first and the last."""
    minutes = draw(st.integers(min_value=2, max_value=8))
    starts = [FIRST + number * MINUTE for number in range(minutes)]
    some = st.dictionaries(st.sampled_from(starts), counts)
    rows: dict[str, dict[Labels, dict[int, float]]] = {
        "received_bytes": {(topic, "0"): draw(some) for topic in ("a", "b", "c")},
        "request_count": {("Produce", "u-1"): draw(some), ("Fetch", "u-2"): draw(some)},
        "active_connection_count": {("u-1",): {starts[0]: 1.0, starts[-1]: 2.0} | draw(some)},
    }
    return minutes, rows


@settings(max_examples=40, deadline=None)
@given(figures())
def test_each_minute_comes_back_as_the_very_number_that_the_api_gave(
    drawn: tuple[int, dict[str, dict[Labels, dict[int, float]]]],
) -> None:
    minutes, rows = drawn
    with playing() as api:
        run = read(api, Model(rows=rows), minutes)
    for (topic, _), points in rows["received_bytes"].items():
        if points:
            got = on_minutes(run, "ingress_by_topic", minutes, topic=topic)
            assert got.tolist() == expected(points, minutes, 0.0)
    (levels,) = rows["active_connection_count"].values()
    got = on_minutes(run, "connections", minutes)
    np.testing.assert_array_equal(got, expected(levels, minutes, np.nan))


@settings(max_examples=40, deadline=None)
@given(figures())
def test_the_sum_over_topics_is_a_number_in_every_minute_also_where_a_topic_had_no_row(
    drawn: tuple[int, dict[str, dict[Labels, dict[int, float]]]],
) -> None:
    minutes, rows = drawn
    with playing() as api:
        run = read(api, Model(rows=rows), minutes)
    for name, series in (("received_bytes", "ingress"), ("request_count", "requests")):
        sums = np.sum([expected(points, minutes, 0.0) for points in rows[name].values()], axis=0)
        assert on_minutes(run, series, minutes).tolist() == sums.tolist()


def test_no_consumers_means_no_egress_and_not_an_unknown_one(api: HttpServer) -> None:
    run = read(api, Model(rows=steady(FIRST, 3)), 3)
    assert on_minutes(run, "egress", 3).tolist() == [0, 0, 0]
    assert select(run.series, "egress_by_topic") == []


def test_requests_come_by_type_and_by_principal_and_both_add_up_to_all(api: HttpServer) -> None:
    run = read(api, Model(rows=steady(FIRST, 3)), 3)
    assert on_minutes(run, "requests_by_type", 3, request="Metadata").tolist() == [20, 20, 20]
    for name in ("requests", "requests_by_type", "requests_by_principal"):
        assert on_minutes(run, name, 3).tolist() == [3020, 3020, 3020]


def test_a_minute_without_a_gauge_is_a_gap_and_the_value_before_does_not_hold_on(api: HttpServer) -> None:
    rows = steady(FIRST, 4)
    del rows["active_connection_count"]["u-1",][FIRST + 2 * MINUTE]
    run = read(api, Model(rows=rows), 4)
    np.testing.assert_array_equal(on_minutes(run, "connections", 4), [60, 60, np.nan, 60])


def test_before_the_api_kept_figures_there_is_a_gap_and_not_silence(api: HttpServer) -> None:
    run = read(api, Model(rows=steady(FIRST + 2 * MINUTE, 2)), 4)
    np.testing.assert_array_equal(on_minutes(run, "ingress", 4), [np.nan, np.nan, 6e6, 6e6])
    assert [event.kind for event in run.events] == ["metrics-missing"]


def test_a_metric_that_we_do_not_know_is_kept_under_its_own_name_with_its_own_unit_and_labels(api: HttpServer) -> None:
    rows = steady(FIRST, 3)
    rows["produce_wait"] = {("u-9",): dict.fromkeys((FIRST, FIRST + MINUTE, FIRST + 2 * MINUTE), 4.0)}
    names = NAMES | {"produce_wait": ("GAUGE_DOUBLE", "ms", ("principal_id",))}
    run = read(api, Model(rows=rows, names=names), 3)
    (series,) = run.named("produce_wait")
    assert (str(series.unit), series.kind, series.labels) == ("ms", "gauge", {"principal": "u-9"})


def test_a_counter_that_became_a_gauge_is_not_taken_for_what_we_know_by_its_name(api: HttpServer) -> None:
    names = {**NAMES, "received_bytes": ("GAUGE_INT64", "By", ("topic", "partition"))}
    run = read(api, Model(rows=steady(FIRST, 3), names=names), 3)
    assert run.named("ingress") == []
    assert [series.kind for series in run.named("received_bytes")] == ["gauge"]
