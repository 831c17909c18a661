"""Reading: the figures of a run that a threshold is about, and what of them is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import numpy as np

from clusterload.analysis.achieved import achieved
from clusterload.analysis.gates.judged_run import JudgedRun
from clusterload.analysis.usage import ResourceLine, Share
from clusterload.model.ledger import Ledger
from clusterload.model.resources import OTHERS, Resource
from clusterload.model.run import Latency, Run
from clusterload.model.series import SECOND, Floats, Kind, Series, joined
from clusterload.model.thresholds import ANY, LATENCIES, Family, Threshold, quoted
from clusterload.model.wording import in_sentence
from clusterload.model.workload import watched

_NOTHING: Final = np.empty(0)
_SLIVER: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """The figures of one thing that a threshold is about.

    Attributes:
        whole: over all that is judged, in the measure's unit; NaN if unknown.
        of: whose they are, as in `broker 2`; empty for the whole.
        values: over time; NaN in gaps, shape `(n,)`; empty for what has no course.
        begin: seconds into the load at which the first value begins.
        step: seconds that each value is of.
    """

    whole: float
    of: str = ""
    values: Floats = field(default_factory=lambda: _NOTHING)
    begin: float = 0.0
    step: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdFigures:
    """All figures that a threshold is about.

    Attributes:
        courses: one for each thing, of which the worst counts.
        absent: what has no figures at all and should, in words; nothing if all is there.
        floor: why the figures may be lower than what they stand for, in words; nothing if they are not.
    """

    courses: tuple[Course, ...] = ()
    absent: str = ""
    floor: str = ""


def read_figures(threshold: Threshold, scene: JudgedRun, *, moments: bool = True) -> ThresholdFigures:
    """The figures that a threshold is about; where its `moments` are not wanted, latencies have no values over time."""
    if threshold.measure.family is Family.LATENCY:
        return _latency(threshold, scene, moments=moments)
    return _READERS[threshold.measure.family](threshold, scene)


# The cluster's own metrics.


def _limit_load(threshold: Threshold, scene: JudgedRun) -> ThresholdFigures:
    usage, resource, broker = scene.usage, threshold.which("resource"), threshold.which("broker")
    if not usage.limits.known:
        return ThresholdFigures(absent=usage.limits.words)
    shares = [
        share
        for share in usage.shares
        if resource in {"", ANY, share.resource.name}
        and (broker in {"", share.broker} or (broker == ANY and share.broker))
    ]
    what = f"limit of {resource}" if resource not in {"", ANY} else "resource with a limit"
    if not shares:
        return ThresholdFigures(absent=f"no {what} was measured{f' of broker {quoted(broker)}' if broker else ''}")
    missing = [name for name in usage.missing if resource in {"", ANY, name.split(maxsplit=1)[0]}]
    unmeasured = [f"{name} was not measured" for name in missing]
    unseen = list(dict.fromkeys(words for share in shares if (words := _unseen_of(scene.run, share))))
    if not resource and not broker:
        course = _course(threshold, scene, _highest(usage.limit_load, shares))
        return ThresholdFigures(courses=(course,), floor="; ".join([*unmeasured, *unseen]))
    of = [in_sentence(share.title) if resource == ANY or share.whose else "" for share in shares]
    courses = [_course(threshold, scene, share, whose) for share, whose in zip(shares, of, strict=True)]
    if any(share.whose for share in shares):
        return ThresholdFigures(courses=tuple(courses), absent="; ".join([*unmeasured, *unseen]))
    return ThresholdFigures(courses=tuple(courses), absent="; ".join(unmeasured), floor="; ".join(unseen))


def _highest(values: Floats, shares: Sequence[Share]) -> ResourceLine:
    """The limit load as a line, told as the resource that binds is."""
    known = [share for share in shares if not math.isnan(share.typical)]
    binding = max(known, key=lambda share: share.typical, default=shares[0])
    return ResourceLine(resource=binding.resource, broker="", values=values)


def _of_resource(threshold: Threshold, scene: JudgedRun) -> ThresholdFigures:
    labels = dict(threshold.where)
    each = {
        resource: [line for line in scene.run.named(resource.name) if _selected(line, labels)]
        for resource in threshold.measure.read_from(frozenset(labels))
    }
    courses = [course for resource, series in each.items() for course in _courses(threshold, scene, resource, series)]
    missing = " and ".join(resource.name for resource, series in each.items() if not series)
    which = "".join(f" of {label} {quoted(value)}" for label, value in threshold.where if value != ANY)
    absent = f"no figures of {missing}{which}" if missing else ""
    all_brokers = labels.get("broker", ANY) == ANY
    asked = [resource.name for resource, series in each.items() if series and not resource.per and all_brokers]
    unseen = "; ".join(dict.fromkeys(words for name in asked if (words := _unseen(scene.run, name))))
    if "broker" not in labels and any(map(_adds_up, each)):
        return ThresholdFigures(courses=tuple(courses), absent=absent, floor=unseen)
    return ThresholdFigures(courses=tuple(courses), absent="; ".join(filter(None, (absent, unseen))))


def _courses(threshold: Threshold, scene: JudgedRun, resource: Resource, series: Sequence[Series]) -> Iterator[Course]:
    """A resource's figures: those that add up as one, others each by itself."""
    by = sorted(label for label, value in threshold.where if value == ANY)
    for whose, group in _grouped(series, by if _adds_up(resource) else None):
        named = f"{resource.name} of {whose}" if len(threshold.measure.resources) > 1 else whose
        yield _course(threshold, scene, _line(resource, group, scene), named)


def _selected(series: Series, labels: Mapping[str, str]) -> bool:
    for label, value in labels.items():
        found = series.labels.get(label)
        if found is None or (found == OTHERS if value == ANY else found != value):
            return False
    return True


def _adds_up(resource: Resource) -> bool:
    """Whether several of it are a sum: amounts are; of shares and times the worst counts."""
    return resource.kind is Kind.DELTA or resource.unit.thing not in {"ratio", "time"}


def _grouped(series: Iterable[Series], by: Sequence[str] | None) -> Iterator[tuple[str, list[Series]]]:
    """Series with the same labels together, and whose they are; None is each by itself."""

    def whose(line: Series) -> tuple[tuple[str, str], ...]:
        return tuple((label, line.labels[label]) for label in (sorted(line.labels) if by is None else by))

    for labels, group in groupby(sorted(series, key=whose), key=whose):
        yield ", ".join(f"{label} {quoted(value)}" for label, value in labels if value), list(group)


def _line(resource: Resource, series: Sequence[Series], scene: JudgedRun) -> ResourceLine:
    values = joined(series, scene.usage.grid)
    rates = values / scene.usage.grid.seconds if resource.kind is Kind.DELTA else values
    return ResourceLine(resource=resource, broker="", values=rates)


def _course(threshold: Threshold, scene: JudgedRun, line: ResourceLine, of: str = "") -> Course:
    whole = _whole(line, threshold.aggregate) if len(line.values) else math.nan
    return Course(whole=whole, of=of, values=line.values, begin=scene.elapsed, step=scene.usage.grid.seconds)


def _whole(line: ResourceLine, aggregate: str) -> float:
    known = line.values[~np.isnan(line.values)]
    if not len(known):
        return math.nan
    figures: dict[str, Callable[[], float]] = {
        "": lambda: line.typical,
        "max": lambda: line.peak,
        "min": lambda: float(np.min(known)),
        "mean": lambda: float(np.mean(known)),
        "sustained": lambda: line.sustained,
    }
    return figures[aggregate]()


def _unseen_of(run: Run, share: Share) -> str:
    """The same of what a share is of; a part is not seen at brokers that it does not use."""
    names = () if share.part else share.resource.sum_of or (share.resource.name,)
    return "; ".join(filter(None, (_unseen(run, name) for name in names)))


def _unseen(run: Run, resource: str) -> str:
    """The cluster's brokers that gave no figures of a resource, in words; nothing where brokers are not told apart."""
    brokers = {str(broker["id"]) for broker in run.environment.get("cluster", {}).get("brokers", [])}
    seen = {line.labels.get("broker", "") for line in run.named(resource)}
    gone = [] if "" in seen else sorted(brokers - seen)
    return f"broker {', '.join(map(quoted, gone))} gave no figures of {resource}" if gone else ""


# What the generator counted.


def _latency(threshold: Threshold, scene: JudgedRun, *, moments: bool) -> ThresholdFigures:
    load, of = threshold.which("load"), threshold.which("of")
    told = _telling(scene.run, load, of)
    found = [(name, scene.run.latency(name, way)) for name, way in told]
    courses = [
        _latency_course(threshold, scene, latency, moments=moments) for _, latency in found if latency is not None
    ]
    silent = [name for name, latency in found if latency is None]
    if not told:
        whose = f"load {quoted(load)}" if load not in {"", ANY} else "any load"
        return ThresholdFigures(absent=f"no latency of {whose} was measured: only loads of engine wire tell theirs")
    absent = f"load {', '.join(map(quoted, silent))} had no answer" if silent else ""
    return ThresholdFigures(courses=tuple(courses), absent=absent)


def _telling(run: Run, load: str, of: str) -> list[tuple[str, str]]:
    """The Loads that should tell a latency, with its kind."""
    chosen = watched(run.plan) if run.plan else ()
    if of:
        there = [(latency.load, latency.of) for latency in run.latencies]
        ways = sorted({way for _, way in there}) if of == ANY else [of]
        chosen = tuple(way for way in there if way[1] in ways)
    return [way for way in chosen if load in {"", ANY, way[0]}]


def _latency_course(threshold: Threshold, scene: JudgedRun, latency: Latency, *, moments: bool) -> Course:
    quantile = LATENCIES[threshold.quantity]

    def figure(second: int | None) -> float:
        kept = latency.histogram if second is None else latency.at(second)
        return (kept.mean if math.isnan(quantile) else kept.quantile(quantile)) / 1e3

    whole, of = figure(None), f"load {quoted(latency.load)}"
    if not moments:  # a day has 86,400 seconds, and each takes a third of a millisecond to be read
        return Course(whole=whole, of=of)
    first = max(0, math.ceil((scene.begin - latency.start) / SECOND - _SLIVER))
    end = max(first, math.floor((scene.run.end - latency.start) / SECOND + _SLIVER))
    values = np.array([figure(second) if second in latency.encoded else math.nan for second in range(first, end)])
    begin = (latency.start - scene.start) / SECOND + first
    return Course(whole=whole, of=of, values=values, begin=begin)


def _ledgers(threshold: Threshold, scene: JudgedRun) -> list[tuple[str, list[Ledger]]]:
    """The accounts that a threshold is about, those together that are one figure."""
    load = threshold.which("load")
    chosen = [ledger for ledger in scene.run.ledgers if load in {"", ANY, ledger.load}]
    if load == ANY:
        return [(f"load {quoted(ledger.load)}", [ledger]) for ledger in chosen]
    return [(f"load {quoted(load)}" if load else "", chosen)] if chosen else []


def _count(threshold: Threshold, scene: JudgedRun) -> ThresholdFigures:
    term = threshold.quantity.partition(".")[2]
    courses = [
        Course(whole=float(sum(getattr(ledger, term) for ledger in ledgers)), of=of)
        for of, ledgers in _ledgers(threshold, scene)
    ]
    return ThresholdFigures(courses=tuple(courses), absent="" if courses else "no load was accounted for")


def _lost(threshold: Threshold, scene: JudgedRun) -> ThresholdFigures:
    plan = scene.run.plan
    unasked = {load.name for load in plan.loads if load.dials.acks == "0"} if plan else set()

    def lost(ledger: Ledger) -> int:
        # Where nobody is asked for an answer, none is missing.
        return ledger.failed + ledger.dropped + (0 if ledger.load in unasked else ledger.unknown)

    courses = []
    for of, ledgers in _ledgers(threshold, scene):
        scheduled = sum(ledger.scheduled for ledger in ledgers)
        courses.append(Course(whole=sum(map(lost, ledgers)) / scheduled if scheduled else math.nan, of=of))
    return ThresholdFigures(courses=tuple(courses), absent="" if courses else "no load was accounted for")


def _achieved(threshold: Threshold, scene: JudgedRun) -> ThresholdFigures:
    load, dial = threshold.which("load"), threshold.which("dial")
    chosen = [
        made
        for made in achieved(scene.run)
        if load in {"", ANY, made.load}
        and dial in {"", ANY, made.dial}
        and made.asked.value
        and math.isfinite(made.asked.value)
    ]
    known = [dial for dial in chosen if not math.isnan(dial.value)]
    courses = [
        Course(whole=dial.value / dial.asked.value, of=f"{dial.dial} of load {quoted(dial.load)}") for dial in known
    ]
    # Of some dials nobody can know what they came to; a Load of which no dial tells is not known to have been made.
    silent = dict.fromkeys(quoted(dial.load) for dial in chosen if dial.load not in {each.load for each in known})
    if not chosen:
        return ThresholdFigures(absent="no dial that asks for a figure was counted")
    return ThresholdFigures(
        courses=tuple(courses), absent=f"no dial of load {', '.join(silent)} was counted" if silent else ""
    )


_READERS: Final[Mapping[Family, Callable[[Threshold, JudgedRun], ThresholdFigures]]] = {
    Family.LIMIT_LOAD: _limit_load,
    Family.RESOURCE: _of_resource,
    Family.LEDGER: _count,
    Family.LOST: _lost,
    Family.ACHIEVED: _achieved,
}
