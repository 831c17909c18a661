"""Groups of runs side by side as Markdown, for a pull request or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from clusterload import contrast, units
from clusterload.contrast import SURE, Contrast, Contrasted
from clusterload.reports.contrast import ALIKE, ORDER, capital, cells, explained, group_lines, unknown_lines
from clusterload.reports.tables import in_sight

# Whatever a name may hold that Markdown, or the HTML in it, takes for more than text.
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~&#@$])")


def contrast_markdown(found: Contrasted) -> str:
    """A heading, a sentence for each two groups, and tables."""
    return "\n".join(_lines(found))


def _lines(found: Contrasted) -> Iterator[str]:
    names = [group.name for group in found.groups]
    yield f"## Runs compared: {' and '.join(names) if len(names) == 2 else ', '.join(names)}"  # noqa: PLR2004
    yield ""
    for one in found.contrasts:
        yield f"**{escaped(capital(contrast.sentence(one)))}.**"
        yield ""
    yield from (f"- {escaped(line)}" for line in group_lines(found))
    yield ""
    if found.settings:
        yield from _table(["what differs", *names], ([one.name, *one.values] for one in found.settings))
    else:
        yield ALIKE
    for one in found.contrasts:
        yield ""
        yield from _contrast(one)
    yield ""
    if found.notes:
        yield from (f"- {escaped(capital(note))}." for note in found.notes)
        yield ""
    yield escaped(explained(found))
    yield ""


def _contrast(one: Contrast) -> Iterator[str]:
    heads = ["", one.before, one.after, "difference", f"{units.percent(SURE)} interval", "what that says"]
    rows = [[each.figure.title, *cells(each), str(ruling)] for ruling in ORDER for each in one.ruled(ruling)]
    unknown = list(unknown_lines(one))
    if rows:
        yield from _table(heads, rows)
    if rows and unknown:
        yield ""
    yield from (f"- {escaped(line)}" for line in unknown)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(heads)
    yield _row(["---", *["---:"] * (len(heads) - 1)], plain=True)
    yield from map(_row, rows)


def _row(cells_of: Sequence[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cells_of if plain else map(escaped, cells_of))} |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", in_sight(text))
