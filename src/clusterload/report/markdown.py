"""Markdown: a report for a pull request or a wiki. What others chose is for_markdown, so that it is text there too."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from clusterload.model.wording import capitalized
from clusterload.report.diagnosis import confidence_words
from clusterload.report.outline import Outline, Section, TextTable
from clusterload.report.plain import for_markdown, visible


def markdown(outline: Outline) -> str:
    """A whole report; the parts below the answer are folded away."""
    return "\n".join(_lines(outline)).rstrip() + "\n"


def _lines(outline: Outline) -> Iterator[str]:
    yield f"## {for_markdown(outline.title)}: {for_markdown(outline.state)}\n"
    yield f"**{for_markdown(outline.sentence)}**\n"
    yield f"{' · '.join(map(for_markdown, outline.about))}\n"
    if outline.load is not None:
        yield f"{for_markdown(outline.load.title)}: {for_markdown(outline.load.summary)}\n"
    yield f"### {for_markdown(outline.advice.title)}\n"
    yield from _body(outline.advice, 3)
    yield from _facts(outline.keys)
    for section in outline.sections:
        yield f"<details><summary><b>{for_markdown(section.title)}</b></summary>\n"
        yield from _body(section, 3)
        yield "</details>\n"


def _body(section: Section, level: int) -> Iterator[str]:
    if not math.isnan(section.confidence):
        yield f"{capitalized(confidence_words(section.confidence))}.\n"
    yield from (f"{for_markdown(line)}\n" for line in section.lines)
    yield from _facts(section.facts)
    for table in section.tables:
        yield from _table(table)
    for chart in section.charts:
        yield f"{for_markdown(chart.title)}: {for_markdown(chart.summary)}\n"
    if section.source:
        yield f"{_fenced(section.source)}\n"
    for inner in section.sections:
        yield f"{'#' * (level + 1)} {for_markdown(inner.title)}\n"
        yield from _body(inner, level + 1)


def _facts(facts: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield from (f"- {for_markdown(label)}: {for_markdown(words)}" for label, words in facts)
    if facts:
        yield ""


def _table(table: TextTable) -> Iterator[str]:
    yield f"{for_markdown(table.title)}\n"
    yield _row([column.title for column in table.columns])
    yield f"| {' | '.join('---:' if column.figures else '---' for column in table.columns)} |"
    yield from map(_row, table.rows)
    yield f"\n{for_markdown(table.note)}\n" if table.note else ""


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(map(for_markdown, cells))} |"


def _fenced(source: str) -> str:
    """Source as it is, in a fence that is longer than any in it."""
    longest = max((len(ticks) for ticks in re.findall("`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{visible(source)}\n{fence}"
