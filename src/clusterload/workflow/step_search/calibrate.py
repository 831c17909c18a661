"""Calibration: a cluster's own ceilings, each searched for several times until a stated bound breaks."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.ceiling import (
    DRIVES,
    LIMIT_LOAD,
    Bound,
    Calibration,
    Ceiling,
    Drive,
    Search,
    bounds_of,
    drive_of,
)
from clusterload.lab.registry import find_lab
from clusterload.model import units
from clusterload.model.errors import AbortedError, ConfigurationError
from clusterload.model.workload import PREFIX, Plan
from clusterload.telemetry.discovery import sources_of
from clusterload.workflow.consent import Consent
from clusterload.workflow.step_search.runner import StepRunner, check_search, live
from clusterload.workflow.step_search.stepped_load import SETTLE, SearchOptions, SteppedLoad, StepProgress

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.kafka.cluster import Cluster
    from clusterload.telemetry.sources.source import OnWait, Source

SATURATION: Final = Bound.parsed("saturation > 90 %")
LATENCY: Final = Bound.parsed("latency.p99 > 50 ms")
"""What breaks a step by default."""

_STEPS: Final = (8, 20)
"""Steps of one search, about: doubling up to the first that breaks, halving between, each break made twice."""

_AROUND: Final = 3.0
"""Seconds that a step takes besides its load: metrics before and after it, and the wait for an idle cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRequest:
    """What is to be calibrated, and how.

    Attributes:
        resources: whose ceilings are searched for, in random order.
        bounds: what breaks a step; saturation and latency have defaults where none of theirs is given.
        topic: where records go; left empty, to topics of its own that are removed after each step.
        options: how long and how often steps are made.
    """

    resources: tuple[str, ...] = tuple(DRIVES)
    bounds: tuple[Bound, ...] = ()
    topic: str = ""
    options: SearchOptions = SearchOptions()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        for resource in self.resources:
            drive_of(resource)
        if not self.resources or len(set(self.resources)) < len(self.resources):
            raise ConfigurationError("a calibration is of resources, each named once: name one at least")

    @property
    def seconds(self) -> tuple[float, float]:
        """From and to about how long all searches take."""
        step, searches = self.options.step_time + _AROUND, len(self.resources) * self.options.repeats
        return tuple(min(self.options.longest, searches * count * step) for count in _STEPS)  # type: ignore[return-value]

    def stepped(self, drive: Drive, brokers: int) -> SteppedLoad:
        """What is raised to find the ceiling of one resource.

        Args:
            drive: of the resource.
            brokers: how many the cluster has.
        """
        topic = self.topic or PREFIX

        def plan(value: float) -> Plan:
            settle = drive.settling(value, SETTLE * self.options.step_time)
            return Plan(
                name=f"{drive.resource} {units.short(value, drive.unit)}",
                loads=drive.made(value, topic, brokers, settle),
                duration=settle + (1 - SETTLE) * self.options.step_time,
                warm_up=settle,
            )

        return SteppedLoad(
            name=drive.resource,
            unit=drive.unit,
            first=drive.first,
            least=drive.least,
            most=drive.most,
            plan=plan,
            watched=(drive.watched,),
            resource=drive.resource,
            whole=drive.whole,
            opens=bool(drive.opened),
            topics=frozenset() if self.topic else frozenset({topic}),
        )


def calibrate(
    cluster: Cluster,
    request: CalibrationRequest,
    *,
    folder: Path,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    seed: int | None = None,
    on_step: Callable[[StepProgress], None] = lambda _: None,
    on_plan: Callable[[Plan], OnProgress] = lambda _: lambda _: None,
    on_kept: Callable[[Calibration], None] = lambda _: None,
    on_wait: OnWait = lambda _: None,
) -> Calibration:
    """Search for a cluster's own ceilings by loading it until it breaks a bound.

    Args:
        cluster: which; it should do nothing else meanwhile.
        request: what to search for, and how.
        folder: for the run files, one a step.
        sources: of the metrics; by default the cluster's own.
        consented: consent to load a cluster that is not a lab, with the caps within which all steps stay.
        seed: of the order of the searches; by default drawn.
        on_step: called with each step before and after it.
        on_plan: called as each load begins; gives what is called with its progress.
        on_kept: called with what is found so far, after each search.
        on_wait: as for `measure`.

    Raises:
        ConfigurationError: a bound or a resource that cannot be judged.
        ConsentError: it is not a lab and was not consented to, or not even the lowest step is within the caps.
        ClusterError: the cluster does not answer.
        StoreError: the folder holds runs already.
        AbortedError: interrupted; `on_kept` was called with all that was complete.
    """
    if find_lab(cluster.id) is None:
        consented.require_for(cluster.id, "calibrate it")
    chosen = sources_of(cluster) if sources is None else sources
    bounds = _bounds(request, chosen)
    check_search(bounds, chosen, folder)
    runner = StepRunner(
        cluster=cluster,
        options=request.options,
        bounds=bounds,
        folder=folder,
        sources=chosen,
        consented=consented,
        on_step=on_step,
        on_plan=on_plan,
        on_wait=on_wait,
    )
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    return _CalibrationSearch(cluster=cluster, request=request, runner=runner, seed=seed).all(on_kept)


def _bounds(request: CalibrationRequest, sources: Sequence[Source]) -> tuple[Bound, ...]:
    """The bounds of a step; without metrics there is none on saturation."""
    if any(bound.figure == LIMIT_LOAD for bound in request.bounds):
        raise ConfigurationError(
            "a calibration finds limits, so there is none to hold a limit load against: bound saturation or latency, "
            "or use 'clusterload capacity'"
        )
    return bounds_of(request.bounds, (SATURATION, LATENCY) if live(sources) else (LATENCY,))


@dataclass(slots=True, kw_only=True)
class _CalibrationSearch:
    """A calibration under way."""

    cluster: Cluster
    request: CalibrationRequest
    runner: StepRunner
    seed: int
    loads: dict[str, SteppedLoad] = field(init=False)
    searches: dict[str, list[Search]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        brokers = len(self.cluster.brokers)
        self.loads = {name: self.request.stepped(drive_of(name), brokers) for name in self.request.resources}
        for load in self.loads.values():
            self.runner.caps.most(load)  # before anything is loaded: a cap may allow nothing

    def all(self, on_kept: Callable[[Calibration], None]) -> Calibration:
        """All searches, in random order but one of each resource after the other."""
        chance = random.Random(self.seed)  # noqa: S311 (no secret)
        resources = self.request.resources
        try:
            for repeat in range(1, self.request.options.repeats + 1):
                for resource in chance.sample(resources, len(resources)):
                    found = self.runner.search(self.loads[resource], repeat)
                    self.searches.setdefault(resource, []).append(found)
                    on_kept(self.calibration)
        except KeyboardInterrupt:
            raise AbortedError(f"interrupted: run files of the steps until then are in {self.runner.folder}") from None
        finally:
            self.runner.close()
        return self.calibration

    @property
    def calibration(self) -> Calibration:
        """What is found so far."""
        return Calibration(
            cluster_id=self.cluster.id,
            lab=find_lab(self.cluster.id) is not None,
            brokers=len(self.cluster.brokers),
            bounds=self.runner.bounds,
            seed=self.seed,
            day=f"{datetime.now(UTC):%Y-%m-%d}",
            ceilings=tuple(
                Ceiling(
                    resource=resource,
                    unit=self.loads[resource].unit,
                    searches=tuple(self.searches[resource]),
                    wanted=self.request.options.repeats,
                )
                for resource in self.request.resources
                if resource in self.searches
            ),
            doubts=tuple(self.runner.doubts),
        )
