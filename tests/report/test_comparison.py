"""Groups of runs side by side: readable at 80 columns, as Markdown, and for programs; never a bare percentage."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

from rich.console import Console

from clusterload.analysis.compare import ComparedFigure, Comparison, Doubt, FigureFamily
from clusterload.report.comparison import comparison_document, comparison_report
from clusterload.report.comparison_markdown import comparison_markdown
from tests.analysis.compare.made import BYTES, LATENCY, REACHED, compared, group
from tests.stored_runs import plan

HOSTILE = "[bold]x[/] <script>alert(1)</script> | `a` \x1b[31m\u202e"


def found() -> Comparison:
    """One figure of each word."""
    calm = replace(LATENCY, name="latency.p50 of web", title="p50 of web")
    few = replace(LATENCY, name="latency.p99.9 of web", title="p99.9 of web")
    few_values = [1.0, 2.0, 3.0]
    before: dict[ComparedFigure, list[float]] = {
        REACHED: [100, 101, 99],
        LATENCY: [10, 10.1, 9.9],
        calm: [1, 1.1, 0.9],
        BYTES: [2e6, 2.01e6, 1.99e6],
        few: few_values,
    }
    after: dict[ComparedFigure, list[float]] = {
        REACHED: [150, 151, 149],
        LATENCY: [12, 12.1, 11.9],
        calm: [1.05, 1, 0.95],
        BYTES: [3e6, 3.01e6, 3e6],
        few: few_values,
    }
    first, second = group("A", before, plan()), group("B", after, plan())
    gaps = tuple(replace(one, gaps={few: "fewer than 10 requests were slower"}) for one in second.readings)
    return compared(first, replace(second, readings=gaps))


def shown(of: Comparison) -> str:
    console = Console(width=80, file=io.StringIO(), no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(comparison_report(of))
    return captured.get()


def test_every_figure_stands_under_its_word_with_both_values_and_an_interval() -> None:
    text = shown(found()).replace("\u00a0", " ")
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
    rows = [line.strip() for line in text.splitlines()]
    words = [row for row in rows if row in {"Worse", "Better", "Changed", "No significant difference"}]
    assert words == ["Worse", "Better", "Changed", "No significant difference"]
    row = next(row for row in rows if row.startswith("p99 of web"))
    assert row.split("  ")[0] == "p99 of web"
    assert "10 ms" in row
    assert "12 ms" in row
    assert re.search(r"\+20 %\s+\+1\d % to \+2\d %", row)
    assert "Cannot tell: p99.9 of web. B, 3 of 3 runs: fewer than 10 requests were slower." in text
    assert "3 runs of A and 3 runs of B" in " ".join(text.split())


def test_a_difference_never_stands_without_its_interval() -> None:
    percent = r"[+-][\d.,]+ %"
    text = shown(found()).replace("\u00a0", " ")
    said, _, rest = text.partition("\n\n")
    told = re.findall(rf"{percent} \({percent} to {percent}\)", " ".join(said.split()))
    assert len(re.findall(percent, " ".join(said.split()))) == 3 * len(told) > 0
    for line in (*rest.splitlines(), *comparison_markdown(found()).splitlines()[4:]):
        assert len(re.findall(percent, line)) in {0, 3}


def test_the_document_has_every_figure_of_every_run_and_null_for_what_is_not_known() -> None:
    document = json.loads(json.dumps(comparison_document(found()), allow_nan=False))
    assert [one["name"] for one in document["groups"]] == ["A", "B"]
    assert document["groups"][0]["runs"][0]["figures"]["resource.ingress"] == 2e6
    [comparison] = document["contrasts"]
    told = {one["figure"]: one for one in comparison["differences"]}
    assert told[LATENCY.name]["ruling"] == "worse"
    assert told[LATENCY.name]["low"] < 1.2 < told[LATENCY.name]["high"]
    assert (told[LATENCY.name]["as"], told[LATENCY.name]["unit"]) == ("ratio", "ms")
    few = told["latency.p99.9 of web"]
    assert (few["ruling"], few["value"], few["adjusted"]) == ("cannot tell", None, None)
    assert "fewer than 10" in few["doubt"]


def test_a_hostile_name_is_text_in_every_form() -> None:
    hostile = replace(LATENCY, title=HOSTILE)
    first, second = group("A", {hostile: [1, 1.1, 0.9]}), group("B", {hostile: [2, 2.1, 1.9]})
    doubted = replace(second.readings[0], doubts=(Doubt(words=HOSTILE, touches=frozenset({FigureFamily.COST})),))
    of = compared(
        replace(first, title=HOSTILE), replace(second, title=HOSTILE, readings=(doubted, *second.readings[1:]))
    )
    terminal = " ".join(shown(of).replace("\u00a0", " ").split())
    assert "[bold]x[/] <script>alert(1)</script>" in terminal
    assert "\x1b" not in terminal
    assert "\u202e" not in terminal
    markdown = comparison_markdown(of)
    assert "<script>" not in markdown.replace("\\<", "")
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {7, 4}
    assert "\x1b" not in markdown


def test_of_single_runs_both_values_and_the_difference_stand_with_why_there_is_no_interval() -> None:
    of = compared(group("A", {LATENCY: [1], BYTES: [2e6]}), group("B", {LATENCY: [2], BYTES: [1e6]}))
    text = shown(of).replace("\u00a0", " ")
    [row] = [line.split("  ") for line in text.splitlines() if line.strip().startswith("p99 of web")]
    assert [cell.strip() for cell in row if cell.strip()] == ["p99 of web", "1 ms", "2 ms", "+100 %", "none"]
    assert "B against A: no interval can be given: a single run does not tell how runs differ" in " ".join(text.split())
    assert "No interval, so that chance may explain every difference" in " ".join(text.split())
    assert "Worse" not in text
    assert "interval is of one figure" not in text
    assert "| p99 of web | 1 ms | 2 ms | +100 % | none | nothing |" in comparison_markdown(of).replace("\\", "")
    [told] = [one for one in comparison_document(of)["contrasts"][0]["differences"] if one["figure"] == LATENCY.name]
    assert (told["value"], told["low"], told["ruling"]) == (2.0, None, "cannot tell")


def test_a_group_that_is_called_by_its_letter_is_named_once() -> None:
    assert "\nA: 3 runs" in shown(compared(*(replace(one, title=one.name) for one in found().groups)))
