"""How far a load can grow: the cluster idle, with the load as given, and step by step until a bound breaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.ceiling import (
    LIMIT_LOAD,
    Bound,
    Capacity,
    Ceiling,
    Prediction,
    Search,
    StepOutcome,
    growth_of_dial,
    growth_of_mix,
    settled_part,
)
from clusterload.analysis.headroom import idle_of
from clusterload.analysis.usage import assess
from clusterload.lab.registry import find_lab
from clusterload.model import units
from clusterload.model.errors import AbortedError, ConfigurationError
from clusterload.model.limits import NO_LIMITS, Limits
from clusterload.model.workload import watched
from clusterload.telemetry.discovery import sources_of
from clusterload.workflow.consent import Consent
from clusterload.workflow.declared_limits import read_limits
from clusterload.workflow.step_search.runner import StepRunner, check_search, live
from clusterload.workflow.step_search.scaled_plan import FACTOR, MIX, is_whole, scaled, unit_of, value_of, with_value
from clusterload.workflow.step_search.stepped_load import SETTLE, SearchOptions, SteppedLoad, StepProgress
from clusterload.workflow.watch import watch

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import OnWait, Source

MOST: Final = 1e6
"""How many times as large as given a load may become."""

LEAST: Final = 1 / 64
"""How small it may become when it does not hold as it is given."""

OPTIONS: Final = SearchOptions(precision=0.05, longest=600.0)
"""How capacity is searched for by default."""

_CUT_SHORT: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRequest:
    """What is raised, until which bound breaks.

    Attributes:
        plan: the load to begin with; its duration and its warm-up give way to those of a step.
        bounds: what breaks a step.
        limits: what a bound on the limit load is held against, and what is predicted for; None for what the brokers
            declare.
        dial: what is raised, as `record_rate` or `load.record_rate`; empty for all rates together.
        options: how long and how often steps are made.
    """

    plan: Plan
    bounds: tuple[Bound, ...]
    limits: Limits | None
    dial: str = ""
    options: SearchOptions = OPTIONS

    def __post_init__(self) -> None:
        if not self.bounds:
            raise ConfigurationError("nothing says when to stop: add --until, as in 'limit_load > 90 %'")
        if self.plan.faults:
            raise ConfigurationError(f"plan {self.plan.name!r} has faults: a step is a load that stays as it is")
        for bound in self.bounds:
            if bound.quantity.startswith("latency.") and not watched(self.plan):
                raise ConfigurationError(
                    f"bound {bound.as_text!r} needs a load whose latency is measured: one of engine wire with a rate"
                )
        for times in (1, 2):  # what contradicts itself as it grows is said before anything is loaded
            self.at(times * self.first)

    @property
    def name(self) -> str:
        """What is raised."""
        return self.dial or MIX

    @property
    def first(self) -> float:
        """The value to begin with: of all rates together 1, of a dial what it is set to."""
        return value_of(self.plan, self.dial) if self.dial else 1.0

    def on(self, cluster: Cluster) -> CapacityRequest:
        """This request with limits: where none were named those that the brokers declare, which may be none.

        Raises:
            ConfigurationError: a bound is on the limit load, and no limits are known.
        """
        limits = self.limits or read_limits(cluster)[0] or NO_LIMITS
        bound = next((bound for bound in self.bounds if bound.figure == LIMIT_LOAD), None)
        if bound and not limits.known:
            raise ConfigurationError(f"bound {bound.as_text!r} needs limits: {limits.words}")
        return replace(self, limits=limits)

    def at(self, value: float) -> Plan:
        """The plan of a step.

        Raises:
            ConfigurationError: no such load can be made.
        """
        made = with_value(self.plan, self.dial, value) if self.dial else scaled(self.plan, value)
        seconds = self.options.step_time
        return replace(made, name=f"{self.name} {units.number(value, 4)}", duration=seconds, warm_up=SETTLE * seconds)

    def stepped(self, topics: frozenset[str]) -> SteppedLoad:
        """What is raised.

        Args:
            topics: those of the plan that each step creates for itself.
        """
        whole = bool(self.dial) and is_whole(self.dial)
        return SteppedLoad(
            name=self.name,
            unit=unit_of(self.dial) if self.dial else FACTOR,
            first=self.first,
            least=max(1.0, math.floor(self.first * LEAST)) if whole else self.first * LEAST,
            most=self.first * MOST,
            plan=self.at,
            watched=watched(self.plan),
            whole=whole,
            opens=self.dial.rpartition(".")[2] == "connections",
            topics=topics,
        )


def find_capacity(
    cluster: Cluster,
    plan: Plan,
    until: str | Sequence[str | Bound],
    limits: Limits | None = None,
    *,
    dial: str = "",
    options: SearchOptions = OPTIONS,
    folder: Path | str | None = None,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    on_step: Callable[[StepProgress], None] = lambda _: None,
    on_plan: Callable[[Plan], OnProgress] = lambda _: lambda _: None,
    on_prediction: Callable[[Prediction], None] = lambda _: None,
    on_wait: OnWait = lambda _: None,
) -> Capacity:
    """Find how far a load can grow on a cluster until a bound breaks, predicted and measured, in a bounded time.

    Args:
        cluster: where; it should do nothing else meanwhile.
        plan: the load to begin with.
        until: what ends it, as in `limit_load > 90 %` or `latency.p99 > 50 ms`; one bound or several.
        limits: what a limit load is held against; None for what the brokers declare.
        dial: what is raised, as `record_rate` or `load.record_rate`; by default all rates together.
        options: how long and how often steps are made.
        folder: for the run files, one a step, and one of the idle cluster; by default a new one below `runs`.
        sources: of the metrics; by default the cluster's own.
        consented: consent to load a cluster that is not a lab, with the caps within which all steps stay.
        on_step: called with each step before and after it.
        on_plan: called as each load begins; gives what is called with its progress.
        on_prediction: called with what the first step says about all others.
        on_wait: as for `measure`.

    Raises:
        ConfigurationError: a bound that cannot be judged, or a load that cannot be made.
        ConsentError: it is not a lab and was not consented to, or not even the lowest step is within the caps.
        ClusterError: the cluster does not answer.
        StoreError: the folder holds runs already.
        AbortedError: interrupted; run files are kept.
    """
    given = [until] if isinstance(until, str) else until
    bounds = tuple(Bound.parsed(bound) if isinstance(bound, str) else bound for bound in given)
    request = CapacityRequest(plan=plan, bounds=bounds, limits=limits, dial=dial, options=options)
    if find_lab(cluster.id) is None:
        consented.require_for(cluster.id, "find its capacity")
    request = request.on(cluster)
    there = Path(folder) if folder else Path("runs") / f"capacity-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    chosen = sources_of(cluster) if sources is None else sources
    check_search(bounds, chosen, there)
    existing = {topic.name for topic in cluster.topics()}
    load = request.stepped(frozenset(load.topic for load in plan.loads if load.has_topic) - existing)
    search = _CapacitySearch(cluster=cluster, request=request, load=load, on_prediction=on_prediction)
    runner = StepRunner(
        cluster=cluster,
        options=options,
        bounds=bounds,
        folder=there,
        sources=chosen,
        consented=consented,
        limits=request.limits,
        on_step=on_step,
        on_plan=on_plan,
        on_run=search.predict,
        on_wait=on_wait,
    )
    runner.caps.most(load)  # before anything is loaded: a cap may allow nothing
    return search.all(runner)


@dataclass(slots=True, kw_only=True)
class _CapacitySearch:
    """A search under way."""

    cluster: Cluster
    request: CapacityRequest
    load: SteppedLoad
    on_prediction: Callable[[Prediction], None]
    idle: Mapping[str, float] = field(default_factory=dict)
    prediction: Prediction | None = None
    sure: bool = False
    searches: list[Search] = field(default_factory=list)

    def all(self, runner: StepRunner) -> Capacity:
        """What the cluster does when idle, and all searches, each from where the one before it ended."""
        try:
            self.idle = self._idle(runner)
            for repeat in range(1, self.request.options.repeats + 1):
                held = max((done.found.held for done in self.searches if done.found.bracketed), default=0.0)
                # Where the last search ended the next is near: what lies two precisions apart is halved once.
                near = (1 + self.request.options.precision) ** 2
                found = (
                    runner.search(self.load, repeat, first=held, factor=near)
                    if held
                    else runner.search(self.load, repeat)
                )
                self.searches.append(found)
        except KeyboardInterrupt:
            raise AbortedError(f"interrupted: run files of the steps until then are in {runner.folder}") from None
        finally:
            runner.close()
        return self._capacity(runner)

    def predict(self, progress: StepProgress, run: Run) -> None:
        """Predict all other steps from the one with the load as it is given; again while that was inconclusive."""
        if progress.value != self.load.first or self.sure:
            return
        self.sure = progress.step is not None and progress.step.outcome is not StepOutcome.UNSURE
        request = self.request
        usage = assess(settled_part(run), request.limits)
        now, twice = request.at(request.first), request.at(2 * request.first)
        if request.dial:
            growth = growth_of_dial(now, twice, request.dial, usage, self.idle)
        else:
            growth = growth_of_mix(now, twice, usage, self.idle)
        self.prediction = Prediction.of(usage, request.bounds, growth, self.idle)
        self.on_prediction(self.prediction)

    def _idle(self, runner: StepRunner) -> dict[str, float]:
        """By resource what the cluster uses without the load; nothing where metrics come only later."""
        if not live(runner.sources):
            return {}
        if not runner.idle.wait(runner.options.rest):
            runner.doubts["what the cluster uses without the load was measured while it was not idle"] = None
        seconds = runner.options.step_time
        run = watch(self.cluster, seconds=seconds, sources=runner.sources, path=runner.folder / "rest.run")
        if run.seconds < _CUT_SHORT * seconds:
            raise KeyboardInterrupt  # watching takes an interrupt for its end
        return idle_of(assess(run, self.request.limits))

    def _capacity(self, runner: StepRunner) -> Capacity:
        return Capacity(
            cluster_id=self.cluster.id,
            lab=find_lab(self.cluster.id) is not None,
            brokers=len(self.cluster.brokers),
            name=self.load.name,
            first=self.load.first,
            bounds=self.request.bounds,
            limits=(self.request.limits or NO_LIMITS).name,
            ceiling=Ceiling(
                resource=self.load.name,
                unit=self.load.unit,
                searches=tuple(self.searches),
                wanted=self.request.options.repeats,
            ),
            prediction=self.prediction,
            doubts=tuple(runner.doubts),
        )
