"""How our tables look."""

from __future__ import annotations

from rich import box
from rich.table import Table


def table(*columns: str, title: str = "") -> Table:
    """An empty table: the first column to the left, the others to the right."""
    made = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left", overflow="fold")
    return made
