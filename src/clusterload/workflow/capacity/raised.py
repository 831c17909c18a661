"""Raising a load on a cluster until a bound breaks: what it does at rest, as it is given, and step by step beyond."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.ceiling import Ceiling, Outcome, Search, settled_part
from clusterload.analysis.headroom import idle_of
from clusterload.analysis.usage import assess
from clusterload.lab.registry import find_lab
from clusterload.model.errors import AbortedError
from clusterload.telemetry.discovery import sources_of
from clusterload.workflow.capacity.capacity import Capacity, Prediction
from clusterload.workflow.capacity.growth import growth_of_dial, growth_of_mix
from clusterload.workflow.capacity.orders import Orders
from clusterload.workflow.consent import Consent
from clusterload.workflow.step_search import Making, Raising, Steps
from clusterload.workflow.step_search.steps import check_bounds, check_folder, live
from clusterload.workflow.watch import watch

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import OnWait, Source

_CUT_SHORT: Final = 0.8


def raise_until(
    cluster: Cluster,
    orders: Orders,
    *,
    folder: Path,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    on_making: Callable[[Making], None] = lambda _: None,
    on_plan: Callable[[Plan], OnProgress] = lambda _: lambda _: None,
    on_prediction: Callable[[Prediction], None] = lambda _: None,
    on_wait: OnWait = lambda _: None,
) -> Capacity:
    """Find how far a load can grow on a cluster until a bound breaks, in a bounded time.

    Args:
        cluster: which; it should do nothing else meanwhile.
        orders: what is raised, and until what.
        folder: for the run files, one a step, and one at rest.
        sources: of the metrics; by default the cluster's own.
        consented: the yes that a cluster which is not a lab needs, with the caps within which all steps stay.
        on_making: told of each step before and after it.
        on_plan: called as each load begins; gives what is called with its progress.
        on_prediction: told what the first step says about all others.
        on_wait: as for `measure`.

    Raises:
        ConfigurationError: a bound that nothing tells about, or a load that cannot be made.
        ConsentError: it is not a lab, and there is no yes for it, or not even the lowest step is within the caps.
        ClusterError: the cluster does not answer.
        StoreError: the folder holds runs already.
        AbortedError: interrupted; run files are kept.
    """
    if find_lab(cluster.id) is None:
        consented.require_for(cluster.id, "find its capacity")
    check_folder(folder)
    chosen = sources_of(cluster) if sources is None else sources
    check_bounds(orders.bounds, chosen)
    there = {topic.name for topic in cluster.topics()}
    raising = orders.raising(frozenset(load.topic for load in orders.plan.loads if load.has_topic) - there)
    raised = _Raised(cluster=cluster, orders=orders, raising=raising, on_prediction=on_prediction)
    steps = Steps(
        cluster=cluster,
        pace=orders,
        bounds=orders.bounds,
        folder=folder,
        sources=chosen,
        consented=consented,
        limits=orders.limits,
        on_making=on_making,
        on_plan=on_plan,
        on_run=raised.take,
        on_wait=on_wait,
    )
    steps.room.most(raising)  # before anything is loaded: a cap may allow nothing
    return raised.all(steps)


@dataclass(slots=True, kw_only=True)
class _Raised:
    """A search under way."""

    cluster: Cluster
    orders: Orders
    raising: Raising
    on_prediction: Callable[[Prediction], None]
    idle: Mapping[str, float] = field(default_factory=dict)
    prediction: Prediction | None = None
    sure: bool = False
    searches: list[Search] = field(default_factory=list)

    def all(self, steps: Steps) -> Capacity:
        """What the cluster does at rest, and all searches, each from where the one before it ended."""
        try:
            self.idle = self._at_rest(steps)
            for repeat in range(1, self.orders.repeats + 1):
                held = max((one.found.held for one in self.searches if one.found.bracketed), default=0.0)
                if held:
                    # Where the last one ended the next is near: what lies two precisions apart is halved once.
                    near = (1 + self.orders.precision) ** 2
                    found = steps.search(self.raising, repeat, first=held, factor=near)
                else:
                    found = steps.search(self.raising, repeat)
                self.searches.append(found)
        except KeyboardInterrupt:
            raise AbortedError(f"interrupted: run files of the steps until then are in {steps.folder}") from None
        finally:
            steps.close()
        return self._capacity(steps)

    def take(self, making: Making, run: Run) -> None:
        """Predict from the step with the load as it is given all others; where it is made again, from what tells."""
        if making.value != self.raising.first or self.sure:
            return
        self.sure = making.step is not None and making.step.outcome is not Outcome.UNSURE
        orders = self.orders
        usage = assess(settled_part(run), orders.limits)
        now, twice = orders.at(orders.first), orders.at(2 * orders.first)
        if orders.dial:
            growth = growth_of_dial(now, twice, orders.dial, usage, self.idle)
        else:
            growth = growth_of_mix(now, twice, usage, self.idle)
        self.prediction = Prediction.of(usage, orders.bounds, growth, self.idle)
        self.on_prediction(self.prediction)

    def _at_rest(self, steps: Steps) -> dict[str, float]:
        """By resource what the cluster uses without the load; nothing where metrics come only later."""
        if not live(steps.sources):
            return {}
        if not steps.settling.wait(self.orders.rest):
            steps.doubts["what the cluster uses without the load was measured while it was not at rest"] = None
        seconds = self.orders.step_time
        run = watch(self.cluster, seconds=seconds, sources=steps.sources, path=steps.folder / "rest.run")
        if run.seconds < _CUT_SHORT * seconds:
            raise KeyboardInterrupt  # watching takes an interrupt for its end
        return idle_of(assess(run, self.orders.limits))

    def _capacity(self, steps: Steps) -> Capacity:
        return Capacity(
            cluster_id=self.cluster.id,
            lab=find_lab(self.cluster.id) is not None,
            brokers=len(self.cluster.brokers),
            name=self.raising.name,
            first=self.raising.first,
            bounds=self.orders.bounds,
            limits=self.orders.limits.name,
            ceiling=Ceiling(
                resource=self.raising.name,
                unit=self.raising.unit,
                searches=tuple(self.searches),
                wanted=self.orders.repeats,
            ),
            prediction=self.prediction,
            doubts=tuple(steps.doubts),
        )
