"""Trial: one load of a search for what a cluster carries, held against bounds. Follows from its run alone.

A step that did not hold is the cluster's doing only if nobody else's hand is in it: the generator suspects itself
first, then other users of the brokers' host.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.achieved import AchievedDial, achieved
from clusterload.analysis.bottleneck import BROKERS, LOST, NONE, bottlenecks, strained
from clusterload.analysis.ceiling.bound import LATENCIES, Bound
from clusterload.analysis.ceiling.search import Step, StepOutcome
from clusterload.analysis.host_cpu import CROWDED, HOST_CPU, crowded
from clusterload.analysis.usage import ResourceLine, Usage, assess
from clusterload.model import units
from clusterload.model.limits import Limits
from clusterload.model.series import SECOND
from clusterload.model.thresholds import LIMIT_LOAD

if TYPE_CHECKING:
    from clusterload.model.run import Latency, Run

MADE: Final = 0.95
"""Share of what was asked for that must have been made for a step to hold."""

EXCESS: Final = 1.05
"""From this share of what was asked for on, more was made: a late generator caught up, which is not as asked."""

SEEN: Final = 0.6
"""Share of a step's settled part that must have figures for its limit load to be known."""

GENERATORS_OWN: Final = ("Too many open files", "Cannot assign requested address", "Cannot allocate memory")
"""Failures of a connection that are this machine's, in the system's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a step's run is judged.

    Attributes:
        resource: what is searched for.
        watched: Loads with the kind of their latency that tells how the cluster serves; of several the worst counts.
        bounds: what breaks a step.
        limits: what a bound on the limit load is held against; None for what the brokers declare.
    """

    resource: str
    watched: tuple[tuple[str, str], ...]
    bounds: tuple[Bound, ...]
    limits: Limits | None = None

    def step(self, value: float, run: Run) -> Step:
        """What became of a step that drove the resource to a value, by the settled part of its run."""
        settled = settled_part(run)
        usage = assess(settled, self.limits)
        dials = achieved(run)
        figures = {**_figures(run, usage, self.watched), "achieved": _made(dials), "excess": _excess(dials)}
        figures[LIMIT_LOAD] = usage.typical_load if _covered(usage, settled) >= SEEN else math.nan
        used = usage.line(self.resource) if self.resource else None
        outcome, why = self._outcome(run, settled, usage, figures)
        return Step(
            value=value,
            outcome=outcome,
            why=why,
            used=used.typical if used else math.nan,
            figures=figures,
        )

    def _outcome(self, run: Run, settled: Run, usage: Usage, figures: Mapping[str, float]) -> tuple[StepOutcome, str]:
        broken = [bound for bound in self.bounds if bound.broken_by(figures[bound.figure])]
        unknown = [bound for bound in self.bounds if math.isnan(figures[bound.figure])]
        refused = _refused(run)
        if figures["achieved"] >= MADE and not refused and not broken:
            return _seen(self.bounds, unknown, figures)
        if any(bound.figure == LIMIT_LOAD for bound in broken) and not figures["excess"] > EXCESS:
            # Brokers counted what was really used: that holds even if something else ran short.
            return StepOutcome.BROKE, _said(broken, figures)
        if own := _failed_here(run) or strained(settled):
            return StepOutcome.UNSURE, f"the generator was the bottleneck: {own}"
        if refused:
            return _missed(run, figures["achieved"])
        if others := crowded(settled, usage, min([CROWDED, *_of_host(broken, figures)])):
            return StepOutcome.UNSURE, others
        return _blamed(run, broken, unknown, figures)


def not_begun(value: float, words: str) -> Step:
    """A step whose load could not even begin, in the words of the error."""
    ours = any(reason in words for reason in GENERATORS_OWN)
    outcome = StepOutcome.UNSURE if ours else StepOutcome.BROKE
    return Step(value=value, outcome=outcome, why=f"the generator was the bottleneck: {words}" if ours else words)


def settled_part(run: Run) -> Run:
    """A run without its warm-up."""
    warm_up = run.plan.warm_up if run.plan else 0.0
    start = run.start + round(warm_up * SECOND)
    return run.between(start, run.end) if run.start < start < run.end else run


def _figures(run: Run, usage: Usage, watched: Sequence[tuple[str, str]]) -> dict[str, float]:
    """All that can be bounded, as it was in the settled part; NaN where it is not known."""
    latencies = [run.latency(*load) for load in watched]
    busy = {name: _highest(lines) for name, lines in _by_name(usage.saturation).items()}
    lost = sum(ledger.failed + ledger.unknown + ledger.dropped for ledger in run.ledgers)
    scheduled = sum(ledger.scheduled for ledger in run.ledgers)
    return {
        **dict.fromkeys(("request_handler_busy", "network_thread_busy", "cpu_host"), math.nan),
        **busy,
        "saturation": max((value for value in busy.values() if not math.isnan(value)), default=math.nan),
        **{name: _worst(latencies, at) for name, at in LATENCIES.items()},
        "lost": lost / scheduled if scheduled else math.nan,
    }


def _worst(latencies: Sequence[Latency | None], at: float) -> float:
    """The highest of a quantile in milliseconds; NaN where a Load does not tell."""
    told = [latency.histogram.quantile(at) / 1e3 if latency else math.nan for latency in latencies]
    return math.nan if any(map(math.isnan, told)) else max(told, default=math.nan)


def _by_name(lines: Iterable[ResourceLine]) -> dict[str, list[ResourceLine]]:
    named: dict[str, list[ResourceLine]] = defaultdict(list)
    for line in lines:
        named[line.resource.name].append(line)
    return named


def _highest(lines: Iterable[ResourceLine]) -> float:
    return max((line.typical for line in lines if not math.isnan(line.typical)), default=math.nan)


def _made(dials: Sequence[AchievedDial]) -> float:
    """Share of what was asked for that was made: of each Load its worst dial.

    The Loads' shares are multiplied: what one reads is a share of what another one wrote.
    """
    worst: dict[str, float] = {}
    for dial in dials:
        if math.isfinite(dial.asked.value) and dial.asked.value:
            share = min(1.0, dial.value / dial.asked.value)
            worst[dial.load] = share if math.isnan(share) else min(share, worst.get(dial.load, 1.0))
    return math.prod(worst.values()) if worst else math.nan


def _excess(dials: Sequence[AchievedDial]) -> float:
    """The largest share of what was asked for that was made, of all dials; NaN if none is known."""
    shares = [dial.value / dial.asked.value for dial in dials if math.isfinite(dial.asked.value) and dial.asked.value]
    return max((share for share in shares if not math.isnan(share)), default=math.nan)


def _covered(usage: Usage, settled: Run) -> float:
    """Share of a run that has a limit load."""
    known = sum(not math.isnan(value) for value in usage.limit_load)
    return known * usage.grid.seconds / settled.seconds


def _refused(run: Run) -> bool:
    """Whether brokers said no, or to wait: what they mean also on a host that others keep busy."""
    throttled = any(traffic.throttled_ms > LOST * run.seconds * 1e3 for traffic in run.traffic)
    return throttled or any(ledger.failed + ledger.unknown > LOST * ledger.scheduled for ledger in run.ledgers)


def _failed_here(run: Run) -> str:
    for ledger in run.ledgers:
        for error, count in ledger.errors.items():
            if any(reason in error for reason in GENERATORS_OWN):
                return f"{count:,} times {error}"
    return ""


def _seen(bounds: Sequence[Bound], unknown: Sequence[Bound], figures: Mapping[str, float]) -> tuple[StepOutcome, str]:
    """What a step that was made as asked and broke nothing is worth: it held if all was seen."""
    if unknown:
        return StepOutcome.UNSURE, f"{_names(unknown)} is not known"
    return StepOutcome.HELD, _said(bounds, figures)


def _blamed(
    run: Run, broken: Sequence[Bound], unknown: Sequence[Bound], figures: Mapping[str, float]
) -> tuple[StepOutcome, str]:
    """What a step that did not hold is put down to, once nobody else's hand is in it."""
    if broken:
        return StepOutcome.BROKE, _said(broken, figures)
    if figures["achieved"] < MADE:
        return _missed(run, figures["achieved"])
    return StepOutcome.UNSURE, f"{_names(unknown) or 'what was made'} is not known"


def _missed(run: Run, share: float) -> tuple[StepOutcome, str]:
    """Why less was made than asked for, and whether that is the cluster's doing."""
    found = [bottleneck for bottleneck in bottlenecks(run) if bottleneck.who != NONE]
    words = f"{units.percent(share)} of the load was made"
    for bottleneck in found:
        if bottleneck.who == BROKERS:
            return StepOutcome.BROKE, f"{words}: {bottleneck.words}"
    return StepOutcome.UNSURE, "; ".join([words, *(bottleneck.words for bottleneck in found)])


def _of_host(broken: Iterable[Bound], figures: Mapping[str, float]) -> list[float]:
    """The values of broken bounds that are broken by the CPU of a host, which the brokers may share."""
    hottest = figures[HOST_CPU] >= figures["saturation"]
    return [bound.value for bound in broken if bound.figure == HOST_CPU or (bound.figure == "saturation" and hottest)]


def _said(bounds: Iterable[Bound], figures: Mapping[str, float]) -> str:
    return ", ".join(f"{bound.quantity} {bound.said(figures[bound.figure])}" for bound in bounds)


def _names(bounds: Iterable[Bound]) -> str:
    return ", ".join(bound.quantity for bound in bounds)
