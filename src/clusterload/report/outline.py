"""Outline: a report as headings, sentences, tables and charts, before it is known how it is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from clusterload.report.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table; `figures` are set to the right, words to the left."""

    title: str
    figures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A table of plain text, a cell for each column in each row."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a report under a heading of its own.

    Attributes:
        id: by which it is linked to.
        title: the heading.
        lines: sentences, a paragraph each.
        facts: labels, each with what holds.
        tables: of what there is.
        charts: likewise.
        parts: parts of this part.
        confidence: how likely it is right, from 0 to 1; NaN where it does not apply.
        source: text that is shown as it is, such as a plan's.
    """

    id: str
    title: str
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[TextTable, ...] = ()
    charts: tuple[Chart, ...] = ()
    sections: tuple[Section, ...] = ()
    confidence: float = math.nan
    source: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.lines or self.facts or self.tables or self.charts or self.sections or self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A whole report.

    Attributes:
        title: what the run is called.
        about: when it was, how long, against what, in a line each.
        state: of the verdict.
        sentence: the verdict in one sentence.
        keys: the figures that a reader wants first, with their labels.
        load: the limit load over time, or how busy the brokers are where no share is known; None if neither is.
        advice: what to do.
        parts: all that stands below.
    """

    title: str
    about: tuple[str, ...]
    state: str
    sentence: str
    keys: tuple[tuple[str, str], ...]
    load: Chart | None
    advice: Section
    sections: tuple[Section, ...]


def columns(words: str, *figures: str) -> tuple[Column, ...]:
    """A first column of words, and others of figures."""
    return (Column(title=words), *(Column(title=figure, figures=True) for figure in figures))


def worded(*titles: str) -> tuple[Column, ...]:
    """Columns of words."""
    return tuple(Column(title=title) for title in titles)


def text_table(shown: Table, title: str) -> TextTable:
    """A table of the terminal as plain text, so that both always say the same."""
    cells = [[_text(cell) for cell in column.cells] for column in shown.columns]
    return TextTable(
        title=title,
        columns=tuple(
            Column(title=_text(column.header), figures=column.justify == "right") for column in shown.columns
        ),
        rows=tuple(zip(*cells, strict=True)),
        note=_text(shown.caption or ""),
    )


def _text(cell: object) -> str:
    plain = cell.plain if isinstance(cell, Text) else Text.from_markup(str(cell), emoji=False).plain
    return plain.replace("\u00a0", " ")
