"""Steps: each a load that is measured and judged, with the cluster idle before it and cleaned up after it."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.analysis.ceiling import Bound, Search, Staircase, Step, StepOutcome, Trial, climb, not_begun
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
from clusterload.workflow.step_search.caps import StepCaps
from clusterload.workflow.step_search.idle_wait import IdleWait
from clusterload.workflow.step_search.stepped_load import SearchOptions, SteppedLoad, StepProgress

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import OnWait, Source


def live(sources: Sequence[Source]) -> bool:
    """Whether metrics come while a load is made."""
    return any(isinstance(source, LiveSource) for source in sources)


def check_search(bounds: Sequence[Bound], sources: Sequence[Source], folder: Path) -> None:
    """Make sure that every bound can be judged, and that run files of steps can go to a folder.

    Raises:
        ConfigurationError: a bound needs metrics, and there are none.
        StoreError: the folder holds runs already.
    """
    if folder.exists() and any(folder.glob(f"*{SUFFIX}")):
        raise StoreError(f"{folder} holds runs already: give another folder")
    for bound in bounds:
        if bound.needs_metrics and not sources:
            raise ConfigurationError(f"bound {bound.as_text!r} needs metrics, and no source of any is known: give one")


@dataclass(slots=True, kw_only=True)
class StepRunner:
    """Makes the steps of all searches on one cluster, which must be idle when this is made.

    Attributes:
        cluster: where.
        options: how long and how often steps are made.
        bounds: what breaks a step.
        folder: for the run files, one a step.
        sources: of the metrics.
        consented: the yes that a cluster which is not a lab needs, with the caps within which all steps stay.
        limits: what a bound on the limit load is held against; None for what the brokers declare.
        on_step: called with each step before and after it.
        on_plan: called as each load begins; gives what is called with its progress.
        on_run: gets each step that could be made, with its run.
        on_wait: as for `measure`.
        doubts: what a reader should know, as keys in the order in which it was found.
    """

    cluster: Cluster
    options: SearchOptions
    bounds: tuple[Bound, ...]
    folder: Path
    sources: Sequence[Source]
    consented: Consent
    limits: Limits | None = None
    on_step: Callable[[StepProgress], None] = lambda _: None
    on_plan: Callable[[Plan], OnProgress] = lambda _: lambda _: None
    on_run: Callable[[StepProgress, Run], None] = lambda *_: None
    on_wait: OnWait = lambda _: None
    doubts: dict[str, None] = field(default_factory=dict)
    caps: StepCaps = field(init=False)
    idle: IdleWait = field(init=False)
    _give_up: float = field(init=False)
    _inconclusive: Counter[float] = field(default_factory=Counter)
    _left: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._give_up = time.monotonic() + self.options.longest
        self.caps = StepCaps.of(self.cluster, self.consented)
        self.idle = IdleWait.of(self.cluster)

    def search(self, load: SteppedLoad, repeat: int, *, first: float | None = None, factor: float = 2.0) -> Search:
        """One search for the most of a load that holds.

        Args:
            load: what is raised.
            repeat: which search for it this is, from 1.
            first: where to begin, by default at the load's own first value.
            factor: from one step to the next until one breaks.

        Raises:
            ConsentError: not even the lowest step is within the caps.
        """
        most, top = self.caps.most(load)
        self._inconclusive.clear()
        staircase = Staircase(
            first=load.first if first is None else first,
            least=load.least,
            most=most,
            factor=factor,
            precision=self.options.precision,
            whole=load.whole,
            tries=self.options.tries,
        )
        numbers = iter(range(1, 1_000_000))
        return climb(
            staircase,
            lambda value: self._step(StepProgress(load=load, repeat=repeat, number=next(numbers), value=value)),
            cut=lambda value: self._cut(self._plan(load, value)),
            top=top,
        )

    def close(self) -> None:
        """Remove what steps left behind; what cannot be removed becomes a doubt."""
        self._tidy()
        if self._left:
            names = ", ".join(f"{kind} {name}" for kind, name in sorted(self._left))
            self.doubts[f"could not be removed, remove by hand: {names}"] = None

    def _plan(self, load: SteppedLoad, value: float) -> Plan:
        """The plan of a step; longer each time it is inconclusive, since it may only have been too short."""
        plan, times = load.plan(value), 1 + self._inconclusive[value]
        return replace(plan, duration=times * plan.duration, warm_up=times * plan.warm_up)

    def _cut(self, plan: Plan) -> str:
        if time.monotonic() + plan.duration > self._give_up:
            return f"the {units.duration(self.options.longest)} that it may take at the longest were over"
        return self.caps.used_up(plan)

    def _step(self, progress: StepProgress) -> Step:
        self.on_step(progress)
        if not self.idle.wait(self.options.rest):
            self.doubts[f"before a step of {progress.load.name} the cluster was not idle"] = None
        step = self._made(progress)
        if step.outcome is StepOutcome.UNSURE:
            self._inconclusive[progress.value] += 1
        self.on_step(replace(progress, step=step))
        return step

    def _made(self, progress: StepProgress) -> Step:
        load = progress.load
        plan = self._own(self._plan(load, progress.value), load.topics)
        self.caps.use(plan)
        path = self.folder / f"{load.name}-{progress.repeat}-{progress.number:02}{SUFFIX}"
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
            return not_begun(progress.value, str(error))
        except ConfigurationError as error:
            if progress.number == 1:
                raise
            return Step(
                value=progress.value, outcome=StepOutcome.UNSURE, why=f"the generator was the bottleneck: {error}"
            )
        finally:
            self._tidy()
        if stopped := stopped_by(run):
            return Step(value=progress.value, outcome=StepOutcome.BROKE, why=stopped)
        step = self._trial(load).step(progress.value, run)
        self.on_run(replace(progress, step=step), run)
        return step

    def _trial(self, load: SteppedLoad) -> Trial:
        trial = Trial(resource=load.resource, watched=load.watched, bounds=self.bounds)
        return trial if self.limits is None else replace(trial, limits=self.limits)

    def _own(self, plan: Plan, topics: frozenset[str]) -> Plan:
        """The plan with topics of its own in place of these, to be removed after it with the groups that it makes."""
        own = {name: f"{PREFIX}-step-{secrets.token_hex(4)}" for name in sorted(topics)}
        groups = [load.group_id for load in plan.loads if load.has_group]
        self._left |= {("topic", name) for name in own.values()}
        self._left |= {("group", name) for name in (absent_groups(self.cluster, groups) if groups else ())}
        return replace(plan, loads=tuple(replace(load, topic=own.get(load.topic, load.topic)) for load in plan.loads))

    def _tidy(self) -> None:
        """Remove what was made; what cannot be removed now is tried again after the next step."""
        try:
            ids = topic_ids(self.cluster, sorted(name for kind, name in self._left if kind == "topic"))
            made = [Leftover(kind="topic", name=name, id=found) for name, found in ids.items()]
            made += [Leftover(kind="group", name=name) for kind, name in sorted(self._left) if kind == "group"]
            outcomes = {(item.kind, item.name): outcome for item, outcome in removed(made, self.cluster)}
        except ClusterError:
            return
        self._left = {item for item, outcome in outcomes.items() if outcome not in {Removal.REMOVED, Removal.GONE}}
