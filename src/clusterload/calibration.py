"""Calibration: a cluster's own ceilings, resource by resource, found by driving each up until a stated bound breaks."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload import units
from clusterload.bound import Bound, bounds_of
from clusterload.ceiling import Ceiling, Search
from clusterload.consent import Consent
from clusterload.drive import DRIVES, Drive, drive_of
from clusterload.errors import Aborted, ClusterError, ConfigurationError, StoreError
from clusterload.kafka.admin import topic_ids
from clusterload.lab import find_lab
from clusterload.limits import Force, Limit, Limits
from clusterload.measurement import measure, sources_of
from clusterload.plan import PREFIX, Plan
from clusterload.removal import Leftover, removed
from clusterload.removal import Outcome as Removal
from clusterload.room import Room
from clusterload.settling import Settling
from clusterload.sources.source import LiveSource
from clusterload.staircase import Outcome, Staircase, Step
from clusterload.store import SUFFIX
from clusterload.trial import Trial, not_begun
from clusterload.units import Quantity

if TYPE_CHECKING:
    from clusterload.engines.progress import OnProgress
    from clusterload.kafka import Cluster
    from clusterload.sources.source import OnWait, Source

SATURATION: Final = Bound.parsed("saturation > 90 %")
LATENCY: Final = Bound.parsed("latency.p99 > 50 ms")
"""What breaks a step unless told otherwise."""

SETTLE: Final = 0.4
"""Share of a step at its start that is not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be calibrated, and how.

    Attributes:
        resources: whose ceilings are searched for.
        bounds: what breaks a step; saturation and latency have defaults where none of theirs is given.
        repeats: how many searches for each, in random order.
        step_time: seconds of a step.
        precision: how far apart, as a share, the step that held and the one that broke may be in the end.
        tries: how often a step of which there is no telling is made.
        rest: most seconds to wait for the cluster to be at rest before each step.
        longest: seconds after which no further step is begun.
        topic: where records go; left empty, to topics of its own that are removed after each step.
    """

    resources: tuple[str, ...] = tuple(DRIVES)
    bounds: tuple[Bound, ...] = ()
    repeats: int = 3
    step_time: float = 5.0
    precision: float = 0.1
    tries: int = 3
    rest: float = 15.0
    longest: float = 3600.0
    topic: str = ""

    def __post_init__(self) -> None:
        for resource in self.resources:
            drive_of(resource)
        if not self.resources or len(set(self.resources)) < len(self.resources):
            raise ConfigurationError("a calibration is of resources, each named once: name one at least")
        if self.repeats < 1 or not self.step_time >= 1.0:
            raise ConfigurationError(
                f"{self.repeats} repeats of steps of {self.step_time:g} s tell nothing: make one repeat at least, and "
                "steps of a second or longer"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A step that is about to be made, or was.

    Attributes:
        drive: what is driven.
        repeat: which search of this resource it is of, from 1.
        number: which step of the search, from 1.
        value: what the resource is driven to, in the drive's unit.
        step: what became of it; None before.
    """

    drive: Drive
    repeat: int
    number: int
    value: float
    step: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a calibration has found so far.

    Attributes:
        cluster_id: whose ceilings.
        lab: whether it is a lab of ours, whose brokers share this machine.
        brokers: how many it has.
        bounds: what broke a step.
        seed: of the order of the searches.
        day: when, as ISO-8601.
        ceilings: of each resource of which a search is over.
        doubts: what a reader should know.
    """

    cluster_id: str
    lab: bool
    brokers: int
    bounds: tuple[Bound, ...]
    seed: int
    day: str
    ceilings: tuple[Ceiling, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def limits(self) -> Limits | None:
        """The ceilings that are known, as a table of limits; None if none is."""
        known = tuple(self._limit(one) for one in self.ceilings if one.known)
        if not known:
            return None
        name = f"measured-{self.cluster_id}"
        return Limits(name=name, title=f"Ceilings of {self._who}, measured", limits=known, note=self.note)

    @property
    def note(self) -> str:
        """What a reader of the table should know."""
        shared = (
            "The brokers share one machine with the generator and with each other: what it takes is missing to them. "
            if self.lab
            else ""
        )
        return f"{shared}A ceiling holds for the load that its note names, and for the time of a step."

    @property
    def _who(self) -> str:
        brokers = "1 broker" if self.brokers == 1 else f"{self.brokers} brokers"
        return f"{'lab' if self.lab else 'cluster'} {self.cluster_id} of {brokers}"

    def _limit(self, ceiling: Ceiling) -> Limit:
        repeats = f"{len(ceiling.telling)} of {ceiling.wanted} repeats" if self._short(ceiling) else _times(ceiling)
        kept = ", ".join(bound.kept_text for bound in self.bounds)
        return Limit(
            resource=ceiling.resource,
            value=Quantity(_rounded(ceiling.value), ceiling.unit),
            low=_rounded(ceiling.low),
            high=_rounded(ceiling.high),
            force=Force.MEASURED,
            source=f"clusterload limits calibrate on {self._who}, {repeats}, {kept}",
            as_of=self.day,
            note=f"{drive_of(ceiling.resource).how}; broke by {ceiling.reasons[0]}",
        )

    @staticmethod
    def _short(ceiling: Ceiling) -> bool:
        return len(ceiling.telling) < ceiling.wanted


def _times(ceiling: Ceiling) -> str:
    return "1 repeat" if ceiling.wanted == 1 else f"{ceiling.wanted} repeats"


def _rounded(value: float) -> float:
    """To four digits: more are not known."""
    return float(f"{value:.4g}")


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
