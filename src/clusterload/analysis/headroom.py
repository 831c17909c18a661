"""Headroom: by what factor today's load can grow until which resource binds, and which one binds after it.

A limit binds at 100 % of it. A part of each resource grows with the mix of loads and a part does not: what is used
without the mix (`idle`), and what this kind of growth leaves unchanged (`Growth`): partitions in any case, connections
where each client only does more. For the part that grows

    factor = 1 + (end - now) / growing

which is exact where use is proportional to load, as what limits count is. How busy a broker is, is not proportional:
below about 80 % of its host's CPU a request gets cheaper as there are more of them, so that a prediction errs to the
safe side; above it threads wait for each other. So without an idle level a factor is "at least", and beyond 80 % of the
host's CPU nothing is predicted. Where a provider says how loaded its cluster is, no factor is above what that leaves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from clusterload.analysis.host_cpu import HOST_CPU
from clusterload.analysis.provider_load import NAMES, ProviderLoad
from clusterload.analysis.room import DISTINCT, ENDS, HORIZON, TELLING, Headroom, in_words
from clusterload.analysis.usage import ResourceLine, Share, Usage, is_plural
from clusterload.model import units
from clusterload.model.limits import BUSY
from clusterload.model.resources import dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What becomes of each resource as the mix grows.

    Attributes:
        words: what grows and what stays, in words.
        still: by resource the share of it, from 0 to 1, that does not grow; 0 where there is none, NaN where that is
            not known.
    """

    words: str
    still: Mapping[str, float] = field(default_factory=dict)


__all__ = [
    "CLIENTS",
    "DISTINCT",
    "ENDS",
    "HORIZON",
    "RATE",
    "TELLING",
    "Growth",
    "Headroom",
    "first",
    "headroom",
    "idle_of",
]

RATE: Final = Growth(
    words="each client does more: rates grow, connections and partitions stay",
    still={"connections": 1.0, "partitions": 1.0},
)
CLIENTS: Final = Growth(
    words="more clients of the same kinds: connections grow too, partitions stay", still={"partitions": 1.0}
)


def headroom(
    usage: Usage,
    *,
    growth: Growth = RATE,
    idle: Mapping[str, float] | None = None,
    end: float = 1.0,
    busy: Mapping[str, float] | None = None,
) -> tuple[Headroom, ...]:
    """How far each resource lets today's mix grow, the first to bind first; unknown ones come last.

    Args:
        usage: of today's mix, held against limits.
        growth: what grows with it.
        idle: by resource what the cluster uses without the mix, in the resource's unit (per second where it counts
            events; a ratio of each broker where it says how busy that is).
        end: the share of a limit at which it binds.
        busy: by resource how busy a broker may be at most, where that is not as in `ENDS`.
    """
    base, ends = idle or {}, {**ENDS, **_advised(usage), **(busy or {})}
    own = _Own(usage, growth, base)
    found = [*_of_limits(own, end), *_of_brokers(own, ends)]
    most = _of_provider(usage)
    if most is not None:
        found = [most, *(_up_to(room, most) for room in found)]
    return _linked(sorted(found, key=_order))


def _advised(usage: Usage) -> dict[str, float]:
    """How busy a broker may be by the limits: a provider's guideline of 60 % CPU is where the load ends."""
    ends: dict[str, float] = {}
    for limit in usage.limits.limits:
        if limit.resource in BUSY:
            ends[limit.resource] = min(limit.amount, ends.get(limit.resource, math.inf))
    return ends


def _of_provider(usage: Usage) -> Headroom | None:
    """The most by the provider's own load, whose 100 % is a full cluster; None where it says nothing."""
    load = ProviderLoad.of(usage.provider)
    if not load.highest > 0:
        return None
    return Headroom(
        resource=NAMES[2] if load.highest == load.busiest else NAMES[0],
        whose="",
        factor=1 / load.highest,
        at_most=True,
        why=f"a load of {units.percent(load.highest)} by its provider",
        now=load.highest,
    )


def _up_to(room: Headroom, most: Headroom) -> Headroom:
    """A room that ends where the cluster is full by its provider, whatever the resource itself would allow."""
    if not room.factor > most.factor or math.isinf(room.factor):
        return room
    why = f"{room.why}; at {most.words} the cluster is full by its provider"
    return replace(room, factor=most.factor, at_most=True, at_least=False, why=why, horizon="")


def idle_of(rest: Usage) -> dict[str, float]:
    """By resource what a cluster uses without a mix, from a stretch in which there was none, as `headroom` takes it.

    What was not seen is left out.
    """
    idle = {line.resource.name: line.typical for line in rest.lines if not math.isnan(line.typical)}
    for line in rest.saturation:
        if not math.isnan(line.typical):
            # Of the least busy broker: to take too little for idle errs to the safe side.
            idle[line.resource.name] = min(line.typical, idle.get(line.resource.name, math.inf))
    return idle


def first(headrooms: Iterable[Headroom]) -> Headroom | None:
    """The one that binds first; None if none is known to."""
    return min((headroom for headroom in headrooms if headroom.known), key=_order, default=None)


@dataclass(frozen=True, slots=True)
class _Own:
    """What of each resource is the mix's own and grows with it."""

    usage: Usage
    growth: Growth
    idle: Mapping[str, float]

    def growing(self, line: ResourceLine) -> float:
        """The part of a line's typical value that grows; NaN if it is not known."""
        name, now = line.resource.name, line.typical
        still = self.growth.still.get(name, 0.0)
        if still >= 1:
            return 0.0
        own = (now - self._idle(name, line)) * (1 - still)
        return own if math.isnan(own) else max(0.0, own)  # max() would lose a NaN

    def _idle(self, name: str, line: ResourceLine) -> float:
        level = self.idle.get(name, 0.0)
        if not isinstance(line, Share):
            return level
        # Of what the whole cluster uses without the mix, each limit's share has the same part.
        whole = self.usage.line(name)
        total = whole.typical if whole else math.nan
        part = level / total if total > 0 else level * 0.0
        return line.typical * (1.0 if part > 1 else part)  # min() would lose a NaN


def _factor(now: float, growing: float, end: float) -> float:
    if math.isnan(now) or math.isnan(growing):
        return math.nan
    if growing <= 0:
        return math.inf if now < end else 0.0
    return max(0.0, 1 + (end - now) / growing)


def _of_limits(own: _Own, end: float) -> Iterator[Headroom]:
    limited = {share.resource.name for share in own.usage.shares} - BUSY
    for name in sorted(limited):
        for share in own.usage.shares_of(name):
            growing = own.growing(share)
            factor = _factor(share.typical, growing, end)
            yield Headroom(
                resource=name,
                whose=share.broker,
                factor=factor,
                why=_why(share, factor, growing, _of_limit(share)),
                now=share.typical,
                end=end,
                part=f"{share.limit.part} {share.part}" if share.part else "",
            )
    for resource in dimensions():
        if resource.name not in limited:
            measured = own.usage.line(resource.name) is not None
            why = "no limit of it is known" if measured else "it was not measured"
            yield Headroom(resource=resource.name, whose="", factor=math.nan, why=why, end=end)


def _of_limit(share: Share) -> str:
    whose = "their" if is_plural(share.title) else "its"
    return f"of {whose} {'guideline' if share.advised else 'limit'}"


def _of_brokers(own: _Own, ends: Mapping[str, float]) -> Iterator[Headroom]:
    lines = own.usage.saturation
    horizon = _horizon(own)
    for name in dict.fromkeys(line.resource.name for line in lines):
        mine = [line for line in lines if line.resource.name == name]
        each = [_of_broker(own, line, ends.get(name, 1.0), horizon) for line in mine]
        yield min(each, key=_order)


def _horizon(own: _Own) -> tuple[float, str]:
    """The factor up to which something is predicted, and the host that is then busy; infinite if none is known."""
    known = [
        (factor, line)
        for line in own.usage.saturation
        if line.resource.name == HOST_CPU
        if not math.isnan(factor := _factor(line.typical, own.growing(line), HORIZON))
    ]
    if not known:
        return math.inf, ""
    # Of hosts that are all beyond it, the busiest.
    factor, line = min(known, key=lambda found: (found[0], -found[1].typical))
    whose = f" of broker {line.broker}" if line.broker else ""
    return factor, f"{in_words(line.resource.title + whose)}; {units.percent(line.typical)}"


def _of_broker(own: _Own, line: ResourceLine, end: float, horizon_of: tuple[float, str]) -> Headroom:
    growing, name = own.growing(line), line.resource.name
    horizon, host = horizon_of
    factor = _factor(line.typical, growing, end)
    # What is busier than its end binds now; that needs no prediction.
    beyond = factor > max(1.0, horizon) + 1e-9 and math.isfinite(factor)
    foretold = max(1.0, horizon) if beyond else factor
    why = _why(line, factor, growing, "busy")
    at_least = math.isfinite(factor) and factor > 1 and (beyond or name not in own.idle)
    if beyond:
        why += f"; beyond {units.percent(HORIZON)} of the host's CPU nothing is predicted"
    elif at_least:
        why += "; a lower bound, since its level without load was not measured"
    return Headroom(
        resource=name,
        whose=line.broker,
        factor=foretold,
        why=why,
        at_least=at_least,
        now=line.typical,
        end=end,
        horizon=host if beyond else "",
    )


def _why(line: ResourceLine, factor: float, growing: float, of: str) -> str:
    now = f"{'' if of == 'busy' else 'at '}{units.percent(line.typical)} {of}"
    if math.isnan(line.typical):
        return "it was not measured throughout"
    if math.isnan(factor):
        return f"{now}; how much of it grows with the load is unknown"
    if growing <= 0:
        return f"{now}, which does not grow with the load" if line.typical else "nothing of it is used"
    fixed = line.typical - growing
    return (
        now if fixed < 0.005 * line.typical else f"{now}, of which {units.percent(fixed)} does not grow with the load"
    )


def _linked(ordered: list[Headroom]) -> tuple[Headroom, ...]:
    return tuple(_with_next(headroom, ordered[number + 1 :]) for number, headroom in enumerate(ordered))


def _with_next(headroom: Headroom, later: list[Headroom]) -> Headroom:
    if not headroom.known:
        return headroom
    follower = next((other for other in later if other.known and other.resource != headroom.resource), None)
    # Beyond what the provider says to be full nothing is foretold.
    if follower is None or headroom.at_most:
        return headroom
    gain = follower.factor / headroom.factor if headroom.factor > 0 else math.nan
    # Where a factor is a bound, another resource may in truth bind before this one.
    later_for_sure = not headroom.at_least and gain > DISTINCT
    when = f"{units.number(follower.factor)} times{' or more' if follower.at_least else ''}"
    after = f"{in_words(follower.title)} at {when}" if later_for_sure else ""
    return replace(headroom, then=follower.resource, gain=gain, after=after)


def _order(headroom: Headroom) -> tuple[bool, float, bool]:
    """The first to bind first, what is not known last; of equal ones, what binds before what is not foretold."""
    unknown = math.isnan(headroom.factor)
    beyond = bool(headroom.horizon) or (headroom.at_most and headroom.resource not in NAMES)
    return unknown, 0.0 if unknown else headroom.factor, beyond
