"""Change: what moved between two stretches of a cluster's history, and how far beyond what it usually does.

Hundreds of figures are looked at. The more there are, the farther one has to go before it is named, so that all of
them together name one by chance in one of twenty comparisons at most (Bonferroni's bound).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from clusterload.analysis.changes.metric_keys import (
    MetricInfo,
    MetricKey,
    MetricLines,
    Scope,
    lacking,
    metric_infos,
    metric_keys,
)
from clusterload.analysis.changes.shift import Shift, ShiftState
from clusterload.analysis.changes.yardstick import (
    LEAST_POINTS,
    InsufficientDataError,
    Yardstick,
    by_blocks,
    by_windows,
    floor_of,
    pieces,
    typical,
)
from clusterload.analysis.statistics import chance, reach
from clusterload.analysis.tellers import tellers_of
from clusterload.model import units
from clusterload.model.display import Displayed
from clusterload.model.resources import RESOURCES, Role
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Grid
from clusterload.model.wording import by_number

BY_CHANCE: Final = 0.05
"""How likely chance names anything at all in one comparison, at most."""

PART: Final = 0.1
"""Share of the cluster's change from which on somebody is named as a part of it."""

_MOST: Final = 0.6
# A stretch is laid on about so many buckets, so that a gap in one of them does not take the stretch with it.
_BUCKETS: Final = 20
# Share of a stretch over which a single delta may reach.
_LONGEST: Final = 0.25
# A repeat that came out a little shorter than the stretches that are compared is still as long.
_AS_LONG: Final = 0.8
# The difference of two typical values spreads this much more than one of them.
_OF_TWO: Final = math.sqrt(2)
_ROLES: Final = (Role.DIMENSION, Role.SATURATION, Role.SIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet(Displayed):
    """All figures of two stretches, held side by side.

    Attributes:
        shifts: of every figure: what moved first, ranked, then what did not, then what cannot be told.
        looked: figures that could be told and showed anything.
        basis: what the usual spread was taken from, in words.
        left_out: brokers that some stretch lacks, so that nothing of the cluster's or of who is told of them.
    """

    shifts: tuple[Shift, ...]
    looked: int
    basis: str
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"Changes: {self.sentence}"

    @property
    def named(self) -> tuple[Shift, ...]:
        """What moved beyond the usual: the cluster's figures first, then who, then single brokers."""
        return tuple(shift for shift in self.shifts if shift.named)

    @property
    def leading(self) -> tuple[Shift, ...]:
        """What moved, without what follows from a change of the whole cluster's figure."""
        cluster = [shift for shift in self.named if shift.figure.level is Scope.CLUSTER]
        return tuple(shift for shift in self.named if not any(_follows(shift, of) for of in cluster))

    @property
    def doubts(self) -> dict[str, int]:
        """Why figures cannot be told, and how many each reason takes; the most frequent first."""
        return dict(Counter(shift.doubt for shift in self.shifts if shift.state is ShiftState.UNKNOWN).most_common())

    def parts(self, shift: Shift) -> tuple[Shift, ...]:
        """Who makes up a change of the cluster's figure, the largest first; a broker only if it makes most of it."""
        if shift.figure.level is not Scope.CLUSTER:
            return ()
        own = [part for part in self.named if _follows(part, shift) and _is_part(part, shift)]
        return tuple(sorted(own, key=lambda shift: (shift.figure.level, -abs(shift.difference))))

    @property
    def sentence(self) -> str:
        """What moved, in a line."""
        unknown = sum(self.doubts.values())
        rest = f"; {unknown} cannot be told" if unknown else ""
        rest += self._without
        if not self.looked:
            return f"what moved cannot be told: {next(iter(self.doubts), 'there are no figures')}"
        if not self.named:
            return f"nothing moved beyond the usual: {self.looked} figures were looked at{rest}"
        first = [self._told(shift) for shift in self.leading[:3]]
        more = f"; and {len(self.leading) - 3} more" if len(self.leading) > 3 else ""  # noqa: PLR2004
        moved = f"{len(self.named)} of {self.looked} figures moved beyond the usual"
        return f"{moved}: {'; '.join(first)}{more}{rest}"

    @property
    def _without(self) -> str:
        """`; without broker 3, of which a stretch has no figures`."""
        out, most = self.left_out, 3
        if not out:
            return ""
        named = f"broker{'s' * (len(out) > 1)} {', '.join(out)}" if len(out) <= most else f"{len(out)} brokers"
        return f"; without {named}, of which a stretch has no figures"

    def _told(self, shift: Shift) -> str:
        who = next(iter(self.parts(shift)), None)
        return (
            f"{shift.words}: {who.figure.who} {units.signed(who.difference, who.measure.unit)}" if who else shift.words
        )


def changes(before: Run, after: Run, usual: Sequence[Run] = ()) -> ChangeSet:
    """Hold two stretches side by side, and tell what moved beyond what is usual.

    Args:
        before: a run, or a part of one (`Run.between`).
        after: another, or another part of it.
        usual: stretches in which all was as usual: one that is cut into windows as long as those, or repeats. What
            of them overlaps with `after` is left out. Without any, the two stretches must tell by themselves.
    """
    seconds = min(before.seconds, after.seconds)
    repeats = [run.seconds for run in usual if run.seconds >= _AS_LONG * seconds]
    held = _Held(before=before, after=after, usual=usual, seconds=min((seconds, *repeats)))
    looked = [held.shift(figure) for figure in metric_keys((before, after), held.known)]
    total = {shift.figure: shift for shift in looked}
    count = sum(shift.shows for shift in looked)
    judged = [_judged(shift, count, total) for shift in looked]
    return ChangeSet(
        shifts=tuple(sorted(judged, key=_rank)), looked=count, basis=held.basis(judged), left_out=held.left_out
    )


@dataclass(slots=True, kw_only=True)
class _Held:
    """The stretches that are held side by side, and their length in seconds."""

    before: Run
    after: Run
    usual: Sequence[Run]
    seconds: float
    known: dict[str, MetricInfo] = field(init=False)
    _lines: dict[int, MetricLines] = field(init=False)
    _left_out: dict[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        runs = (self.before, self.after, *self.usual)
        self.known = metric_infos(runs)
        told = [(run, tellers_of(run)) for run in runs]
        self._left_out = lacking(told, self.known)
        longest = _LONGEST * self.seconds
        self._lines = {id(run): MetricLines(run, self.known, longest, tellers, self._left_out) for run, tellers in told}

    @property
    def left_out(self) -> tuple[str, ...]:
        """Brokers that some stretch lacks."""
        return tuple(by_number(frozenset[str]().union(*self._left_out.values())))

    def shift(self, figure: MetricKey) -> Shift:
        """How a figure differs, and what that is to be held against."""
        measure = self.known[figure.name]
        bare = Shift(figure=figure, measure=measure)
        points = self._points(measure)
        if not points:
            length = units.duration(measure.seconds)
            return replace(bare, doubt=f"a stretch is shorter than the {length} between its points")
        # In buckets of two points, one that comes late is not a gap.
        step = measure.seconds * max(2 if points >= LEAST_POINTS else 1, points // _BUCKETS)
        earlier, later = (self._values(figure, run, step)[1] for run in (self.before, self.after))
        told = replace(bare, before=typical(earlier, measure.kind), after=typical(later, measure.kind))
        for side, value in (("before", told.before), ("after", told.after)):
            if math.isnan(value):
                return replace(told, doubt=f"no figures {side}, or more gaps than figures")
        try:
            return replace(told, yardstick=self._yardstick(told, earlier, later, step))
        except InsufficientDataError as error:
            return replace(told, doubt=str(error))

    def _yardstick(self, told: Shift, earlier: Floats, later: Floats, step: float) -> Yardstick:
        floor = floor_of(told.measure, told.before, told.after, self.seconds, within=not self.usual)
        if self.usual:
            return by_windows(self._windows(told.figure, step), told.before, told.after, floor)
        if self._points(told.measure) < LEAST_POINTS:
            raise InsufficientDataError(
                f"too few points: {LEAST_POINTS} are needed in each stretch where no usual one is given"
            )
        return by_blocks(earlier, later, told.measure.kind, floor)

    def _points(self, measure: MetricInfo) -> int:
        # A stretch may be a hair shorter than it was meant to be.
        return int(self.seconds / measure.seconds + 1e-6)

    def _values(self, figure: MetricKey, run: Run, step: float) -> tuple[Grid | None, Floats]:
        lines = self._lines[id(run)]
        grid = lines.grid(figure.name, step)
        return grid, np.empty(0) if grid is None else lines.values(figure, grid)

    def _windows(self, figure: MetricKey, step: float) -> Floats:
        size = max(1, round(self.seconds * SECOND) // round(step * SECOND))
        found = []
        for run in self.usual:
            grid, values = self._values(figure, run, step)
            if grid is not None:
                # What is compared with the usual must not be a part of it.
                meanwhile = (grid.edges[1:] > self.after.start) & (grid.edges[:-1] < self.after.end)
                values = np.where(meanwhile, np.nan, values)
                found.append(pieces(values, size, self.known[figure.name].kind))
        return np.concatenate(found) if found else np.empty(0)

    def basis(self, shifts: Sequence[Shift]) -> str:
        """What the usual spread was taken from."""
        most = max((shift.yardstick.windows for shift in shifts if shift.yardstick), default=0)
        if self.usual:
            return f"{most} usual windows of {units.duration(self.seconds)}"
        return f"{most} blocks within the two stretches, since no usual one was given"


def _judged(shift: Shift, count: int, total: dict[MetricKey, Shift]) -> Shift:
    found = shift.yardstick
    if found is None:
        return shift
    likely = BY_CHANCE / max(1, count)
    far = abs(shift.spreads) / _OF_TWO
    beyond = not found.reached and far > 0 and chance(far, found.degrees) <= likely
    state = ShiftState.USUAL
    if beyond:
        at_all = (
            {shift.before: ShiftState.APPEARED, shift.after: ShiftState.GONE} if shift.figure.level is Scope.WHO else {}
        )
        state = at_all.get(0.0, ShiftState.MOVED)
    needed = _OF_TWO * reach(likely, round(found.degrees, 1))
    return replace(shift, state=state, needed=needed, share=_share(shift, total))


def _share(shift: Shift, total: dict[MetricKey, Shift]) -> float:
    """A difference as a share of the cluster's total where that is larger."""
    whole = total.get(MetricKey(name=shift.figure.whole)) or total.get(MetricKey(name=shift.figure.name))
    larger = max(whole.before, whole.after) if whole else math.nan
    return min(1.0, abs(shift.difference) / larger) if larger > 0 else math.nan


def _follows(shift: Shift, of: Shift) -> bool:
    """Whether a figure is a part of the cluster's `of`, and went the same way."""
    own = shift.figure.level is not Scope.CLUSTER and of.figure.name in {shift.figure.name, shift.figure.whole}
    return own and shift.difference * of.difference > 0


def _is_part(shift: Shift, of: Shift) -> bool:
    if shift.figure.level is Scope.WHO:
        return abs(shift.difference) >= PART * abs(of.difference)
    # A mean of brokers moves by a part of what one of them does.
    brokers = 1 if shift.measure.adds_up else len(shift.measure.brokers)
    return abs(shift.difference) >= _MOST * brokers * abs(of.difference)


def _rank(shift: Shift) -> tuple[float, ...]:
    """What moved first; the cluster's by spreads, who by their share of the cluster's total, brokers by spreads."""
    level, spreads = shift.figure.level, abs(shift.spreads) if shift.yardstick else 0.0
    if not shift.named:
        return (2.0 if shift.state is ShiftState.UNKNOWN else 1.0, level, -spreads)
    if level is Scope.WHO:
        return (0.0, level, -shift.share if shift.share >= 0 else 1.0, -spreads)
    resource = RESOURCES.get(shift.figure.name)
    # Of about the same weight, within a factor of two, what can have a limit comes first.
    weight = -math.floor(math.log2(spreads)) if spreads else 0.0
    return (0.0, level, weight, float(_ROLES.index(resource.role)) if resource else len(_ROLES), -spreads)
