"""Tables stand at any width: names give way before figures, and where nothing can, rows become paragraphs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from clusterload.analysis.diagnosis import diagnose
from clusterload.report.diagnosis import diagnosis_view
from clusterload.report.html.page import page
from clusterload.report.json import run_document
from clusterload.report.outline import text_table
from clusterload.report.tables import GLUE, table
from clusterload.report.terminal import saturation_table, usage_table
from tests.analysis.test_holding import LOGINS, held, line
from tests.analysis.test_usage import run_of
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


def test_a_limit_of_a_part_has_a_row_with_the_part_s_own_amounts() -> None:
    usage = held({"resource": "connections", "value": 100, "each": "principal"}, *LOGINS)
    assert text_table(usage_table(usage), "").rows == (
        ("Connections", "90", "90", "unknown", ""),
        ("  principal a", "75", "75", "100", "75 %"),
    )


def test_limits_of_what_is_no_dimension_have_rows_of_their_own() -> None:
    row = {"resource": "throughput", "value": "100 kB/s"}
    usage = held(row, line("ingress", [3e4] * 4, broker="1"), line("egress", [5e4] * 4, broker="1"))
    rows = text_table(usage_table(usage), "").rows
    assert rows[-1] == ("Ingress and egress", "80 kB/s", "80 kB/s", "100 kB/s", "80 %")
    row = {"resource": "cpu", "value": "60 %", "force": "guideline"}
    (busy_row,) = text_table(usage_table(held(row, line("cpu_host", [0.75] * 4, broker="2"))), "").rows
    assert busy_row == ("CPU of the host of broker 2", "75 %", "75 %", "guideline 60 %", "125 %")


@pytest.mark.parametrize(
    "row",
    [
        {"resource": "throughput", "value": "100 kB/s"},
        {"resource": "cpu", "value": "60 %", "force": "guideline"},
        {"resource": "records", "value": "900/min"},
        {"resource": "connections", "value": 10, "each": "principal"},
    ],
)
def test_a_page_and_plain_values_can_be_made_of_any_kind_of_limit(row: dict[str, Any], tmp_path: Path) -> None:
    others = (line(name, [0.8] * 4, broker="1") for name in ("ingress", "egress", "records_in", "cpu_host"))
    usage, run = held(row, *LOGINS, *others), run_of(*LOGINS)
    verdict = diagnose(run, usage)
    (share, *_) = usage.shares
    assert share.title in page(run, usage, verdict)
    assert run_document(run, usage, verdict)["binding"] == share.resource.name


def test_cells_of_several_lines_stay_in_a_table_that_has_room() -> None:
    wide = table("dial changed", "Ingress", "Egress", "Requests", "Connections", "Limit load")
    for dial in ("nothing yet", "half the payload"):
        wide.add_row(
            dial, "2.08 MB/s\n0.8 %\nx 0.52", "0 B/s\n0 %", "494/s\n3 %\nx 1.02", "46\n46 %", "46 %\nconnections"
        )
    lines = printed(wide, 80).splitlines()
    assert [line for line in lines if "MB/s" in line and "494/s" in line]
    assert "2.08 MB/s, 0.8 %, x 0.52" in " ".join(printed(wide, 30).split())
