"""Groups of runs side by side as Markdown, for a pull request or a wiki."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from clusterload.analysis import compare as comparison
from clusterload.analysis.compare import SURE, Comparison, GroupComparison
from clusterload.model import units
from clusterload.model.wording import capitalized
from clusterload.report.comparison import ALIKE, ORDER, cells, explained, group_lines, unknown_lines, without_interval
from clusterload.report.plain import for_markdown


def comparison_markdown(found: Comparison) -> str:
    """A heading, a sentence for each two groups, and tables."""
    return "\n".join(_lines(found))


def _lines(found: Comparison) -> Iterator[str]:
    names = [group.name for group in found.groups]
    yield f"## Runs compared: {' and '.join(names) if len(names) == 2 else ', '.join(names)}"  # noqa: PLR2004
    yield ""
    for pair in found.comparisons:
        yield f"**{for_markdown(capitalized(comparison.sentence(pair)))}.**"
        yield ""
    yield from (f"- {for_markdown(line)}" for line in group_lines(found))
    yield ""
    if found.settings:
        yield from _table(["what differs", *names], ([setting.name, *setting.values] for setting in found.settings))
    else:
        yield ALIKE
    for pair in found.comparisons:
        yield ""
        yield from _compare_pair(pair)
    yield ""
    if found.notes:
        yield from (f"- {for_markdown(capitalized(note))}." for note in found.notes)
        yield ""
    yield for_markdown(explained(found))
    yield ""


def _compare_pair(pair: GroupComparison) -> Iterator[str]:
    heads = ["", pair.before, pair.after, "difference", f"{units.percent(SURE)} interval", "what that says"]
    rows = [[each.figure.title, *cells(each), str(ruling)] for ruling in ORDER for each in pair.ruled(ruling)]
    rows += [[each.figure.title, *cells(each), "nothing"] for each in without_interval(pair)]
    unknown = list(unknown_lines(pair))
    if rows:
        yield from _table(heads, rows)
    if rows and unknown:
        yield ""
    yield from (f"- {for_markdown(line)}" for line in unknown)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(heads)
    yield _row(["---", *["---:"] * (len(heads) - 1)], plain=True)
    yield from map(_row, rows)


def _row(cells_of: Sequence[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cells_of if plain else map(for_markdown, cells_of))} |"
