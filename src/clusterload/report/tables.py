"""How our tables look, and the figures in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from rich import box
from rich.table import Table
from rich.text import Text

from clusterload.model import units
from clusterload.model.limits import Force, Limit, Scope
from clusterload.model.series import Kind
from clusterload.model.units import Quantity
from clusterload.report.plain import one_line

if TYPE_CHECKING:
    from clusterload.model.resources import Resource


class OfResource(Protocol):
    """What is of a resource: a line of a run, or its level at a moment."""

    @property
    def resource(self) -> Resource:
        """Which one."""


def plain(text: str, style: str = "") -> Text:
    """Text that is shown as it is, whatever stands in it."""
    return Text(one_line(text), style=style)


def table(*columns: str, title: str = "") -> Table:
    """An empty table: the first column to the left, the others to the right."""
    made = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left", overflow="fold")
    return made


def limit_text(limit: Limit, line: OfResource) -> str:
    """A limit as people read it beside the resource's name."""
    words = _short(limit.value, line) + limit.counting
    words += " a broker" if limit.scope is Scope.BROKER else ""
    return f"guideline {words}" if limit.force is Force.GUIDELINE else words


def amount(line: OfResource, value: float) -> str:
    """A line's value as people read it beside the resource's name, per second if it counts events."""
    if math.isnan(value):
        return "n/a"
    unit = line.resource.unit
    return _short(Quantity(value, unit.rate() if line.resource.kind is Kind.DELTA else unit), line)


def _short(quantity: Quantity, line: OfResource) -> str:
    """A quantity whose unit is left out where the resource's name says it: `500/s` of requests."""
    words = str(quantity) if quantity.unit.factor != 1 else units.text(quantity)
    thing = str(line.resource.unit)
    return words.replace(f" {thing}", "") if line.resource.unit.thing == thing else words
