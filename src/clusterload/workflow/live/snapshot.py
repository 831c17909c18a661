"""Snapshot: how a run stands at one moment, as plain values. Terminal, page and exposition draw from nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.model.series import Kind

if TYPE_CHECKING:
    from clusterload.model.ledger import Ledger
    from clusterload.model.limits import Limit
    from clusterload.model.resources import Resource
    from clusterload.model.run import Event
    from clusterload.model.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class DialNow:
    """What one dial asks for and what was made of it, over the last second.

    Attributes:
        dial: its name.
        asked: in `unit`; infinite for as much as the cluster takes.
        achieved: in `unit`.
        unit: of both.
    """

    dial: str
    asked: float
    achieved: float
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadNow:
    """One Load of the plan that is being made.

    Attributes:
        ledger: its account so far; what is under way has no fate yet.
        dials: those of which a figure is known.
        p50: median latency of the last second, seconds; NaN if unknown.
        p99: its 99th percentile.
    """

    ledger: Ledger
    dials: tuple[DialNow, ...] = ()
    p50: float = math.nan
    p99: float = math.nan

    @property
    def name(self) -> str:
        """The Load's name."""
        return self.ledger.load

    @property
    def lost(self) -> int:
        """How many were refused, are unanswered or were never sent."""
        return self.ledger.failed + self.ledger.unknown + self.ledger.dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelNow:
    """One resource, of the whole cluster or of a broker.

    Attributes:
        resource: what it is.
        broker: whose, or empty for the whole cluster.
        now: the newest figure, in `unit`; NaN if there is none of the last moments.
        typical: over the last while.
        course: the last values, the oldest first; NaN in gaps.
    """

    resource: Resource
    broker: str
    now: float
    typical: float
    course: tuple[float, ...] = ()

    @property
    def unit(self) -> Unit:
        """Of the figures: of what is counted, per second."""
        resource = self.resource
        return resource.unit.rate() if resource.kind is Kind.DELTA else resource.unit

    @property
    def whose(self) -> str:
        """The broker that it is of: `broker 1`; empty for the whole cluster."""
        return f"broker {self.broker}" if self.broker else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareNow(LevelNow):
    """One resource as a ratio of a limit, of which 1 is the limit.

    Attributes:
        limit: what it is held against.
        part: of which part, where the limit is of such: `principal a`; else empty.
    """

    limit: Limit
    part: str = ""

    @property
    def whose(self) -> str:
        """The broker or part that it is of: `principal a on broker 1`; empty for the whole cluster."""
        # Slots make a new class, in which a bare super() is not found.
        broker = super(ShareNow, self).whose
        return " on ".join(filter(None, (self.part, broker)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What the cluster's metrics tell.

    Attributes:
        time: Unix nanoseconds of the newest figures; they come a moment after what they tell.
        about: of which cluster, by which sources.
        limits: the name of the table that they are held against; empty where no limits are known.
        against: the same in words, or how to name limits.
        limit_load: the largest share now; NaN if a share that is measured is not known.
        binding: whose share that is; None if none is known.
        course: the last values of the limit load.
        lines: each resource of the whole cluster.
        shares: each of them with a limit, one for each limit, by broker where the limit is a broker's.
        busy: one for each broker and saturation resource.
        alarms: what should be nothing and is not.
    """

    time: int
    about: str = ""
    limits: str = ""
    against: str = ""
    limit_load: float = math.nan
    binding: ShareNow | None = None
    course: tuple[float, ...] = ()
    lines: tuple[LevelNow, ...] = ()
    shares: tuple[ShareNow, ...] = ()
    busy: tuple[LevelNow, ...] = ()
    alarms: tuple[LevelNow, ...] = ()

    @property
    def busiest(self) -> LevelNow | None:
        """The broker and saturation resource that is highest now; None if none is known."""
        return max(
            (level for level in self.busy if not math.isnan(level.now)), key=lambda level: level.now, default=None
        )

    def share(self, resource: str) -> ShareNow | None:
        """The largest share of a resource, of its limits but those of parts, and all brokers; None if it has none."""
        own = (share for share in self.shares if share.resource.name == resource and not share.part)
        return max(own, key=lambda share: -math.inf if math.isnan(share.now) else share.now, default=None)

    @property
    def saturation(self) -> tuple[LevelNow, ...]:
        """Of each saturation resource the busiest broker's."""
        return busiest_of_each(self.busy)


def busiest_of_each(levels: tuple[LevelNow, ...]) -> tuple[LevelNow, ...]:
    """Of each resource the level of the broker that is busiest now, in the order in which they come."""
    found: dict[str, LevelNow] = {}
    for level in levels:
        best = found.get(level.resource.name)
        if best is None or math.isnan(best.now) or level.now > best.now:
            found[level.resource.name] = level
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingNow:
    """A cause that holds in the last while.

    Attributes:
        cause: its id in the catalogue.
        sentence: what holds, with who makes it.
        confidence: how likely it is right, from 0 to 1.
        since: seconds of the run from which on it has held at each look.
        looks: how many these are.
        firm: whether they are enough to go by.
    """

    cause: str
    sentence: str
    confidence: float
    since: float
    looks: int = 1
    firm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the last while was judged to be.

    Attributes:
        sentence: the verdict.
        state: in a word or two, as `State` says it.
        findings: causes that hold, the likeliest first.
    """

    sentence: str = ""
    state: str = ""
    findings: tuple[FindingNow, ...] = ()


NOT_YET: Final = Judgement()
"""Before anything was judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a run stands.

    Attributes:
        number: rises from one to the next.
        start: Unix nanoseconds from which seconds are counted.
        at: seconds since then.
        title: of the load that is being made, or of the cluster that is watched.
        elapsed: seconds of this load.
        duration: seconds that it is to last; NaN until it is ended.
        loads: each Load of it.
        metrics: of the cluster; None while none are known.
        judgement: of the last while.
        events: the last things that happened, the oldest first.
        note: what is waited for, or nothing.
        ended: how it ended; empty while it goes on.
    """

    number: int
    start: int
    at: float
    title: str
    elapsed: float = 0.0
    duration: float = math.nan
    loads: tuple[LoadNow, ...] = ()
    metrics: Metrics | None = None
    judgement: Judgement = NOT_YET
    events: tuple[Event, ...] = ()
    note: str = ""
    ended: str = ""

    @property
    def left(self) -> float:
        """Seconds until the end; NaN if that is not known."""
        return max(0.0, self.duration - self.elapsed) if not math.isnan(self.duration) else math.nan
