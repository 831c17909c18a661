"""Doubts: what was not done or not measured as a judgement needs it.

A load that was not made, or was not measured, proves nothing about the cluster.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from clusterload.analysis.achieved import AchievedDial, achieved
from clusterload.analysis.bottleneck import Bottleneck, bottlenecks
from clusterload.analysis.host_cpu import hosts_of
from clusterload.analysis.usage import Usage
from clusterload.model import units
from clusterload.model.ledger import RECORDS, REQUESTS, Ledger
from clusterload.model.run import Run
from clusterload.model.wording import by_number, in_sentence
from clusterload.model.workload import Load, totals_of

if TYPE_CHECKING:
    from clusterload.model.series import Series

WANTED: Final = 0.9
"""Share of the window that must have figures before they are judged."""

MISSED: Final = 0.005
"""Share by which a load may miss the records that its dials set."""

CHANCE: Final = 4.0
"""Standard deviations by which Poisson arrivals may miss their target."""

LATE: Final = 0.01
"""Share of late records above which the generator itself is the suspect."""

STILL: Final = 5
"""Successive readings without any CPU time from which on a broker's figures are stale: answering takes some."""

SEEN: Final = 0.5
"""Share of librdkafka's own count that brokers must have counted: its loads have soft edges."""


def doubts_of_generator(run: Run) -> Iterator[str]:
    """Where the generator did not make the load of its plan, a line each."""
    if not run.complete:
        yield "the run was cut short"
    if run.plan is not None and not run.ledgers:
        yield "no load was accounted for"
    dials = achieved(run)
    held = {bottleneck.load: bottleneck for bottleneck in bottlenecks(run, dials)}
    missed = {dial.load for dial in dials if dial.missed}  # for these the bottleneck is named with the dial
    loads = {load.name: load for load in run.plan.loads} if run.plan else {}
    for ledger in run.ledgers:
        bottleneck = None if ledger.load in missed else held.get(ledger.load)
        yield from _doubts_of_ledger(ledger, loads.get(ledger.load), bottleneck)
    yield from _missed_rates(run)
    yield from _missed_dials(run, dials, held)
    yield from _uncounted(run, dials)
    yield from (event.text for event in run.events if event.kind == "growth-differs")


def _missed_dials(run: Run, dials: Sequence[AchievedDial], held: Mapping[str, Bottleneck]) -> Iterator[str]:
    """Dials of the wire engine that were missed, the worst of each Load, and what brokers did not see."""
    wire = [load.name for load in run.plan.loads if load.engine == "wire"] if run.plan and run.complete else []
    for name in wire:
        own = [dial for dial in dials if dial.load == name]
        missed = sorted((dial for dial in own if dial.missed), key=lambda dial: -abs(dial.missed_by))
        if missed:
            yield f"load {name!r} {_missed(missed[0])}: {held[name].words}"
        yield from (_denied(dial) for dial in own if dial.undercounted and dial.foremost)


def _uncounted(run: Run, dials: Sequence[AchievedDial]) -> Iterator[str]:
    """Loads of librdkafka of which brokers counted little or nothing; only whole loads can be judged."""
    if run.plan is None or run.seconds < WANTED * run.plan.duration:
        return
    of_clients = {load.name for load in run.plan.loads if load.engine == "client"}
    for dial in dials:
        if dial.load in of_clients and dial.foremost and dial.counted.value < SEEN * dial.counted.made:
            yield _denied(dial)


def _denied(dial: AchievedDial) -> str:
    counted = units.number(dial.counted.value), units.number(dial.counted.made)
    loads = " and ".join(dial.counted.loads)
    return f"{dial.dial} of {loads}: the brokers counted {counted[0]} where the generator counted {counted[1]}"


def _missed(dial: AchievedDial) -> str:
    too = f"{units.percent(abs(dial.missed_by))} too {'little' if dial.missed_by > 0 else 'much'}"
    short = units.short(dial.value, dial.asked.unit), units.short(dial.asked.value, dial.asked.unit)
    return f"missed {dial.dial}: {short[0]} of a target of {short[1]}, {too}"


def _missed_rates(run: Run) -> Iterator[str]:
    """Loads that scheduled fewer or more than their plan says."""
    if run.plan is None or not run.complete:
        return
    accounts = {ledger.load: ledger for ledger in run.ledgers}
    for load in run.plan.loads:
        ledger = accounts.get(load.name, Ledger(load=load.name))
        asked = _asked(load, run.plan.duration, ledger.unit)
        # Poisson arrivals vary by the square root of their number.
        together = load.setting("records_per_transaction") if load.kind == "transact" else 1
        chance = CHANCE * math.sqrt(asked * together) if load.arrivals == "poisson" else 0.0
        if math.isfinite(asked) and abs(ledger.scheduled - asked) > max(1.0, MISSED * asked) + chance:
            yield f"load {load.name!r} made {ledger.scheduled:,} {ledger.unit} of a target of {asked:,.0f}"


def _asked(load: Load, duration: float, unit: str) -> float:
    """How many a plan is to make; infinite where it does not say."""
    together = totals_of(load, duration)
    return {RECORDS: together.records, REQUESTS: together.requests}.get(unit) or math.inf


def _doubts_of_ledger(ledger: Ledger, load: Load | None, bottleneck: Bottleneck | None) -> Iterator[str]:
    def share(count: int) -> str:
        return f"{count:,} of {ledger.scheduled:,} {ledger.unit} of load {ledger.load!r}"

    if not ledger.scheduled and not (load and load.kind == "consume"):
        yield f"no {ledger.unit.removesuffix('s')} of load {ledger.load!r} was due"
    behind = ledger.late + ledger.dropped
    if behind > LATE * ledger.scheduled:
        yield f"{share(behind)} were sent late or not at all{_because(load, bottleneck)}"
    # With acks=0 no answer is missing.
    unanswered = load is not None and load.dials.acks == "0"
    lost = ledger.failed + (0 if unanswered else ledger.unknown)
    if lost > LATE * ledger.scheduled:
        reasons = ", ".join(sorted(ledger.errors, key=lambda name: -ledger.errors[name]))
        yield f"{share(lost)} were not acknowledged ({reasons})"
    if not ledger.balanced:
        yield f"the ledger of load {ledger.load!r} does not add up"


def _because(load: Load | None, bottleneck: Bottleneck | None) -> str:
    if load is None or load.engine == "client":
        return ": the generator was the bottleneck"
    return f": {bottleneck.words}" if bottleneck else ""


_UNREAD: Final = frozenset({"scrape-failed", "names-unknown", "names-without-broker"})


def _unread(run: Run) -> Iterator[str]:
    """Why nothing at all was read, where that was told."""
    why = next((event.text for event in run.events if event.kind in _UNREAD), "")
    if why and not any(len(series.times) for series in run.series):
        yield f"no metrics were read: {why}"


def doubts_of_metrics(run: Run, usage: Usage) -> Iterator[str]:
    """What was not measured of the cluster, a line each."""
    yield from _unread(run)
    if usage.shares:
        yield from (f"{name} was not measured" for name in usage.missing)
    elif usage.limits.known:
        yield "no resource was measured that has a limit"
    elif usage.busiest is None and not usage.provider:
        # Where no limits are known, how busy the brokers are is judged, and nothing is missing for that.
        yield "neither a limit of this cluster nor how busy its brokers are is known"
    silent = _silent_brokers(run)
    if silent:
        yield f"{'brokers' if len(silent) > 1 else 'broker'} {', '.join(silent)} gave no figures"
    whole = [share for share in usage.shares if not share.part]
    for name in dict.fromkeys(name for share in whole for name in share.resource.sum_of or (share.resource.name,)):
        for broker in (broker for broker in _unseen_brokers(run, name) if broker not in silent):
            yield f"broker {broker} gave no figures of {name}"
    for title, known in {share.title: share.known for share in whole}.items():
        if known < WANTED:
            yield f"{in_sentence(title)} has figures for {units.percent(known)} of the window only"
    yield from _standing_still(run)
    kinds = {event.kind for event in run.events}
    if "disk-full" in kinds and "rescued" not in kinds:
        yield "the run file could not be written to the end"


def _silent_brokers(run: Run) -> list[str]:
    """The cluster's brokers without any figure at all, where brokers are told apart."""
    seen = {broker for series in run.series if (broker := series.labels.get("broker"))}
    return by_number(hosts_of(run).keys() - seen) if seen else []


def _unseen_brokers(run: Run, resource: str) -> list[str]:
    """The cluster's brokers without any figure of a resource: the sum without them is too small, not unknown."""
    seen = {series.labels.get("broker", "") for series in run.named(resource)}
    return [] if "" in seen else sorted(hosts_of(run).keys() - seen)


def _standing_still(run: Run) -> Iterator[str]:
    """Brokers whose CPU time did not grow at all for a while."""
    for series in run.named("cpu_broker"):
        seconds = _longest_still(series.between(run.start, run.end))
        if seconds > (1 - WANTED) * run.seconds:
            stood = f"broker {series.labels.get('broker', '')} stood still for {units.duration(round(seconds))}"
            yield f"the figures of {stood} (not even its CPU time grew): a cached answer was read"


def _longest_still(cpu: Series) -> float:
    """Seconds of the longest stretch in which no reading differs from the one before it."""
    stretches = groupby(zip(cpu.values, cpu.spans, strict=True), key=lambda point: point[0] == 0)
    found = [[span for _, span in points] for still, points in stretches if still]
    return max((sum(spans) for spans in found if len(spans) >= STILL), default=0.0)
