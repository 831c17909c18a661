"""Thresholds are told to people, to test servers and to the page of a build; hostile text is text in all of them."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console, Group

from clusterload import Gate, Run, Usage, Verdict
from clusterload.report.diagnosis import diagnosis_document
from clusterload.report.gates import gate_view, junit, summary
from clusterload.report.json import run_document
from clusterload.report.plain import INVISIBLE, for_markdown, for_xml, one_line
from tests.report.judged_runs import HOSTILE, judged_run

Judgement = tuple[Run, Usage, Verdict, Gate]


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    return judged_run(tmp_path_factory.mktemp("runs"))


class Cells(HTMLParser):
    """The cells of an HTML page's tables as text, and all tags that it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self.within = False
        self.feed(page)

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.add(tag)
        if tag in {"td", "h2"}:
            self.cells.append("")
            self.within = True

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag not in {"td", "h2"}

    def handle_data(self, data: str) -> None:
        if self.within:
            self.cells[-1] += data.replace(INVISIBLE, "")


def rendered(text: str) -> Cells:
    return Cells(MarkdownIt("commonmark").enable("table").render(text))


def test_junit_has_a_case_for_each_threshold_with_its_text(judgement: Judgement) -> None:
    root = ET.fromstring(junit(*judgement))
    (suite,) = root
    assert {key: suite.attrib[key] for key in ("tests", "failures", "errors", "timestamp")} == {
        "tests": "3", "failures": "1", "errors": "1", "timestamp": "2026-01-01T00:00:00",
    }  # fmt: skip
    crossed, passed, unknown = suite.findall("testcase")
    assert crossed.attrib["name"] == "lost{load=*} > 1 %"
    assert [child.tag for child in crossed] == ["failure"]
    assert crossed[0].attrib["message"].startswith("5 % of load ")
    assert list(passed) == []
    assert (unknown[0].tag, unknown[0].attrib["type"]) == ("error", "cannot be told")
    assert unknown.attrib["name"] == 'consumer_lag{group="<b>|`&"} > 5'
    assert {one.attrib["name"]: one.attrib["value"] for one in suite.iter("property")}["limits"] == "Test"


def test_junit_keeps_hostile_names_but_for_what_xml_cannot_hold(judgement: Judgement) -> None:
    (suite,) = ET.fromstring(junit(*judgement))
    assert suite.attrib["name"] == f"clusterload: {HOSTILE}".replace("\x1b", "").replace("\ufffe", "")


@given(st.text(st.characters()))
def test_any_text_makes_well_formed_xml_of_what_xml_can_hold(text: str) -> None:
    element = ET.Element("a", {"b": for_xml(text)})
    element.text = for_xml(text)
    read = ET.fromstring(ET.tostring(element, encoding="unicode"))
    assert read.attrib["b"] == for_xml(text)
    assert (read.text or "") == for_xml(text).replace("\r\n", "\n").replace("\r", "\n")


@given(st.text(st.characters()))
def test_any_text_is_text_in_a_table_of_markdown(text: str) -> None:
    page = rendered(f"| a | b |\n| --- | --- |\n| x{for_markdown(text)}x | y |\n")
    assert page.cells == [f"x{one_line(text)}x".replace(INVISIBLE, ""), "y"]
    assert page.tags <= {"table", "thead", "tbody", "tr", "th", "td"}


def test_a_summary_has_thresholds_verdict_and_figures_and_no_markup_of_others(judgement: Judgement) -> None:
    text = summary(*judgement)
    page = rendered(text)
    assert page.cells[0] == f"❌ 2 of 3 thresholds were not passed: {one_line(HOSTILE)}"
    assert page.cells[1:5] == ["❌", "lost{load=*} > 1 %", "crossed", judgement[3].judged[0].words]
    for cell in ("Ingress", "1 MB/s", "10 MB/s", "10 %", f"{one_line(HOSTILE)} (records)", "190", "2 ms"):
        assert cell in page.cells
    assert page.tags <= {"h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert "@me" not in text
    assert "\x1b" not in text


def test_a_summary_of_a_run_without_thresholds_claims_nothing_of_them(judgement: Judgement) -> None:
    text = summary(*judgement[:3], Gate())
    assert text.startswith("## &#60;script&#62;")
    assert "threshold" not in text


def test_json_has_each_threshold_with_figures_and_null_for_what_is_unknown(judgement: Judgement) -> None:
    run, usage, verdict, gate = judgement
    told = json.loads(json.dumps(run_document(run, usage, verdict), allow_nan=False))["thresholds"]
    assert told == diagnosis_document(run, usage, verdict, gate=gate)["thresholds"]
    assert [one["answer"] for one in told] == ["crossed", "passed", "cannot be told"]
    assert told[1] == {
        "threshold": "ingress > 5 MB/s", "answer": "passed", "passed": True, "value": pytest.approx(1e6),
        "limit": 5e6, "unit": "B/s", "of": None, "since_s": None, "lasted_s": None, "measured": "1 MB/s",
        "ends_load": False,
    }  # fmt: skip
    assert (told[2]["value"], told[2]["passed"]) == (None, False)


def test_in_a_terminal_thresholds_are_a_table_within_80_columns(judgement: Judgement) -> None:
    console = Console(width=80, file=io.StringIO(), no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(Group(*gate_view(judgement[3])))
    text = captured.get()
    assert max(map(len, text.splitlines())) <= 80
    assert "ingress > 5 MB/s" in text
    assert "\x1b" not in text
    assert gate_view(Gate()) == []
