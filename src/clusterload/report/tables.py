"""How our tables look, and the figures in them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from rich import box
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from clusterload.model import units
from clusterload.model.limits import BUSY, Force, Limit, Scope
from clusterload.model.series import Kind
from clusterload.model.units import Quantity
from clusterload.report.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Column

    from clusterload.model.resources import Resource


GLUE: Final = "\u00a0"
"""A space at which no line ends."""

_UNIT: Final = re.compile(r"(?<=\d) (?=[%A-Za-z])")


def glued(text: str) -> str:
    """The text in which no line ends between a figure and its unit."""
    return _UNIT.sub(GLUE, text)


class OfResource(Protocol):
    """What is of a resource: a line of a run, or its level at a moment."""

    @property
    def resource(self) -> Resource:
        """Which one."""


def plain(text: str, style: str = "") -> Text:
    """Text that is shown as it is, whatever stands in it."""
    return Text(one_line(text), style=style)


_WIDE: Final = 10_000
_NAME: Final = 12  # letters of a name in a line


class ReadableTable(Table):
    """A table whose rows become paragraphs where it has no room: no figure is broken over lines or cut off."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Add a row, in whose cells no line ends between a figure and its unit."""
        super().add_row(*map(_glued, cells), **options)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, or where the narrowest that it can be is too wide each row as labels with their cells."""
        room = options.max_width
        fits = sum(_least(column) + 2 for column in self.columns) <= room
        parts = self._table(console, options) if fits else self._paragraphs(room)
        for part in parts:
            yield part._replace(text=part.text.replace(GLUE, " ")) if isinstance(part, Segment) else part

    def _table(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType | Segment]:
        """What has to give way first are words: figures keep their line, and their heads are broken before them."""
        kept = [(column, column.header, column.no_wrap) for column in self.columns]
        if Measurement.get(console, options.update(max_width=_WIDE), self).maximum > options.max_width:
            for column in self.columns:
                if column.justify == "right" and not any(" " in _words(cell) for cell in column._cells):
                    column.header, column.no_wrap = _words(column.header).replace(" ", "\n"), True
        try:
            yield from super().__rich_console__(console, options)
        finally:
            for column, header, no_wrap in kept:
                column.header, column.no_wrap = header, no_wrap

    def _paragraphs(self, width: int) -> Iterator[Text]:
        heads = [_words(column.header) for column in self.columns[1:]]
        room = min(max(map(len, heads), default=0), width // 2)
        for first, *cells in zip(*(column.cells for column in self.columns), strict=True):
            yield Text(_words(first).replace(GLUE, " "), style="bold")
            for head, cell in zip(heads, cells, strict=True):
                if words := ", ".join(filter(None, _words(cell).replace(GLUE, " ").split("\n"))).strip():
                    yield Text.assemble("  ", (f"{head:<{room}}  ", "dim"), (words, getattr(cell, "style", "")))
        if self.caption:
            yield Text(str(self.caption), style="dim")


def _words(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)


def _least(column: Column) -> int:
    """How narrow a column can be: figures stay whole, and of names there are a few letters at least in each line."""
    cells = (column.header, *column.cells) if column.justify == "right" else column.cells
    longest = max((len(word) for cell in cells for word in re.split("[ \n]", _words(cell))), default=0)
    return longest if column.justify == "right" else min(longest, _NAME)


def _glued(cell: RenderableType | None) -> RenderableType | None:
    if isinstance(cell, Text):
        cell.plain = glued(cell.plain)
        return cell
    return glued(cell) if isinstance(cell, str) else cell


def table(*columns: str, title: str = "") -> Table:
    """An empty table: the first column to the left, the others, whose cells stay in one line, to the right."""
    made = ReadableTable(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left", overflow="fold")
    return made


def limit_text(limit: Limit, line: OfResource) -> str:
    """A limit as people read it next to the resource's name."""
    words = _short(limit.value, line) + limit.counting
    # A part's row names the broker, and how busy one may be is always of a broker.
    words += " a broker" if limit.scope is Scope.BROKER and not (limit.part or limit.resource in BUSY) else ""
    return f"guideline {words}" if limit.force is Force.GUIDELINE else words


def amount_of_limit(limit: Limit, line: OfResource, share: float) -> str:
    """A share of a limit as an amount next to the resource's name."""
    if math.isnan(share):
        return "n/a"
    if line.resource.unit.thing == "ratio":
        return units.percent(share * limit.amount)
    of = line.resource.unit.rate() if line.resource.kind is Kind.DELTA else line.resource.unit
    return _short(Quantity(share * limit.amount, of), line)


def amount(line: OfResource, value: float) -> str:
    """A line's value as people read it next to the resource's name, per second if it counts events."""
    if math.isnan(value):
        return "n/a"
    unit = line.resource.unit
    return _short(Quantity(value, unit.rate() if line.resource.kind is Kind.DELTA else unit), line)


def _short(quantity: Quantity, line: OfResource) -> str:
    """A quantity whose unit is left out where the resource's name says it: `500/s` of requests."""
    words = str(quantity) if quantity.unit.factor != 1 else units.text(quantity)
    thing = str(line.resource.unit)
    return words.replace(f" {thing}", "") if line.resource.unit.thing == thing else words
