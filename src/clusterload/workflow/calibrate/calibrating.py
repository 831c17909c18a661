"""Calibrating: the ceilings of a cluster's resources are searched for, each several times, in random order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.analysis.ceiling import LIMIT_LOAD, Bound, Ceiling, Drive, Search, bounds_of, drive_of
from clusterload.lab.registry import find_lab
from clusterload.model import units
from clusterload.model.errors import AbortedError, ConfigurationError
from clusterload.model.workload import PREFIX, Plan
from clusterload.telemetry.discovery import sources_of
from clusterload.workflow.calibrate.calibration import Calibration
from clusterload.workflow.calibrate.orders import LATENCY, SATURATION, Orders
from clusterload.workflow.consent import Consent
from clusterload.workflow.step_search import SETTLE, Making, Raising, Steps
from clusterload.workflow.step_search.steps import check_bounds, check_folder, live

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.kafka.cluster import Cluster
    from clusterload.telemetry.sources.source import OnWait, Source


def calibrate(
    cluster: Cluster,
    orders: Orders,
    *,
    folder: Path,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    seed: int | None = None,
    on_making: Callable[[Making], None] = lambda _: None,
    on_plan: Callable[[Plan], OnProgress] = lambda _: lambda _: None,
    on_kept: Callable[[Calibration], None] = lambda _: None,
    on_wait: OnWait = lambda _: None,
) -> Calibration:
    """Search for a cluster's own ceilings by loading it until it breaks a bound.

    Args:
        cluster: which; it should do nothing else meanwhile.
        orders: what to search for, and how.
        folder: for the run files, one a step.
        sources: of the metrics; by default the cluster's own.
        consented: the yes that a cluster which is not a lab needs, with the caps within which all steps stay.
        seed: of the order of the searches; by default drawn.
        on_making: told of each step before and after it.
        on_plan: called as each load begins; gives what is called with its progress.
        on_kept: gets what is found so far, after each search.
        on_wait: as for `measure`.

    Raises:
        ConfigurationError: a bound or a resource that nothing tells about.
        ConsentError: it is not a lab, and there is no yes for it, or not even the lowest step is within the caps.
        ClusterError: the cluster does not answer.
        StoreError: the folder holds runs already.
        AbortedError: interrupted; `on_kept` has got all that was complete.
    """
    if find_lab(cluster.id) is None:
        consented.require_for(cluster.id, "calibrate it")
    check_folder(folder)
    chosen = sources_of(cluster) if sources is None else sources
    bounds = _bounds(orders, chosen)
    steps = Steps(
        cluster=cluster,
        pace=orders,
        bounds=bounds,
        folder=folder,
        sources=chosen,
        consented=consented,
        on_making=on_making,
        on_plan=on_plan,
        on_wait=on_wait,
    )
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    return _Calibrating(cluster=cluster, orders=orders, steps=steps, seed=seed).all(on_kept)


def _bounds(orders: Orders, sources: Sequence[Source]) -> tuple[Bound, ...]:
    """The bounds of a step; without metrics there is none on saturation."""
    if any(bound.figure == LIMIT_LOAD for bound in orders.bounds):
        raise ConfigurationError(
            "a calibration finds limits, so there is none to hold a limit load against: bound saturation or latency, "
            "or use 'clusterload capacity'"
        )
    bounds = bounds_of(orders.bounds, (SATURATION, LATENCY) if live(sources) else (LATENCY,))
    check_bounds(bounds, sources)
    return bounds


@dataclass(slots=True, kw_only=True)
class _Calibrating:
    """A calibration under way."""

    cluster: Cluster
    orders: Orders
    steps: Steps
    seed: int
    searches: dict[str, list[Search]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for resource in self.orders.resources:
            self.steps.room.most(self._raising(resource))  # before anything is loaded: a cap may allow nothing

    def all(self, on_kept: Callable[[Calibration], None]) -> Calibration:
        """All searches, in random order but one of each resource after the other."""
        chance = random.Random(self.seed)  # noqa: S311 (no secret)
        try:
            for repeat in range(1, self.orders.repeats + 1):
                for resource in chance.sample(self.orders.resources, len(self.orders.resources)):
                    found = self.steps.search(self._raising(resource), repeat)
                    self.searches.setdefault(resource, []).append(found)
                    on_kept(self.calibration)
        except KeyboardInterrupt:
            raise AbortedError(f"interrupted: run files of the steps until then are in {self.steps.folder}") from None
        finally:
            self.steps.close()
        return self.calibration

    @property
    def calibration(self) -> Calibration:
        """What is found so far."""
        return Calibration(
            cluster_id=self.cluster.id,
            lab=find_lab(self.cluster.id) is not None,
            brokers=len(self.cluster.brokers),
            bounds=self.steps.bounds,
            seed=self.seed,
            day=f"{datetime.now(UTC):%Y-%m-%d}",
            ceilings=tuple(
                Ceiling(
                    resource=resource,
                    unit=drive_of(resource).unit,
                    searches=tuple(self.searches[resource]),
                    wanted=self.orders.repeats,
                )
                for resource in self.orders.resources
                if resource in self.searches
            ),
            doubts=tuple(self.steps.doubts),
        )

    def _raising(self, resource: str) -> Raising:
        drive = drive_of(resource)
        topic = self.orders.topic or PREFIX
        return raising_of(drive, topic, len(self.cluster.brokers), self.orders)


def raising_of(drive: Drive, topic: str, brokers: int, orders: Orders) -> Raising:
    """How a drive is driven up, by steps at the pace of the orders.

    Args:
        drive: of a resource.
        topic: where records go; replaced by one of its own in each step unless the orders name it.
        brokers: how many the cluster has.
        orders: what is to be calibrated.
    """

    def plan(value: float) -> Plan:
        settle = drive.settling(value, SETTLE * orders.step_time)
        return Plan(
            name=f"{drive.resource} {units.short(value, drive.unit)}",
            loads=drive.made(value, topic, brokers, settle),
            duration=settle + (1 - SETTLE) * orders.step_time,
            warm_up=settle,
        )

    return Raising(
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
        topics=frozenset() if orders.topic else frozenset({topic}),
    )
