"""Tables stand at any width: names give way before figures, and where nothing can, rows become paragraphs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from clusterload.report.diagnosis import diagnosis_view
from clusterload.report.outline import text_table
from clusterload.report.tables import GLUE, table
from clusterload.report.terminal import saturation_table, usage_table
from tests.report.busy import busy, told


def printed(shown: RenderableType, width: int) -> str:
    console = Console(width=width, file=StringIO(), force_terminal=False)
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


@pytest.mark.parametrize("width", [30, 44, 60, 80, 120])
def test_no_figure_is_broken_over_lines_at_any_width(tmp_path: Path, width: int) -> None:
    report = told(busy(tmp_path / "a.run"))
    for shown in (report, diagnosis_view(report.run, report.usage, report.verdict)):
        text = printed(shown, width)
        assert max(map(len, text.splitlines())) <= width
        for figure in ("22.6 MB/s", "7,385/s", "250 MiB/s", "3,598,200", "81 %") if shown is report else ("2,446/s",):
            assert figure in text


def test_where_there_is_no_room_each_row_is_a_paragraph(tmp_path: Path) -> None:
    lines = printed(usage_table(told(busy(tmp_path / "a.run")).usage), 44).splitlines()
    assert lines[:5] == [
        "Ingress",
        "  typical  22.6 MB/s",
        "  peak     24.8 MB/s",
        "  limit    250 MiB/s",
        "  share    9 %",
    ]


def test_names_give_way_before_figures() -> None:
    shown = table("resource", "a share", "rate")
    shown.add_row("a name of several words that is long", "5 %", "1.25 MB/s")
    text = printed(shown, 40)
    assert "1.25 MB/s" in text
    assert "5 %" in text
    assert GLUE not in text


def test_a_share_is_never_the_number_of_a_broker(tmp_path: Path) -> None:
    usage = told(busy(tmp_path / "a.run")).usage
    rows = text_table(usage_table(usage), "").rows
    assert {row[-1].rpartition(" ")[2] for row in rows} == {"%", ""}
    busiest = text_table(saturation_table(usage), "")
    assert [column.title for column in busiest.columns] == ["how busy", "broker", "typical", "peak"]
    assert ("Network threads busy", "3", "22 %", "24 %") in busiest.rows


def test_cells_of_several_lines_stay_in_a_table_that_has_room() -> None:
    wide = table("dial changed", "Ingress", "Egress", "Requests", "Connections", "Limit load")
    for dial in ("nothing yet", "half the payload"):
        wide.add_row(
            dial, "2.08 MB/s\n0.8 %\nx 0.52", "0 B/s\n0 %", "494/s\n3 %\nx 1.02", "46\n46 %", "46 %\nconnections"
        )
    lines = printed(wide, 80).splitlines()
    assert [line for line in lines if "MB/s" in line and "494/s" in line]
    assert "2.08 MB/s, 0.8 %, x 0.52" in " ".join(printed(wide, 30).split())
