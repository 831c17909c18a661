"""Searching for ceilings: step by step, each load measured and judged, the cluster at rest before each."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload import units
from clusterload.calibration.calibration import Calibration
from clusterload.calibration.orders import LATENCY, SATURATION, SETTLE, Making, Orders
from clusterload.calibration.room import Room
from clusterload.calibration.settling import Settling
from clusterload.ceiling import (
    Bound,
    Ceiling,
    Drive,
    Outcome,
    Search,
    Staircase,
    Step,
    Trial,
    bounds_of,
    drive_of,
    not_begun,
)
from clusterload.consent import Consent
from clusterload.errors import Aborted, ClusterError, ConfigurationError, StoreError
from clusterload.kafka.admin import topic_ids
from clusterload.lab import find_lab
from clusterload.measurement import measure
from clusterload.origins import sources_of
from clusterload.plan import PREFIX, Plan
from clusterload.removal import Leftover, removed
from clusterload.removal import Outcome as Removal
from clusterload.sources.source import LiveSource
from clusterload.store import SUFFIX

if TYPE_CHECKING:
    from clusterload.engines.progress import OnProgress
    from clusterload.kafka import Cluster
    from clusterload.sources.source import OnWait, Source


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
        Aborted: interrupted; `on_kept` has got all that was complete.
    """
    if find_lab(cluster.id) is None:
        consented.require_for(cluster.id, "calibrate it")
    if folder.exists() and any(folder.glob(f"*{SUFFIX}")):
        raise StoreError(f"{folder} holds runs already: give another folder")
    chosen = sources_of(cluster) if sources is None else sources
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    calibrating = _Calibrating(
        cluster=cluster,
        orders=orders,
        bounds=_bounds(orders, chosen),
        folder=folder,
        sources=chosen,
        consented=consented,
        seed=seed,
        on_making=on_making,
        on_plan=on_plan,
        on_wait=on_wait,
    )
    return calibrating.all(on_kept)


def _bounds(orders: Orders, sources: Sequence[Source]) -> tuple[Bound, ...]:
    """The bounds of a step; without metrics there is none on saturation."""
    told = any(isinstance(one, LiveSource) for one in sources)
    bounds = bounds_of(orders.bounds, (SATURATION, LATENCY) if told else (LATENCY,))
    if not sources:
        for bound in bounds:
            if bound.needs_metrics:
                raise ConfigurationError(
                    f"bound {bound.as_text!r} needs metrics, and no source of any is known: give one"
                )
    return bounds


@dataclass(slots=True, kw_only=True)
class _Calibrating:
    """A calibration under way."""

    cluster: Cluster
    orders: Orders
    bounds: tuple[Bound, ...]
    folder: Path
    sources: Sequence[Source]
    consented: Consent
    seed: int
    on_making: Callable[[Making], None]
    on_plan: Callable[[Plan], OnProgress]
    on_wait: OnWait
    room: Room = field(init=False)
    settling: Settling = field(init=False)
    give_up: float = field(init=False)
    searches: dict[str, list[Search]] = field(default_factory=dict)
    doubts: dict[str, None] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.give_up = time.monotonic() + self.orders.longest
        self.room = Room.of(self.cluster, self.consented)
        self.settling = Settling.of(self.cluster)
        for resource in self.orders.resources:
            self.room.most(drive_of(resource), self._plan)  # before anything is loaded: a cap may allow nothing

    def all(self, on_kept: Callable[[Calibration], None]) -> Calibration:
        """All searches, in random order but one of each resource after the other."""
        chance = random.Random(self.seed)  # noqa: S311 (no secret)
        try:
            for repeat in range(1, self.orders.repeats + 1):
                for resource in chance.sample(self.orders.resources, len(self.orders.resources)):
                    self.searches.setdefault(resource, []).append(self._search(drive_of(resource), repeat))
                    on_kept(self.calibration)
        except KeyboardInterrupt:
            raise Aborted(f"interrupted: run files of the steps until then are in {self.folder}") from None
        finally:
            self._tidy()
        if self.left:
            self.doubts[f"could not be removed, do it yourself: topic {', '.join(sorted(self.left))}"] = None
        return self.calibration

    @property
    def calibration(self) -> Calibration:
        """What is found so far."""
        return Calibration(
            cluster_id=self.cluster.id,
            lab=find_lab(self.cluster.id) is not None,
            brokers=len(self.cluster.brokers),
            bounds=self.bounds,
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
            doubts=tuple(self.doubts),
        )

    def _search(self, drive: Drive, repeat: int) -> Search:
        most, top = self.room.most(drive, self._plan)
        staircase = Staircase(
            first=drive.first,
            least=drive.least,
            most=most,
            precision=self.orders.precision,
            whole=drive.whole,
            tries=self.orders.tries,
        )
        numbers = iter(range(1, 1_000_000))
        return climbed(
            staircase,
            lambda value: self._step(drive, repeat, next(numbers), value),
            cut=lambda value: self._cut(drive, value),
            top=top,
        )

    def _cut(self, drive: Drive, value: float) -> str:
        plan = self._plan(drive, value)
        if time.monotonic() + plan.duration > self.give_up:
            return f"the {units.duration(self.orders.longest)} that it may take at the longest were over"
        return self.room.used_up(plan)

    def _step(self, drive: Drive, repeat: int, number: int, value: float) -> Step:
        making = Making(drive=drive, repeat=repeat, number=number, value=value)
        self.on_making(making)
        if not self.settling.wait(self.orders.rest):
            self.doubts[f"before a step of {drive.resource} the cluster was not at rest"] = None
        step = self._made(making)
        self.on_making(Making(drive=drive, repeat=repeat, number=number, value=value, step=step))
        return step

    def _made(self, making: Making) -> Step:
        topic = self.orders.topic or f"{PREFIX}-calibrate-{secrets.token_hex(4)}"
        if not self.orders.topic:
            self.left.add(topic)
        plan = self._plan(making.drive, making.value, topic)
        self.room.use(plan)
        trial = Trial(resource=making.drive.resource, watched=making.drive.watched, bounds=self.bounds)
        path = self.folder / f"{making.drive.resource}-{making.repeat}-{making.number:02}{SUFFIX}"
        try:
            run = measure(
                plan,
                self.cluster,
                sources=self.sources,
                path=path,
                consented=self.consented,
                on_progress=self.on_plan(plan),
                on_wait=self.on_wait,
            )
        except ClusterError as error:
            return not_begun(making.value, str(error))
        except ConfigurationError as error:
            if making.number == 1:
                raise
            return Step(value=making.value, outcome=Outcome.UNSURE, why=f"the generator was the brake: {error}")
        finally:
            self._tidy()
        return trial.step(making.value, run)

    def _plan(self, drive: Drive, value: float, topic: str = PREFIX) -> Plan:
        settle = drive.settling(value, SETTLE * self.orders.step_time)
        loads = drive.made(value, topic, len(self.cluster.brokers), settle)
        said = units.short(value, drive.unit)
        return Plan(
            name=f"{drive.resource} {said}",
            loads=loads,
            duration=settle + (1 - SETTLE) * self.orders.step_time,
            warm_up=settle,
        )

    def _tidy(self) -> None:
        """Remove the topics that were made; one that cannot be removed now is tried again after the next step."""
        try:
            ids = topic_ids(self.cluster, sorted(self.left))
            made = [Leftover(kind="topic", name=name, id=found) for name, found in ids.items()]
            outcomes = {one.name: said for one, said in removed(made, self.cluster)}
        except ClusterError:
            return
        self.left = {name for name, said in outcomes.items() if said not in {Removal.REMOVED, Removal.GONE}}
