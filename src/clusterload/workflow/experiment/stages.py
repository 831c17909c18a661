"""The runs of an experiment, one after the other, the cluster at rest before each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.effects import Made, Point, doubt
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ConsentError, StoreError
from clusterload.telemetry.discovery import sources_of
from clusterload.telemetry.runfile import SUFFIX, read_run
from clusterload.workflow.consent import CAPS, Consent, asked, require
from clusterload.workflow.experiment.orders import Orders, claimed
from clusterload.workflow.measure import measure
from clusterload.workflow.progress import progress_display
from clusterload.workflow.step_search.idle_wait import IdleWait

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import OnWait, Source

REST: Final = 15.0
"""Most seconds that the cluster is waited for to be at rest before a run."""

_TOGETHER: Final = ("bytes_written", "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One run of an experiment that is about to be made, or was.

    Attributes:
        number: from 1.
        of: how many there are.
        point: what is set.
        said: that in words.
        why: nothing before; after it `made`, `there already`, or why it does not count.
    """

    number: int
    of: int
    point: Point
    said: str
    why: str = ""


def experiment(
    cluster: Cluster,
    orders: Orders,
    *,
    folder: Path,
    seeded: bool = True,
    rest: float = REST,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    limits: Limits | None = None,
    on_stage: Callable[[Stage], None] = lambda _: None,
    on_plan: Callable[[Plan], OnProgress] | None = None,
    on_wait: OnWait | None = None,
) -> tuple[Orders, tuple[Made, ...]]:
    """Measure every point of an experiment, a run file each; what is there already is not measured again.

    Args:
        cluster: where; it should do nothing else that changes meanwhile.
        orders: what to measure.
        folder: for the run files; one that was broken off goes on there.
        seeded: whether the order's seed was asked for.
        rest: most seconds to wait for the cluster to be at rest before each run.
        sources: as for `measure`.
        consented: as for `measure`; its caps on bytes and time hold for all runs together.
        limits: as for `measure`.
        on_stage: told of each run before and after it.
        on_plan: called as each load begins; gives what is called with its progress. By default a notebook shows it.
        on_wait: as for `measure`.

    Returns:
        The orders that were followed, which are those of the folder, and the runs in the order of time.

    Raises:
        StoreError: the folder holds something else.
        ConsentError: it is not a lab, and there is no yes for all of it.
        ClusterloadError: as `measure`.
    """
    if find_lab(cluster.id) is None:
        _require_all(consented, orders, cluster.id)
    followed = claimed(orders, folder, seeded=seeded)
    chosen = sources_of(cluster) if sources is None else sources
    stages = _Stages(cluster, followed, folder, rest, chosen, consented, limits, on_stage, on_plan, on_wait)
    return followed, tuple(stages.made(number, point) for number, point in enumerate(followed.order, start=1))


class _Stages:
    """The runs of an experiment under way."""

    def __init__(
        self,
        cluster: Cluster,
        orders: Orders,
        folder: Path,
        rest: float,
        sources: Sequence[Source],
        consented: Consent,
        limits: Limits | None,
        on_stage: Callable[[Stage], None],
        on_plan: Callable[[Plan], OnProgress] | None,
        on_wait: OnWait | None,
    ) -> None:
        self._cluster, self._orders, self._folder, self._rest = cluster, orders, folder, rest
        self._sources, self._consented, self._limits = sources, consented, limits
        self._on_stage, self._on_plan, self._on_wait = on_stage, on_plan, on_wait
        self._idle_wait = IdleWait.of(cluster)

    def made(self, number: int, point: Point) -> Made:
        """One point's run: the one that is there, or a new one."""
        path, said = self._folder / f"{number:03}{SUFFIX}", self._orders.design.said(point)
        stage = Stage(number=number, of=len(self._orders.order), point=point, said=said)
        run, why = _there(path), "there already"
        if run is None:
            self._on_stage(stage)
            run = self._measured(path, number, point)
            why = doubt(run) or "made"
        self._on_stage(replace(stage, why=why))
        return Made(point=point, run=run)

    def _measured(self, path: Path, number: int, point: Point) -> Run:
        """A new run; one in which the generator was the bottleneck is made once more."""
        run = self._once(path, number, point)
        return self._once(path, number, point) if doubt(run) else run

    def _once(self, path: Path, number: int, point: Point) -> Run:
        path.unlink(missing_ok=True)
        self._idle_wait.wait(self._rest)
        plan = self._orders.plan_at(point)
        return measure(
            plan,
            self._cluster,
            sources=self._sources,
            path=path,
            consented=self._consented,
            limits=self._limits,
            on_progress=self._told(number, plan),
            on_wait=self._on_wait,
        )

    def _told(self, number: int, plan: Plan) -> OnProgress:
        if self._on_plan is not None:
            return self._on_plan(plan)
        return progress_display().load(plan, f"{number} of {len(self._orders.order)}")


def _there(path: Path) -> Run | None:
    """A run that was measured to its end before; None if there is none, or only a part."""
    if not path.exists():
        return None
    try:
        run = read_run(path)
    except StoreError:
        return None
    return run if run.complete else None


def _require_all(consented: Consent, orders: Orders, cluster_id: str) -> None:
    plans = [orders.plan_at(point) for point in orders.order]
    for plan in plans:
        require(consented, plan, cluster_id)
    caps = {**CAPS, **consented.caps}
    for name in _TOGETHER:
        together = sum(asked(plan)[name] for plan in plans)
        if not together <= caps[name]:
            raise ConsentError(
                f"all {len(plans)} runs together ask for {name} {together:,.0f}, above the cap of {caps[name]:,.0f} "
                f"for clusters that are not labs: make fewer or shorter ones, or add --cap {name}={together:.0f}"
            )
