"""Markdown: a report for a pull request or a wiki. What others chose is escaped, so that it is text there too."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from clusterload import units
from clusterload.reports.outline import Outline, Part, TextTable
from clusterload.reports.visible import visible

# As HTML knows them: in tables a backslash before a pipe is not read alike by all. Colons only where they make a link
# or a picture of what stands behind them.
_REFERRED: Final = re.compile(r"[<>|&`$]|:(?=//|[\w+-]*[a-z_+-][\w+-]*:)", re.IGNORECASE)
_SPECIAL: Final = re.compile(r"[\\*_\[\]#~]")
_BEGINS: Final = re.compile(r"^(\d*)([-+=]|(?<=\d)[.)](?=\s|$))")
# What hosts of repositories turn into links by themselves, behind Markdown's back: people, teams, issues, addresses.
_LINKED: Final = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=www)(?=\.)", re.IGNORECASE)
_INVISIBLE: Final = "\u200b"


def markdown(told: Outline) -> str:
    """A whole report; the parts below the answer are folded away."""
    return "\n".join(_lines(told)).rstrip() + "\n"


def escaped(text: str) -> str:
    """Text that Markdown and the hosts of repositories show as it is, in one line.

    Nothing is left that could begin a list, a heading, a table, a link, code, HTML or a formula, nor call for people.
    """
    plain = _LINKED.sub(_INVISIBLE, visible(" ".join(text.split())))
    marked = _BEGINS.sub(r"\1\\\2", _SPECIAL.sub(lambda found: f"\\{found[0]}", plain))
    return _REFERRED.sub(lambda found: f"&#{ord(found[0])};", marked)


def _lines(told: Outline) -> Iterator[str]:
    yield f"## {escaped(told.title)}: {escaped(told.state)}\n"
    yield f"**{escaped(told.sentence)}**\n"
    yield f"{' · '.join(map(escaped, told.about))}\n"
    if told.load is not None:
        yield f"Limit load: {escaped(told.load.summary)}\n"
    yield f"### {escaped(told.advice.title)}\n"
    yield from _body(told.advice, 3)
    yield from _facts(told.keys)
    for part in told.parts:
        yield f"<details><summary><b>{escaped(part.title)}</b></summary>\n"
        yield from _body(part, 3)
        yield "</details>\n"


def _body(part: Part, level: int) -> Iterator[str]:
    if not math.isnan(part.confidence):
        yield f"{units.percent(part.confidence)} sure.\n"
    yield from (f"{escaped(line)}\n" for line in part.lines)
    yield from _facts(part.facts)
    for table in part.tables:
        yield from _table(table)
    for chart in part.charts:
        yield f"{escaped(chart.title)}: {escaped(chart.summary)}\n"
    if part.source:
        yield f"{_fenced(part.source)}\n"
    for one in part.parts:
        yield f"{'#' * (level + 1)} {escaped(one.title)}\n"
        yield from _body(one, level + 1)


def _facts(facts: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield from (f"- {escaped(label)}: {escaped(words)}" for label, words in facts)
    if facts:
        yield ""


def _table(told: TextTable) -> Iterator[str]:
    yield f"{escaped(told.title)}\n"
    yield _row([column.title for column in told.columns])
    yield f"| {' | '.join('---:' if column.figures else '---' for column in told.columns)} |"
    yield from map(_row, told.rows)
    yield f"\n{escaped(told.note)}\n" if told.note else ""


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


def _fenced(source: str) -> str:
    """Source as it is, in a fence that is longer than any in it."""
    longest = max((len(one) for one in re.findall("`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{visible(source)}\n{fence}"
