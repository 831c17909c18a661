"""Headroom: by what factor today's load can grow until which resource binds, and which one binds after it.

A limit binds at 100 % of it. A part of each resource grows with the mix of loads and a part does not: what is used
without the mix (`idle`), and what this kind of growth leaves unchanged (`Growth`): partitions in any case, connections
where each client only does more. For the part that grows

    factor = 1 + (end - now) / growing

which is exact where use is proportional to load, as what limits count is. How busy a broker is, is not proportional:
below about 80 % of its host's CPU a request gets cheaper as there are more of them, so that a prediction errs to the
safe side; above it threads wait for each other. So without an idle level a factor is "at least", and beyond 80 % of the
host's CPU nothing is predicted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from clusterload.analysis.host_cpu import CROWDED, FULL, HOST_CPU
from clusterload.analysis.usage import ResourceLine, Share, Usage, is_plural
from clusterload.model import units
from clusterload.model.resources import RESOURCES, dimensions
from clusterload.model.wording import in_sentence

HORIZON: Final = CROWDED
"""Share of a host's CPU beyond which nothing is predicted: threads begin to wait for a CPU."""

DISTINCT: Final = 1.005
"""Factor by which a resource must bind later than another to be named after it."""

ENDS: Final[Mapping[str, float]] = {"request_handler_busy": 0.9, "network_thread_busy": 0.9, HOST_CPU: FULL}
"""How busy a broker may be at most, by default."""


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


TELLING: Final = 1.05
"""A lower bound below this factor tells nothing."""

RATE: Final = Growth(
    words="each client does more: rates grow, connections and partitions stay",
    still={"connections": 1.0, "partitions": 1.0},
)
CLIENTS: Final = Growth(
    words="more clients of the same kinds: connections grow too, partitions stay", still={"partitions": 1.0}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """How far one resource lets the mix grow.

    Attributes:
        resource: its name.
        whose: the broker, or empty for the whole cluster.
        factor: how many times as large the mix is when it binds; below 1 it binds already, 0 if no smaller mix cures
            that, infinite if it does not grow with the mix, NaN if that is not known.
        why: what was measured and why the factor is only a bound, or what is not known.
        then: the resource that binds next, if this one did not; empty if none is known.
        gain: by what factor the mix can grow further until then; NaN if that is not known.
        at_least: whether it is only known that the factor is not smaller.
        now: today's share of the limit, or how busy it is.
        end: at what share it binds.
        after: `requests at 4 times`: what binds next and when; empty unless it is known to bind later.
        horizon: `CPU of the host of broker 1; 40 %`: the host with its CPU up to which the factor is foretold, where
            the resource itself would bind only beyond that; else empty.
    """

    resource: str
    whose: str
    factor: float
    why: str
    then: str = ""
    gain: float = math.nan
    at_least: bool = False
    now: float = math.nan
    end: float = 1.0
    after: str = ""
    horizon: str = ""

    @property
    def known(self) -> bool:
        """Whether a number can be given."""
        return math.isfinite(self.factor)

    @property
    def title(self) -> str:
        """The resource's title, with the broker if it is one broker's."""
        of = f" of broker {self.whose}" if self.whose else ""
        return f"{RESOURCES[self.resource].title}{of}"

    @property
    def words(self) -> str:
        """The factor in a table: `3.1 x`, `at least 1.8 x`, `n/a`; `unbounded` where it does not grow."""
        if not self.known:
            return "n/a" if math.isnan(self.factor) else "unbounded"
        return f"{'at least ' if self.at_least else ''}{units.number(self.factor)} x"

    @property
    def sentence(self) -> str:
        """As in `the load can grow to 3.1 times today's before connections bind, now at 32 % of their limit`."""
        if math.isnan(self.factor):
            return f"how far {self._name} lets the load grow is unknown: {self.why}"
        if math.isinf(self.factor):
            return f"{self._name} lets the load grow without end: {self.why}"
        if self.horizon:
            return self._up_to_the_horizon
        if self.factor < 1 or (self.resource in ENDS and self.now >= self.end):
            return self._too_much
        if self.at_least and self.factor < TELLING:
            return f"how far the load can grow cannot be told: {self.why}"
        after = f"; then {self.after}" if self.after else ""
        return f"the load can grow to {self._times} today's before {self._binds}, {self._level}{after}"

    @property
    def _level(self) -> str:
        now, _, bound = self.why.partition("; ")
        return f"now {now}{f' ({bound})' if bound else ''}"

    @property
    def _too_much(self) -> str:
        """It binds already; of broker threads and hosts, as `request handlers of broker 1 are 95 % busy, …`."""
        if self.resource not in ENDS:
            less = f"would not at {self._times} today's load" if self.factor else "less load would not change that"
            return f"{self._binds}, {self._level}, and {less}"
        now, most = units.percent(self.now), units.percent(self.end)
        level = "which is full" if now == most else f"more than the {most} at which it is full"
        less = f"; at {self._times} today's load it would not be" if 0 < self.factor < 1 / DISTINCT else ""
        return f"{self._name} {'are' if is_plural(self._name) else 'is'} {now} busy, {level}{less}"

    @property
    def _up_to_the_horizon(self) -> str:
        """As in `the load can grow to at least 2 times today's, where … is 80 % busy, now 40 %; beyond that …`."""
        whose, _, now = self.horizon.partition("; ")
        end = units.percent(HORIZON)
        if self.factor < TELLING:
            return f"how far the load can grow cannot be told: {whose} is {now} busy, and beyond {end} threads wait"
        grown = f"the load can grow to {self._times} today's, where {whose} is {end} busy, now {now}"
        return f"{grown}; beyond that nothing is predicted"

    @property
    def _times(self) -> str:
        return f"{'at least ' if self.at_least else ''}{units.number(self.factor)} times"

    @property
    def _name(self) -> str:
        return _in_sentence(self.title)

    @property
    def _binds(self) -> str:
        """`connections bind`; of broker threads and hosts `request handlers of broker 1 are 90 % busy`."""
        many = is_plural(self._name)
        if self.resource in ENDS:
            return f"{self._name} {'are' if many else 'is'} {units.percent(self.end)} busy"
        return f"{self._name} {'bind' if many else 'binds'}"


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
    base, ends = idle or {}, {**ENDS, **(busy or {})}
    own = _Own(usage, growth, base)
    found = [*_of_limits(own, end), *_of_brokers(own, ends)]
    return _linked(sorted(found, key=_order))


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
    limited = {share.resource.name for share in own.usage.shares}
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
    return factor, f"{_in_sentence(line.resource.title + whose)}; {units.percent(line.typical)}"


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
    if follower is None:
        return headroom
    gain = follower.factor / headroom.factor if headroom.factor > 0 else math.nan
    # Where a factor is a bound, another resource may in truth bind before this one.
    later_for_sure = not headroom.at_least and gain > DISTINCT
    when = f"{units.number(follower.factor)} times{' or more' if follower.at_least else ''}"
    after = f"{_in_sentence(follower.title)} at {when}" if later_for_sure else ""
    return replace(headroom, then=follower.resource, gain=gain, after=after)


def _order(headroom: Headroom) -> tuple[bool, float, bool]:
    """The first to bind first, what is not known last; of equal ones, what binds before what is not foretold."""
    unknown = math.isnan(headroom.factor)
    return unknown, 0.0 if unknown else headroom.factor, bool(headroom.horizon)


def _in_sentence(title: str) -> str:
    """A title within a sentence: `request handlers of broker 1`."""
    return in_sentence(title.replace(" busy", ""))
