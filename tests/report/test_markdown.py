"""A report as Markdown says the verdict first, and no name in it is more than text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from clusterload.report.plain import for_markdown
from tests.report.busy import busy, told
from tests.report.hostile import ALL, HOSTILE

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(text: str) -> list[str]:
    return [inside.type for one in READER.parse(text) for inside in (one, *(one.children or []))]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> str:
    return told(busy(tmp_path_factory.mktemp("runs") / "busy.run")).markdown


def test_the_verdict_is_the_first_that_is_read(calm: str) -> None:
    assert calm.startswith("## peak hour: within limits\n\n**Within limits; connections bind at 81 %.**\n")
    assert calm.index("Fewer client instances") < calm.index("<details>")


def test_tables_are_tables(calm: str) -> None:
    assert tokens(calm).count("table_open") > 10
    assert "| Connections | 81 | 81 | 100 | 81 % |" in calm


def test_hostile_names_change_nothing_but_words(calm: str, tmp_path: Path) -> None:
    run = busy(tmp_path / "a.run", name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL)
    text = told(run).markdown
    assert tokens(text).count("table_open") == tokens(calm).count("table_open")
    assert {one for one in tokens(text) if one != "text_special"} == {
        one for one in tokens(calm) if one != "text_special"
    }
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert "<script" not in outside
    assert "\x1b" not in text
    assert not re.search(r"@everyone|(?<![&\w])#1\b", outside)


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(HOSTILE), max_size=3).map(" ".join)))
def test_any_text_is_one_paragraph_of_plain_text(name: str) -> None:
    kinds = set(tokens(for_markdown(name)))
    assert kinds <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}


@given(st.text(max_size=40))
def test_any_text_stays_within_its_cell(name: str) -> None:
    parsed = READER.parse(f"| a | b |\n| --- | --- |\n| {for_markdown(name)} | end |\n")
    assert [one.type for one in parsed].count("td_open") == 2


@pytest.mark.parametrize("text", ["- a", "1. a", "+ a", "# a", "=== a", "a | b", "<b>", "`a`", "*a*", "_a_", "~~a~~"])
def test_escaped_text_reads_as_it_was(text: str) -> None:
    (_, inline, _) = READER.parse(for_markdown(text))
    assert "".join(one.content for one in inline.children or []) == text
