"""A report as a page needs nothing else, says the verdict first, and takes no name for more than text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.report.plain import visible
from clusterload.report.report import render
from tests.report.busy import busy, told
from tests.report.hostile import ALL, HOSTILE
from tests.stored_runs import Cluster, case_levels, stored

PARTS = (
    *("findings", "resources", "bill", "latency", "ledger", "dials", "events", "plan", "limits", "doubts"),
    *("environment", "every"),
)
MEGABYTES_2 = 2_000_000


class Page(HTMLParser):
    """A page as a browser reads it: elements with their attributes, scripts, and all other text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str, str]] = []
        self.styles: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in {"script", "style"} else ""
        if tag == "script":
            self.scripts.append((dict(attrs).get("type") or "", ""))
        if tag == "style":
            self.styles.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 (html.parser's signature)
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            kind, before = self.scripts[-1]
            self.scripts[-1] = (kind, before + data)
        elif self._inside == "style":
            self.styles[-1] += data
        else:
            self.text += data.replace("\u00a0", " ")

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return told(busy(tmp_path_factory.mktemp("runs") / "busy.run")).html


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    run = busy(
        tmp_path_factory.mktemp("runs") / "hostile.run",
        name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL,
    )  # fmt: skip
    return Page(told(run).html)


def judged(run: Run) -> str:
    usage = assess(run, Limits.named("course-basic"))
    return render(run, usage, diagnose(run, usage)).html


def test_the_verdict_comes_first_then_what_binds_and_what_to_do_and_then_all_else(page: Page) -> None:
    words = (
        "Within limits; connections bind at 81 %.",
        "Median 81 %, highest 81 %; binding: Connections 96 % of the time, Requests 4 % of the time; unknown 7 % of",
        "Fewer client instances: share one client among a process's threads, or pool connections in a proxy.",
        "Without what was added they use 45 points less of their limit.",
        "High connection count: 81, 36 before",
    )
    places = [page.text.index(one) for one in words]
    assert places == sorted(places)


def test_every_part_is_there_and_can_be_gone_to(page: Page) -> None:
    links = {one["href"] for one in page.of("a")}
    ids = [one["id"] for _, one in page.elements if "id" in one]
    assert {f"#{part}" for part in PARTS} <= links
    assert set(PARTS) <= set(ids)
    assert len(ids) == len(set(ids))
    assert {str(link).removeprefix("#") for link in links} <= set(ids)


@pytest.mark.parametrize(
    "words",
    [
        "client basket-service 99 % (by thread_time_by_client)",
        "Closing half of the connections leaves the limit load and the brokers' CPU unchanged.",
        "Client id basket-service rose most",
        "Confluent Cloud documentation, cluster types, Basic",
        "broker 2 was scraped 1.4 s late",
        "NOT_LEADER_OR_FOLLOWER",
        "shop-eu-1",
        "it adds up",
    ],
)
def test_what_a_reader_looks_for_is_said(page: Page, words: str) -> None:
    assert words in page.text


def test_each_chart_says_how_many_points_it_has_and_is_there_as_a_table(page: Page) -> None:
    plots = [one["data-chart"] for one in page.of("div") if "data-chart" in one]
    assert {"limit-load", "shares", "busy", "amount-ingress", "spectrum", "latency-0"} <= set(plots)
    assert len([one for one in page.of("details") if one.get("class") == "data"]) == len(plots)
    assert len(re.findall(r"points, (?:all|[\d,]+) of them drawn|answers, \d+ points", page.text)) == len(plots)


def test_headings_have_no_holes_and_tables_tell_their_rows_and_columns(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(one.get("scope") in {"row", "col"} for one in page.of("th"))
    assert len(page.of("caption")) == len(page.of("table"))
    for landmark in ("header", "main", "nav", "footer"):
        assert len(page.of(landmark)) == 1


def test_only_the_page_s_own_scripts_and_style_are_allowed_and_no_network(page: Page) -> None:
    (policy,) = [str(one["content"]) for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";") if rule.strip()}
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == [digest(code) for kind, code in page.scripts if not kind]
    assert rules["style-src"] == [digest(code) for code in page.styles]
    assert set(rules) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    assert rules["img-src"] == ["data:"]


def digest(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


def test_nothing_is_fetched_from_anywhere(page: Page) -> None:
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "action", "style"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#") or attributes["href"] == "data:,"


def test_a_page_is_small_beside_its_data(text: str, page: Page) -> None:
    data = sum(len(code.encode()) for kind, code in page.scripts if kind)
    assert len(text.encode()) - data < MEGABYTES_2


def test_names_that_others_chose_are_text_and_nothing_else(hostile: Page, page: Page) -> None:
    for one in HOSTILE:
        assert visible(" ".join(one.split())) in " ".join(hostile.text.split())
    assert {tag for tag, _ in hostile.elements} == {tag for tag, _ in page.elements}
    assert len(hostile.scripts) == len(page.scripts)
    assert not hostile.of("img")
    assert "\x1b" not in hostile.text
    assert "\u202e" not in hostile.text


def test_data_of_a_page_is_json_with_hostile_names_in_it(hostile: Page) -> None:
    documents = [json.loads(code) for kind, code in hostile.scripts if kind == "application/json"]
    assert len(documents) == 2
    assert any("<script>hostile()</script>" in one["name"] for one in documents[1])


def test_a_run_of_which_nothing_is_known_has_a_page_that_says_so(tmp_path: Path) -> None:
    empty = replace(stored(tmp_path / "a.run"), series=(), plan=None, ledgers=(), environment={})
    page = Page(judged(empty))
    assert "No share of any limit is known." in page.text
    assert "no resource was measured that has a limit" in page.text
    assert not [one for one in page.of("div") if "data-chart" in one]


def test_of_a_long_run_the_peak_is_drawn_and_the_page_says_what_was_left_out(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", Cluster(levels=case_levels(40, 2e6)))
    page = Page(judged(a_day_of(run, peak=93.0)))
    charts = json.loads(next(code for kind, code in page.scripts if kind))["charts"]
    load = next(one for one in charts if one["id"] == "limit-load")
    assert max(value for one in load["traces"] for value in one["y"] if value is not None) == pytest.approx(0.93)
    assert "86,400 points, " in page.text
    assert "of them drawn: lowest and highest of each stretch, and gaps" in page.text
    assert "highest 93 %;" in page.text


def a_day_of(run: Run, peak: float) -> Run:
    """The connections of a run for a day, at one moment at a peak."""
    seconds = np.arange(1, 86_401)
    series = []
    for one in run.named("connections"):
        level = np.full(len(seconds), 13.0)
        level[50_000] = peak / 3
        series.append(replace(one, times=run.start + seconds * 1_000_000_000, values=level))
    return replace(run, series=tuple(series), plan=None, ledgers=(), end=run.start + 86_400 * 1_000_000_000)


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run")
    assert judged(run) == judged(run)
