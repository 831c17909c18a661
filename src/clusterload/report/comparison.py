"""Groups of runs side by side: for the terminal at 80 columns, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterload.analysis import compare as comparison
from clusterload.analysis.compare import BY_CHANCE, SURE, Comparison, Difference, GroupComparison, Ruling
from clusterload.model import units
from clusterload.model.run import clock_time
from clusterload.model.wording import capitalized
from clusterload.report.plain import TextReport, finite
from clusterload.report.tables import plain, table

ORDER: Final = (Ruling.WORSE, Ruling.BETTER, Ruling.CHANGED, Ruling.NOT_SHOWN)
"""What can be told, in the order in which it is shown."""

_STYLES: Final = {Ruling.WORSE: "bold red", Ruling.BETTER: "bold green", Ruling.CHANGED: "bold"}


def comparison_report(found: Comparison) -> TextReport:
    """A sentence for each two groups, what they are and what differs in how they were made, then each figure."""
    parts: list[RenderableType] = [
        plain(f"{capitalized(comparison.sentence(pair))}.", "bold") for pair in found.comparisons
    ]
    parts += [Text(""), *(plain(line) for line in group_lines(found))]
    parts += [settings_table(found)] if found.settings else [Text(ALIKE)]
    for pair in found.comparisons:
        parts.append(comparison_table(pair))
        parts += [plain(line, "dim") for line in unknown_lines(pair)]
    parts += [plain(f"{capitalized(line)}.", "yellow") for line in found.notes]
    return TextReport(view=Group(*parts, plain(explained(found), "dim")))


ALIKE: Final = "Their plans, and what they were made with, do not differ."


def group_lines(found: Comparison) -> Iterator[str]:
    """Which runs each group is of, and when they were made."""
    for group in found.groups:
        runs = [reading.run for reading in group.readings]
        count = f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}"
        begun = sorted(run.start for run in runs)
        when = clock_time(begun[0]) if len(runs) == 1 else f"{clock_time(begun[0])} to {clock_time(begun[-1])}"
        title = "" if group.title == group.name else f"  {group.title}"
        yield f"{group.name}{title}: {count}, begun {when}"


def settings_table(found: Comparison) -> Table:
    """What differs between the groups' plans, and what they were made with."""
    shown = table("what differs", *(group.name for group in found.groups))
    for setting in found.settings:
        shown.add_row(plain(setting.name), *map(plain, setting.values))
    return shown


def comparison_table(pair: GroupComparison) -> Table:
    """Each figure of two groups with the difference and its interval, under the word for it."""
    shown = table("", pair.before, pair.after, "difference", f"{units.percent(SURE)} interval")
    for ruling in ORDER:
        own = pair.ruled(ruling)
        if own:
            shown.add_row(Text(capitalized(ruling), style=_STYLES.get(ruling, "")))
        for each in own:
            shown.add_row(plain(f"  {each.figure.title}"), *(Text(_kept(cell)) for cell in cells(each)))
    for each in without_interval(pair):
        shown.add_row(plain(each.figure.title), *(Text(_kept(cell)) for cell in cells(each)))
    return shown


def without_interval(pair: GroupComparison) -> tuple[Difference, ...]:
    """Differences of single runs, which have a value only."""
    return tuple(each for each in pair.ruled(Ruling.UNKNOWN) if each.estimate is not None)


def cells(difference: Difference) -> tuple[str, ...]:
    """Both values, the difference and its interval, as text."""
    levels = (units.level(value, difference.figure.unit) for value in (difference.before, difference.after))
    return (*levels, comparison.amount(difference), comparison.interval(difference) or "none")


def unknown_lines(pair: GroupComparison) -> Iterator[str]:
    """What cannot be told and why, a line a reason."""
    if single := without_interval(pair):
        yield f"No interval, so that chance may explain every difference: {single[0].doubt}."
    reasons: dict[str, list[str]] = {}
    for each in pair.ruled(Ruling.UNKNOWN):
        if each.estimate is None:
            reasons.setdefault(each.doubt, []).append(each.figure.title)
    for doubt, titles in reasons.items():
        yield f"Cannot tell: {', '.join(titles)}. {capitalized(doubt)}."


def explained(found: Comparison) -> str:
    """What the intervals and the words rest on."""
    if not found.looked:
        return f"Limits: {found.limits}."
    rest = round(1 / BY_CHANCE)
    return (
        f"How runs differ is taken from {found.basis}. An interval is of one figure by itself, and contains what is "
        f"true in {units.percent(SURE)} of comparisons. With {found.looked} figures a word takes more than that: equal "
        f"groups get any at all in 1 of {rest} comparisons. Limits: {found.limits}."
    )


def _kept(words: str) -> str:
    # Non-breaking: where room is short, names are folded and not figures.
    return words.replace(" ", "\u00a0")


def comparison_document(found: Comparison) -> dict[str, Any]:
    """Groups and differences as plain values, each in the unit given with it; what is unknown is null."""
    return {
        "groups": [
            {
                "name": group.name,
                "title": group.title,
                "runs": [
                    {
                        "id": reading.run.id,
                        "run": str(reading.run.path) if reading.run.path else None,
                        "start": clock_time(reading.run.start),
                        "complete": reading.run.complete,
                        "doubts": [doubt.words for doubt in reading.doubts],
                        "figures": {figure.name: finite(value) for figure, value in reading.figures.items()},
                    }
                    for reading in group.readings
                ],
            }
            for group in found.groups
        ],
        "limits": found.limits,
        "settings": [{"name": setting.name, "values": list(setting.values)} for setting in found.settings],
        "contrasts": [
            {
                "before": pair.before,
                "after": pair.after,
                "sentence": comparison.sentence(pair),
                "differences": [_difference(each) for each in pair.differences],
            }
            for pair in found.comparisons
        ],
        "basis": found.basis,
        "by_chance": BY_CHANCE,
        "sure": SURE,
        "notes": list(found.notes),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    estimate = difference.estimate
    return {
        "figure": difference.figure.name,
        "title": difference.figure.title,
        "family": str(difference.figure.family),
        "better": str(difference.figure.better),
        "unit": difference.figure.unit.symbol,
        "before": finite(difference.before),
        "after": finite(difference.after),
        "ruling": str(difference.ruling),
        "as": "ratio" if difference.relative else "difference",
        "value": finite(estimate.value) if estimate else None,
        "low": finite(estimate.low) if estimate else None,
        "high": finite(estimate.high) if estimate else None,
        "chance": finite(estimate.chance) if estimate else None,
        "adjusted": finite(difference.adjusted),
        "doubt": difference.doubt or None,
    }
