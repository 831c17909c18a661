"""Run: what was planned, done and measured. Everything after it is a pure function of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clusterload.model import units
from clusterload.model.display import Displayed
from clusterload.model.errors import ConfigurationError
from clusterload.model.histogram import Histogram
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.model.ledger import Ledger
    from clusterload.model.limits import Limits
    from clusterload.model.series import Series
    from clusterload.model.workload import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened during a run.

    Attributes:
        time: Unix nanoseconds.
        kind: a short word to search for, such as `scrape-failed`.
        text: one line for people.
    """

    time: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Latency:
    """How long a Load's requests took, in one way of counting.

    Attributes:
        load: the Load's name.
        of: from when to when: `due` (due to answered), `sent` (sent to answered), `delay` (due to sent) or
            `end_to_end` (due to read).
        histogram: over the load after its warm-up.
        encoded: the same for each second of the load, as text; `at` reads one.
        start: Unix nanoseconds at which second 0 began.
    """

    load: str
    of: str
    histogram: Histogram
    encoded: Mapping[int, str] = field(default_factory=dict)
    start: int = 0

    @property
    def seconds(self) -> tuple[int, ...]:
        """The seconds of the load in which there was any, from 0."""
        return tuple(sorted(self.encoded))

    def at(self, second: int) -> Histogram:
        """What was counted in one second of the load."""
        # Read when it is wanted: a histogram takes far more room than its text.
        return Histogram.decode(self.encoded[second]) if second in self.encoded else Histogram()

    def between(self, start: int, end: int) -> Latency:
        """The seconds that lie wholly between two times, in Unix nanoseconds."""
        inside = [
            second
            for second in self.seconds
            if start <= self.start + second * SECOND and self.start + (second + 1) * SECOND <= end
        ]
        return replace(
            self,
            histogram=Histogram.merged(map(self.at, inside)),
            encoded={second: self.encoded[second] for second in inside},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the wire engine records of a Load in addition to its ledger.

    Attributes:
        load: the Load's name.
        closed_loop: whether it sent as fast as answers came, so that its latency is not that of a given rate.
        distinct: share of records that differ from all others, of the first million; None if it sent none.
        connections: open when it was over.
        prepared: connections that were made before it began.
        made: all connections that were made and logged in.
        lost: reasons for which connections ended that were not ours to end, with their number.
        resent: records that were sent again after a refusal.
        throttled_ms: milliseconds that brokers asked to wait.
        requests: answered ones, by API.
        late_requests: sent more than the engine's bound after they were due.
        alive: connections that answered one more request at the end.
    """

    load: str
    closed_loop: bool = False
    distinct: float | None = None
    connections: int = 0
    prepared: int = 0
    made: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    resent: int = 0
    throttled_ms: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    late_requests: int = 0
    alive: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """What the wire engine itself took.

    Attributes:
        cpu_seconds: of all workers, from the load's begin to its end.
        peak_rss_bytes: the most memory that the workers held, added up.
        workers: how many there were.
    """

    cpu_seconds: float
    peak_rss_bytes: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run(Displayed):
    """One measurement.

    Attributes:
        id: unique, sortable by time.
        plan: what load was asked for; None if none was.
        start: Unix nanoseconds at which the load began.
        end: Unix nanoseconds at which it ended.
        complete: False if the run was cut short, so that the last seconds may be missing.
        environment: cluster, client and machine, plain values by allow-list.
        ledgers: one for each Load.
        series: all that was measured.
        latencies: of the wire engine's Loads.
        traffic: of the wire engine's Loads.
        generator: what the wire engine took; None if it had no part.
        labels: what somebody wrote on it afterwards, to find it again.
        declared: the limits that the brokers declared when it was made, without any where they declare none; None if
            that is not known.
        path: the file it was read from or written to.
    """

    id: str
    plan: Plan | None
    start: int
    end: int
    complete: bool = True
    environment: Mapping[str, Any] = field(default_factory=dict)
    ledgers: tuple[Ledger, ...] = ()
    series: tuple[Series, ...] = ()
    events: tuple[Event, ...] = ()
    latencies: tuple[Latency, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    generator: Generator | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    declared: Limits | None = None
    path: Path | None = None
    _by_name: dict[str, list[Series]] = field(init=False, repr=False, default_factory=dict)

    def __str__(self) -> str:
        name = self.plan.name if self.plan else "a cluster that was watched"
        cut = "" if self.complete else ", cut short"
        return f"Run {self.id}: {name}, {units.duration(self.seconds)}{cut}, {len(self.series):,} Series"

    @property
    def seconds(self) -> float:
        """How long the load lasted."""
        return (self.end - self.start) / SECOND

    def named(self, name: str) -> list[Series]:
        """The Series of this name."""
        # Asked hundreds of times for a diagnosis, of a big cluster among hundreds of thousands.
        if not self._by_name and self.series:
            by_name: dict[str, list[Series]] = {}
            for series in self.series:
                by_name.setdefault(series.name, []).append(series)
            self._by_name.update(by_name)
        return list(self._by_name.get(name, ()))

    def latency(self, load: str, of: str) -> Latency | None:
        """A Load's latency of one kind; None if there is none."""
        return next((latency for latency in self.latencies if (latency.load, latency.of) == (load, of)), None)

    def traffic_of(self, load: str) -> Traffic | None:
        """What the wire engine recorded of a Load; None if another engine made it."""
        return next((traffic for traffic in self.traffic if traffic.load == load), None)

    def is_repeat_of(self, other: Run) -> bool:
        """Whether both were made by the same plan, or both by none."""
        if self.plan is None or other.plan is None:
            return self.plan is other.plan
        return self.plan.is_like(other.plan)

    def between(self, start: int, end: int) -> Run:
        """The same run as if it had lasted from `start` to `end` only, in Unix nanoseconds.

        Raises:
            ConfigurationError: the stretch is empty.
        """
        if end <= start:
            raise ConfigurationError(
                f"{clock_time(start)} to {clock_time(end)} is an empty interval: let it end after its start"
            )
        latencies = tuple(latency.between(start, end) for latency in self.latencies)
        return replace(self, start=start, end=end, latencies=latencies)


def clock_time(time: int) -> str:
    """Unix nanoseconds as ISO-8601 in UTC, to the second."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_minute(time: int) -> str:
    """Unix nanoseconds as a day and a time in UTC, to the minute, where there is little room."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).strftime("%Y-%m-%d %H:%M")
