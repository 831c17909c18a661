"""From a run to its bill."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from clusterload.analysis.bill.charge import KINDS, NOT_ADDED, NOT_TOLD, Bill, Charge
from clusterload.analysis.bill.levels import levels
from clusterload.analysis.bill.missing import missing
from clusterload.analysis.window_stats import UNKNOWN, Facts, Pair

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
_COUNTED: Final[Mapping[str, Mapping[str, str]]] = {
    "client": {},
    "principal": {"requests": "requests_by_principal", "connections": "connections_by_principal"},
    "topic": {"ingress": "ingress_by_topic", "egress": "egress_by_topic"},
    "broker": {
        "thread_time": "cpu_broker",
        "ingress": "ingress",
        "egress": "egress",
        "requests": "requests",
        "connections": "connections",
        "attempts": "connection_attempts",
        "replication": "replication_in",
    },
    "request": {"thread_time": "request_local_time", "requests": "requests_by_type"},
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
# What ranks and shares are of; bytes go before what is only counted, and of both ways that which rose more.
_BYTES: Final = ("ingress", "egress")
_OTHERWISE: Final = ("requests", "connections")
_MILLI: Final = 1e-3


def bill(run: Run, baseline: Run | None = None) -> Bill:
    """Who used how much of the brokers in a run's window.

    Args:
        run: the window that is judged.
        baseline: what was usual before. Without it all that was used counts as risen, and what ranks first is merely
            the largest, which names the one who changed things much less often.
    """
    facts = Facts(run, baseline)
    reckoned = {kind: _reckoned(kind, facts) for kind in KINDS}
    told = {kind: kind_bill for kind, kind_bill in reckoned.items() if kind_bill is not None}
    return Bill(
        charges=tuple(charge for kind_bill in told.values() for charge in kind_bill.charges),
        wholes={kind: {name: pair.now for name, pair in kind_bill.wholes.items()} for kind, kind_bill in told.items()},
        rises={kind: {name: pair.rise for name, pair in kind_bill.wholes.items()} for kind, kind_bill in told.items()},
        leading={kind: kind_bill.leading for kind, kind_bill in told.items()},
        missing=tuple(missing(run, frozenset(told), compared=baseline is not None)),
        compared=baseline is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reckoned:
    charges: tuple[Charge, ...]
    wholes: Mapping[str, Pair]
    leading: str


def _reckoned(kind: str, facts: Facts) -> _Reckoned | None:
    """All charges of one kind; None where nothing is told of it."""
    amounts = _amounts(kind, facts)
    amounts = {figure: known for figure, pairs in amounts.items() if (known := _known(pairs))}
    # Throttle times are there of everybody who ever asked: alone they tell of no use.
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
    return _Reckoned(charges=(*charges, _rest(kind, charges, wholes, leading)), wholes=wholes, leading=leading)


def _leading(wholes: Mapping[str, Pair]) -> str:
    if "thread_time" in wholes:
        return "thread_time"
    ways = [figure for figure in _BYTES if figure in wholes]
    most = max(ways, key=lambda figure: _or_zero(wholes[figure].rise), default="")
    return most or next(figure for figure in (*_OTHERWISE, *wholes) if figure in wholes)


def _amounts(kind: str, facts: Facts) -> Amounts:
    found: Amounts = {}
    if kind in {"client", "principal"}:
        for figure, names in _GAUGES.items():
            how: Callable[[Iterable[float]], float] = _longest if figure in NOT_ADDED else math.fsum
            found[figure] = levels(facts, names, kind, how)
    for figure, name in _COUNTED[kind].items():
        found.setdefault(figure, {}).update(_scaled(facts.by(name, kind), name))
    if kind != "broker" and "ingress" in found:
        found["replication"] = _caused(found["ingress"], facts)
    return found


def _scaled(found: Mapping[str, Pair], name: str) -> dict[str, Pair]:
    factor = _MILLI if name == "request_local_time" else 1.0
    return {key: Pair(now=pair.now * factor, before=pair.before * factor) for key, pair in found.items()}


def _caused(ingress: Mapping[str, Pair], facts: Facts) -> dict[str, Pair]:
    """Copies that bytes came to, if all are copied as often as the mean of all is."""
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


def _whole(kind: str, figure: str, amounts: Mapping[str, Pair], facts: Facts) -> Pair:
    """What all charges come to: the cluster's own total, or the sum of what is told where that is more.

    Threads that wait for a CPU take more time than CPU, and requests more bytes than their records.
    """
    total = UNKNOWN if kind == "request" and figure == "requests" else facts.total(_WHOLE[figure])
    now = math.fsum(pair.now for pair in amounts.values())
    known = [pair.before for pair in amounts.values() if not math.isnan(pair.before)]
    before = math.fsum(known) if known else math.nan
    return Pair(now=_more(total.now, now), before=_more(total.before, before))


def _more(total: float, told: float) -> float:
    return total if math.isnan(told) else max(told, _or_zero(total))


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
    """What of each whole nobody is told to have used."""
    charges = list(charges)
    figures = {f: whole.now - math.fsum(_column(charges, f)) for f, whole in wholes.items()}
    rise = {f: whole.rise - math.fsum(charge.rise.get(f, 0.0) for charge in charges) for f, whole in wholes.items()}
    share = _share(figures.get(leading, math.nan), wholes.get(leading))
    return Charge(kind=kind, name=NOT_TOLD, figures=figures, rise=rise, share=share)


def _column(charges: Iterable[Charge], figure: str) -> Iterator[float]:
    return (charge.figures.get(figure, 0.0) for charge in charges)


def _share(value: float, whole: Pair | None) -> float:
    return value / whole.now if whole is not None and whole.now > 0 else math.nan


def _longest(values: Iterable[float]) -> float:
    return max(values, default=math.nan)


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else value
