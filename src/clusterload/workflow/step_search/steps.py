"""Steps: each a load that is measured and judged, with the cluster at rest before it and cleared after it."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.analysis.ceiling import Bound, Outcome, Search, Staircase, Step, Trial, not_begun
from clusterload.analysis.gates import stopped_by
from clusterload.kafka.admin import absent_groups, topic_ids
from clusterload.model import units
from clusterload.model.errors import ClusterError, ConfigurationError, StoreError
from clusterload.model.limits import Limits
from clusterload.model.workload import PREFIX, Plan
from clusterload.telemetry.runfile import SUFFIX
from clusterload.telemetry.sources.source import LiveSource
from clusterload.workflow.cleanup import Leftover, removed
from clusterload.workflow.cleanup import Outcome as Removal
from clusterload.workflow.consent import Consent
from clusterload.workflow.measure import measure
from clusterload.workflow.step_search.pace import Pace
from clusterload.workflow.step_search.raising import Making, Raising
from clusterload.workflow.step_search.room import Room
from clusterload.workflow.step_search.settling import Settling

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import OnWait, Source


def climbed(
    staircase: Staircase, make: Callable[[float], Step], *, cut: Callable[[float], str] = lambda _: "", top: str = ""
) -> Search:
    """Climb a staircase.

    Args:
        staircase: which step comes next.
        make: makes a step.
        cut: why a step of this value may not be made any more, or nothing.
        top: why none above the highest may be made.
    """
    steps: list[Step] = []
    why = ""
    while not why and (value := staircase.next(steps)) is not None:
        why = cut(value)
        if not why:
            steps.append(make(value))
    return Search(steps=tuple(steps), found=staircase.found(steps), cut=why, top=top)


def check_bounds(bounds: Sequence[Bound], sources: Sequence[Source]) -> None:
    """Make sure that something tells about each bound.

    Raises:
        ConfigurationError: a bound needs metrics, and there are none.
    """
    for bound in bounds:
        if bound.needs_metrics and not sources:
            raise ConfigurationError(f"bound {bound.as_text!r} needs metrics, and no source of any is known: give one")


def live(sources: Sequence[Source]) -> bool:
    """Whether metrics come while a load is made."""
    return any(isinstance(one, LiveSource) for one in sources)


def check_folder(folder: Path) -> None:
    """Make sure that run files of steps can go to a folder.

    Raises:
        StoreError: it holds runs already.
    """
    if folder.exists() and any(folder.glob(f"*{SUFFIX}")):
        raise StoreError(f"{folder} holds runs already: give another folder")


@dataclass(slots=True, kw_only=True)
class Steps:
    """The steps of all searches on one cluster, which must be at rest when this is made.

    Attributes:
        cluster: which.
        pace: how long and how often.
        bounds: what breaks a step.
        folder: for the run files, one a step.
        sources: of the metrics.
        consented: the yes that a cluster which is not a lab needs, with the caps within which all steps stay.
        limits: what a bound on the limit load is held against; None where there is no such bound.
        on_making: told of each step before and after it.
        on_plan: called as each load begins; gives what is called with its progress.
        on_run: gets each step that could be made, with its run.
        on_wait: as for `measure`.
        doubts: what a reader should know, as keys in the order in which it was found.
    """

    cluster: Cluster
    pace: Pace
    bounds: tuple[Bound, ...]
    folder: Path
    sources: Sequence[Source]
    consented: Consent
    limits: Limits | None = None
    on_making: Callable[[Making], None] = lambda _: None
    on_plan: Callable[[Plan], OnProgress] = lambda _: lambda _: None
    on_run: Callable[[Making, Run], None] = lambda *_: None
    on_wait: OnWait = lambda _: None
    doubts: dict[str, None] = field(default_factory=dict)
    room: Room = field(init=False)
    settling: Settling = field(init=False)
    _give_up: float = field(init=False)
    _told_nothing: Counter[float] = field(default_factory=Counter)
    _left: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._give_up = time.monotonic() + self.pace.longest
        self.room = Room.of(self.cluster, self.consented)
        self.settling = Settling.of(self.cluster)

    def search(self, raising: Raising, repeat: int, *, first: float | None = None, factor: float = 2.0) -> Search:
        """One search for the most of something that holds.

        Args:
            raising: what is driven up.
            repeat: which search for it this is, from 1.
            first: where to begin, by default where it says itself.
            factor: from one step to the next until one breaks.

        Raises:
            ConsentError: not even the lowest step is within the caps.
        """
        most, top = self.room.most(raising)
        self._told_nothing.clear()
        staircase = Staircase(
            first=raising.first if first is None else first,
            least=raising.least,
            most=most,
            factor=factor,
            precision=self.pace.precision,
            whole=raising.whole,
            tries=self.pace.tries,
        )
        numbers = iter(range(1, 1_000_000))
        return climbed(
            staircase,
            lambda value: self._step(Making(raising=raising, repeat=repeat, number=next(numbers), value=value)),
            cut=lambda value: self._cut(self._plan(raising, value)),
            top=top,
        )

    def close(self) -> None:
        """Take away what steps left; what cannot be taken away becomes a doubt."""
        self._tidy()
        if self._left:
            names = ", ".join(f"{kind} {name}" for kind, name in sorted(self._left))
            self.doubts[f"could not be removed, do it yourself: {names}"] = None

    def _plan(self, raising: Raising, value: float) -> Plan:
        """The load of a step; as often as long as it is tried, since what tells nothing may only be too short."""
        plan, times = raising.plan(value), 1 + self._told_nothing[value]
        return replace(plan, duration=times * plan.duration, warm_up=times * plan.warm_up)

    def _cut(self, plan: Plan) -> str:
        if time.monotonic() + plan.duration > self._give_up:
            return f"the {units.duration(self.pace.longest)} that it may take at the longest were over"
        return self.room.used_up(plan)

    def _step(self, making: Making) -> Step:
        self.on_making(making)
        if not self.settling.wait(self.pace.rest):
            self.doubts[f"before a step of {making.raising.name} the cluster was not at rest"] = None
        step = self._made(making)
        if step.outcome is Outcome.UNSURE:
            self._told_nothing[making.value] += 1
        self.on_making(replace(making, step=step))
        return step

    def _made(self, making: Making) -> Step:
        raising = making.raising
        plan = self._own(self._plan(raising, making.value), raising.topics)
        self.room.use(plan)
        path = self.folder / f"{raising.name}-{making.repeat}-{making.number:02}{SUFFIX}"
        try:
            run = measure(
                plan,
                self.cluster,
                sources=self.sources,
                path=path,
                consented=self.consented,
                limits=self.limits,
                on_progress=self.on_plan(plan),
                on_wait=self.on_wait,
            )
        except ClusterError as error:
            return not_begun(making.value, str(error))
        except ConfigurationError as error:
            if making.number == 1:
                raise
            return Step(value=making.value, outcome=Outcome.UNSURE, why=f"the generator was the bottleneck: {error}")
        finally:
            self._tidy()
        if stopped := stopped_by(run):
            return Step(value=making.value, outcome=Outcome.BROKE, why=stopped)
        step = self._trial(raising).step(making.value, run)
        self.on_run(replace(making, step=step), run)
        return step

    def _trial(self, raising: Raising) -> Trial:
        trial = Trial(resource=raising.resource, watched=raising.watched, bounds=self.bounds)
        return trial if self.limits is None else replace(trial, limits=self.limits)

    def _own(self, plan: Plan, topics: frozenset[str]) -> Plan:
        """The plan with topics of its own in place of these, to be removed after it with the groups that it makes."""
        own = {name: f"{PREFIX}-step-{secrets.token_hex(4)}" for name in sorted(topics)}
        groups = [load.group_id for load in plan.loads if load.has_group]
        self._left |= {("topic", name) for name in own.values()}
        self._left |= {("group", name) for name in (absent_groups(self.cluster, groups) if groups else ())}
        return replace(plan, loads=tuple(replace(one, topic=own.get(one.topic, one.topic)) for one in plan.loads))

    def _tidy(self) -> None:
        """Remove what was made; what cannot be removed now is tried again after the next step."""
        try:
            ids = topic_ids(self.cluster, sorted(name for kind, name in self._left if kind == "topic"))
            made = [Leftover(kind="topic", name=name, id=found) for name, found in ids.items()]
            made += [Leftover(kind="group", name=name) for kind, name in sorted(self._left) if kind == "group"]
            said = {(one.kind, one.name): outcome for one, outcome in removed(made, self.cluster)}
        except ClusterError:
            return
        self._left = {one for one, outcome in said.items() if outcome not in {Removal.REMOVED, Removal.GONE}}
