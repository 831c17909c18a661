"""From a run to its bill: what each client, topic and broker used, the remainder, and what is not known."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from clusterload.analysis.bill.charge import KINDS, NOT_ADDED, UNATTRIBUTED, Bill, Charge
from clusterload.analysis.window_stats import UNKNOWN, Pair, WindowStats

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series

Amounts: TypeAlias = dict[str, dict[str, Pair]]
"""By figure, by name."""

Combine: TypeAlias = Callable[[Iterable[float]], float]
"""Makes one value of those of several brokers or Series."""

# Where each figure of each kind comes from, the leading figure first.
_GAUGES: Final = {
    "thread_time": ("thread_time_by_client",),
    "ingress": ("ingress_by_client",),
    "egress": ("egress_by_client",),
    "throttle": ("produce_throttle_time", "fetch_throttle_time", "request_throttle_time"),
}
_WHOLE: Final = {
    "thread_time": "cpu_broker",
    "ingress": "ingress",
    "egress": "egress",
    "requests": "requests",
    "connections": "connections",
    "attempts": "connection_attempts",
    "replication": "replication_in",
}
_COUNTED: Final[Mapping[str, Mapping[str, str]]] = {
    "client": {},
    "principal": {"requests": "requests_by_principal", "connections": "connections_by_principal"},
    "topic": {"ingress": "ingress_by_topic", "egress": "egress_by_topic"},
    "broker": _WHOLE,
    "request": {"thread_time": "request_local_time", "requests": "requests_by_type"},
}
# What ranks and shares are of; bytes go before what is only counted, and of both ways that which rose more.
_BYTES: Final = ("ingress", "egress")
_OTHERWISE: Final = ("requests", "connections")
_MILLI: Final = 1e-3


def bill(run: Run, baseline: Run | None = None) -> Bill:
    """Who used how much of the brokers in a run's window.

    Args:
        run: the window that is judged.
        baseline: what was usual before. Without it all use counts as a rise, and the first is merely the largest,
            which is the one that changed much less often.
    """
    facts = WindowStats(run, baseline)
    by_kind = {kind: _charged(kind, facts) for kind in KINDS}
    kinds = {kind: kind_bill for kind, kind_bill in by_kind.items() if kind_bill is not None}
    return Bill(
        charges=tuple(charge for kind_bill in kinds.values() for charge in kind_bill.charges),
        wholes={kind: {name: pair.now for name, pair in kind_bill.wholes.items()} for kind, kind_bill in kinds.items()},
        rises={kind: {name: pair.rise for name, pair in kind_bill.wholes.items()} for kind, kind_bill in kinds.items()},
        leading={kind: kind_bill.leading for kind, kind_bill in kinds.items()},
        missing=tuple(_missing(run, frozenset(kinds), compared=baseline is not None)),
        compared=baseline is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charged:
    charges: tuple[Charge, ...]
    wholes: Mapping[str, Pair]
    leading: str


def _charged(kind: str, facts: WindowStats) -> _Charged | None:
    """All charges of one kind; None where no metric gives them."""
    amounts = _amounts(kind, facts)
    amounts = {figure: known for figure, pairs in amounts.items() if (known := _known(pairs))}
    # Throttle times exist for every client that ever sent a request: alone they show no use.
    if not amounts.keys() - NOT_ADDED:
        return None
    wholes = {
        figure: _whole(kind, figure, pairs, facts) for figure, pairs in amounts.items() if figure not in NOT_ADDED
    }
    leading = _leading(wholes)
    names = sorted({name for pairs in amounts.values() for name in pairs})
    charges = [
        _charge(kind, name, {f: pairs.get(name) for f, pairs in amounts.items()}, wholes, leading) for name in names
    ]
    charges.sort(
        key=lambda charge: (-_or_zero(charge.rise.get(leading)), -_or_zero(charge.figures.get(leading)), charge.name)
    )
    return _Charged(charges=(*charges, _rest(kind, charges, wholes, leading)), wholes=wholes, leading=leading)


def _leading(wholes: Mapping[str, Pair]) -> str:
    if "thread_time" in wholes:
        return "thread_time"
    ways = [figure for figure in _BYTES if figure in wholes]
    most = max(ways, key=lambda figure: _or_zero(wholes[figure].rise), default="")
    return most or next(figure for figure in (*_OTHERWISE, *wholes) if figure in wholes)


def _amounts(kind: str, facts: WindowStats) -> Amounts:
    found: Amounts = {}
    if kind in {"client", "principal"}:
        for figure, names in _GAUGES.items():
            how: Combine = _longest if figure in NOT_ADDED else math.fsum
            found[figure] = _levels(facts, names, kind, how)
    for figure, name in _COUNTED[kind].items():
        found.setdefault(figure, {}).update(_scaled(facts.by(name, kind), name))
    if kind != "broker" and "ingress" in found:
        found["replication"] = _caused(found["ingress"], facts)
    return found


def _scaled(found: Mapping[str, Pair], name: str) -> dict[str, Pair]:
    factor = _MILLI if name == "request_local_time" else 1.0
    return {key: Pair(now=pair.now * factor, before=pair.before * factor) for key, pair in found.items()}


def _caused(ingress: Mapping[str, Pair], facts: WindowStats) -> dict[str, Pair]:
    """Replication that the bytes caused, if all are replicated as often as the mean of all is."""
    copied, written = facts.total("replication_in"), facts.total("ingress")
    now, before = _over(copied.now, written.now), _over(copied.before, written.before)
    return {name: Pair(now=pair.now * now, before=pair.before * before) for name, pair in ingress.items()}


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def _known(amounts: Mapping[str, Pair]) -> dict[str, Pair]:
    """Those that used anything, now or before."""
    return {
        name: pair for name, pair in amounts.items() if not math.isnan(pair.now) and (pair.now or _or_zero(pair.before))
    }


def _whole(kind: str, figure: str, amounts: Mapping[str, Pair], facts: WindowStats) -> Pair:
    """What all charges come to: the cluster's own total, or the sum of the charges where that is more.

    Threads that wait for a CPU take more time than CPU, and requests more bytes than their records.
    """
    total = UNKNOWN if kind == "request" and figure == "requests" else facts.total(_WHOLE[figure])
    now = math.fsum(pair.now for pair in amounts.values())
    known = [pair.before for pair in amounts.values() if not math.isnan(pair.before)]
    before = math.fsum(known) if known else math.nan
    return Pair(now=_more(total.now, now), before=_more(total.before, before))


def _more(total: float, charged: float) -> float:
    return total if math.isnan(charged) else max(charged, _or_zero(total))


def _charge(
    kind: str, name: str, amounts: Mapping[str, Pair | None], wholes: Mapping[str, Pair], leading: str
) -> Charge:
    known = {figure: pair for figure, pair in amounts.items() if pair is not None}
    figures = {figure: pair.now for figure, pair in known.items()}
    return Charge(
        kind=kind,
        name=name,
        figures=figures,
        rise={figure: pair.rise for figure, pair in known.items()},
        share=_share(figures.get(leading, 0.0), wholes.get(leading)),
    )


def _rest(kind: str, charges: Iterable[Charge], wholes: Mapping[str, Pair], leading: str) -> Charge:
    """The remainder of each whole that is attributed to nobody."""
    charges = list(charges)
    figures = {f: whole.now - math.fsum(_column(charges, f)) for f, whole in wholes.items()}
    rise = {f: whole.rise - math.fsum(charge.rise.get(f, 0.0) for charge in charges) for f, whole in wholes.items()}
    share = _share(figures.get(leading, math.nan), wholes.get(leading))
    return Charge(kind=kind, name=UNATTRIBUTED, figures=figures, rise=rise, share=share)


def _column(charges: Iterable[Charge], figure: str) -> Iterator[float]:
    return (charge.figures.get(figure, 0.0) for charge in charges)


def _share(value: float, whole: Pair | None) -> float:
    return value / whole.now if whole is not None and whole.now > 0 else math.nan


def _longest(values: Iterable[float]) -> float:
    return max(values, default=math.nan)


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else value


def _levels(facts: WindowStats, names: Sequence[str], label: str, how: Combine) -> dict[str, Pair]:
    """Gauges of these names for each value of a label: means over all readings, since an idle client has no level.

    Args:
        facts: the window and its baseline.
        names: of the Series.
        label: by which.
        how: makes one of several brokers' or names' values.

    Returns:
        By the label's value; what was absent in the baseline, where others were present, was 0 then.
    """
    now = _of(facts.now, names, label, how)
    before = _of(facts.before, names, label, how) if facts.before is not None else {}
    absent = 0.0 if before else math.nan
    return {who: Pair(now=now.get(who, 0.0), before=before.get(who, absent)) for who in sorted(now.keys() | before)}


def _of(run: Run, names: Sequence[str], label: str, how: Combine) -> dict[str, float]:
    readings = _readings(run)
    found: dict[str, list[float]] = defaultdict(list)
    for series in run.series:
        if series.name in names and label in series.labels:
            inside = _inside(series, run)
            known = series.values[inside]
            known = known[~np.isnan(known)]
            if inside.any():
                count = max(readings.get(series.labels.get("broker", ""), 0), len(known), 1)
                found[series.labels[label]].append(float(np.sum(known)) / count)
    return {who: how(values) for who, values in found.items()}


def _readings(run: Run) -> Mapping[str, int]:
    """Readings of each broker in the window: as many as its Series with the most points has."""
    counts: dict[str, int] = defaultdict(int)
    for series in run.series:
        if not series.name.startswith(("load_", "generator_")):
            broker = series.labels.get("broker", "")
            counts[broker] = max(counts[broker], int(np.count_nonzero(_inside(series, run))))
    return counts


def _inside(series: Series, run: Run) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (series.times > run.start) & (series.times <= run.end)


def _missing(run: Run, kinds: Collection[str], *, compared: bool) -> Iterator[str]:
    """What the bill cannot know, a line each, with how to find out.

    Args:
        run: whose Series.
        kinds: that have charges.
        compared: whether there was a baseline.
    """
    names = {series.name for series in run.series if len(series)}
    by_broker = any("broker" in series.labels for series in run.series)
    if "client" not in kinds:
        yield _clients(by_broker=by_broker)
    if "principal" not in kinds:
        yield "by principal: brokers publish it where clients authenticate and a quota for a user and client id exists"
    if {"topic", "principal"} <= set(kinds) or "client" in kinds:
        yield "who used which topic: no metric joins a topic with a client or principal; an audit log does"
    if "cpu_broker" not in names:
        yield "the brokers' CPU, so that thread time has no total: a JMX exporter, Jolokia or Prometheus gives it"
    if "topic" not in kinds:
        yield "by topic: the source gives no bytes by topic; a JMX exporter's BrokerTopicMetrics do"
    if "request" not in kinds:
        yield "by type of request: the source gives no RequestMetrics; a JMX exporter does"
    if by_broker:
        yield "connections, attempts and requests by client: brokers count them for all clients together"
    if not compared:
        yield "what rose: without --baseline the largest comes first, which often is not the one that changed"


def _clients(*, by_broker: bool) -> str:
    if by_broker:
        return (
            "by client: brokers publish thread time and bytes by client only while a client quota exists; "
            "--unlock-client-metrics sets one for a while"
        )
    return "by client: a cloud provider's API knows no client ids; the clients' own metrics do"
