"""Plots show any graphs in any order, from zero, with the limit where it is in sight and gaps as gaps."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.analysis.usage import Usage, assess
from clusterload.model.errors import ConfigurationError
from clusterload.model.limits import Limits
from clusterload.report.plots import GRAPHS, Plot, plot
from tests.stored_runs import Cluster, case_levels, limits, stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PNG = b"\x89PNG\r\n\x1a\n"
COURSE = Limits.named("course-basic")
SILENT = range(8, 13)


def usage_of(cluster: Cluster, table: Limits = COURSE) -> Usage:
    with tempfile.TemporaryDirectory() as folder:
        return assess(stored(Path(folder) / "one.run", cluster), table)


@pytest.fixture(scope="module")
def usage() -> Usage:
    return usage_of(Cluster())


@pytest.fixture(scope="module")
def gappy() -> Usage:
    return usage_of(Cluster(silent=lambda second: second in SILENT))


def cells(picture: Plot) -> list[Axes]:
    return [axes for axes in picture.figure.axes if axes.get_visible()]


def only(picture: Plot) -> Axes:
    (axes,) = cells(picture)
    return axes


def has_limit(axes: Axes) -> bool:
    return any(line.get_gid() == "limit" for line in axes.get_lines())


@settings(max_examples=20)
@given(names=st.lists(st.sampled_from(sorted(GRAPHS)), min_size=1, max_size=6))
def test_any_graphs_in_any_order_and_repeated_fill_two_columns(usage: Usage, names: list[str]) -> None:
    picture = plot(usage, names)
    assert [axes.get_title(loc="left") for axes in cells(picture)] == [GRAPHS[name].title for name in names]
    columns = 1 if len(names) == 1 else 2
    rows = -(-len(names) // columns)
    assert len(picture.figure.axes) == rows * columns
    assert len(picture.figure.axes) - len(cells(picture)) == (len(names) % 2 if columns == 2 else 0)
    places = [axes.get_subplotspec() for axes in cells(picture)]
    for number, place in enumerate(places):
        assert place is not None
        assert (place.rowspan.start, place.colspan.start) == divmod(number, columns)


def test_by_default_all_graphs_are_drawn(usage: Usage) -> None:
    assert len(cells(plot(usage))) == len(GRAPHS) == 5
    assert [axes.get_visible() for axes in plot(usage).figure.axes] == [True] * 5 + [False]


@pytest.mark.parametrize(("name", "top"), [("load", 100), ("connections", 100), ("ingress", 2.5), ("egress", 2.5)])
def test_axes_begin_at_zero_and_end_alike(usage: Usage, name: str, top: float) -> None:
    assert only(plot(usage, [name])).get_ylim() == (0, top)


def test_axes_grow_with_the_data() -> None:
    high = usage_of(Cluster(levels=case_levels(240, 20e6)))
    for name, peak in (("load", 240), ("connections", 240), ("ingress", 20)):
        bottom, top = only(plot(high, [name])).get_ylim()
        assert bottom == 0
        assert peak < top < peak * 1.2
    bottom, top = only(plot(high, ["requests"])).get_ylim()
    assert bottom == 0
    assert 90 < top < 90 * 1.2


def test_a_resource_that_was_not_measured_has_an_empty_graph_with_a_whole_axis() -> None:
    blind = usage_of(Cluster(levels={"connections": 47}))
    for name, top in (("ingress", 2.5), ("requests", 1)):
        axes = only(plot(blind, [name]))
        assert axes.get_ylim() == (0, top)
        assert np.isnan(np.asarray(axes.get_lines()[0].get_ydata(), dtype=float)).all()


@pytest.mark.parametrize(
    ("name", "table", "seen"),
    [
        ("load", COURSE, True),
        ("connections", COURSE, True),
        ("ingress", COURSE, False),
        ("requests", COURSE, False),
        ("connections", limits(connections="1000 connections"), False),
        ("ingress", limits(ingress="2 MiB/s"), True),
        ("ingress", limits(ingress="3 MiB/s"), False),
        ("requests", limits(requests="80 requests/s"), True),
        ("egress", limits(connections="100 connections"), False),
    ],
)
def test_the_limit_is_drawn_only_where_it_is_in_sight(name: str, table: Limits, seen: bool) -> None:
    assert has_limit(only(plot(usage_of(Cluster(), table), [name]))) is seen


def test_a_limit_is_drawn_in_the_unit_of_its_line() -> None:
    axes = only(plot(usage_of(Cluster(), limits(ingress="2 MiB/s")), ["ingress"]))
    (line,) = [line for line in axes.get_lines() if line.get_gid() == "limit"]
    assert np.asarray(line.get_ydata(), dtype=float) == pytest.approx([2 * 1.048576] * 2)


def test_a_limit_of_each_broker_is_not_drawn_beside_the_cluster_s_line() -> None:
    row = {"resource": "connections", "value": 40, "unit": "connections", "force": "declared", "scope": "broker"}
    table = Limits.parsed("mine", {"limits": [{**row, "source": "the test", "as_of": "2026-01"}]})
    assert not has_limit(only(plot(usage_of(Cluster(), table), ["connections"])))


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_gaps_are_gaps_in_the_drawn_line(gappy: Usage, name: str) -> None:
    line = only(plot(gappy, [name])).get_lines()[0]
    drawn = np.asarray(line.get_ydata(), dtype=float)
    seconds = np.asarray(line.get_xdata(), dtype=float)
    assert np.isnan(drawn[(seconds > SILENT.start + 2) & (seconds < SILENT.stop - 1)]).all()
    assert not np.isnan(drawn[(seconds < SILENT.start - 1) | (seconds > SILENT.stop + 1)]).any()


def test_a_figure_between_two_gaps_is_seen_as_a_dot() -> None:
    lonely = usage_of(Cluster(silent=lambda second: second not in {11, 12}))
    dots = [line for line in only(plot(lonely, ["ingress"])).get_lines() if line.get_marker() == "o"]
    assert [list(np.asarray(dot.get_xdata(), dtype=float)) for dot in dots] == [[11.5]]


def test_values_are_drawn_as_they_are(usage: Usage) -> None:
    for name, level in (("load", 47.0), ("connections", 47.0), ("ingress", 2.1), ("requests", 90.0)):
        drawn = np.asarray(only(plot(usage, [name])).get_lines()[0].get_ydata(), dtype=float)
        assert drawn == pytest.approx([level] * 25, rel=0.011)


def test_several_runs_are_told_apart_by_a_legend(usage: Usage, gappy: Usage) -> None:
    picture = plot({"baseline": usage, "half the payload": gappy}, ["load", "ingress", "load"])
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["baseline", "half the payload"]
    colours = {str(line.get_color()) for line in cells(picture)[0].get_lines() if line.get_gid() != "limit"}
    assert len(colours) == 2
    assert plot(usage, ["load"]).figure.legends == []


def test_a_plot_is_saved_as_png_and_svg_in_a_folder_that_is_made(usage: Usage, tmp_path: Path) -> None:
    picture = plot(usage, ["load", "ingress", "connections"])
    png = picture.save(tmp_path / "new" / "usage.png")
    svg = picture.save(tmp_path / "new" / "usage.svg")
    assert png.read_bytes().startswith(PNG)
    root = ET.fromstring(svg.read_text(encoding="utf-8"))
    assert root.tag.endswith("svg")
    assert "Limit load" in "".join(root.itertext())
    assert root.findall(".//*[@id='limit']")


def test_a_plot_shows_itself_in_a_notebook(usage: Usage) -> None:
    assert plot(usage, ["load"])._repr_png_().startswith(PNG)


def test_an_unknown_graph_is_met_with_the_nearest_one(usage: Usage) -> None:
    with pytest.raises(ConfigurationError, match="no graph 'conections'; did you mean 'connections'"):
        plot(usage, ["load", "conections"])


def test_nothing_to_draw_is_told(usage: Usage) -> None:
    with pytest.raises(ConfigurationError, match="no graph was asked for"):
        plot(usage, [])
    with pytest.raises(ConfigurationError, match="no usage was given"):
        plot({}, ["load"])
