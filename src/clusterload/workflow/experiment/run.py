"""The runs of an experiment, one after the other, the cluster idle before each, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.effects import DesignKind, ExperimentResult, MeasuredPoint, Point, evaluate, run_doubt
from clusterload.model.errors import StoreError
from clusterload.telemetry.discovery import sources_of
from clusterload.telemetry.runfile import SUFFIX, read_run
from clusterload.workflow.consent import Consent
from clusterload.workflow.experiment.spec import ExperimentSpec, claim_folder
from clusterload.workflow.measure import measure
from clusterload.workflow.preflight import preflight_all
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
"""Most seconds to wait for the cluster to be idle before a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """One run of an experiment that is about to be made, or was.

    Attributes:
        number: from 1.
        of: how many there are.
        point: what is set.
        text: that in words.
        why: nothing before; after it `made`, `there already`, or why it does not count.
    """

    number: int
    of: int
    point: Point
    text: str
    why: str = ""


def run_experiment(
    cluster: Cluster,
    plan: Plan,
    factors: Sequence[str],
    limits: Limits | None = None,
    *,
    kind: DesignKind | None = None,
    repeats: int = 3,
    seed: int | None = None,
    folder: Path | str | None = None,
    rest: float = REST,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    on_run: Callable[[RunProgress], None] = lambda _: None,
    on_plan: Callable[[Plan], OnProgress] | None = None,
    on_wait: OnWait | None = None,
) -> ExperimentResult:
    """Measure what each factor does to limit load, saturation and latency; each run is a file.

    Args:
        cluster: where; it should do nothing else that changes meanwhile.
        plan: what is varied.
        factors: dials and their values, as in `connections=10,20`.
        limits: what the limit load is held against; None for what the brokers declare.
        kind: of the design; by default one change at a time, and a screening above six factors.
        repeats: how often each point is measured.
        seed: of the order of runs; by default drawn.
        folder: for the run files; an interrupted experiment continues there. By default a new one below `runs`.
        rest: most seconds to wait for the cluster to be idle before each run.
        sources: as for `measure`.
        consented: as for `measure`; its caps on bytes and time hold for all runs together.
        on_run: called with each run before and after it.
        on_plan: called as each load begins; gives what is called with its progress. By default a notebook shows it.
        on_wait: as for `measure`.

    Raises:
        ConfigurationError: a factor or a design that cannot be made.
        StoreError: the folder holds something else.
        ConsentError: it is not a lab, and was not consented to.
        ClusterloadError: as `measure`.
    """
    spec = ExperimentSpec.of(plan, factors, kind=kind, repeats=repeats, seed=seed)
    chosen = sources_of(cluster) if sources is None else sources
    plans = [spec.plan_at(point) for point in spec.order]
    preflight_all(plans, cluster, sources=chosen, consented=consented, limits=limits)
    there = Path(folder) if folder else Path("runs") / f"experiment-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    runs = _Runs(
        cluster=cluster,
        spec=claim_folder(spec, there, seeded=seed is not None),
        folder=there,
        rest=rest,
        sources=chosen,
        consented=consented,
        limits=limits,
        on_run=on_run,
        on_plan=on_plan,
        on_wait=on_wait,
    )
    made = tuple(runs.made(number, point) for number, point in enumerate(runs.spec.order, start=1))
    return evaluate(runs.spec.design, made, limits)


@dataclass(slots=True, kw_only=True)
class _Runs:
    """The runs of an experiment under way."""

    cluster: Cluster
    spec: ExperimentSpec
    folder: Path
    rest: float
    sources: Sequence[Source]
    consented: Consent
    limits: Limits | None
    on_run: Callable[[RunProgress], None]
    on_plan: Callable[[Plan], OnProgress] | None
    on_wait: OnWait | None
    idle: IdleWait = field(init=False)

    def __post_init__(self) -> None:
        self.idle = IdleWait.of(self.cluster)

    def made(self, number: int, point: Point) -> MeasuredPoint:
        """One point's run: the one that is there, or a new one."""
        path, text = self.folder / f"{number:03}{SUFFIX}", self.spec.design.describe(point)
        progress = RunProgress(number=number, of=len(self.spec.order), point=point, text=text)
        run, why = _there(path), "there already"
        if run is None:
            self.on_run(progress)
            run = self._measured(path, number, point)
            why = run_doubt(run) or "made"
        self.on_run(replace(progress, why=why))
        return MeasuredPoint(point=point, run=run)

    def _measured(self, path: Path, number: int, point: Point) -> Run:
        """A new run; one in which the generator was the bottleneck is made once more."""
        run = self._once(path, number, point)
        return self._once(path, number, point) if run_doubt(run) else run

    def _once(self, path: Path, number: int, point: Point) -> Run:
        path.unlink(missing_ok=True)
        self.idle.wait(self.rest)
        plan = self.spec.plan_at(point)
        return measure(
            plan,
            self.cluster,
            sources=self.sources,
            path=path,
            consented=self.consented,
            limits=self.limits,
            on_progress=self._progress(number, plan),
            on_wait=self.on_wait,
        )

    def _progress(self, number: int, plan: Plan) -> OnProgress:
        if self.on_plan is not None:
            return self.on_plan(plan)
        return progress_display().load(plan, f"{number} of {len(self.spec.order)}")


def _there(path: Path) -> Run | None:
    """A run that was measured to its end before; None if there is none, or only a part."""
    if not path.exists():
        return None
    try:
        run = read_run(path)
    except StoreError:
        return None
    return run if run.complete else None
