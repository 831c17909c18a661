"""Prices: what one request, one MB or one connection costs the brokers' CPU."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clusterload.analysis.bill.drivers import DRIVERS, IDLE, INTERACTIONS, TLS_ATTEMPTS, Driver
from clusterload.model import units
from clusterload.model.units import Unit

if TYPE_CHECKING:
    from clusterload.analysis.window_stats import Facts

MOST_HOST_CPU: Final = 0.8
"""From this share of a host's CPU on nothing is learnt, and nothing is said: requests then wait and are batched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one of a driver costs.

    Attributes:
        driver: a name of `DRIVERS` or `INTERACTIONS`, or `IDLE`.
        value: in `unit`, never negative.
        low: where its 95 % interval begins.
        high: where it ends.
        unit: milliseconds of CPU; cores for what is a level.
        words: as people say it: `0.86 ms a follower's fetch`.
    """

    driver: str
    value: float
    low: float
    high: float
    unit: Unit
    words: str

    @classmethod
    def of(cls, driver: str, seconds: float, low: float = math.nan, high: float = math.nan) -> Price:
        """The price of a driver in seconds of CPU, or cores for a level."""
        unit, factor = (units.CORES, 1.0) if _is_level(driver) else (units.MILLISECONDS, 1e3)
        return cls(
            driver=driver,
            value=seconds * factor,
            low=low * factor,
            high=high * factor,
            unit=unit,
            words=f"{_said(seconds, low, high, unit)} {words_of(driver)}",
        )

    @property
    def said(self) -> str:
        """The price without what it is of: `0.86 ms`; `up to 52 ms` where it may as well be nothing."""
        return self.words.removesuffix(f" {words_of(self.driver)}")

    @property
    def seconds(self) -> float:
        """In seconds of CPU, or cores."""
        return self.value * (1.0 if self.unit == units.CORES else 1e-3)


def _is_level(driver: str) -> bool:
    return driver == IDLE or (driver in DRIVERS and DRIVERS[driver].level)


def words_of(driver: str) -> str:
    """One of a driver as people say it; what is no driver is said as it is."""
    if driver == IDLE:
        return "a broker with nothing to do"
    known = {name: words for name, (_, _, words) in INTERACTIONS.items()}
    return DRIVERS[driver].words if driver in DRIVERS else known.get(driver, driver)


def _said(seconds: float, low: float, high: float, unit: Unit) -> str:
    if low <= 0 < high:
        return f"up to {_figure(high, unit)}"
    return _figure(seconds, unit)


def _figure(seconds: float, unit: Unit) -> str:
    if unit == units.CORES:
        return f"{units.number(seconds, 2)} cores"
    # Microseconds only where a millisecond would have two zeros after its point.
    small = 0 < seconds < 1e-5  # noqa: PLR2004
    value = seconds * (1e6 if small else 1e3)
    digits = 2 if value < 10 else 3  # noqa: PLR2004 (more would seem to be known)
    return f"{units.number(value, digits)} {units.MICROSECONDS if small else units.MILLISECONDS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the drivers of a cluster cost.

    Attributes:
        prices: those that could be told, the brokers' idle first.
        inseparable: drivers that moved together, so that only what they cost together is known; with `IDLE` those
            that never moved.
        together: what each of these groups costs, as a price for each of its drivers; they say nothing one by one.
        windows: from how many they are.
        left_out: windows that were not used, since a host was over `MOST_HOST_CPU`.
        error: of the model's CPU, relative to its mean, in windows it had not seen; NaN if unknown.
        basis: where they come from, in words.
        fitted: whether they are this cluster's own.
    """

    prices: tuple[Price, ...]
    inseparable: tuple[tuple[str, ...], ...] = ()
    together: Mapping[str, float] = field(default_factory=dict)
    windows: int = 0
    left_out: int = 0
    error: float = math.nan
    basis: str = ""
    fitted: bool = True

    def of(self, driver: str) -> Price | None:
        """The price of a driver; None where it is not known by itself."""
        return next((price for price in self.prices if price.driver == driver), None)

    def explains(self, facts: Facts) -> Mapping[str, float]:
        """Cores that each driver takes in a window; drivers that cannot be separated are one entry, joined by ` + `."""
        found: dict[str, float] = {}
        for price in self.prices:
            found[price.driver] = price.seconds * amount(price.driver, facts)
        # What cannot be told from a broker's idling is in its price already.
        for group in (group for group in self.inseparable if IDLE not in group):
            taken = [self.together.get(driver, 0.0) * amount(driver, facts) for driver in group]
            found[" + ".join(group)] = math.fsum(value for value in taken if not math.isnan(value))
        return {driver: cores for driver, cores in found.items() if cores > 0}

    @property
    def words(self) -> tuple[str, ...]:
        """Prices as people say them, and what cannot be separated."""
        return (*(price.words for price in self.prices if price.value > 0), *map(_inseparable, self.inseparable))

    @classmethod
    def default(cls) -> Prices:
        """Those of a lab of three brokers on two cores, for where nothing better is known."""
        prices = [Price.of(IDLE, 0.07), *(Price.of(driver, seconds) for driver, seconds in _MEASURED.items())]
        return cls(
            prices=tuple(prices),
            windows=59,
            error=0.13,
            basis="measured on a lab of three brokers with two cores, and not on this cluster",
            fitted=False,
        )


_MEASURED: Final = {
    "Produce": 0.18e-3,
    "FetchConsumer": 0.5e-3,
    "FetchFollower": 0.86e-3,
    "Metadata": 0.63e-3,
    "InitProducerId": 0.34e-3,
    "transactions": 1.4e-3,
    "ingress": 8.5e-3,
    "egress": 0.5e-3,
    "attempts": 0.87e-3,
    TLS_ATTEMPTS: 16.5e-3,
}


def _inseparable(group: tuple[str, ...]) -> str:
    if IDLE in group:
        *some, last = (words_of(driver) for driver in group if driver != IDLE)
        return f"{_and(some, last)} never moved: what they cost cannot be separated from a broker with nothing to do"
    *some, last = (words_of(driver) for driver in group)
    return f"{_and(some, last)} moved together: what each costs cannot be separated"


def _and(some: Sequence[str], last: str) -> str:
    return f"{', '.join(some)} and {last}" if some else last


def amount(driver: str, facts: Facts) -> float:
    """How many of a driver there were in a second, or how many there are; NaN if nothing tells."""
    if driver == IDLE:
        return float(len(facts.per_broker("cpu_broker")) or 1)
    if driver in INTERACTIONS:
        first, second, _ = INTERACTIONS[driver]
        return math.fsum(
            _of_broker(DRIVERS[first], facts, broker=broker) * _of_broker(DRIVERS[second], facts, broker=broker)
            for broker in facts.per_broker("cpu_broker")
        )
    return _of_broker(DRIVERS[driver], facts)


def _of_broker(driver: Driver, facts: Facts, **labels: str) -> float:
    found = list(_amounts(driver, facts, labels))
    known = [value for value in found if not math.isnan(value)]
    if not known:
        return math.nan
    return math.fsum(known) / driver.per * (_tls_share(facts, labels) if driver.name == TLS_ATTEMPTS else 1.0)


def _amounts(driver: Driver, facts: Facts, labels: Mapping[str, str]) -> Iterator[float]:
    for name in driver.series:
        if driver.requests:
            yield from (facts.total(name, request=request, **labels).now for request in driver.requests)
        else:
            yield facts.total(name, **labels).now


def _tls_share(facts: Facts, labels: Mapping[str, str]) -> float:
    tls, every = facts.total("tls_connections", **labels).now, facts.total("connections", **labels).now
    return min(1.0, tls / every) if tls > 0 and every > 0 else 0.0
