"""Room: how far one resource lets a load grow, and the words of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.analysis.host_cpu import CROWDED, FULL, HOST_CPU
from clusterload.analysis.lines import is_plural
from clusterload.analysis.provider_load import NAMES as PROVIDER
from clusterload.model import units
from clusterload.model.resources import limited_by_name
from clusterload.model.wording import in_sentence

HORIZON: Final = CROWDED
"""Share of a host's CPU beyond which nothing is predicted: threads begin to wait for a CPU."""

DISTINCT: Final = 1.005
"""Factor by which a resource must bind later than another to be named after it."""

ENDS: Final[Mapping[str, float]] = {"request_handler_busy": 0.9, "network_thread_busy": 0.9, HOST_CPU: FULL}
"""How busy a broker may be at most, by default."""


TELLING: Final = 1.05
"""A lower bound below this factor tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """How far one resource lets the mix grow.

    Attributes:
        resource: its name.
        whose: the broker, or empty for the whole cluster.
        part: as in `principal a`, where it is of a part that has a limit of its own.
        factor: how many times as large the mix is when it binds; below 1 it binds already, 0 if no smaller mix cures
            that, infinite if it does not grow with the mix, NaN if that is not known.
        why: what was measured and why the factor is only a bound, or what is not known.
        then: the resource that binds next, if this one did not; empty if none is known.
        gain: by what factor the mix can grow further until then; NaN if that is not known.
        at_least: whether it is only known that the factor is not smaller.
        at_most: whether it is only known that the factor is not larger: by its provider the cluster is full then.
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
    at_most: bool = False
    now: float = math.nan
    end: float = 1.0
    after: str = ""
    horizon: str = ""
    part: str = ""

    @property
    def known(self) -> bool:
        """Whether a number can be given."""
        return math.isfinite(self.factor)

    @property
    def title(self) -> str:
        """The resource's title, with the broker if it is one broker's."""
        of = f" of {self.part}" if self.part else ""
        where = f" {'on' if of else 'of'} broker {self.whose}" if self.whose else ""
        return f"{limited_by_name(self.resource).title}{of}{where}"

    @property
    def words(self) -> str:
        """The factor in a table: `3.1 x`, `at least 1.8 x`, `already over`, `n/a`; `unbounded` if it does not grow."""
        if not self.known:
            return "n/a" if math.isnan(self.factor) else "unbounded"
        if self.factor < 1:
            return "already over"
        return f"{self._bound}{units.number(self.factor)} x"

    @property
    def sentence(self) -> str:
        """As in `the load can grow to 3.1 times today's before connections bind, now at 32 % of their limit`."""
        if math.isnan(self.factor):
            return f"how far {self._name} lets the load grow is unknown: {self.why}"
        if math.isinf(self.factor):
            return f"{self._name} lets the load grow without end: {self.why}"
        if self.at_most:
            return self._by_provider
        return self._up_to_the_horizon if self.horizon else self._until_it_binds

    @property
    def _until_it_binds(self) -> str:
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
            many = is_plural(self._name)
            rest = ", which does not grow with the load" if "does not grow" in self.why else ""
            of = f"{'their' if many else 'its'} {'guideline' if 'guideline' in self.why else 'limit'}"
            end = of if self.end >= 1 else f"the {units.percent(self.end)} of {of} that may be used"
            times = f"{units.number(self.factor)} times today's load {'they' if many else 'it'} would not be"
            less = f"at {times}" if self.factor else "less load would not change that"
            over = f"over {end} already" if self.now > self.end else f"at {end} already"
            return f"{self._name} {'are' if many else 'is'} {over}, at {units.percent(self.now)}{rest}: {less}"
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
    def _by_provider(self) -> str:
        """By the provider's own measure: `… at most 1.22 times today's: by its provider the cluster's load is …`."""
        if self.resource not in PROVIDER:
            return f"the load can grow to {self._times} today's, at which the cluster is full by its provider"
        whose = "busiest broker's" if self.resource.endswith("_max") else "cluster's"
        said = f"by its provider the {whose} load is {units.percent(self.now)}"
        if self.factor <= 1:
            return f"the cluster is full already: {said}"
        return f"the load can grow to {self._times} today's: {said}, and at 100 % it is full"

    @property
    def _times(self) -> str:
        return f"{self._bound}{units.number(self.factor)} times"

    @property
    def _bound(self) -> str:
        return "at least " if self.at_least else "at most " if self.at_most else ""

    @property
    def _name(self) -> str:
        return in_words(self.title)

    @property
    def _binds(self) -> str:
        """`connections bind`; of broker threads and hosts `request handlers of broker 1 are 90 % busy`."""
        many = is_plural(self._name)
        if self.resource in ENDS:
            return f"{self._name} {'are' if many else 'is'} {units.percent(self.end)} busy"
        return f"{self._name} {'bind' if many else 'binds'}"


def in_words(title: str) -> str:
    """A title within a sentence: `request handlers of broker 1`."""
    return in_sentence(title.replace(" busy", ""))
