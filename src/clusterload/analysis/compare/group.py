"""Groups: runs of one plan, what they come to in a figure, and from which runs it is known how they differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.estimate import Estimate, Sample, Scatter, welch_difference
from clusterload.model.errors import ClusterloadError

if TYPE_CHECKING:
    from clusterload.analysis.compare.figure import ComparedFigure
    from clusterload.analysis.compare.reading import RunFigures
    from clusterload.model.series import Floats

CALM: Final = 0.005
"""Share of a value by which runs of one plan differ even where a few of them happen to agree."""

ALONE: Final = (
    "a single run does not tell how runs differ: make three of each, or name repeats of the same plan with --repeats"
)
"""Why a difference has no interval."""


class UnknownFigureError(ClusterloadError):
    """A difference cannot be told; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunGroup:
    """Runs of one plan.

    Attributes:
        name: A, B, C and so on.
        title: what people call it.
        readings: what each run comes to; at least one.
    """

    name: str
    title: str
    readings: tuple[RunFigures, ...]

    @property
    def figures(self) -> tuple[ComparedFigure, ...]:
        """All figures that any of its runs tells of."""
        return tuple(dict.fromkeys(figure for reading in self.readings for figure in reading.figures))

    def values(self, figure: ComparedFigure) -> list[float]:
        """A figure of each run; NaN where it is not known."""
        return [reading.figures.get(figure, math.nan) for reading in self.readings]

    def doubted(self, figure: ComparedFigure) -> str:
        """Why a figure of the group cannot be used; nothing if it can."""
        found = [
            (reading, why)
            for reading in self.readings
            if (why := reading.doubted(figure) or ("" if figure in reading.figures else "it has nothing of it"))
        ]
        if not found:
            return ""
        reading, why = found[0]
        of = f"run {reading.name}" if len(found) == 1 else f"{len(found)} of {len(self.readings)} runs"
        return f"{self.name}, {of}: {why}"

    def typical(self, figure: ComparedFigure, *, relative: bool) -> float:
        """The mean of its runs, of those that tell; the geometric one where ratios are compared."""
        known = np.array([value for value in self.values(figure) if not math.isnan(value)])
        if not len(known):
            return math.nan
        return float(np.exp(np.mean(np.log(known))) if relative else np.mean(known))

    def is_before(self, other: RunGroup) -> bool:
        """Whether all of its runs ended before the other's first began."""
        return max(reading.run.end for reading in self.readings) <= min(reading.run.start for reading in other.readings)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repeats:
    """Further runs, which tell how runs of one plan differ.

    Attributes:
        sets: runs of one plan each, and a name of the set.
        doubted: runs that tell nothing, with the reason.
    """

    sets: tuple[tuple[str, tuple[RunFigures, ...]], ...]
    doubted: tuple[str, ...] = ()

    @classmethod
    def of(cls, readings: Iterable[RunFigures]) -> Repeats:
        """Runs by their plans; those that are doubted are left out."""
        sets: list[list[RunFigures]] = []
        doubted = []
        for repeat in {reading.run.id: reading for reading in readings}.values():
            if repeat.doubts:
                doubted.append(f"repeat {repeat.name} is left out: {repeat.doubts[0].words}")
                continue
            own = next((those for those in sets if those[0].run.is_repeat_of(repeat.run)), None)
            if own is None:
                sets.append([repeat])
            else:
                own.append(repeat)
        return cls(
            sets=tuple((f"repeats {number}", tuple(those)) for number, those in enumerate(sets, 1)),
            doubted=tuple(doubted),
        )

    def alike(self, group: RunGroup) -> tuple[tuple[str, tuple[RunFigures, ...]], ...]:
        """The sets of a group's plan."""
        return tuple(repeats for repeats in self.sets if repeats[1][0].run.is_repeat_of(group.readings[0].run))

    def scatters(self, figure: ComparedFigure, group: RunGroup, *, relative: bool) -> list[Scatter]:
        """How runs of a group's plan differ in a figure, by the group itself and by repeats."""
        found = [Scatter.of(group.name, _scaled(group.values(figure), relative=relative))]
        for name, readings in self.alike(group):
            values = [value for reading in readings if not math.isnan(value := reading.figures.get(figure, math.nan))]
            if not relative or all(value > 0 for value in values):
                found.append(Scatter.of(name, _scaled(values, relative=relative)))
        return [scatter for scatter in found if scatter is not None]

    def basis(self, groups: Sequence[RunGroup]) -> str:
        """What how runs differ was taken from, in words; nothing if no runs tell."""
        parts = [f"{len(group.readings)} runs of {group.name}" for group in groups if len(group.readings) > 1]
        for name, readings in self.sets:
            plans = [group.name for group in groups if name in dict(self.alike(group))]
            if plans and len(readings) > 1:
                parts.append(f"{len(readings)} more of the plan of {' and '.join(plans)}{_places(readings)}")
        *most, last = parts or [""]
        return f"{', '.join(most)} and {last}" if most else last

    def notes(self, groups: Sequence[RunGroup]) -> Iterator[str]:
        """What a reader should know of how the variance was come by."""
        yield from self.doubted
        own = {group.name for group in groups if self._tells(group)}
        for group in groups:
            if group.name not in own and own:
                like = " and ".join(sorted(own))
                yield f"{group.name} is a single run of its plan: such runs are taken to differ as those of {like} do"
        unused = sum(not any(name in dict(self.alike(group)) for group in groups) for name, _ in self.sets)
        if unused:
            yield "repeats of other plans tell nothing here, and are left out"

    def _tells(self, group: RunGroup) -> bool:
        return len(group.readings) > 1 or any(len(readings) > 1 for _, readings in self.alike(group))


def _places(readings: Sequence[RunFigures]) -> str:
    folders = {str(reading.run.path.parent) for reading in readings if reading.run.path}
    return f" in {', '.join(sorted(folders))}" if folders else ""


def difference_of(
    figure: ComparedFigure, before: RunGroup, after: RunGroup, repeats: Repeats, *, relative: bool
) -> Estimate:
    """By how much two groups differ in a figure: a ratio, or a difference in its unit.

    It has no interval where single runs are compared, and no repeats tell how runs of their plans differ.

    Raises:
        UnknownFigureError: a run is doubted.
    """
    for group in (before, after):
        if why := group.doubted(figure):
            raise UnknownFigureError(why)
    scatters = [repeats.scatters(figure, group, relative=relative) for group in (before, after)]
    either = scatters[0] or scatters[1]
    if not either:
        first, second = (group.typical(figure, relative=relative) for group in (before, after))
        return Estimate(value=second / first if relative else second - first)
    samples = [
        Sample(
            mean=float(np.mean(_scaled(group.values(figure), relative=relative))),
            count=len(group.readings),
            scatters=own or either,
            floor=_floor(figure, group.typical(figure, relative=relative), relative=relative),
        )
        for group, own in zip((before, after), scatters, strict=True)
    ]
    found = welch_difference(*samples)
    if not relative:
        return found
    value, low, high = (float(np.exp(min(logarithm, _MOST))) for logarithm in (found.value, found.low, found.high))
    return Estimate(value=value, low=low, high=high, chance=found.chance)


_MOST: Final = 700.0
"""The logarithm of about the largest number there is."""


def _scaled(values: Sequence[float], *, relative: bool) -> Floats:
    known = np.array(values, dtype=float)
    return np.log(known) if relative else known


def _floor(figure: ComparedFigure, typical: float, *, relative: bool) -> float:
    """The least by which runs are believed to differ: what the figure can be told apart by, or a share of its value."""
    least = math.hypot(CALM * abs(typical), figure.step)
    return least / typical if relative else least
