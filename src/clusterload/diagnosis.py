"""Diagnosis: a run and its usage judged, in one of three states.

*Within limits*, *limited by X*, or *inconclusive* with what was missing. The generator and the path of the
metrics are suspected first: a load that was not made, or was not seen, proves nothing about the cluster.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from clusterload import units
from clusterload.achievement import Achieved, achieved
from clusterload.brake import Brake, brakes
from clusterload.finding import Finding
from clusterload.hosts import HOST_CPU, full_hosts
from clusterload.ledger import RECORDS, REQUESTS, Ledger
from clusterload.plan import Load, totals
from clusterload.run import Run
from clusterload.usage import SUSTAINED, Line, Share, Usage

SATURATED: Final = 0.9
"""A broker's threads count as saturated when they are sustained at this busyness or above."""

WANTED: Final = 0.9
"""Share of the window that must have figures before they are judged."""

MISSED: Final = 0.005
"""Share by which a load may miss the records that its dials ask for."""

CHANCE: Final = 4.0
"""Standard deviations by which a number of chance arrivals may miss what was asked for."""

LATE: Final = 0.01
"""Share of late records above which the generator itself is the suspect."""


class State(StrEnum):
    """What a verdict says; *limited* is at or over a limit or a guideline, or saturated."""

    WITHIN = "within limits"
    LIMITED = "limited"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one run.

    Attributes:
        state: within limits, limited or inconclusive.
        limit_load: typical share of the resource that binds, as a ratio; NaN if unknown.
        binding: the resource with the largest share.
        saturation: the busiest broker's busiest part.
        findings: what holds, in any state.
        missing: what was not seen or not done as asked, a line each; why it is inconclusive if it is.
    """

    state: State
    limit_load: float
    binding: Share | None
    saturation: Line | None
    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The verdict in words: `within limits; connections bind at 47 %`."""
        parts = [str(self.state)]
        if self.state is State.INCONCLUSIVE:
            parts[0] += f" ({'; '.join(self.missing)})" if self.missing else ""
        elif self.state is State.LIMITED:
            parts[0] = _held_by(self.findings)
        if self.binding is not None:
            parts.append(_binding(self.binding))
        return "; ".join(parts)


def _held_by(findings: Sequence[Finding]) -> str:
    """`limited by connections and over the guideline of ingress`: what is only advised is not said to limit."""
    by = dict.fromkeys(finding.cause for finding in findings if not finding.advised)
    over = dict.fromkeys(finding.cause for finding in findings if finding.advised and finding.cause not in by)
    parts = [(by, str(State.LIMITED) + " by"), (over, "over the guideline of")]
    return " and ".join(f"{words} {' and '.join(causes)}" for causes, words in parts if causes)


def _binding(share: Share) -> str:
    name, many = share.title, _plural(share.title)
    of = f" of {'their' if many else 'its'} guideline" if share.advised else ""
    return f"{name[0].lower()}{name[1:]} {'bind' if many else 'binds'} at {units.percent(share.typical)}{of}"


def _plural(title: str) -> bool:
    """Whether a resource is many things (connections) or one (ingress)."""
    name = title.split(" of ", maxsplit=1)[0]
    return name.endswith("s") and not name.endswith("ss")


def diagnose(run: Run, usage: Usage) -> Verdict:
    """Judge a run. Pure: the same run and usage give the same verdict anywhere and at any time."""
    hosts = full_hosts(run, usage)
    findings = (*_over_limit(usage), *_saturated_threads(usage), *(host.finding for host in hosts if host.by_brokers))
    clock = any(event.kind == "clock-jumped" for event in run.events)
    missing = (
        *(("the clock jumped during the run",) if clock else ()),
        *_doubts_of_generator(run),
        *_doubts_of_metrics(run, usage),
        *(host.doubt for host in hosts if not host.by_brokers),
    )
    return Verdict(
        state=_state(findings, missing, timeless=clock),
        limit_load=usage.typical_load,
        binding=usage.binding,
        saturation=usage.busiest,
        findings=findings,
        missing=missing,
    )


def _state(findings: Sequence[Finding], missing: Sequence[str], *, timeless: bool) -> State:
    # A limit that was seen to be reached is reached, whatever else was not seen; a full cluster is also what
    # makes a generator late. That none was reached can only be said when all was done and seen. Where the clock
    # was set, no rate can be believed.
    if timeless:
        return State.INCONCLUSIVE
    if findings:
        return State.LIMITED
    return State.INCONCLUSIVE if missing else State.WITHIN


def _over_limit(usage: Usage) -> Iterator[Finding]:
    over = [share for share in usage.shares if share.sustained >= 1]
    for share in over:
        are = "are at or over their" if _plural(share.title) else "is at or over its"
        yield Finding(
            cause=share.title.lower(),
            sentence=f"{share.title} {are} {'guideline' if share.advised else 'limit'}",
            evidence=(
                f"{units.percent(share.sustained)} of {share.limit.words}, "
                f"{share.limit.force} ({share.limit.source}, {share.limit.as_of})",
            ),
            advised=share.advised,
        )
    if not over and _in_turn(usage.shares):
        yield Finding(
            cause="several resources in turn",
            sentence="The limit load is at or over 100 %, by several in turn",
            advised=not _in_turn([share for share in usage.shares if not share.advised]),
        )


def _in_turn(shares: Sequence[Share]) -> bool:
    """Whether there is a share at 100 % in as much of the window as counts as sustained."""
    if not shares or not len(shares[0].values):
        return False
    peaks = np.max(np.stack([share.values for share in shares]), axis=0)
    return float(np.mean(peaks >= 1)) >= 1 - SUSTAINED


def _saturated_threads(usage: Usage) -> Iterator[Finding]:
    for line in usage.saturation:
        if line.resource.name != HOST_CPU and line.typical >= SATURATED:
            yield Finding(
                cause=f"{line.resource.title.removesuffix(' busy').lower()} of broker {line.broker}",
                sentence=f"{line.resource.title} of broker {line.broker}: saturated",
                evidence=(f"{units.percent(line.typical)} in the middle of the window",),
            )


def _doubts_of_generator(run: Run) -> Iterator[str]:
    if not run.complete:
        yield "the run was cut short"
    if run.plan is not None and not run.ledgers:
        yield "no load was accounted for"
    dials = achieved(run)
    held = {brake.load: brake for brake in brakes(run, dials)}
    missed = {one.load for one in dials if one.missed}  # for these the brake is named with the dial
    loads = {load.name: load for load in run.plan.loads} if run.plan else {}
    for ledger in run.ledgers:
        brake = None if ledger.load in missed else held.get(ledger.load)
        yield from _doubts_of_ledger(ledger, loads.get(ledger.load), brake)
    yield from _missed_rates(run)
    yield from _missed_dials(run, dials, held)
    yield from (event.text for event in run.events if event.kind == "growth-differs")


def _missed_dials(run: Run, dials: Sequence[Achieved], held: Mapping[str, Brake]) -> Iterator[str]:
    """Dials of the wire engine that were missed, the worst of each Load, and what brokers did not see."""
    wire = [load.name for load in run.plan.loads if load.engine == "wire"] if run.plan and run.complete else []
    for name in wire:
        own = [one for one in dials if one.load == name]
        missed = sorted((one for one in own if one.missed), key=lambda one: -abs(one.missed_by))
        if missed:
            yield f"load {name!r} {_missed(missed[0])}: {held[name].words}"
        for one in own:
            if one.denied and one.counted.loads[:1] == (name,):
                yield (
                    f"{one.dial} of {' and '.join(one.counted.loads)}: the brokers counted "
                    f"{units.number(one.counted.value)} where the generator counted {units.number(one.counted.made)}"
                )


def _missed(one: Achieved) -> str:
    too = f"{units.percent(abs(one.missed_by))} too {'little' if one.missed_by > 0 else 'much'}"
    short = units.short(one.value, one.asked.unit), units.short(one.asked.value, one.asked.unit)
    return f"missed {one.dial}: {short[0]} of {short[1]} that were asked for, {too}"


def _missed_rates(run: Run) -> Iterator[str]:
    """Loads that scheduled fewer or more than their plan asks for."""
    if run.plan is None or not run.complete:
        return
    accounts = {ledger.load: ledger for ledger in run.ledgers}
    for load in run.plan.loads:
        ledger = accounts.get(load.name, Ledger(load=load.name))
        asked = _asked(load, run.plan.duration, ledger.unit)
        # By chance, arrivals are as many as asked for give or take the root of it.
        together = load.setting("records_per_transaction") if load.kind == "transact" else 1
        chance = CHANCE * math.sqrt(asked * together) if load.arrivals == "poisson" else 0.0
        if math.isfinite(asked) and abs(ledger.scheduled - asked) > max(1.0, MISSED * asked) + chance:
            yield f"load {load.name!r} made {ledger.scheduled:,} {ledger.unit} of {asked:,.0f} that were asked for"


def _asked(load: Load, duration: float, unit: str) -> float:
    """How many a plan asks for; infinite where it does not say how many."""
    together = totals(load, duration)
    return {RECORDS: together.records, REQUESTS: together.requests}.get(unit) or math.inf


def _doubts_of_ledger(ledger: Ledger, load: Load | None, brake: Brake | None) -> Iterator[str]:
    def share(count: int) -> str:
        return f"{count:,} of {ledger.scheduled:,} {ledger.unit} of load {ledger.load!r}"

    if not ledger.scheduled and not (load and load.kind == "consume"):
        yield f"no {ledger.unit.removesuffix('s')} of load {ledger.load!r} was due"
    behind = ledger.late + ledger.dropped
    if behind > LATE * ledger.scheduled:
        yield f"{share(behind)} were sent late or not at all{_because(load, brake)}"
    # Where nobody is asked for an answer, none is missing.
    unasked = load is not None and load.dials.acks == "0"
    lost = ledger.failed + (0 if unasked else ledger.unknown)
    if lost > LATE * ledger.scheduled:
        reasons = ", ".join(sorted(ledger.errors, key=lambda name: -ledger.errors[name]))
        yield f"{share(lost)} were not acknowledged ({reasons})"
    if not ledger.balanced:
        yield f"the ledger of load {ledger.load!r} does not add up"


def _because(load: Load | None, brake: Brake | None) -> str:
    if load is None or load.engine == "client":
        return ": the generator was the brake"
    return f": {brake.words}" if brake else ""


def _doubts_of_metrics(run: Run, usage: Usage) -> Iterator[str]:
    if not usage.limits.limits:
        yield "no limit of this cluster is known"
    elif not usage.shares:
        yield "no resource was measured that has a limit"
    for name in usage.missing:
        if usage.shares:
            yield f"{name} was not measured"
    for name in dict.fromkeys(share.resource.name for share in usage.shares):
        for broker in _unseen_brokers(run, name):
            yield f"broker {broker} gave no figures of {name}"
    for title, known in {share.title: share.known for share in usage.shares}.items():
        if known < WANTED:
            yield f"{title.lower()} has figures for {units.percent(known)} of the window only"
    kinds = {event.kind for event in run.events}
    if "disk-full" in kinds and "rescued" not in kinds:
        yield "the run file could not be written to the end"


def _unseen_brokers(run: Run, resource: str) -> list[str]:
    """The cluster's brokers without any figure of a resource: without them its sum is too small, not unknown."""
    brokers = {str(broker["id"]) for broker in run.environment.get("cluster", {}).get("brokers", [])}
    seen = {one.labels.get("broker", "") for one in run.named(resource)}
    return [] if "" in seen else sorted(brokers - seen)
