"""Bottleneck: what kept a Load below its dials: the generator, the brokers, or the host that both share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.achieved import AchievedDial, achieved
from clusterload.analysis.host_cpu import FULL, HOST_CPU, OWN
from clusterload.model import units
from clusterload.model.ledger import Ledger

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Floats, Series
    from clusterload.model.workload import Load

BUSY: Final = 0.9
"""Share of one core from which a worker counts as the bottleneck: it is one thread."""

LATE_LOOP: Final = 50.0
"""Milliseconds that an event loop is late, in most seconds, from which the generator is the suspect."""

LOST: Final = 0.01
"""Share of what was scheduled that may be refused, late or dropped without a bottleneck being named."""

FILLED: Final = 0.8
"""Share of all in-flight slots from which on the brokers' answers count as what was waited for."""

NONE: Final = "none"
GENERATOR: Final = "generator"
BROKERS: Final = "brokers"
HOST: Final = "host"
UNCLEAR: Final = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """What kept a Load below its dials.

    Attributes:
        load: the Load's name.
        who: `none`, `generator`, `brokers`, `host` (shared by both, and filled by neither alone) or `unclear`.
        why: the figures that say so.
    """

    load: str
    who: str
    why: str

    @property
    def words(self) -> str:
        """In a sentence."""
        said = {
            NONE: "nothing was the bottleneck",
            GENERATOR: "the generator was the bottleneck",
            BROKERS: "the brokers were the bottleneck",
            HOST: "the host that they share was the bottleneck",
            UNCLEAR: "what the bottleneck was is unclear",
        }
        return f"{said[self.who]} ({self.why})"


def bottlenecks(run: Run, dials: Sequence[AchievedDial] | None = None) -> tuple[Bottleneck, ...]:
    """The bottleneck of each Load; `dials`, where given, are those of `achieved`."""
    if run.plan is None:
        return ()
    known = achieved(run) if dials is None else dials
    ledgers = {ledger.load: ledger for ledger in run.ledgers}
    return tuple(
        _bottleneck(run, load, ledgers[load.name], [dial for dial in known if dial.load == load.name])
        for load in run.plan.loads
        if load.name in ledgers
    )


def strained(run: Run) -> str:
    """That the wire engine itself was short of time, in words; empty if it was not, or if that is unknown."""
    cores, lag = _busiest_worker(run), _lag(run)
    if cores >= BUSY:
        return f"the busiest worker took {units.number(cores, 2)} of a core"
    if lag >= LATE_LOOP:
        return f"its event loop was {units.number(lag, 2)} ms late in the median second"
    return ""


def _bottleneck(run: Run, load: Load, ledger: Ledger, dials: Sequence[AchievedDial]) -> Bottleneck:
    closed = any(math.isinf(dial.asked.value) for dial in dials)
    behind = _share(ledger.late + ledger.dropped, ledger)
    missed = [dial for dial in dials if dial.missed]
    if not missed and not closed and behind <= LOST:
        return Bottleneck(load=load.name, who=NONE, why="every dial was achieved" if dials else "no dial sets a target")
    who, why = _who(run, load, ledger, dials, closed=closed, behind=behind)
    return Bottleneck(load=load.name, who=who, why=why)


def _who(
    run: Run, load: Load, ledger: Ledger, dials: Sequence[AchievedDial], *, closed: bool, behind: float
) -> tuple[str, str]:
    cores = _busiest_worker(run)
    own = f"the busiest worker took {units.number(cores, 2)} of a core"
    if cores >= BUSY:
        return GENERATOR, own
    found = _refused(run, load, ledger) or _full_host(run)
    if found is None and load.engine == "wire":
        found = _waiting(run, load, dials, own, closed=closed)
    elif found is None and behind > LOST:
        # The thread that feeds librdkafka has no metrics of its own.
        found = GENERATOR, f"{units.percent(behind)} were sent late or not at all"
    return found or (UNCLEAR, "no figure stands out")


def _waiting(run: Run, load: Load, dials: Sequence[AchievedDial], own: str, *, closed: bool) -> tuple[str, str] | None:
    """Which waited: the generator's event loop for a CPU, or its connections for answers."""
    lag = _lag(run)
    if lag >= LATE_LOOP:
        return GENERATOR, f"its event loop was {units.number(lag, 2)} ms late in the median second; {own}"
    if closed:
        waited = "their sockets took no more" if load.dials.acks == "0" else "each request waited for an answer"
        return BROKERS, f"{waited}; {own}"
    filled = _filled(run, load, dials)
    if filled >= FILLED:
        return BROKERS, f"{units.percent(filled)} of all in-flight slots were taken; {own}"
    return None


def _refused(run: Run, load: Load, ledger: Ledger) -> tuple[str, str] | None:
    """What the brokers did themselves: refuse, close connections, throttle."""
    traffic = run.traffic_of(load.name)
    quiet = load.dials.acks == "0"
    lost = ledger.failed + (0 if quiet else ledger.unknown)
    if _share(lost, ledger) > LOST:
        reasons = ", ".join(sorted(ledger.errors, key=lambda name: -ledger.errors[name])[:2])
        return BROKERS, f"{lost:,} of {ledger.scheduled:,} {ledger.unit} were not acknowledged: {reasons}"
    if traffic is not None and traffic.throttled_ms > LOST * run.seconds * 1e3:
        return BROKERS, f"they throttled by {traffic.throttled_ms / 1e3:,.1f} s in all: a quota"
    if traffic is not None and traffic.lost:
        lost_connections = sum(traffic.lost.values())
        reason = max(traffic.lost, key=lambda name: traffic.lost[name])
        return BROKERS, f"{lost_connections:,} connections were lost: {reason}"
    return None


def _full_host(run: Run) -> tuple[str, str] | None:
    """Brokers whose host is full: by themselves, or by other processes there, such as the generator."""
    busy = _typical(run, HOST_CPU, max)
    if not busy >= FULL:
        return None
    cores = _typical(run, "cores", max)
    took = sum(_rate(series.values, series.spans) for series in _inside(run, "cpu_broker"))
    words = f"the brokers' host was {units.percent(busy)} busy, they took {units.number(took, 2)} of {cores:.0f} cores"
    if not took < OWN * cores:
        return BROKERS, words
    return (HOST if run.environment.get("cluster", {}).get("lab") else BROKERS), words


def _filled(run: Run, load: Load, dials: Sequence[AchievedDial]) -> float:
    """Share of all in-flight slots that were taken, by Little's law; NaN if unknown."""
    sent = run.latency(load.name, "sent")
    rate = next((dial.value for dial in dials if dial.dial == "request_rate"), math.nan)
    open_now = [
        float(np.mean(series.values)) for series in run.named("load_connections") if series.labels["load"] == load.name
    ]
    if sent is None or not open_now or load.kind != "produce":
        return math.nan
    return rate * sent.histogram.mean / 1e6 / (sum(open_now) * float(load.setting("in_flight")))


def _busiest_worker(run: Run) -> float:
    """Cores that the busiest worker took; NaN if unknown."""
    shares = [_rate(series.values, series.spans) for series in _inside(run, "generator_cpu")]
    return max(shares, default=math.nan)


def _lag(run: Run) -> float:
    """Milliseconds that the worst worker's event loop was late in the median second; NaN if unknown."""
    return max((float(np.median(series.values)) for series in _inside(run, "generator_lag")), default=math.nan)


def _typical(run: Run, name: str, how: Callable[[list[float]], float]) -> float:
    known = [float(np.nanmedian(series.values)) for series in _inside(run, name) if not np.isnan(series.values).all()]
    return how(known) if known else math.nan


def _inside(run: Run, name: str) -> list[Series]:
    every = [series for series in run.named(name) if len(series)]
    # A figure of the load may come only after it, where a worker had no time for it before.
    return [cut if len(cut := series.between(run.start, run.end)) else series for series in every]


def _rate(values: Floats, spans: Floats) -> float:
    known = ~np.isnan(values)
    covered = float(np.sum(spans[known]))
    return float(np.sum(values[known])) / covered if covered else math.nan


def _share(count: int, ledger: Ledger) -> float:
    return count / ledger.scheduled if ledger.scheduled else 0.0
