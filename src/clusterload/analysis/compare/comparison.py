"""Comparison: groups of runs held side by side, figure by figure, and each difference in one of a few words.

A word is said only of what chance hardly explains. Many figures are looked at, and the more there are, the farther one
has to go: all of them together name one by chance in one of a hundred comparisons of equal groups at most (Holm 1979).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final

from clusterload.analysis.compare.figure import Better, ComparedFigure, FigureFamily
from clusterload.analysis.compare.group import ALONE, Repeats, RunGroup, UnknownFigureError, difference_of
from clusterload.analysis.compare.reading import RunFigures, reading_of
from clusterload.analysis.compare.settings import Setting, settings, uneven
from clusterload.analysis.estimate import Estimate
from clusterload.analysis.statistics import holm
from clusterload.analysis.usage import tables_of
from clusterload.model import units
from clusterload.model.display import Displayed
from clusterload.model.errors import UsageError
from clusterload.model.wording import in_sentence

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run

BY_CHANCE: Final = 0.01
"""How likely chance names anything at all in one comparison of equal groups, at most."""

_FAMILIES: Final = tuple(FigureFamily)


class Ruling(StrEnum):
    """What may be said of a difference, in the words that people read."""

    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"
    """It differs, and neither way of it is the better one."""
    NOT_SHOWN = "no significant difference"
    """It may differ by as much as its interval says."""
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of two groups.

    Attributes:
        figure: which.
        before: its typical value in the first group, in its unit; NaN if it is not known.
        after: likewise in the second one.
        relative: whether `estimate` is a ratio, after over before; otherwise it is a difference in the figure's unit.
        estimate: with its interval, and how likely chance goes as far. Without interval if nothing tells how runs
            differ, None if a run is doubted.
        adjusted: how likely chance goes as far in any of all figures that were looked at; NaN if it cannot be told.
        ruling: what may be said of it.
        doubt: why it cannot be told, or has no interval; nothing otherwise.
    """

    figure: ComparedFigure
    before: float = math.nan
    after: float = math.nan
    relative: bool = True
    estimate: Estimate | None = None
    adjusted: float = math.nan
    ruling: Ruling = Ruling.UNKNOWN
    doubt: str = ""

    @property
    def known(self) -> bool:
        """Whether it has an interval."""
        return self.estimate is not None and self.estimate.known


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupComparison:
    """Two groups side by side.

    Attributes:
        before: the name of the first one.
        after: the name of the second one.
        differences: of all figures that both tell of, or one does and the other should, in the order of families.
    """

    before: str
    after: str
    differences: tuple[Difference, ...]

    def ruled(self, ruling: Ruling) -> tuple[Difference, ...]:
        """Those of which this became."""
        return tuple(difference for difference in self.differences if difference.ruling is ruling)

    def of(self, figure: str) -> Difference | None:
        """The difference in a figure by its name; None if there is none."""
        return next((difference for difference in self.differences if difference.figure.name == figure), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Displayed):
    """Groups of runs held side by side, each against the first one.

    Attributes:
        groups: in the order in which they were given; they are called A, B, C and so on.
        comparisons: of each later group with the first one.
        settings: what differs between the groups' plans, and what they were made with.
        limits: the title of the table that all were held against, or that no limits are known.
        basis: what how runs differ was taken from, in words.
        notes: what a reader should know besides.
    """

    groups: tuple[RunGroup, ...]
    comparisons: tuple[GroupComparison, ...]
    settings: tuple[Setting, ...]
    limits: str
    basis: str
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return f"Compared: {'; '.join(map(sentence, self.comparisons))}"

    @property
    def looked(self) -> int:
        """Differences that have an interval."""
        return sum(difference.known for comparison in self.comparisons for difference in comparison.differences)


def compare(
    groups: Mapping[str, Sequence[Run]], limits: Limits | None = None, repeats: Iterable[Run] = ()
) -> Comparison:
    """Hold groups of runs side by side. Pure: the same runs say the same anywhere.

    Args:
        groups: runs of one plan each, by what people call them; the others are held against the first one.
        limits: what their limit load is held against; None for what each run's brokers declared.
        repeats: further runs, of which those of a group's plan tell how its runs differ from each other.

    Raises:
        UsageError: there are fewer than two groups, or too many; one of them is empty or mixes plans; a run is in two.
    """
    made = tuple(_grouped(groups, limits))
    _check_apart(made)
    known = {reading.run.id for group in made for reading in group.readings}
    more = [reading_of(run, limits) for run in repeats if run.id not in known]
    runs = [reading.run for group in made for reading in group.readings]
    return side_by_side(made, tables_of(runs, limits), more)


def side_by_side(groups: Sequence[RunGroup], limits: str, repeats: Sequence[RunFigures] = ()) -> Comparison:
    """Hold groups of readings side by side.

    Args:
        groups: two or more, each of other runs; the others are held against the first one.
        limits: the title of the table that their limit load is from.
        repeats: further readings, of other runs than the groups'.
    """
    more = Repeats.of(repeats)
    first, *others = groups
    return Comparison(
        groups=tuple(groups),
        comparisons=tuple(_ruled([_compare_pair(first, other, more) for other in others])),
        settings=settings(groups),
        limits=limits,
        basis=more.basis(groups),
        notes=tuple(dict.fromkeys(_notes(groups, more))),
    )


def _grouped(groups: Mapping[str, Sequence[Run]], limits: Limits | None) -> Iterator[RunGroup]:
    if len(groups) <= 1 or len(groups) > len(ascii_uppercase):
        raise UsageError(f"{len(groups)} groups cannot be compared: give two, or a few more")
    for name, (title, runs) in zip(ascii_uppercase, groups.items(), strict=False):
        if not runs:
            raise UsageError(f"group {name} ({title}) has no run: name run files or a folder of them")
        other = next((run for run in runs if not run.is_repeat_of(runs[0])), None)
        if other is not None:
            raise UsageError(
                f"group {name} ({title}) mixes plans: {_name(runs[0])} and {_name(other)} are no repeats of each "
                "other, so give them as two groups"
            )
        yield RunGroup(name=name, title=title, readings=tuple(reading_of(run, limits) for run in runs))


def _name(run: Run) -> str:
    return run.path.name if run.path else run.id


def _check_apart(groups: Sequence[RunGroup]) -> None:
    seen: dict[str, str] = {}
    for group in groups:
        for reading in group.readings:
            if reading.run.id in seen:
                places = " and ".join(dict.fromkeys((seen[reading.run.id], group.name)))
                raise UsageError(f"run {reading.name} is given twice, in {places}: no run is compared with itself")
            seen[reading.run.id] = group.name


def _compare_pair(before: RunGroup, after: RunGroup, repeats: Repeats) -> GroupComparison:
    also = frozenset(after.figures)
    found = [_difference(figure, before, after, repeats) for figure in before.figures if figure in also]
    kept = [difference for difference in found if difference is not None]
    return GroupComparison(
        before=before.name,
        after=after.name,
        differences=tuple(sorted(kept, key=lambda difference: _FAMILIES.index(difference.figure.family))),
    )


def _difference(figure: ComparedFigure, before: RunGroup, after: RunGroup, repeats: Repeats) -> Difference | None:
    """One figure of two groups, not yet ruled; None where there is nothing of it in either."""
    values = [value for group in (before, after) for value in group.values(figure)]
    if not any(values):
        return None
    relative = all(value > 0 for value in values)
    bare = Difference(
        figure=figure,
        before=before.typical(figure, relative=relative),
        after=after.typical(figure, relative=relative),
        relative=relative,
    )
    try:
        found = difference_of(figure, before, after, repeats, relative=relative)
    except UnknownFigureError as error:
        return replace(bare, doubt=str(error))
    return replace(bare, estimate=found, doubt="" if found.known else ALONE)


def _ruled(comparisons: Sequence[GroupComparison]) -> Iterator[GroupComparison]:
    """With what became of each difference, now that it is known how many were looked at."""
    told = [difference for comparison in comparisons for difference in comparison.differences if difference.known]
    adjusted = dict(
        zip(
            map(id, told), holm([difference.estimate.chance for difference in told if difference.estimate]), strict=True
        )
    )
    for comparison in comparisons:
        ruled = tuple(
            _ruling(difference, adjusted.get(id(difference), math.nan)) for difference in comparison.differences
        )
        yield replace(comparison, differences=ruled)


def _ruling(difference: Difference, adjusted: float) -> Difference:
    if difference.estimate is None or not difference.known:
        return difference
    if adjusted > BY_CHANCE:
        return replace(difference, adjusted=adjusted, ruling=Ruling.NOT_SHOWN)
    grew = difference.estimate.value > (1.0 if difference.relative else 0.0)
    good = {Better.MORE: grew, Better.LESS: not grew}.get(difference.figure.better)
    ruling = Ruling.CHANGED if good is None else Ruling.BETTER if good else Ruling.WORSE
    return replace(difference, adjusted=adjusted, ruling=ruling)


def _notes(groups: Sequence[RunGroup], repeats: Repeats) -> Iterator[str]:
    for group in groups:
        for reading in group.readings:
            yield from (f"{group.name}, run {reading.name}: {doubt.words}" for doubt in reading.doubts)
        yield from (f"runs of {group.name} were not made alike: {words}" for words in uneven(group))
    yield from repeats.notes(groups)
    first, *others = groups
    for other in others:
        yield from _left_out(first, other)
        for earlier, later in ((first, other), (other, first)):
            if earlier.is_before(later):
                yield (
                    f"all of {earlier.name} was made before {later.name}: what moved by itself meanwhile counts as a "
                    "difference, so make their runs in turn"
                )


def _left_out(first: RunGroup, other: RunGroup) -> Iterator[str]:
    for own, rest in ((first, other), (other, first)):
        there = frozenset(rest.figures)
        alone = [figure.title for figure in own.figures if figure not in there]
        if alone:
            more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""  # noqa: PLR2004
            yield f"only {own.name} has {', '.join(alone[:3])}{more}: not compared with {rest.name}"


# In words: a difference stands with its interval, or with the reason why there is none, as in
# `B against A: worse: p99 of sales +35 % (+20 % to +52 %); no significant difference in 14 figures; 2 cannot be told`.

_NAMED: Final = (Ruling.WORSE, Ruling.BETTER, Ruling.CHANGED)
_MOST: Final = 3


def amount(difference: Difference) -> str:
    """By how much: `+35 %`, or in the figure's unit where it was nothing in some run; `n/a` if it cannot be told."""
    return "n/a" if difference.estimate is None else _said(difference, difference.estimate.value)


def interval(difference: Difference) -> str:
    """From where to where it may be: `+20 % to +52 %`; nothing if that cannot be told."""
    if difference.estimate is None or not difference.known:
        return ""
    return f"{_said(difference, difference.estimate.low)} to {_said(difference, difference.estimate.high)}"


def _said(difference: Difference, value: float) -> str:
    return units.signed_percent(value) if difference.relative else units.signed(value, difference.figure.unit)


def sentence(comparison: GroupComparison) -> str:
    """What became of all figures of two groups, in one sentence."""
    shown = len(comparison.ruled(Ruling.NOT_SHOWN))
    unknown = comparison.ruled(Ruling.UNKNOWN)
    if len(unknown) == len(comparison.differences):
        why = Counter(difference.doubt for difference in unknown).most_common(1)
        reason = why[0][0] if why else "they have no figure in common"
        if any(difference.estimate for difference in unknown):
            return f"{comparison.after} against {comparison.before}: no interval can be given: {reason}"
        return f"whether {comparison.after} differs from {comparison.before} cannot be told: {reason}"
    parts = list(_named(comparison))
    if shown:
        parts.append(f"{Ruling.NOT_SHOWN} in {shown} {'figure' if shown == 1 else 'figures'}")
    if unknown:
        parts.append(f"{len(unknown)} cannot be told")
    return f"{comparison.after} against {comparison.before}: {'; '.join(parts)}"


def _named(comparison: GroupComparison) -> Iterator[str]:
    for ruling in _NAMED:
        own = comparison.ruled(ruling)
        if own:
            told = [
                f"{in_sentence(difference.figure.title)} {amount(difference)} ({interval(difference)})"
                for difference in own[:_MOST]
            ]
            more = f" and {len(own) - _MOST} more" if len(own) > _MOST else ""
            yield f"{ruling}: {', '.join(told)}{more}"
