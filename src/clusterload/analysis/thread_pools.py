"""Thread pools of a broker: which are saturated, whether that can be, and which of its settings would help.

A full pool on a host that has CPU to spare needs more threads, whatever fills it. A pool that is said to be full while
the broker hardly works is not full: the figure is another one than it is taken for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.finding import Cure, Reached
from clusterload.analysis.window_stats import WindowStats
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.usage import ResourceLine, Usage
    from clusterload.model.run import Run

SATURATED: Final = 0.9
"""A broker's threads count as saturated when they are sustained at this busyness or above."""

SPARE: Final = 0.6
"""Share of a host's CPU below which more threads of a broker find a CPU to run on."""

HARDLY: Final = 0.3
"""Seconds of work a second, of all threads of a pool, below which not even one thread is busy."""

TIMED: Final = 0.8
"""Share of a broker's requests whose local time must be known for their sum to tell how busy handlers were."""

SETTINGS: Final[Mapping[str, str]] = {
    "request_handler_busy": "num.io.threads",
    "network_thread_busy": "num.network.threads",
    "coordinator_busy": "group.coordinator.threads",
}
"""The broker's setting for the size of each pool."""

_DYNAMIC: Final = frozenset({"num.io.threads", "num.network.threads"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool of a broker that is saturated, or said to be.

    Attributes:
        line: how busy it was.
        host: how busy the CPU of its host was, from 0 to 1; NaN if that is not known.
        doubt: why that cannot be; empty if it can.
    """

    line: ResourceLine
    host: float
    doubt: str

    @property
    def reached(self) -> Reached:
        """That its threads are full."""
        name, broker = self.line.resource.title, self.line.broker
        return Reached(
            what=f"{name.removesuffix(' busy').lower()} of broker {broker}",
            sentence=f"{name} of broker {broker}: saturated",
            evidence=(f"{units.percent(self.line.typical)} (median of the window)",),
            cure=self.cure,
        )

    @property
    def cure(self) -> Cure | None:
        """More threads, where the host has CPU for them.

        Kafka changes the two larger pools without a restart, to at most twice their size at a time
        (`DynamicThreadPool` of Apache Kafka 4.3).
        """
        if not self.host < SPARE:
            return None
        setting = SETTINGS[self.line.resource.name]
        how = "without a restart, at most doubled at a time" if setting in _DYNAMIC else "with a restart"
        return Cure(
            what=f"Raise {setting} of broker {self.line.broker} ({how}): its threads are full, and "
            f"{units.percent(1 - self.host)} of its host's CPU is free.",
            effect="requests no longer wait for a thread; what fills the threads is not gone",
        )


def saturated_pools(run: Run, usage: Usage) -> tuple[Pool, ...]:
    """The pools that are said to be saturated, the busiest first."""
    return tuple(_saturated(run, usage))


def _saturated(run: Run, usage: Usage) -> Iterator[Pool]:
    lines = [line for line in usage.saturation if line.resource.name in SETTINGS and line.typical >= SATURATED]
    if not lines:
        return
    facts = WindowStats(run)
    # The busiest first: of a hundred the first few are shown.
    for line in sorted(lines, key=lambda line: -line.typical):
        host = _of_broker(usage, "cpu_host", line.broker)
        yield Pool(line=line, host=host, doubt=_doubt(facts, line, host))


def _of_broker(usage: Usage, name: str, broker: str) -> float:
    found = (line.typical for line in usage.saturation if line.resource.name == name and line.broker == broker)
    return next(found, math.nan)


def _doubt(facts: WindowStats, line: ResourceLine, host: float) -> str:
    """Why the pool cannot be as busy as it is said to be: its threads worked for hardly any time."""
    worked, of = _worked(facts, line, host)
    if not worked < HARDLY * line.typical:
        return ""
    said = f"{line.resource.title.lower()} of broker {line.broker} reads {units.percent(line.typical)}"
    spare = "" if math.isnan(host) else f", and its host's CPU was {units.percent(host)} busy"
    return f"{said}, while {of} {units.number(worked, 2)} s a second{spare}: that metric is not what it is taken for"


def _worked(facts: WindowStats, line: ResourceLine, host: float) -> tuple[float, str]:
    """Seconds that a pool's threads worked in each second, as another figure tells, and which; NaN where none does.

    A handler is busy with a request for the request's local time. A network thread waits for nothing: what it works is
    the broker's CPU time.
    """
    if line.resource.name == "request_handler_busy":
        times, counts = (_by_type(facts, name, line.broker) for name in ("request_local_time", "requests_by_type"))
        timed = sum(counts.get(request, 0.0) for request in times)
        known = timed >= TIMED * sum(counts.values()) > 0
        return (sum(times.values()) / 1e3 if known else math.nan), "requests took handlers"
    if line.resource.name == "network_thread_busy" and host < SPARE:  # on a full host threads wait for a CPU
        return facts.total("cpu_broker", broker=line.broker).now or math.nan, "the broker's CPU time was"
    return math.nan, ""


def _by_type(facts: WindowStats, name: str, broker: str) -> dict[str, float]:
    """A counted figure of a broker a second, of each type of request of which it is known."""
    each = {request: facts.total(name, request=request, broker=broker).now for request in facts.by(name, "request")}
    return {request: rate for request, rate in each.items() if not math.isnan(rate)}
