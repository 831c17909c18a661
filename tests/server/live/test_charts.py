"""Charts grow by a point a second, keep their peaks when they are thinned, and never grow beyond a bound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clusterload.model.series import SECOND
from clusterload.server.live.charts import MOST_POINTS, Courses
from clusterload.server.live.page_values import told
from clusterload.workflow.live.snapshot import Snapshot
from tests.report.busy import SILENT, busy
from tests.report.hostile import ALL
from tests.workflow.live.replayed import replayed


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    return list(replayed(busy(tmp_path_factory.mktemp("courses") / "a.run"), 40, 150))


def charts(courses: Courses) -> dict[str, Any]:
    return {one["id"]: one for one in courses.whole()}


def test_points_that_are_told_one_by_one_make_the_same_chart_as_the_whole(snapshots: list[Snapshot]) -> None:
    courses = Courses()
    grown: dict[str, Any] = {}
    for one in snapshots:
        points, anew = courses.add(one)
        if anew:
            grown = charts(courses)
            continue
        for point in points:
            chart = grown[point["id"]]
            for trace, y in zip(chart["traces"], point["y"], strict=True):
                trace["x"].append(point["x"])
                trace["y"].append(y)
            if point["who"] is not None:
                chart["who"].append(point["who"])
    whole = charts(courses)
    assert set(grown) == set(whole)
    for name, chart in whole.items():
        assert grown[name]["traces"] == chart["traces"], name
        assert grown[name]["who"] == chart["who"]
    json.dumps(list(whole.values()), allow_nan=False)


def test_the_limit_load_is_told_by_what_binds_and_a_gap_is_a_gap(snapshots: list[Snapshot]) -> None:
    courses = Courses()
    for one in snapshots:
        courses.add(one)
    chart = charts(courses)["limit-load"]
    lines = {one["name"]: dict(zip(one["x"], one["y"], strict=True)) for one in chart["traces"]}
    assert set(lines) == {"Requests", "Connections"}
    assert lines["Connections"][100] == pytest.approx(0.81)
    assert lines["Connections"][45] is None
    assert lines["Requests"][45] is not None
    silent = SILENT.start + 6
    assert all(line[silent] is None for line in lines.values())
    # Two lines meet where another one begins to bind, so that there is no hole between them.
    assert any(None not in (lines["Requests"][x], lines["Connections"][x]) for x in lines["Requests"])
    assert [chart["names"][one] for one in chart["who"]][-1] == "Connections"


def long(one: Snapshot, seconds: int) -> Iterator[Snapshot]:
    """A run of so many seconds that is calm but for one second."""
    assert one.metrics is not None
    for second in range(seconds):
        peak = 3.0 if second == seconds // 3 else 0.5 + second % 7 / 100
        metrics = replace(one.metrics, time=one.start + second * SECOND, limit_load=peak)
        yield replace(one, at=second, elapsed=second, duration=float(seconds + 1), metrics=metrics)


def test_ten_hours_stay_bounded_with_their_peak(snapshots: list[Snapshot]) -> None:
    courses = Courses()
    thinned = 0
    for one in long(snapshots[70], 36_000 // 4):
        _, anew = courses.add(one)
        thinned += anew
    (line,) = charts(courses)["limit-load"]["traces"]
    assert 1000 < len(line["x"]) <= MOST_POINTS
    assert max(y for y in line["y"] if y is not None) == 3.0
    assert line["x"] == sorted(set(line["x"]))
    assert line["x"][0] == 0
    assert thinned < 20


def test_of_what_is_over_no_figure_is_drawn(snapshots: list[Snapshot]) -> None:
    courses = Courses()
    last = snapshots[-1]
    courses.add(last)
    courses.add(replace(last, at=181, elapsed=180, ended="it went on to its end"))
    assert charts(courses)["load-0"]["traces"][0]["x"] == [150]


def test_the_page_is_told_all_that_matters_in_words(snapshots: list[Snapshot]) -> None:
    document = told(snapshots[85])
    assert (document["progress"], document["left"]) == ("2 min 5 s of 3 min", "55 s left")
    keys = dict(document["keys"])
    assert keys["Limit load"] == "81 %"
    assert keys["Binding"] == "Connections"
    assert keys["Saturation"].endswith(("broker 1", "broker 2", "broker 3"))
    assert keys["Latency"].startswith("median ")
    (load,) = document["loads"]
    assert ["request_rate", "2,000/s", "1,996/s"] in load["dials"]
    assert document["findings"][0]["firm"]
    assert document["events"][0]["kind"] == "scrape-late"
    assert document["state"]
    assert document["sentence"]


def test_names_that_hide_something_come_out_visible(tmp_path: Path) -> None:
    *_, snapshot = replayed(busy(tmp_path / "a.run", name=ALL, load=ALL, client=ALL, event=ALL, error=ALL), 118, 120)
    text = json.dumps(told(snapshot), ensure_ascii=False)
    assert "\\\\x1b[31mred" in text
    assert "\u202e" not in text
    assert "<script>hostile()</script>" in text
