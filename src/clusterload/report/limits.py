"""Tables of limits with their provenance, for the terminal at 80 columns and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterload.model.limits import Limit, Limits
from clusterload.model.resources import RESOURCES, dimensions, limited, limited_by_name
from clusterload.model.wording import in_sentence
from clusterload.report.tables import table


def tables_view(known: Iterable[Limits]) -> Table:
    """A line a table: its name, what it is of, by what units, and how recent it is."""
    shown = table("name", "title", "by", "as of")
    for column in shown.columns[1:]:
        column.justify = "left"
    shown.columns[0].no_wrap = True
    for limits in known:
        shown.add_row(
            Text(limits.name),
            Text(limits.title),
            limits.unit_name,
            max((limit.as_of for limit in limits.limits), default=""),
        )
    return shown


def limits_view(limits: Limits) -> RenderableType:
    """A table of limits, what other sources say, what is unknown, and below it all sources and notes."""
    every = (*limits.limits, *limits.disputed)
    sources = list(dict.fromkeys((limit.source, limit.as_of) for limit in every))
    parts: list[RenderableType] = [Text(_head(limits), style="bold")]
    parts.append(_table(limits.limits, sources))
    if limits.disputed:
        parts += [Text("Disputed: other figures for the same, shown and not used"), _table(limits.disputed, sources)]
    if missing := unknown(limits):
        titles = ", ".join(in_sentence(RESOURCES[name].title) for name in missing)
        parts += [Text(f"Unknown, which is not infinite: {titles}"), Text("")]
    parts += [Text(f"[{number}] {source}; as of {as_of}") for number, (source, as_of) in enumerate(sources, 1)]
    parts += [Text(line, style="dim") for line in _notes(limits)]
    return Group(*parts)


def _head(limits: Limits) -> str:
    most = f" of {limits.most_units} at most" if limits.most_units else ""
    return f"{limits.title}{f', {limits.size}' if limits.size else ''}{most}"


def _table(limits: Sequence[Limit], sources: Sequence[tuple[str, str]]) -> Table:
    shown = table("resource", "limit", "kind", "of", "as of", "source")
    for column in shown.columns[2:5]:
        column.justify = "left"
    shown.columns[4].no_wrap = True
    before = ""
    titles = [resource.name for resource in limited()]
    for limit in sorted(limits, key=lambda limit: titles.index(limit.resource)):
        shown.add_row(
            limited_by_name(limit.resource).title if limit.resource != before else "",
            limit.words.replace(" (", "\n("),
            str(limit.force),
            Text(limit.of),
            Text(limit.as_of),
            Text(f"[{sources.index((limit.source, limit.as_of)) + 1}]"),
        )
        before = limit.resource
    return shown


def _notes(limits: Limits) -> Iterable[str]:
    """The table's note, and those of limits; one that several share is said once."""
    if limits.note:
        yield limits.note
    by_note: dict[str, list[str]] = {}
    for limit in (*limits.limits, *limits.disputed):
        by_note.setdefault(limit.note, []).append(limited_by_name(limit.resource).title)
    for note, titles in by_note.items():
        if note:
            yield f"{', '.join(dict.fromkeys(titles))}: {note}"


def unknown(limits: Limits) -> tuple[str, ...]:
    """The resources that could have a limit, and of which the table knows none."""
    return tuple(dimension.name for dimension in dimensions() if limits.of(dimension.name) is None)


def limits_document(limits: Limits) -> dict[str, Any]:
    """A table of limits as plain values; `limits` and `disputed` have the keys of the TOML tables."""
    return {**limits.as_document(), "most_units": limits.most_units or None, "unknown": list(unknown(limits))}
