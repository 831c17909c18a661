"""From a run to its bill: what each client, topic and broker used, the remainder, and what is not known."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from clusterload.analysis.bill.charge import KINDS, NOT_ADDED, UNATTRIBUTED, Bill, Charge
from clusterload.analysis.bill.comparing import are_too_few, comparable, hardest_hit, standing_out
from clusterload.analysis.bill.levels import Combine, Levels
from clusterload.analysis.tellers import brokers_telling
from clusterload.analysis.window_stats import UNKNOWN, Pair, WindowStats
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.model.run import Run

Amounts: TypeAlias = dict[str, dict[str, Pair]]
"""By figure, by name."""

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
# Of these there can be thousands, each of which matters to a broker or two.
_MANY: Final = frozenset({"client", "principal", "topic"})
# Threads from which on what no quota counts is worth a line.
_EXEMPT: Final = 0.01
# Of so many whose rise stands out it is worked out which broker it is the largest share of.
_LOOKED: Final = 20


def bill(run: Run, baseline: Run | None = None) -> Bill:
    """Who used how much of the brokers in a run's window.

    Args:
        run: the window that is judged.
        baseline: what was usual before. Without it all use counts as a rise, and the first is merely the largest,
            which is the one that changed much less often.
    """
    now, before = (run, baseline) if baseline is None else comparable(run, baseline)
    facts, levels = WindowStats(now, before), Levels(now, before)
    by_kind = {kind: _charged(kind, facts, levels) for kind in KINDS}
    kinds = {kind: kind_bill for kind, kind_bill in by_kind.items() if kind_bill is not None}
    return Bill(
        charges=tuple(charge for kind_bill in kinds.values() for charge in kind_bill.charges),
        wholes={kind: {name: pair.now for name, pair in kind_bill.wholes.items()} for kind, kind_bill in kinds.items()},
        rises={
            kind: {name: _rise(pair, facts) for name, pair in kind_bill.wholes.items()}
            for kind, kind_bill in kinds.items()
        },
        leading={kind: kind_bill.leading for kind, kind_bill in kinds.items()},
        missing=(*_missing(run, frozenset(kinds), compared=baseline is not None), *_incomparable(run, baseline, kinds)),
        compared=baseline is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charged:
    charges: tuple[Charge, ...]
    wholes: Mapping[str, Pair]
    leading: str


def _charged(kind: str, facts: WindowStats, levels: Levels) -> _Charged | None:
    """All charges of one kind; None where no metric gives them."""
    amounts = _amounts(kind, facts, levels)
    amounts = {figure: known for figure, pairs in amounts.items() if (known := _known(pairs))}
    # Throttle times exist for every client that ever sent a request: alone they show no use.
    if not amounts.keys() - NOT_ADDED:
        return None
    wholes = {
        figure: _whole(kind, figure, pairs, facts) for figure, pairs in amounts.items() if figure not in NOT_ADDED
    }
    leading = _leading(wholes)
    names = sorted({name for pairs in amounts.values() for name in pairs})
    each = {name: {f: pairs.get(name) for f, pairs in amounts.items()} for name in names}
    charges = [_charge(kind, name, own, wholes, leading, facts) for name, own in each.items()]
    charges.sort(
        key=lambda charge: (-_or_zero(charge.rise.get(leading)), -_or_zero(charge.figures.get(leading)), charge.name)
    )
    rest = _rest(kind, charges, wholes, leading, facts)
    if facts.before is not None:
        charges = _placed(kind, charges, amounts[leading], leading, facts)
    return _Charged(charges=(*charges, rest), wholes=wholes, leading=leading)


def _placed(
    kind: str, charges: Sequence[Charge], pairs: Mapping[str, Pair], leading: str, facts: WindowStats
) -> list[Charge]:
    """The charges, with whose rise stands out, and for the first of those at which broker."""
    if kind not in _MANY:
        return list(charges)
    outstanding = standing_out(pairs)
    # Where nothing tells how far all of them vary, only who at least doubled can be named for the sake of one broker.
    least = 0.5 if are_too_few(pairs) else 0.0
    series = _COUNTED[kind].get(leading) or _GAUGES[leading][0]
    found, left = [], _LOOKED
    for charge in charges:
        stands, risen = charge.name in outstanding, charge.rise.get(leading, math.nan)
        where = "", math.nan
        if stands and left and risen > least * charge.figures.get(leading, 0.0):
            where, left = hardest_hit(facts, series, _WHOLE[leading], **{kind: charge.name}), left - 1
        found.append(replace(charge, stands_out=stands, broker=where[0], of_broker=where[1]))
    return found


def _rise(pair: Pair, facts: WindowStats) -> float:
    """Without a baseline all of it; NaN where the baseline does not have it, which is not the same as 0."""
    return pair.now if facts.before is None else pair.now - pair.before


def _leading(wholes: Mapping[str, Pair]) -> str:
    if "thread_time" in wholes:
        return "thread_time"
    ways = [figure for figure in _BYTES if figure in wholes]
    most = max(ways, key=lambda figure: _or_zero(wholes[figure].rise), default="")
    return most or next(figure for figure in (*_OTHERWISE, *wholes) if figure in wholes)


def _amounts(kind: str, facts: WindowStats, levels: Levels) -> Amounts:
    found: Amounts = {}
    if kind in {"client", "principal"}:
        for figure, names in _GAUGES.items():
            how: Combine = _longest if figure in NOT_ADDED else math.fsum
            found[figure] = levels.by(names, kind, how)
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
    kind: str,
    name: str,
    amounts: Mapping[str, Pair | None],
    wholes: Mapping[str, Pair],
    leading: str,
    facts: WindowStats,
) -> Charge:
    known = {figure: pair for figure, pair in amounts.items() if pair is not None}
    figures = {figure: pair.now for figure, pair in known.items()}
    return Charge(
        kind=kind,
        name=name,
        figures=figures,
        rise={figure: _rise(pair, facts) for figure, pair in known.items()},
        share=_share(figures.get(leading, 0.0), wholes.get(leading)),
    )


def _rest(kind: str, charges: Iterable[Charge], wholes: Mapping[str, Pair], leading: str, facts: WindowStats) -> Charge:
    """The remainder of each whole that is attributed to nobody."""
    charges = list(charges)
    figures = {f: whole.now - math.fsum(_column(charges, f)) for f, whole in wholes.items()}
    rise = {
        f: _rise(whole, facts) - math.fsum(charge.rise.get(f, 0.0) for charge in charges) for f, whole in wholes.items()
    }
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
    exempt = WindowStats(run).total("exempt_thread_time").now
    if exempt >= _EXEMPT:
        yield (
            f"who caused {units.number(exempt, 2)} threads of requests that no quota counts: those of other brokers, "
            "which replicate what clients write"
        )
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


def _incomparable(run: Run, baseline: Run | None, kinds: Mapping[str, _Charged]) -> Iterator[str]:
    """What the window has and the baseline lacks, or the other way round."""
    if baseline is None:
        return
    for kind, found in kinds.items():
        own = [charge for charge in found.charges if charge.attributed]
        if own and all(math.isnan(charge.rise.get(found.leading, math.nan)) for charge in own):
            how = "; --unlock-client-metrics from the baseline on gives them" if kind == "client" else ""
            yield f"what rose by {kind}: the baseline has no such figures{how}"
    now, before = brokers_telling(run), brokers_telling(baseline)
    if now != before:
        yield (
            f"what rose on {len(now ^ before)} of {len(now | before)} brokers, which gave figures in the window or in "
            "the baseline only: they are left out"
        )


def _clients(*, by_broker: bool) -> str:
    if by_broker:
        return (
            "by client: brokers publish thread time and bytes by client only while a client quota exists; "
            "--unlock-client-metrics sets one for a while"
        )
    return "by client: a cloud provider's API knows no client ids; the clients' own metrics do"
